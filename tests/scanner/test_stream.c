/*
 * stream: from files and pipes, however the octets come; resumed at every line; never further ahead
 * than told; stopped wherever it waits.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/scanner/stream_taker.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

/* ---- what lists of all sorts come to ---- */

static const struct {
    const char *octets;
    const char *errands; /* POSITION=last octet or group of the address, or POSITION- for a skip */
    uint64_t lines, skipped, bad;
    /* in a pipe, where the last line has no end and is none */
    bool cut;
} lists[] = {
    {"", "", 0, 0, 0, false},
    {"\n", "0-", 1, 1, 0, false},
    {"2001:db8::7\n", "0=7", 1, 0, 0, false},
    {"2001:db8::7\r\n2001:db8::8\r\n", "0=7 1=8", 2, 0, 0, false},
    {"2001:db8::7\n2001:db8::7\n2001:db8::7\n", "0=7 1=7 2=7", 3, 0, 0, false},
    {"\xef\xbb\xbf"
     "2001:db8::7\n\xef\xbb\xbf"
     "2001:db8::8\n",
     "0=7 1-", 2, 0, 1, false},
    {"# a comment\n\n2001:db8::7 # and another\nnot a line\n2001:db8::/64\n2001:db8::8\n",
     "0- 1- 2=7 3- 4- 5=8", 6, 2, 2, false},
    {"#masscan\nopen tcp 25 2001:db8::7 1700000000\nopen tcp 80 2001:db8::8 1700000000\n# end\n",
     "0- 1=7 2- 3-", 4, 2, 1, false},
    {"saddr\n2001:db8::7\n2001:db8::9\n", "0- 1=7 2=9", 3, 1, 0, false},
    {"2001:db8::1\n2001:db8::1", "0=1 1=1", 2, 0, 0, true},
    {"2001:db8::1\n#", "0=1 1-", 2, 1, 0, true},
    {"\r", "0-", 1, 1, 0, true},
    {"192.0.2.300", "0-", 1, 0, 1, true},
};

static void check_seen(const struct taken *seen, const struct taker *t, size_t i, bool is_file)
{
    const char *octets = lists[i].octets, *last = strrchr(octets, '\n');
    size_t len = strlen(octets);
    bool cut = lists[i].cut && !is_file;
    size_t whole_len = !cut ? len : last != NULL ? (size_t)(last + 1 - octets) : 0;
    uint64_t num_lines = lists[i].lines - cut;
    char expected[TAKEN_TEXT_MAX];
    uint8_t sha256[32];

    strcpy(expected, lists[i].errands);
    if (cut) {
        char *gap = strrchr(expected, ' ');
        *(gap != NULL ? gap : expected) = '\0';
        assert_non_null(strstr(t->told, "ends without a line end: the line may be cut"));
    } else {
        assert_int_equal(t->num_told, lists[i].bad);
        assert_true(seen->figures.skipped == lists[i].skipped);
        assert_true(seen->figures.bad == lists[i].bad);
    }
    assert_string_equal(seen->errands, expected);
    assert_true(seen->figures.lines == num_lines && seen->num_lines == num_lines);
    assert_true(seen->figures.octets == len);
    assert_true(seen->figures.octets_total == (is_file ? len : 0));
    SHA256((const uint8_t *)octets, whole_len, sha256);
    assert_memory_equal(seen->sha256, sha256, sizeof sha256);
}

static void reads_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lists) * 3; i++) {
        static const size_t max[] = {1, 2, 64};
        size_t which = i / LENGTH(max);
        struct taker t;
        struct taken seen;
        struct stream_config config = taker_config(&t, LIST);
        config.max_errands = i % 2;
        put_list(lists[which].octets, strlen(lists[which].octets));
        taker_take_all(&seen, &t, taker_open(&config), max[i % LENGTH(max)]);
        check_seen(&seen, &t, which, true);
    }
}

/* ---- pipes ---- */

/* num_pieces pieces of the list, at the given ends */
static void through_pipe(size_t i, const size_t *ends, size_t num_pieces)
{
    struct tube tube;
    struct taker t;
    struct taken seen;
    size_t at = 0;
    tube_open(&tube);
    struct stream_config config = taker_config(&t, tube.path);
    struct stream *s = taker_open(&config);
    for (size_t k = 0; k < num_pieces; at = ends[k++])
        if (ends[k] > at)
            tube_write(&tube, lists[i].octets + at, ends[k] - at);
    close(tube.write_fd);
    taker_take_all(&seen, &t, s, 64);
    check_seen(&seen, &t, i, false);
    close(tube.read_fd);
}

