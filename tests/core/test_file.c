#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct folder {
    char name[64], path[96];
};

static void make_folder(struct folder *f)
{
    strcpy(f->name, "/tmp/mxsweep-test-file-XXXXXX");
    assert_non_null(mkdtemp(f->name));
    snprintf(f->path, sizeof f->path, "%s/x", f->name);
}

static void remove_folder(struct folder *f)
{
    unlink(f->path);
    assert_int_equal(rmdir(f->name), 0);
}

static void test_create_write_truncate(void **state)
{
    (void)state;
    struct folder dir;
    struct file f;
    char got[16] = "";
    make_folder(&dir);
    assert_int_equal(file_create(&f, dir.path, &file_system, NULL), 0);
    assert_int_equal(file_write_all(&f, bytes_text("0123456789"), 0), 0);
    assert_int_equal(file_write_all(&f, bytes_text("ab"), 4), 0);
    assert_int_equal(file_write_all(&f, bytes_of(NULL, 0), 0), 0);
    assert_int_equal(file_sync(&f), 0);
    assert_int_equal(file_sync_folder(&f, dir.path), 0);
    assert_int_equal(file_truncate(&f, 6), 0);
    assert_int_equal(pread(f.fd, got, sizeof got, 0), 6);
    assert_string_equal(got, "0123ab");
    assert_int_equal(file_close(&f), 0);
    assert_int_equal(f.fd, -1);
    remove_folder(&dir);
}

static void test_one_writer(void **state)
{
    (void)state;
    struct folder dir;
    struct file f, other;
    make_folder(&dir);
    assert_int_equal(file_open(&f, dir.path, &file_system, NULL), -ENOENT);
    assert_int_equal(file_create(&f, dir.path, &file_system, NULL), 0);
    assert_int_equal(file_create(&other, dir.path, &file_system, NULL), -EEXIST);
    assert_int_equal(file_open(&other, dir.path, &file_system, NULL), -EAGAIN);
    assert_int_equal(file_close(&f), 0);
    assert_int_equal(file_open(&other, dir.path, &file_system, NULL), 0);
    assert_int_equal(file_close(&other), 0);
    assert_int_equal(file_create(&f, "/nonexistent/x", &file_system, NULL), -ENOENT);
    remove_folder(&dir);
}

static void test_folder_of_a_path(void **state)
{
    (void)state;
    struct file f = {-1, &file_system, NULL};
    assert_int_equal(file_sync_folder(&f, "x"), 0);
    assert_int_equal(file_sync_folder(&f, "/x"), 0);
    assert_int_equal(file_sync_folder(&f, "/nonexistent/x"), -ENOENT);
}

/* writes that a test cuts short, or fails: results in turn; > 0: at most so many octets */
struct script {
    const int *results;
    size_t at, total;
    char written[32];
};

static ssize_t scripted_write(void *context, int fd, const void *data, size_t len, uint64_t offset)
{
    struct script *s = context;
    (void)fd;
    int result = s->results[s->at++];
    if (result <= 0)
        return result;
    if (len > (size_t)result)
        len = (size_t)result;
    memcpy(s->written + offset, data, len);
    s->total += len;
    return (ssize_t)len;
}

static void test_write_all(void **state)
{
    (void)state;
    static const struct {
        int results[6];
        int rc;
        size_t total;
    } cases[] = {
        {{99}, 0, 10},
        {{1, 2, 3, 4}, 0, 10},
        {{-EINTR, 5, -EINTR, 5}, 0, 10},
        {{5, -ENOSPC}, -ENOSPC, 5},
        {{-EIO}, -EIO, 0},
        {{3, 0}, -EIO, 3},   /* nothing written and no error: never try for ever */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct script s = {.results = cases[i].results};
        const struct file_ops ops = {.write = scripted_write};
        struct file f = {-1, &ops, &s};
        assert_int_equal(file_write_all(&f, bytes_text("0123456789"), 2), cases[i].rc);
        assert_int_equal(s.total, cases[i].total);
        assert_memory_equal(s.written + 2, "0123456789", s.total);
    }
}

/* a disk that is full, for real */
static void test_full_device(void **state)
{
    (void)state;
    struct file f = {open("/dev/full", O_WRONLY), &file_system, NULL};
    if (f.fd < 0)
        skip();
    assert_int_equal(file_write_all(&f, bytes_text("x"), 0), -ENOSPC);
    assert_int_equal(file_close(&f), 0);
    f.fd = -1;
    assert_int_equal(file_sync(&f), -EBADF);
    assert_int_equal(file_truncate(&f, 0), -EBADF);
    assert_int_equal(file_close(&f), -EBADF);
}

static void test_lazy_syncs_when_it_is_due(void **state)
{
    (void)state;
    struct folder dir;
    struct file f;
    bool is_due = false;
    make_folder(&dir);
    assert_int_equal(file_create(&f, dir.path, &file_lazy, &is_due), 0);
    assert_int_equal(file_write_all(&f, bytes_text("0123456789"), 0), 0);
    struct file closed = {-1, &file_lazy, &is_due};   /* whose sync fails, if there is one */
    assert_int_equal(file_sync(&closed), 0);
    is_due = true;
    assert_int_equal(file_sync(&closed), -EBADF);
    assert_int_equal(file_sync(&f), 0);
    assert_int_equal(file_close(&f), 0);
    remove_folder(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_create_write_truncate),
        cmocka_unit_test(test_one_writer),
        cmocka_unit_test(test_folder_of_a_path),
        cmocka_unit_test(test_write_all),
        cmocka_unit_test(test_full_device),
        cmocka_unit_test(test_lazy_syncs_when_it_is_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
