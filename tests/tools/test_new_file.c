/* Files that are there whole or not at all, with O_TMPFILE and on file systems that cannot do it. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/tools/place.h"
#include "tools/new_file.h"

/* a file system that cannot make files without a name: the test's own open(), see CMakeLists.txt */
static bool refuses_tmpfile;
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

int __wrap_open(const char *path, int flags, ...)
{
    va_list list;
    va_start(list, flags);
    unsigned mode =
        (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE ? va_arg(list, unsigned) : 0;
    va_end(list);
    if (refuses_tmpfile && (flags & O_TMPFILE) == O_TMPFILE) {
        errno = EOPNOTSUPP;
        return -1;
    }
    return __real_open(path, flags, mode);
}

static int set_up_named(void **state)
{
    refuses_tmpfile = true;
    return place_set_up(state);
}

static int tear_down(void **state)
{
    refuses_tmpfile = false;
    return place_tear_down(state);
}

static void a_file_appears_when_it_is_whole(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    struct stat st;
    mode_t mask = umask(027);
    assert_true(new_file_open(&f, err, place_path(path, p, "page.html")));
    assert_int_equal(place_num_names(p->folder), 0); /* whoever counts for hours leaves nothing */
    assert_true(new_file_write(&f, err, bytes_text("who")));
    assert_true(new_file_write(&f, err, bytes_text("le")));
    assert_true(access(path, F_OK) != 0);
    assert_true(new_file_close(&f, err, true));
    place_expect(path, "whole");
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0640);
    assert_int_equal(place_num_names(p->folder), 1);
    assert_true(new_file_close(&f, err, true)); /* again: nothing */
    assert_string_equal(err, "");
    umask(mask);
}

static void a_name_without_a_folder(void **state)
{
    char err[COMMAND_ERR_MAX] = "", before[PLACE_PATH_MAX];
    const struct place *p = *state;
    struct new_file f;
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(p->folder), 0);
    assert_true(new_file_open(&f, err, "here"));
    assert_true(new_file_close(&f, err, true)); /* empty */
    place_expect("here", "");
    assert_int_equal(place_num_names("."), 1);
    assert_int_equal(chdir(before), 0);
}

static void a_file_that_is_not_kept(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "kept";
    const struct place *p = *state;
    struct new_file f;
    for (size_t i = 0; i < 2; i++) {
        assert_true(new_file_open(&f, err, place_path(path, p, "page.html")));
        if (i == 1)
            assert_true(new_file_write(&f, err, bytes_text("half")));
        assert_true(new_file_close(&f, err, false));
        assert_int_equal(place_num_names(p->folder), 0);
    }
    assert_string_equal(err, "kept");
}

static void nothing_is_written_over(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    place_write(place_path(path, p, "mine"), "mine");
    assert_false(new_file_open(&f, err, path));
    assert_non_null(strstr(err, "/mine: exists; name another, or remove it"));
    assert_true(new_file_close(&f, err, false)); /* was never open */
    place_path(path, p, "late");
    assert_true(new_file_open(&f, err, path));
    place_write(path, "mine"); /* meanwhile */
    assert_false(new_file_close(&f, err, true));
    assert_non_null(strstr(err, "/late: exists"));
    place_expect(path, "mine");
    assert_int_equal(place_num_names(p->folder), 2);
    place_path(path, p, "link");
    assert_int_equal(symlink("/nowhere/at/all", path), 0);
    assert_false(new_file_open(&f, err, path)); /* nor what a link points to */
    assert_false(new_file_open(&f, err, p->folder));
    assert_non_null(strstr(err, ": exists"));
}

static void a_cache_takes_the_place_of_another(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    place_path(path, p, "cache");
    for (size_t i = 0; i < 3; i++) {
        assert_true(new_file_open_over(&f, err, path));
        assert_true(new_file_write(&f, err, bytes_text(i == 1 ? "half" : i == 0 ? "old" : "new")));
        if (i > 0)
            place_expect(path, "old");
        assert_true(new_file_close(&f, err, i != 1));
        place_expect(path, i < 2 ? "old" : "new");
        assert_int_equal(place_num_names(p->folder), 1);
    }
    assert_int_equal(mkdir(place_path(path, p, "folder"), 0755), 0);
    assert_true(new_file_open_over(&f, err, path));
    assert_false(new_file_close(&f, err, true));
    assert_non_null(strstr(err, "/folder: cannot write: Is a directory"));
    assert_int_equal(place_num_names(p->folder), 2);
}