static void reads_pipes_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lists); i++) {
        size_t len = strlen(lists[i].octets);
        for (size_t cut = 0; cut <= len; cut++)
            through_pipe(i, (size_t[]){cut, len}, 2);
    }
}

static void reads_pipes_octet_by_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lists); i++) {
        size_t ends[256], len = strlen(lists[i].octets);
        assert_true(len < LENGTH(ends));
        for (size_t k = 0; k < len; k++)
            ends[k] = k + 1;
        through_pipe(i, ends, len);
    }
}

/* what is there is given, though the writer says nothing more */
static void gives_what_is_there(void **state)
{
    struct tube tube;
    struct taker t;
    (void)state;
    tube_open(&tube);
    struct stream_config config = taker_config(&t, tube.path);
    struct stream *s = taker_open(&config);
    for (uint64_t i = 0; i < 20; i++) {
        char line[LIST_LINE_MAX];
        struct errand *list;
        snprintf(line, sizeof line, "2001:db8::%" PRIx64 "\n2001", i);
        tube_write(&tube, line + (i > 0 ? 4 : 0), strlen(line) - (i > 0 ? 4 : 0));
        assert_int_equal(taker_take(&t, s, &list, 64), STREAM_MORE);
        assert_true(list->position == i && list->target.addr.lo == i && list->next == NULL);
        errand_free(list);
        assert_int_equal(stream_take(s, &list, 64), STREAM_EMPTY);
    }
    close(tube.write_fd);
    struct taken seen;
    taker_take_all(&seen, &t, s, 64);
    assert_string_equal(seen.errands, "");
    assert_true(seen.num_lines == 20 && seen.figures.bad == 1);
    close(tube.read_fd);
}

struct writing {
    int fd;
    const char *octets;
    size_t len;
    _Atomic size_t written;
};

static void *write_all(void *arg)
{
    struct writing *w = arg;
    for (size_t at = 0; at < w->len;) {
        size_t left = w->len - at;
        ssize_t n = write(w->fd, w->octets + at, left < 4096 ? left : 4096);
        if (n <= 0)
            break;
        at += (size_t)n;
        atomic_store(&w->written, at);
    }
    close(w->fd);
    return NULL;
}

/* a line of 10 MB, and one of NULs, between two that are right */
static void passes_over_long_lines(void **state)
{
    enum { LONG = 10 << 20 };
    char *octets = malloc(LONG + 128);
    struct tube tube;
    struct taker t;
    struct taken seen;
    pthread_t writer;
    size_t len = 0;
    (void)state;
    assert_non_null(octets);
    len += (size_t)sprintf(octets, "2001:db8::7\n");
    memset(octets + len, '1', LONG);
    len += LONG;
    len += (size_t)sprintf(octets + len, "\n2001:db8::8\n");
    memcpy(octets + len, "\0\0\0\n", 4);
    len += 4;
    len += (size_t)sprintf(octets + len, "2001:db8::9\n");

    tube_open(&tube);
    struct writing w = {.fd = tube.write_fd, .octets = octets, .len = len};
    struct stream_config config = taker_config(&t, tube.path);
    struct stream *s = taker_open(&config);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &w), 0);
    taker_take_all(&seen, &t, s, 64);
    pthread_join(writer, NULL);
    assert_string_equal(seen.errands, "0=7 1- 2=8 3- 4=9");
    assert_true(seen.figures.octets == len && seen.figures.bad == 2);
    assert_non_null(strstr(t.told, ":2: the line is longer than 1024 octets"));
    assert_non_null(strstr(t.told, ":4: a NUL octet in the line"));
    close(tube.read_fd);
    free(octets);
}

