/*
 * status_files: what cannot be written, or is something else, is refused at the start; lines are
 * whole, or left out; metrics are replaced under a reader that never sees a part; failures are told
 * once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/json_valid.h"
#include "scanner/metrics.h"
#include "scanner/status_files.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { TEXT_MAX = 1 << 20 };

static const char STATUS[] = "status.jsonl", METRICS[] = "mxsweep.prom";
static const struct status running = {
    .knows_total = true, .num_targets = 100, .num_done = 10, .share = 0.1};

/* ---- a folder of its own, which each test enters and leaves empty ---- */

static int enter(void **state)
{
    char *folder = strdup("test_status_files.XXXXXX");
    *state = folder;
    return folder != NULL && mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static size_t num_files(void)
{
    size_t num = 0;
    DIR *dir = opendir(".");
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        num += e->d_name[0] != '.';
    closedir(dir);
    return num;
}

static int leave(void **state)
{
    DIR *dir = opendir(".");
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        if (e->d_name[0] != '.')
            remove(e->d_name);
    closedir(dir);
    int rc = chdir("..") == 0 && rmdir(*state) == 0 ? 0 : -1;
    free(*state);
    return rc;
}

static void put_file(const char *name, const char *text)
{
    FILE *f = fopen(name, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* the file's text, to be freed */
static char *get_file(const char *name)
{
    char *text = calloc(1, TEXT_MAX);
    FILE *f = fopen(name, "r");
    assert_true(text != NULL && f != NULL);
    assert_true(fread(text, 1, TEXT_MAX - 1, f) < TEXT_MAX - 1);
    fclose(f);
    return text;
}

/* ---- what is refused ---- */

struct refused_case {
    const char *status, *metrics;
    const char *err; /* its beginning */
};

static const struct refused_case refused_cases[] = {
    {"none/status", NULL, "--status-updates-file none/status: No such file or directory"},
    {"", NULL, "--status-updates-file : No such file or directory"},
    {"folder", NULL, "--status-updates-file folder: Is a directory"},
    {"pipe", NULL, "--status-updates-file pipe: nobody reads from this pipe"},
    {"other", NULL, "--status-updates-file other: holds something other than status updates"},
    {"short", NULL, "--status-updates-file short: holds something other than status updates"},
    {NULL, "none/metrics", "--metrics-file none/metrics: No such file or directory"},
    {NULL, "folder", "--metrics-file folder: is no regular file"},
    {NULL, "pipe", "--metrics-file pipe: is no regular file"},
    {NULL, "link", "--metrics-file link: is no regular file"},
    {NULL, "/dev/null", "--metrics-file /dev/null: is no regular file"},
    {NULL, "other", "--metrics-file other: holds something other than metrics of mxsweep"},
    {NULL, "short", "--metrics-file short: holds something other than metrics of mxsweep"},
    {NULL, "/proc/mxsweep.prom", "--metrics-file /proc/mxsweep.prom: "},
    {"fine", "other", "--metrics-file other: holds something other than metrics of mxsweep"},
};

static void refused(void **state)
{
    (void)state;
    put_file("other", "192.0.2.0/24 # a blocklist, say\n");
    put_file("short", "{");
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    assert_int_equal(symlink("short", "link"), 0);
    for (size_t i = 0; i < LENGTH(refused_cases); i++) {
        const struct refused_case *c = &refused_cases[i];
        struct status_files files;
        char err[STATUS_FILES_ERR_MAX] = "";
        assert_int_equal(status_files_open(&files, err, c->status, c->metrics), -EINVAL);
        if (strncmp(err, c->err, strlen(c->err)) != 0)
            fail_msg("\"%s\" instead of \"%s\"", err, c->err);
    }
    assert_int_equal(num_files(), 5); /* nothing was made */
    char *text = get_file("other");
    assert_string_equal(text, "192.0.2.0/24 # a blocklist, say\n");
    free(text);
}

static void none(void **state)
{
    (void)state;
    struct status_files files;
    char err[STATUS_FILES_ERR_MAX];
    assert_int_equal(status_files_open(&files, err, NULL, NULL), 0);
    status_files_update(&files, &running, 0, 1, 0);
    status_files_close(&files);
    assert_int_equal(num_files(), 0);
}

/* ---- status lines ---- */

/* how many lines text has; each must be a JSON object, and whole */
static size_t num_objects(const char *text)
{
    size_t num = 0;
    for (const char *end; *text != '\0'; text = end + 1, num++) {
        end = strchr(text, '\n');
        assert_non_null(end);
        assert_int_equal(text[0], '{');
        assert_true(json_is_valid(bytes_of(text, (size_t)(end - text))));
    }
    return num;
}

/* a second run adds to what the first has left */
static void lines_are_added(void **state)
{
    (void)state;
    for (size_t i = 1; i <= 3; i++) {
        struct status_files files;
        char err[STATUS_FILES_ERR_MAX];
        assert_int_equal(status_files_open(&files, err, STATUS, NULL), 0);
        for (size_t n = 0; n < 5; n++)
            status_files_update(&files, &running, 0, 1, 0);
        status_files_close(&files);
        char *text = get_file(STATUS);
        assert_int_equal(num_objects(text), 5 * i);
        free(text);
    }
    assert_int_equal(num_files(), 1);
}

/* takes stderr into a file while f runs; returns its text */
static char *told_by(void (*f)(struct status_files *files), struct status_files *files)
{
    fflush(stderr);
    int was = dup(STDERR_FILENO), fd = open("told", O_CREAT | O_TRUNC | O_WRONLY, 0666);
    assert_true(was >= 0 && fd >= 0 && dup2(fd, STDERR_FILENO) >= 0);
    f(files);
    fflush(stderr);
    assert_true(dup2(was, STDERR_FILENO) >= 0);
    close(was);
    close(fd);
    return get_file("told");
}

static void update_often(struct status_files *files)
{
    for (size_t i = 0; i < 1000; i++)
        status_files_update(files, &running, 0, 1, 0);
}

/* A reader that does not read holds nothing up: what fits is there, what does not is left out; when
 * there is room again, whole lines follow. */
static void slow_reader(void **state)
{
    (void)state;
    struct status_files files;
    char err[STATUS_FILES_ERR_MAX];
    char *text = calloc(1, TEXT_MAX);
    assert_non_null(text);
    assert_int_equal(mkfifo("pipe", 0666), 0);
    int reader = open("pipe", O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(status_files_open(&files, err, "pipe", NULL), 0);
    char *told = told_by(update_often, &files);
    assert_string_equal(told, "mxsweep: --status-updates-file pipe: the reader does not keep up: "
                              "updates are left out; the sweep goes on\n");
    free(told);
    ssize_t first = read(reader, text, TEXT_MAX);
    assert_true(first > 4096);
    size_t num = num_objects(text);
    assert_true(num > 0 && num < 1000);
    status_files_update(&files, &running, 0, 1, 0);
    memset(text, 0, TEXT_MAX);
    assert_true(read(reader, text, TEXT_MAX) > 0);
    assert_int_equal(num_objects(text), 1);
    close(reader);
    status_files_update(&files, &running, 0, 1,
                        0); /* nobody is there any more: main ignores SIGPIPE */
    status_files_close(&files);
    free(text);
}

/* a stream, of which much is not known: the line is JSON all the same, and the metrics are whole */
static void stream_that_is_paused(void **state)
{
    (void)state;
    static const struct status paused = {.phase = PHASE_PAUSED, .num_done = 7, .share = -1};
    struct status_files files;
    char err[STATUS_FILES_ERR_MAX];
    assert_int_equal(status_files_open(&files, err, STATUS, METRICS), 0);
    status_files_update(&files, &paused, 0, 1, 0);
    status_files_close(&files);
    char *text = get_file(STATUS);
    assert_int_equal(num_objects(text), 1);
    assert_non_null(strstr(text, "\"phase\":\"paused\",\"done\":7,\"total\":null,\"share\":null,"));
    free(text);
    text = get_file(METRICS);
    assert_non_null(strstr(text, "\nmxsweep_targets NaN\n"));
    assert_non_null(strstr(text, "\nmxsweep_phase{phase=\"paused\"} 1\n"));
    free(text);
}

static void update_once(struct status_files *files)
{
    status_files_update(files, &running, 0, 1, 0);
}

/* where there was room for a part of a line only, the next one begins a line of its own */
static void torn_line(void **state)
{
    (void)state;
    struct status_files files;
    struct rlimit was, limit;
    struct stat st;
    char err[STATUS_FILES_ERR_MAX];
    assert_int_equal(status_files_open(&files, err, STATUS, NULL), 0);
    update_once(&files);
    assert_int_equal(stat(STATUS, &st), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
    limit = was;
    limit.rlim_cur = (rlim_t)st.st_size + 10;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    char *told = told_by(update_once, &files);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
    assert_non_null(strstr(told, "No space left"));
    free(told);
    update_once(&files);
    update_once(&files);
    status_files_close(&files);
    char *text = get_file(STATUS);
    text[st.st_size - 1] = '\0'; /* the first; then the torn one; then the rest */
    const char *torn = text + st.st_size;
    assert_int_equal(strcspn(torn, "\n"), 10);
    assert_int_equal(num_objects(torn + 11), 2);
    free(text);
}

/* a disk that is full, a folder that is gone: told once each, and never an end */
static void failures_are_told_once(void **state)
{
    (void)state;
    struct status_files files;
    char err[STATUS_FILES_ERR_MAX];
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(status_files_open(&files, err, "/dev/full", "folder/metrics"), 0);
    assert_int_equal(rmdir("folder"), 0);
    char *told = told_by(update_often, &files);
    assert_string_equal(
        told, "mxsweep: --status-updates-file /dev/full: No space left on device; the sweep goes "
              "on\n"
              "mxsweep: --metrics-file folder/metrics: No such file or directory; the sweep goes "
              "on\n");
    free(told);
    status_files_close(&files);
}

/* after a while the folder is there again */
static void failures_pass(void **state)
{
    (void)state;
    struct status_files files;
    char err[STATUS_FILES_ERR_MAX];
    assert_int_equal(mkdir("folder", 0777), 0);
    assert_int_equal(status_files_open(&files, err, NULL, "folder/metrics"), 0);
    assert_int_equal(rmdir("folder"), 0);
    free(told_by(update_often, &files));
    assert_int_equal(mkdir("folder", 0777), 0);
    status_files_update(&files, &running, 0, 1, 0);
    status_files_close(&files);
    assert_int_equal(unlink("folder/metrics"), 0);
    assert_int_equal(rmdir("folder"), 0); /* nothing else was in it */
}

/* ---- metrics ---- */

/* Who has opened the file goes on reading the old one, whole; the new one has another inode. */
static void replaced(void **state)
{
    (void)state;
    struct status_files files;
    struct stat before, after;
    char err[STATUS_FILES_ERR_MAX], text[8192] = "";
    assert_int_equal(status_files_open(&files, err, NULL, METRICS), 0);
    assert_int_equal(num_files(), 0); /* not before there is something to say */
    status_files_update(&files, &running, 0, 1, 0);
    FILE *reader = fopen(METRICS, "r");
    assert_non_null(reader);
    assert_int_equal(fstat(fileno(reader), &before), 0);
    struct status later = running;
    later.num_done = 77;
    status_files_update(&files, &later, 0, 1, 0);
    assert_int_equal(stat(METRICS, &after), 0);
    assert_true(before.st_ino != after.st_ino);
    assert_true(fread(text, 1, sizeof text - 1, reader) > 0);
    assert_non_null(strstr(text, "\nmxsweep_targets_done 10\n"));
    fclose(reader);
    char *now = get_file(METRICS);
    assert_non_null(strstr(now, "\nmxsweep_targets_done 77\n"));
    free(now);
    status_files_close(&files);
    assert_int_equal(num_files(), 1); /* no scratch file is left */
    assert_int_equal(status_files_open(&files, err, NULL, METRICS), 0); /* ours: another run's */
    status_files_close(&files);
}

/* others may read it, as a collector that runs as another user must */
static void readable(void **state)
{
    (void)state;
    struct status_files files;
    struct stat st;
    char err[STATUS_FILES_ERR_MAX];
    mode_t mask = umask(022);
    assert_int_equal(status_files_open(&files, err, NULL, METRICS), 0);
    status_files_update(&files, &running, 0, 1, 0);
    status_files_close(&files);
    umask(mask);
    assert_int_equal(stat(METRICS, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
}

struct reading {
    _Atomic bool over;
    size_t num, num_partial;
};

static void *read_all_the_time(void *arg)
{
    struct reading *r = arg;
    static const char last[] = "\nmxsweep_updated_timestamp_seconds 7\n";
    while (!r->over || r->num == 0) {
        char text[8192];
        int fd = open(METRICS, O_RDONLY);
        ssize_t len = fd >= 0 ? read(fd, text, sizeof text) : -1;
        if (fd >= 0)
            close(fd);
        size_t end = sizeof last - 1;
        r->num++;
        if (len < (ssize_t)end || memcmp(text + len - end, last, end) != 0 ||
            memcmp(text, METRICS_FIRST_LINE, strlen(METRICS_FIRST_LINE)) != 0)
            r->num_partial++;
    }
    return NULL;
}

static void reader_sees_whole_files(void **state)
{
    (void)state;
    struct status_files files;
    struct reading reading = {.over = false};
    struct status s = running;
    pthread_t thread;
    char err[STATUS_FILES_ERR_MAX];
    assert_int_equal(status_files_open(&files, err, NULL, METRICS), 0);
    status_files_update(&files, &s, 7000000, 1, 0);
    assert_int_equal(pthread_create(&thread, NULL, read_all_the_time, &reading), 0);
    for (size_t i = 0; i < 500; i++) {
        s.num_targets = i % 2 == 0 ? 1 : UINT64_MAX; /* so that sizes differ */
        status_files_update(&files, &s, 7000000, 1, 0);
    }
    reading.over = true;
    pthread_join(thread, NULL);
    assert_true(reading.num > 0);
    assert_int_equal(reading.num_partial, 0);
    status_files_close(&files);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refused, enter, leave),
        cmocka_unit_test_setup_teardown(none, enter, leave),
        cmocka_unit_test_setup_teardown(lines_are_added, enter, leave),
        cmocka_unit_test_setup_teardown(stream_that_is_paused, enter, leave),
        cmocka_unit_test_setup_teardown(slow_reader, enter, leave),
        cmocka_unit_test_setup_teardown(torn_line, enter, leave),
        cmocka_unit_test_setup_teardown(failures_are_told_once, enter, leave),
        cmocka_unit_test_setup_teardown(failures_pass, enter, leave),
        cmocka_unit_test_setup_teardown(replaced, enter, leave),
        cmocka_unit_test_setup_teardown(readable, enter, leave),
        cmocka_unit_test_setup_teardown(reader_sees_whole_files, enter, leave),
    };
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