static void a_file_where_none_can_be(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    assert_false(new_file_open(&f, err, place_path(path, p, "missing/page.html")));
    assert_non_null(strstr(err, "missing/page.html: cannot write: No such file or directory"));
    place_write(place_path(path, p, "file"), "");
    assert_false(new_file_open(&f, err, place_path(path, p, "file/page.html")));
    assert_non_null(strstr(err, "file/page.html: cannot write: Not a directory"));
}

static void other_names_are_taken(void **state)
{
    char path[PLACE_PATH_MAX], taken[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    place_path(path, p, "page.html");
    snprintf(taken, sizeof taken, "%.200s.%ld-0.tmp", path, (long)getpid());
    place_write(taken, "left by one that was killed");
    assert_true(new_file_open_over(&f, err, path));
    assert_true(new_file_write(&f, err, bytes_text("whole")));
    assert_true(new_file_close(&f, err, true));
    place_expect(path, "whole");
    place_expect(taken, "left by one that was killed");
    assert_int_equal(place_num_names(p->folder), 2);
}

/* ---- what ends in the middle ---- */

static void write_past_the_limit(struct new_file *f, char err[COMMAND_ERR_MAX])
{
    const struct rlimit limit = {4, RLIM_INFINITY};
    const struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    bool written = new_file_write(f, err, bytes_text("longer"));
    setrlimit(RLIMIT_FSIZE, &none);
    signal(SIGXFSZ, SIG_DFL);
    assert_false(written);
    assert_non_null(strstr(err, "/page.html: cannot write: File too large"));
}

static void a_disk_that_is_full(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    assert_true(new_file_open(&f, err, place_path(path, p, "page.html")));
    write_past_the_limit(&f, err);
    err[0] = '\0';
    assert_false(new_file_write(&f, err, bytes_text("more")));
    assert_non_null(strstr(err, "File too large"));
    assert_false(new_file_close(&f, err, true)); /* not even if a caller has not looked */
    assert_int_equal(place_num_names(p->folder), 0);
}

static void a_stream(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    const struct rlimit limit = {4, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    struct new_file f;
    assert_true(new_file_open(&f, err, place_path(path, p, "list")));
    assert_true(fprintf(new_file_stream(&f, err), "%d\n", 17) == 3);
    assert_true(new_file_close(&f, err, true));
    place_expect(path, "17\n");
    assert_true(new_file_open(&f, err, place_path(path, p, "other")));
    assert_true(fprintf(new_file_stream(&f, err), "%d\n", 1700) == 5);
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_false(new_file_close(&f, err, true));
    setrlimit(RLIMIT_FSIZE, &none);
    signal(SIGXFSZ, SIG_DFL);
    assert_non_null(strstr(err, "/other: cannot write: File too large"));
    assert_int_equal(place_num_names(p->folder), 1);
}

/* a process that writes half of a file and is then sent a signal; returns what it ended with */
static int end_by(int number, const char *path, bool ignored)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        char err[COMMAND_ERR_MAX];
        struct new_file f;
        signal(number, ignored ? SIG_IGN : SIG_DFL);
        bool good = new_file_open(&f, err, path) && new_file_write(&f, err, bytes_text("half"));
        raise(number);
        good = good && new_file_write(&f, err, bytes_text(" and half"));
        _exit(new_file_close(&f, err, good) ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_process_that_is_interrupted(void **state)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGPIPE, SIGTERM, SIGXFSZ};
    char path[PLACE_PATH_MAX];
    const struct place *p = *state;
    place_path(path, p, "page.html");
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int status = end_by(numbers[i], path, false);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
        assert_int_equal(place_num_names(p->folder), 0);
    }
    assert_int_equal(end_by(SIGHUP, path, true), 0); /* nohup */
    place_expect(path, "half and half");
}

static void a_process_that_is_killed(void **state)
{
    char path[PLACE_PATH_MAX];
    const struct place *p = *state;
    place_path(path, p, "page.html");
    int status = end_by(SIGKILL, path, false);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_int_equal(place_num_names(p->folder), refuses_tmpfile ? 1 : 0);
}

/* ---- what is no file ---- */