/* Nobody takes: the reader stands still, and the writer with it. Then all comes, in order. */
static void holds_the_writer_back(void **state)
{
    enum { NUM = 100000, MAX = 100, BATCH = 12, LINE_LEN = 17, READ_LEN = 65536, PIPE_LEN = 4096 };
    char *octets = malloc(NUM * LIST_LINE_MAX);
    struct tube tube;
    struct taker t;
    struct stream_figures f;
    struct errand *list;
    pthread_t writer;
    uint64_t taken = 0;
    (void)state;
    assert_non_null(octets);
    tube_open(&tube);
    assert_int_equal(fcntl(tube.write_fd, F_SETPIPE_SZ, PIPE_LEN), PIPE_LEN);
    struct writing w = {.fd = tube.write_fd, .octets = octets, .len = make_list(octets, NUM)};
    struct stream_config config = taker_config(&t, tube.path);
    config.max_errands = MAX;
    struct stream *s = taker_open(&config);
    assert_int_equal(pthread_create(&writer, NULL, write_all, &w), 0);
    do {
        sched_yield();
        stream_figures(s, &f);
    } while (f.lines < MAX);
    for (enum stream_state state_now; (state_now = taker_take(&t, s, &list, 7)) != STREAM_END;) {
        assert_int_equal(state_now, STREAM_MORE);
        stream_figures(s, &f);
        size_t written = atomic_load(&w.written);
        for (struct errand *next; list != NULL; list = next) {
            next = list->next;
            assert_true(list->position == taken && list->target.addr.lo == taken);
            errand_free(list);
            taken++;
        }
        assert_true(f.lines <= taken + MAX + BATCH);
        /* between the two looks the reader may have gone on; by no more than there is room for */
        assert_true(written <= (taken + MAX + BATCH) * LINE_LEN + READ_LEN + 2 * PIPE_LEN);
    }
    assert_true(taken == NUM);
    pthread_join(writer, NULL);
    stream_close(s);
    close(tube.read_fd);
    free(octets);
}

/* ---- several takers: each errand once, each one's in order ---- */

struct worker {
    struct stream *s;
    _Atomic unsigned char *visits;
    bool in_order;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    enum stream_state state;
    struct errand *list;
    uint64_t at = 0;
    w->in_order = true;
    while ((state = stream_take(w->s, &list, 5)) != STREAM_END) {
        if (state != STREAM_MORE) {
            sched_yield();
            continue;
        }
        for (struct errand *next; list != NULL; list = next) {
            next = list->next;
            w->in_order &= list->position >= at;
            at = list->position + 1;
            atomic_fetch_add(&w->visits[list->position], 1);
            errand_free(list);
        }
    }
    return NULL;
}

static void many_take(void **state)
{
    enum { NUM = 50000, WORKERS = 4 };
    static _Atomic unsigned char visits[NUM];
    char *octets = malloc(NUM * LIST_LINE_MAX);
    struct taker t;
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    uint64_t num_lines;
    uint8_t sha256[32], expected[32];
    (void)state;
    assert_non_null(octets);
    size_t len = make_list(octets, NUM);
    put_list(octets, len);
    struct stream_config config = taker_config(&t, LIST);
    config.max_errands = 50;
    struct stream *s = taker_open(&config);
    for (size_t i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.s = s, .visits = visits};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(workers[i].in_order);
    }
    for (size_t i = 0; i < NUM; i++)
        assert_int_equal(visits[i], 1);
    stream_consumed(s, &num_lines, sha256);
    SHA256((const uint8_t *)octets, len, expected);
    assert_true(num_lines == NUM);
    assert_memory_equal(sha256, expected, 32);
    stream_close(s);
    free(octets);
}

static void samples(void **state)
{
    static char octets[1000 * LIST_LINE_MAX];
    struct taker t;
    struct taken all, again;
    (void)state;
    put_list(octets, make_list(octets, 1000));
    struct stream_config config = taker_config(&t, LIST);
    config.sample_ppm = 100000;
    config.seed = 5;
    taker_take_all(&all, &t, taker_open(&config), 64);
    assert_true(all.num_lines == 1000);
    size_t num = 0;
    for (const char *c = all.errands; *c != '\0'; c++)
        num += *c == '=';
    assert_true(all.figures.skipped == 1000 - num);
    assert_in_range(num, 60, 140);
    config = taker_config(&t, LIST);
    config.sample_ppm = 100000;
    config.seed = 5;
    taker_take_all(&again, &t, taker_open(&config), 3);
    assert_string_equal(all.errands, again.errands);
}

/* ---- stopping, and faults ---- */

