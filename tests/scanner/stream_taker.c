#include "tests/scanner/stream_taker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const uint16_t ports[] = {25, 465, 587};

int stream_folder_enter(void **state)
{
    char *folder = strdup("test_stream.XXXXXX");
    *state = folder;
    return folder != NULL && mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

int stream_folder_leave(void **state)
{
    unlink(LIST);
    int rc = chdir("..") == 0 ? rmdir(*state) : -1;
    free(*state);
    return rc;
}

void put_list(const char *octets, size_t len)
{
    FILE *f = fopen(LIST, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(octets, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

size_t make_list(char *out, uint64_t num)
{
    size_t len = 0;
    for (uint64_t i = 0; i < num; i++)
        len += (size_t)snprintf(out + len, LIST_LINE_MAX, "2001:db8::%" PRIx64 ":%" PRIx64 "\n",
                                i >> 16, i & 0xffff);
    return len;
}

uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void on_ready(void *arg)
{
    struct taker *t = arg;
    pthread_mutex_lock(&t->lock);
    t->is_ready = true;
    t->num_ready++;
    pthread_mutex_unlock(&t->lock);
    pthread_cond_signal(&t->wake);
}

static void on_complaint(void *arg, const char *text)
{
    struct taker *t = arg;
    size_t len = strlen(t->told);
    if (len + strlen(text) + 2 > sizeof t->told)
        abort();
    sprintf(t->told + len, "%s\n", text);
    t->num_told++;
}

void taker_wait(struct taker *t)
{
    pthread_mutex_lock(&t->lock);
    while (!t->is_ready)
        pthread_cond_wait(&t->wake, &t->lock);
    t->is_ready = false;
    pthread_mutex_unlock(&t->lock);
}

enum stream_state taker_take(struct taker *t, struct stream *s, struct errand **list, size_t max)
{
    enum stream_state state;
    while ((state = stream_take(s, list, max)) == STREAM_EMPTY)
        taker_wait(t);
    return state;
}

struct stream_config taker_config(struct taker *t, const char *path)
{
    *t = (struct taker){.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    return (struct stream_config){.path = path,
                                  .ports = ports,
                                  .num_ports = 1,
                                  .num_shards = 1,
                                  .arg = t,
                                  .complain = on_complaint,
                                  .ready = on_ready};
}

struct stream *taker_open(const struct stream_config *config)
{
    struct stream *s;
    char err[STREAM_ERR_MAX] = "";
    int rc = stream_open(&s, err, config);
    if (rc != 0)
        fail_msg("%s (%d)", err, rc);
    return s;
}

static size_t describe(char *out, size_t out_len, const struct errand *e)
{
    const char *gap = out_len > 0 ? " " : "";
    if (e->skip)
        return (size_t)sprintf(out + out_len, "%s%" PRIu64 "-", gap, e->position);
    return (size_t)sprintf(out + out_len, "%s%" PRIu64 "=%" PRIx64, gap, e->position,
                           e->target.addr.lo);
}

void taker_take_all(struct taken *taken, struct taker *t, struct stream *s, size_t max)
{
    enum stream_state state;
    struct errand *list;
    size_t len = 0;
    taken->errands[0] = '\0';
    while ((state = taker_take(t, s, &list, max)) == STREAM_MORE) {
        size_t num = 0;
        for (struct errand *next; list != NULL; list = next, num++) {
            next = list->next;
            len += describe(taken->errands, len, list);
            assert_true(len < TAKEN_TEXT_MAX - 64);
            errand_free(list);
        }
        assert_in_range(num, 1, max);
    }
    assert_int_equal(state, STREAM_END);
    assert_int_equal(stream_take(s, &list, max), STREAM_END);
    stream_figures(s, &taken->figures);
    stream_consumed(s, &taken->num_lines, taken->sha256);
    stream_close(s);
}

void tube_open(struct tube *tube)
{
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    tube->read_fd = fds[0];
    tube->write_fd = fds[1];
    snprintf(tube->path, sizeof tube->path, "/dev/fd/%d", fds[0]);
}

void tube_write(const struct tube *tube, const char *piece, size_t len)
{
    int left = 1;
    assert_int_equal(write(tube->write_fd, piece, len), (ssize_t)len);
    while (left > 0) {
        sched_yield();
        assert_int_equal(ioctl(tube->write_fd, FIONREAD, &left), 0);
    }
}