static void a_pipe_is_written_to(void **state)
{
    char path[PLACE_PATH_MAX], text[16] = "", err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    assert_int_equal(mkfifo(place_path(path, p, "pipe"), 0600), 0);
    int fd = open(path, O_RDONLY | O_NONBLOCK);
    for (size_t i = 0; i < 2; i++) { /* what is read already cannot be taken back */
        assert_true(new_file_open(&f, err, path));
        assert_true(new_file_write(&f, err, bytes_text("a")));
        assert_int_equal(read(fd, text, sizeof text), 1);
        assert_true(new_file_write(&f, err, bytes_text("bc")));
        assert_int_equal(read(fd, text, sizeof text), 2);
        assert_string_equal(text, "bc");
        assert_true(new_file_close(&f, err, i == 0));
    }
    close(fd);
    assert_int_equal(place_num_names(p->folder), 1);
}

static void devices(void **state)
{
    char err[COMMAND_ERR_MAX] = "";
    struct new_file f;
    (void)state;
    assert_true(new_file_open(&f, err, "/dev/null"));
    assert_true(new_file_write(&f, err, bytes_text("gone")));
    assert_true(new_file_close(&f, err, true));
    assert_true(new_file_open(&f, err, "/dev/full"));
    assert_false(new_file_write(&f, err, bytes_text("gone")));
    assert_string_equal(err, "/dev/full: cannot write: No space left on device");
    assert_false(new_file_close(&f, err, true));
}

/* the standard output by its names, here a file that somebody has begun */
static void the_standard_output(void **state)
{
    static const char *const names[] = {NULL, "/dev/fd/1", "/proc/self/fd/1"};
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    place_path(path, p, "out");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct new_file f;
        fflush(stdout);
        int before = dup(STDOUT_FILENO), fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, STDOUT_FILENO);
        close(fd);
        bool good = write(STDOUT_FILENO, "begun ", 6) == 6 && new_file_open(&f, err, names[i]) &&
                    new_file_write(&f, err, bytes_text("and more")) &&
                    new_file_close(&f, err, true) && write(STDOUT_FILENO, ".", 1) == 1;
        dup2(before, STDOUT_FILENO);
        close(before);
        assert_true(good);
        place_expect(path, "begun and more.");
    }
}

/* a layer for datasets: what they write, and nothing of what they sync or close */
static void the_layer_below_a_dataset(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    struct file file;
    assert_true(new_file_open(&f, err, place_path(path, p, "part")));
    assert_int_equal(file_create(&file, path, &new_file_ops, &f), 0);
    assert_int_equal(file_write_all(&file, bytes_text("abcdef"), 0), 0);
    assert_int_equal(file_write_all(&file, bytes_text("X"), 1), 0);
    assert_int_equal(file_truncate(&file, 3), 0);
    assert_int_equal(file_sync(&file), 0);
    assert_int_equal(file_sync_folder(&file, path), 0);
    assert_int_equal(file_close(&file), 0);
    assert_int_not_equal(access(path, F_OK), 0);
    assert_true(new_file_close(&f, err, true));
    place_expect(path, "aXc");
    assert_int_equal(place_num_names(p->folder), 1);
}

static void no_dataset_in_a_pipe(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    assert_int_equal(new_file_open_dataset(&f, err, "/dev/null"), -ESPIPE);
    assert_string_equal(err, "/dev/null: is no file; a dataset is written to a file");
    assert_true(new_file_close(&f, err, true));
    place_write(place_path(path, p, "mine"), "mine");
    assert_int_equal(new_file_open_dataset(&f, err, path), -EEXIST);
    assert_int_equal(new_file_open_dataset(&f, err, place_path(path, p, "new")), 0);
    assert_true(new_file_close(&f, err, true));
    place_expect(path, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                                                 \
    {#name, name, place_set_up, tear_down, NULL},                                                  \
        {#name " (named)", name, set_up_named, tear_down, NULL}
        TEST(a_file_appears_when_it_is_whole),
        TEST(a_name_without_a_folder),
        TEST(a_file_that_is_not_kept),
        TEST(nothing_is_written_over),
        TEST(a_cache_takes_the_place_of_another),
        TEST(a_file_where_none_can_be),
        TEST(other_names_are_taken),
        TEST(a_disk_that_is_full),
        TEST(a_stream),
        TEST(a_process_that_is_interrupted),
        TEST(a_process_that_is_killed),
        TEST(a_pipe_is_written_to),
        TEST(devices),
        TEST(the_standard_output),
        TEST(the_layer_below_a_dataset),
        TEST(no_dataset_in_a_pipe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
