/* Folders of files that are there whole or not at all. */
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
#include "tools/new_folder.h"

static void a_folder_appears_when_it_is_whole(void **state)
{
    char path[PLACE_PATH_MAX], file[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    struct new_folder f;
    static const char *const names[] = {"new", "empty", "slash/"};
    const struct place *p = *state;
    assert_int_equal(mkdir(place_path(path, p, "empty"), 0755), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(new_folder_open(&f, err, place_path(path, p, names[i])));
        assert_true(new_folder_write(&f, err, "a.svg", bytes_text("a")));
        assert_true(new_folder_write(&f, err, "b.svg", bytes_text("b")));
        assert_true(place_num_names(path) <= 0);
        assert_true(new_folder_close(&f, err, true));
        assert_int_equal(place_num_names(path), 2);
        snprintf(file, sizeof file, "%.200s/b.svg", path);
        place_expect(file, "b");
    }
    assert_int_equal(place_num_names(p->folder), 3);
}

static void a_folder_that_is_not_kept(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_folder f;
    assert_true(new_folder_open(&f, err, place_path(path, p, "charts")));
    assert_true(new_folder_write(&f, err, "a.svg", bytes_text("a")));
    assert_false(new_folder_write(&f, err, "a.svg", bytes_text("a"))); /* a name twice is our bug */
    assert_true(new_folder_close(&f, err, false));
    assert_int_equal(place_num_names(p->folder), 0);
}

static void folders_of_others_stay(void **state)
{
    char path[PLACE_PATH_MAX], file[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_folder f;
    assert_int_equal(mkdir(place_path(path, p, "full"), 0755), 0);
    place_write(place_path(file, p, "full/mine"), "mine");
    assert_false(new_folder_open(&f, err, path));
    assert_non_null(strstr(err, "/full: exists; name another, or remove it"));
    assert_false(new_folder_open(&f, err, file)); /* no folder at all */
    assert_non_null(strstr(err, "/mine: exists"));
    place_path(path, p, "late");
    assert_true(new_folder_open(&f, err, path));
    assert_true(new_folder_write(&f, err, "a.svg", bytes_text("a")));
    assert_int_equal(mkdir(path, 0755), 0);
    place_write(place_path(file, p, "late/mine"), "mine"); /* meanwhile */
    assert_false(new_folder_close(&f, err, true));
    assert_non_null(strstr(err, "/late: exists"));
    place_expect(file, "mine");
    assert_int_equal(place_num_names(path), 1);
    assert_int_equal(place_num_names(p->folder), 2);
}

/* ---- what ends in the middle ---- */

static void a_disk_that_is_full(void **state)
{
    char path[PLACE_PATH_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    const struct rlimit limit = {4, RLIM_INFINITY}, none = {RLIM_INFINITY, RLIM_INFINITY};
    struct new_folder f;
    assert_true(new_folder_open(&f, err, place_path(path, p, "charts")));
    assert_true(new_folder_write(&f, err, "a.svg", bytes_text("a")));
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    bool written = new_folder_write(&f, err, "b.svg", bytes_text("longer"));
    setrlimit(RLIMIT_FSIZE, &none);
    assert_false(written);
    assert_non_null(strstr(err, "/charts: cannot write: File too large"));
    assert_true(new_folder_close(&f, err, false));
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(place_num_names(p->folder), 0);
}

/* a process that has two folders and a file open and writes half of them before the signal */
static int end_by(int number, const struct place *p)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        char a[PLACE_PATH_MAX], b[PLACE_PATH_MAX], page[PLACE_PATH_MAX], err[COMMAND_ERR_MAX];
        struct new_file f;
        struct new_folder one, two;
        bool good = new_file_open(&f, err, place_path(page, p, "page")) &&
                    new_folder_open(&one, err, place_path(a, p, "a")) &&
                    new_folder_open(&two, err, place_path(b, p, "b")) &&
                    new_file_write(&f, err, bytes_text("half")) &&
                    new_folder_write(&one, err, "1", bytes_text("1")) &&
                    new_folder_write(&two, err, "2", bytes_text("2"));
        raise(number);
        good = good && new_folder_write(&two, err, "3", bytes_text("3"));
        good &= new_folder_close(&two, err, good);
        good &= new_folder_close(&one, err, good);
        _exit(new_file_close(&f, err, good) && good ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_process_that_is_interrupted(void **state)
{
    static const int numbers[] = {SIGHUP, SIGINT, SIGPIPE, SIGTERM};
    const struct place *p = *state;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        int status = end_by(numbers[i], p);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == numbers[i]);
        assert_int_equal(place_num_names(p->folder), 0);
    }
    assert_int_equal(end_by(SIGWINCH, p), 0);
    assert_int_equal(place_num_names(p->folder), 3);
}

static void a_process_that_is_killed(void **state)
{
    static const char *const finals[] = {"a", "b", "page"};
    char path[PLACE_PATH_MAX];
    const struct place *p = *state;
    int status = end_by(SIGKILL, p);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    for (size_t i = 0; i < sizeof finals / sizeof finals[0]; i++)
        assert_int_not_equal(access(place_path(path, p, finals[i]), F_OK), 0);
    assert_int_equal(place_num_names(p->folder), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_set_up, place_tear_down)
        TEST(a_folder_appears_when_it_is_whole),
        TEST(a_folder_that_is_not_kept),
        TEST(folders_of_others_stay),
        TEST(a_disk_that_is_full),
        TEST(a_process_that_is_interrupted),
        TEST(a_process_that_is_killed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
