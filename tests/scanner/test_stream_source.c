/* stream_source: what can be read and what is refused; where it ends; and that it can be woken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scanner/stream_source.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

static const char LIST[] = "list.txt", PIPE[] = "pipe";

static int enter(void **state)
{
    char *folder = strdup("test_stream_source.XXXXXX");
    *state = folder;
    return folder != NULL && mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int leave(void **state)
{
    unlink(LIST);
    unlink(PIPE);
    int rc = chdir("..") == 0 ? rmdir(*state) : -1;
    free(*state);
    return rc;
}

static void put(const char *content)
{
    FILE *f = fopen(LIST, "w");
    assert_non_null(f);
    assert_true(fputs(content, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* runs with another standard input, -1: none */
static int open_stdin(struct stream_source *source, char *err, size_t err_len, int fd)
{
    int saved = dup(STDIN_FILENO);
    assert_true(saved >= 0);
    if (fd >= 0)
        dup2(fd, STDIN_FILENO);
    else
        close(STDIN_FILENO);
    int rc = stream_source_open(source, err, err_len, "-");
    dup2(saved, STDIN_FILENO);
    close(saved);
    return rc;
}

static void refuses(void **state)
{
    static const struct {
        const char *path, *err;
    } cases[] = {
        {"missing.txt", "missing.txt: cannot be opened: No such file or directory"},
        {"", ": cannot be opened: No such file or directory"},
        {".", ".: is a folder; name a file with one target a line"},
        {"\x1b[2J", "\\x1B[2J: cannot be opened: No such file or directory"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct stream_source source = {.fd = 4711};
        char err[256] = "";
        assert_int_equal(stream_source_open(&source, err, sizeof err, cases[i].path), -EINVAL);
        assert_string_equal(err, cases[i].err);
        assert_int_equal(source.fd, 4711);
    }
}

static void refuses_standard_input(void **state)
{
    struct stream_source source;
    char err[256] = "";
    (void)state;
    assert_int_equal(open_stdin(&source, err, sizeof err, -1), -EINVAL);
    assert_string_equal(err, "standard input: cannot be opened: Bad file descriptor");
    int fd = open(LIST, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(open_stdin(&source, err, sizeof err, fd), -EINVAL);
    assert_string_equal(err, "standard input: is open for writing only");
    close(fd);
}

static void reads_files(void **state)
{
    struct stream_source source;
    char err[256] = "", data[4];
    (void)state;
    put("abcdef");
    assert_int_equal(stream_source_open(&source, err, sizeof err, LIST), 0);
    assert_true(source.is_file);
    assert_true(source.octets_len == 6);
    assert_string_equal(source.name, LIST);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 4);
    assert_memory_equal(data, "abcd", 4);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 2);
    assert_memory_equal(data, "ef", 2);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 0);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 0);
    stream_source_close(&source);
}

/* a file as standard input begins where others have read to */
static void reads_standard_input(void **state)
{
    struct stream_source source;
    char err[256] = "", data[8];
    (void)state;
    put("abcdef");
    int fd = open(LIST, O_RDONLY);
    assert_int_equal(lseek(fd, 2, SEEK_SET), 2);
    assert_int_equal(open_stdin(&source, err, sizeof err, fd), 0);
    assert_true(source.is_file);
    assert_true(source.octets_len == 4);
    assert_string_equal(source.name, "standard input");
    assert_int_equal(stream_source_read(&source, data, sizeof data), 4);
    stream_source_close(&source);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 6); /* the descriptor itself is still open */
    close(fd);
}

static void reads_devices(void **state)
{
    struct stream_source source;
    char err[256] = "", data[8];
    (void)state;
    assert_int_equal(stream_source_open(&source, err, sizeof err, "/dev/null"), 0);
    assert_false(source.is_file);
    assert_true(source.octets_len == 0);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 0);
    stream_source_close(&source);
}

static void reads_pipes(void **state)
{
    struct stream_source source;
    char err[256] = "", data[8];
    int fds[2];
    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(open_stdin(&source, err, sizeof err, fds[0]), 0);
    close(fds[0]);
    assert_false(source.is_file);
    assert_true(source.octets_len == 0);
    assert_int_equal(write(fds[1], "ab", 2), 2);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 2);
    assert_int_equal(write(fds[1], "c", 1), 1);
    close(fds[1]);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 1);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 0);
    stream_source_close(&source);
}

static void *write_to_pipe(void *arg)
{
    int fd = open(PIPE, O_WRONLY); /* waits for a reader, which waits for us */
    (void)arg;
    if (fd < 0 || write(fd, "abc", 3) != 3)
        return NULL;
    close(fd);
    return (void *)PIPE;
}

/* a named pipe is opened before anybody writes to it, and that is not its end */
static void waits_for_writer(void **state)
{
    struct stream_source source;
    char err[256] = "", data[8];
    pthread_t writer;
    void *wrote;
    (void)state;
    assert_int_equal(mkfifo(PIPE, 0600), 0);
    assert_int_equal(stream_source_open(&source, err, sizeof err, PIPE), 0);
    assert_int_equal(pthread_create(&writer, NULL, write_to_pipe, NULL), 0);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 3);
    assert_int_equal(stream_source_read(&source, data, sizeof data), 0);
    pthread_join(writer, &wrote);
    assert_non_null(wrote);
    stream_source_close(&source);
}

static void *read_on(void *arg)
{
    char data[8];
    return (void *)(intptr_t)stream_source_read(arg, data, sizeof data);
}

static void wakes(void **state)
{
    struct stream_source source;
    char err[256] = "", data[8];
    pthread_t reader;
    void *rc;
    int fds[2];
    (void)state;
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(open_stdin(&source, err, sizeof err, fds[0]), 0);
    assert_int_equal(pthread_create(&reader, NULL, read_on, &source), 0);
    stream_source_wake(&source);
    pthread_join(reader, &rc);
    assert_int_equal((intptr_t)rc, -ECANCELED);
    /* and so it stays, whatever there is to read */
    assert_int_equal(write(fds[1], "ab", 2), 2);
    stream_source_wake(&source);
    assert_int_equal(stream_source_read(&source, data, sizeof data), -ECANCELED);
    stream_source_close(&source);
    close(fds[0]);
    close(fds[1]);
}

/* a descriptor that cannot be read on */
static void tells_errors(void **state)
{
    struct stream_source source;
    char err[256] = "", data[8];
    (void)state;
    put("abc");
    assert_int_equal(stream_source_open(&source, err, sizeof err, LIST), 0);
    int folder = open(".", O_RDONLY | O_DIRECTORY);
    assert_int_equal(dup2(folder, source.fd), source.fd);
    close(folder);
    assert_int_equal(stream_source_read(&source, data, sizeof data), -EISDIR);
    stream_source_close(&source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(refuses, enter, leave),
        cmocka_unit_test_setup_teardown(refuses_standard_input, enter, leave),
        cmocka_unit_test_setup_teardown(reads_files, enter, leave),
        cmocka_unit_test_setup_teardown(reads_standard_input, enter, leave),
        cmocka_unit_test_setup_teardown(reads_devices, enter, leave),
        cmocka_unit_test_setup_teardown(reads_pipes, enter, leave),
        cmocka_unit_test_setup_teardown(waits_for_writer, enter, leave),
        cmocka_unit_test_setup_teardown(wakes, enter, leave),
        cmocka_unit_test_setup_teardown(tells_errors, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
