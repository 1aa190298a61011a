/* Files and folders that are there whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/new_file.h"

enum { PATH_LEN_MAX = 256 };

struct place {
    char folder[64];
};

static int set_up(void **state)
{
    struct place *p = malloc(sizeof *p);
    snprintf(p->folder, sizeof p->folder, "/tmp/new_file-XXXXXX");
    *state = p;
    return mkdtemp(p->folder) == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
    struct place *p = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", p->folder);
    int rc = system(command);
    free(p);
    return rc;
}

static const char *in(char out[PATH_LEN_MAX], void **state, const char *name)
{
    const struct place *p = *state;
    snprintf(out, PATH_LEN_MAX, "%s/%s", p->folder, name);
    return out;
}

/* how many names there are in a folder, without "." and ".." */
static int num_names(const char *path)
{
    int num = -2;
    DIR *dir = opendir(path);
    while (dir != NULL && readdir(dir) != NULL)
        num++;
    if (dir != NULL)
        closedir(dir);
    return num;
}

static void expect_content(const char *path, const char *expected)
{
    char text[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, sizeof text - 1, file), strlen(expected));
    fclose(file);
    assert_string_equal(text, expected);
}

static void write_plain(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static void a_file_appears_when_it_is_whole(void **state)
{
    char path[PATH_LEN_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    assert_true(new_file_open(&f, err, in(path, state, "page.html")));
    assert_true(access(path, F_OK) != 0);
    assert_true(new_file_write(&f, err, bytes_text("whole")));
    assert_true(access(path, F_OK) != 0);
    assert_true(new_file_close(&f, err, true));
    expect_content(path, "whole");
    assert_int_equal(num_names(p->folder), 1);
    assert_true(new_file_close(&f, err, true)); /* again: nothing */
    assert_string_equal(err, "");
}

static void a_file_that_is_not_kept(void **state)
{
    char path[PATH_LEN_MAX], err[COMMAND_ERR_MAX] = "kept";
    const struct place *p = *state;
    struct new_file f;
    assert_true(new_file_open(&f, err, in(path, state, "page.html")));
    assert_true(new_file_write(&f, err, bytes_text("half")));
    assert_true(new_file_close(&f, err, false));
    assert_int_equal(num_names(p->folder), 0);
    assert_string_equal(err, "kept");
}

static void nothing_is_written_over(void **state)
{
    char path[PATH_LEN_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_file f;
    write_plain(in(path, state, "mine"), "mine");
    assert_false(new_file_open(&f, err, path));
    assert_non_null(strstr(err, "/mine: exists; name another, or remove it"));
    assert_true(new_file_close(&f, err, false)); /* was never open */
    in(path, state, "late");
    assert_true(new_file_open(&f, err, path));
    write_plain(path, "mine"); /* meanwhile */
    assert_false(new_file_close(&f, err, true));
    assert_non_null(strstr(err, "/late: exists"));
    expect_content(path, "mine");
    assert_int_equal(num_names(p->folder), 2);
    in(path, state, "link");
    assert_int_equal(symlink("/nowhere/at/all", path), 0);
    assert_false(new_file_open(&f, err, path)); /* nor what a link points to */
}

static void a_file_where_none_can_be(void **state)
{
    char path[PATH_LEN_MAX], err[COMMAND_ERR_MAX] = "";
    struct new_file f;
    assert_false(new_file_open(&f, err, in(path, state, "missing/page.html")));
    assert_non_null(strstr(err, "missing/page.html: cannot write: No such file or directory"));
}

static void a_folder_appears_when_it_is_whole(void **state)
{
    char path[PATH_LEN_MAX], file[PATH_LEN_MAX], err[COMMAND_ERR_MAX] = "";
    struct new_folder f;
    static const char *const names[] = {"new", "empty", "slash/"};
    const struct place *p = *state;
    assert_int_equal(mkdir(in(path, state, "empty"), 0755), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_true(new_folder_open(&f, err, in(path, state, names[i])));
        assert_true(new_folder_write(&f, err, "a.svg", bytes_text("a")));
        assert_true(new_folder_write(&f, err, "b.svg", bytes_text("b")));
        assert_true(num_names(path) <= 0);
        assert_true(new_folder_close(&f, err, true));
        assert_int_equal(num_names(path), 2);
        snprintf(file, sizeof file, "%.200s/b.svg", path);
        expect_content(file, "b");
    }
    assert_int_equal(num_names(p->folder), 3);
}

static void a_folder_that_is_not_kept(void **state)
{
    char path[PATH_LEN_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_folder f;
    assert_true(new_folder_open(&f, err, in(path, state, "charts")));
    assert_true(new_folder_write(&f, err, "a.svg", bytes_text("a")));
    assert_false(new_folder_write(&f, err, "a.svg", bytes_text("a"))); /* a name twice is our bug */
    assert_true(new_folder_close(&f, err, false));
    assert_int_equal(num_names(p->folder), 0);
}

static void folders_of_others_stay(void **state)
{
    char path[PATH_LEN_MAX], file[PATH_LEN_MAX], err[COMMAND_ERR_MAX] = "";
    const struct place *p = *state;
    struct new_folder f;
    assert_int_equal(mkdir(in(path, state, "full"), 0755), 0);
    write_plain(in(file, state, "full/mine"), "mine");
    assert_false(new_folder_open(&f, err, path));
    assert_non_null(strstr(err, "/full: exists; name another, or remove it"));
    assert_false(new_folder_open(&f, err, file)); /* no folder at all */
    assert_non_null(strstr(err, "/mine: exists"));
    in(path, state, "late");
    assert_true(new_folder_open(&f, err, path));
    assert_true(new_folder_write(&f, err, "a.svg", bytes_text("a")));
    assert_int_equal(mkdir(path, 0755), 0);
    write_plain(in(file, state, "late/mine"), "mine"); /* meanwhile */
    assert_false(new_folder_close(&f, err, true));
    assert_non_null(strstr(err, "/late: exists"));
    expect_content(file, "mine");
    assert_int_equal(num_names(path), 1);
    assert_int_equal(num_names(p->folder), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        TEST(a_file_appears_when_it_is_whole), TEST(a_file_that_is_not_kept),   TEST(nothing_is_written_over),
        TEST(a_file_where_none_can_be),        TEST(a_folder_appears_when_it_is_whole),
        TEST(a_folder_that_is_not_kept),       TEST(folders_of_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