static void stops_in_a_read(void **state)
{
    struct tube tube;
    struct taker t;
    struct errand *list;
    (void)state;
    tube_open(&tube);
    struct stream_config config = taker_config(&t, tube.path);
    for (int i = 0; i < 50; i++) {
        struct stream *s = taker_open(&config);
        if (i % 2 == 0)
            stream_stop(s);
        assert_int_equal(stream_take(s, &list, 1), STREAM_EMPTY);
        stream_close(s);
    }
    assert_int_equal(t.num_ready, 0);
    close(tube.read_fd);
    close(tube.write_fd);
}

/* the reader waits for room; what is in the queue can still be taken, and never the end */
static void stops_when_full(void **state)
{
    enum { NUM = 1000 };
    static char octets[NUM * LIST_LINE_MAX];
    (void)state;
    put_list(octets, make_list(octets, NUM));
    for (uint64_t max = 1; max <= 20; max++) {
        struct taker t;
        struct errand *list;
        enum stream_state got;
        struct stream_config config = taker_config(&t, LIST);
        config.max_errands = max;
        struct stream *s = taker_open(&config);
        taker_wait(&t);
        stream_stop(s);
        uint64_t taken = 0;
        while ((got = stream_take(s, &list, 1)) == STREAM_MORE) {
            assert_true(list->position == taken++);
            errand_free(list);
        }
        assert_int_equal(got, STREAM_EMPTY);
        assert_in_range(taken, 1, 2 * max);
        stream_stop(s);
        stream_close(s);
    }
}

/* errands that nobody took are freed: the leak checker sees it */
static void closes_at_any_time(void **state)
{
    enum { NUM = 1000 };
    static char octets[NUM * LIST_LINE_MAX];
    (void)state;
    put_list(octets, make_list(octets, NUM));
    for (int i = 0; i < 100; i++) {
        struct taker t;
        struct stream_config config = taker_config(&t, LIST);
        config.max_errands = (size_t)i * 11;
        config.ready = i % 3 == 0 ? NULL : config.ready;
        stream_close(taker_open(&config));
    }
    stream_close(NULL);
}

static void refuses_what_cannot_be_read(void **state)
{
    static const struct {
        const char *path, *err;
    } cases[] = {
        {"missing.txt", "missing.txt: cannot be opened: No such file or directory"},
        {".", ".: is a folder; name a file with one target a line"},
    };
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct taker t;
        struct stream_config config = taker_config(&t, cases[i].path);
        struct stream *s = NULL;
        char err[STREAM_ERR_MAX] = "";
        assert_int_equal(stream_open(&s, err, &config), -EINVAL);
        assert_string_equal(err, cases[i].err);
        assert_null(s);
    }
}

/* our own memory at address 0: it opens, and cannot be read */
static void keeps_faults(void **state)
{
    struct taker t;
    struct errand *list;
    char err[STREAM_ERR_MAX] = "";
    (void)state;
    struct stream_config config = taker_config(&t, "/proc/self/mem");
    struct stream *s = taker_open(&config);
    assert_int_equal(taker_take(&t, s, &list, 1), STREAM_FAULT);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stream_fault(s, err), -EIO);
        assert_string_equal(err, "/proc/self/mem: cannot be read on: Input/output error");
        assert_int_equal(stream_take(s, &list, 1), STREAM_FAULT);
    }
    stream_close(s);

    put_list("", 0);
    config = taker_config(&t, LIST);
    s = taker_open(&config);
    assert_int_equal(taker_take(&t, s, &list, 1), STREAM_END);
    strcpy(err, "intact");
    assert_int_equal(stream_fault(s, err), 0);
    assert_string_equal(err, "intact");
    stream_close(s);
}

int main(void)
{
#define IN_FOLDER(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, stream_folder_enter, stream_folder_leave)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(reads_files),
        IN_FOLDER(reads_pipes_cut_anywhere),
        IN_FOLDER(reads_pipes_octet_by_octet),
        IN_FOLDER(gives_what_is_there),
        IN_FOLDER(passes_over_long_lines),
        IN_FOLDER(holds_the_writer_back),
        IN_FOLDER(many_take),
        IN_FOLDER(samples),
        IN_FOLDER(stops_in_a_read),
        IN_FOLDER(stops_when_full),
        IN_FOLDER(closes_at_any_time),
        IN_FOLDER(refuses_what_cannot_be_read),
        IN_FOLDER(keeps_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
