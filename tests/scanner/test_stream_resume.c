/*
 * stream, resumed: exactly the rest at every line, whatever was done; run after run until all is
 * done; and no list but the one that the sweep was begun with.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/scanner/stream_taker.h"

enum { POSITIONS_MAX = 1024 };

static const uint16_t ports[] = {25, 465, 587};

/* a sweep of which some positions are done, and what its file says of the list */
struct sweep {
    size_t num_lines, len;
    char octets[POSITIONS_MAX * LIST_LINE_MAX];
    size_t num_ports;
    uint32_t num_shards, shard;
    unsigned char done[POSITIONS_MAX];
    struct dataset_run runs[POSITIONS_MAX];
    size_t num_runs;
    uint64_t consumed_lines;
    uint8_t consumed_sha256[32];
};

static void make_runs(struct sweep *sweep)
{
    sweep->num_runs = 0;
    bool in_run = false;
    for (size_t p = sweep->shard; p < sweep->num_lines * sweep->num_ports; p += sweep->num_shards) {
        if (sweep->done[p] && in_run)
            sweep->runs[sweep->num_runs - 1].count++;
        else if (sweep->done[p])
            sweep->runs[sweep->num_runs++] = (struct dataset_run){p, 1};
        in_run = sweep->done[p];
    }
}

static struct stream_config resume_of(struct taker *t, struct sweep *sweep)
{
    struct stream_config config = taker_config(t, LIST);
    make_runs(sweep);
    config.num_ports = sweep->num_ports;
    config.num_shards = sweep->num_shards;
    config.shard = sweep->shard;
    config.done = sweep->runs;
    config.num_done = sweep->num_runs;
    config.resumed_lines = sweep->consumed_lines;
    memcpy(config.resumed_sha256, sweep->consumed_sha256, 32);
    return config;
}

/* octets of the first lines */
static size_t prefix_len(const struct sweep *sweep, uint64_t num_lines)
{
    const char *at = sweep->octets;
    for (uint64_t i = 0; i < num_lines; i++)
        at = strchr(at, '\n') + 1;
    return (size_t)(at - sweep->octets);
}

/* consumed so many lines, of which some are done; the list lies in the file */
static void set_up(struct sweep *sweep, uint64_t consumed_lines, unsigned done_of_4, uint64_t *x)
{
    memset(sweep->done, 0, sizeof sweep->done);
    sweep->len = make_list(sweep->octets, sweep->num_lines);
    sweep->consumed_lines = consumed_lines;
    SHA256((const uint8_t *)sweep->octets, prefix_len(sweep, consumed_lines),
           sweep->consumed_sha256);
    for (size_t p = sweep->shard; p < consumed_lines * sweep->num_ports; p += sweep->num_shards)
        sweep->done[p] = next_random(x) % 4 < done_of_4;
    put_list(sweep->octets, sweep->len);
}

static void check_errand(const struct sweep *sweep, const struct errand *e)
{
    assert_true(e->position < sweep->num_lines * sweep->num_ports);
    assert_int_equal(e->position % sweep->num_shards, sweep->shard);
    assert_true(e->target.addr.lo == e->position / sweep->num_ports);
    assert_int_equal(e->target.port, ports[e->position % sweep->num_ports]);
}

/* what is given is exactly the rest, in order */
static void check_rest(struct sweep *sweep, size_t max_errands)
{
    struct taker t;
    struct stream_config config = resume_of(&t, sweep);
    config.max_errands = max_errands;
    struct stream *s = taker_open(&config);
    struct errand *list;
    size_t at = sweep->shard;
    while (taker_take(&t, s, &list, 3) == STREAM_MORE) {
        for (struct errand *next; list != NULL; list = next) {
            next = list->next;
            for (; at < list->position; at += sweep->num_shards)
                assert_true(sweep->done[at]);
            assert_false(sweep->done[at]);
            check_errand(sweep, list);
            at += sweep->num_shards;
            errand_free(list);
        }
    }
    assert_int_equal(stream_take(s, &list, 1), STREAM_END);
    for (; at < sweep->num_lines * sweep->num_ports; at += sweep->num_shards)
        assert_true(sweep->done[at]);
    stream_close(s);
}

static void resumes_at_every_line(void **state)
{
    enum { NUM = 60 };
    static struct sweep sweep;
    uint64_t x = 4711;
    (void)state;
    for (unsigned i = 0; i < (NUM + 1) * 5; i++) {
        sweep.num_lines = NUM;
        sweep.num_ports = 1 + i % 3;
        sweep.num_shards = 1 + (uint32_t)(next_random(&x) % 4);
        sweep.shard = (uint32_t)(next_random(&x) % sweep.num_shards);
        set_up(&sweep, i / 5, i % 5, &x);
        check_rest(&sweep, i % 7);
    }
}

/* takes some, does some of those, and stops; true: nothing is left */
static bool run_for_a_while(struct sweep *sweep, uint64_t *x)
{
    struct taker t;
    struct stream_config config = resume_of(&t, sweep);
    config.max_errands = 1 + next_random(x) % 8;
    struct stream *s = taker_open(&config);
    struct errand *list;
    enum stream_state state = STREAM_MORE;
    for (uint64_t num = next_random(x) % 20; state == STREAM_MORE && num > 0; num--) {
        state = taker_take(&t, s, &list, 1 + next_random(x) % 4);
        for (struct errand *next; state == STREAM_MORE && list != NULL; list = next) {
            next = list->next;
            check_errand(sweep, list);
            assert_false(sweep->done[list->position]);
            sweep->done[list->position] = next_random(x) % 4 != 0;
            errand_free(list);
        }
    }
    stream_consumed(s, &sweep->consumed_lines, sweep->consumed_sha256);
    stream_close(s);
    return state == STREAM_END;
}

/* run after run until the list's end was seen with nothing open: every position was done once, and
 * what was consumed always covered it */
static void resumes_again_and_again(void **state)
{
    static struct sweep sweep;
    uint64_t x = 12345;
    (void)state;
    for (int i = 0; i < 40; i++) {
        sweep.num_lines = next_random(&x) % 100;
        sweep.num_ports = 1 + next_random(&x) % 3;
        sweep.num_shards = 1 + (uint32_t)(next_random(&x) % 3);
        sweep.shard = (uint32_t)(next_random(&x) % sweep.num_shards);
        set_up(&sweep, 0, 0, &x);
        bool all = false;
        for (int runs = 0; !all && runs < 1000; runs++) {
            bool ended = run_for_a_while(&sweep, &x);
            all = ended;
            for (size_t p = sweep.shard; p < sweep.num_lines * sweep.num_ports;
                 p += sweep.num_shards) {
                all &= sweep.done[p];
                assert_true(!sweep.done[p] || p / sweep.num_ports < sweep.consumed_lines);
            }
        }
        assert_true(all);
    }
}

/* nothing is given of a list that changed, and what was consumed stays what it was */
static void check_refused(struct sweep *sweep, const char *why)
{
    struct taker t;
    struct stream_config config = resume_of(&t, sweep);
    struct stream *s = taker_open(&config);
    struct errand *list;
    char err[STREAM_ERR_MAX] = "";
    uint64_t num_lines;
    uint8_t sha256[32];
    assert_int_equal(taker_take(&t, s, &list, 1), STREAM_FAULT);
    assert_int_equal(stream_fault(s, err), -EINVAL);
    assert_string_equal(err, why);
    stream_consumed(s, &num_lines, sha256);
    assert_true(num_lines == sweep->consumed_lines);
    assert_memory_equal(sha256, sweep->consumed_sha256, 32);
    stream_close(s);
}

static void refuses_a_changed_list(void **state)
{
    static struct sweep sweep = {.num_lines = 8, .num_ports = 1, .num_shards = 1};
    static const char changed[] =
        "list.txt: not the list that the sweep was begun with: its first 6 "
        "lines, which were read before, have changed; give the list as "
        "it was, or begin a new sweep";
    uint64_t x = 1;
    (void)state;
    set_up(&sweep, 6, 2, &x);
    size_t prefix = prefix_len(&sweep, 6);
    for (size_t i = 0; i < sweep.len; i++) {
        char was = sweep.octets[i];
        if (was == '\n')
            continue; /* a line fewer */
        sweep.octets[i] = was == '1' ? '2' : '1';
        put_list(sweep.octets, sweep.len);
        sweep.octets[i] = was;
        if (i < prefix)
            check_refused(&sweep, changed);
        else
            break;
    }
}

static void refuses_a_shorter_list(void **state)
{
    static struct sweep sweep = {.num_lines = 8, .num_ports = 1, .num_shards = 1};
    static const char changed[] =
        "list.txt: not the list that the sweep was begun with: its first 6 "
        "lines, which were read before, have changed; give the list as "
        "it was, or begin a new sweep";
    uint64_t x = 1;
    (void)state;
    set_up(&sweep, 6, 2, &x);
    size_t prefix = prefix_len(&sweep, 6), num_lines = 0;
    for (size_t len = 0; len < prefix; len++) {
        char shorter[STREAM_ERR_MAX];
        bool begun =
            len > 0 && sweep.octets[len - 1] != '\n'; /* a line without an end, of a file */
        num_lines += len > 0 && !begun;
        snprintf(shorter, sizeof shorter,
                 "list.txt: not the list that the sweep was begun with: it has %zu lines, of which "
                 "6 were read before; give the list as it was, or begin a new sweep",
                 num_lines + begun);
        put_list(sweep.octets, len);
        check_refused(&sweep, num_lines + begun < 6 ? shorter : changed);
    }
}

/* the file's last line had no end, and was visited; through a pipe it is known to be whole */
static void resumes_a_file_through_a_pipe(void **state)
{
    static const char octets[] = "2001:db8::7\n2001:db8::8";
    struct tube tube;
    struct taker t;
    struct taken seen;
    (void)state;
    tube_open(&tube);
    struct stream_config config = taker_config(&t, tube.path);
    config.resumed_lines = 2;
    SHA256((const uint8_t *)octets, strlen(octets), config.resumed_sha256);
    assert_int_equal(write(tube.write_fd, octets, strlen(octets)), (ssize_t)strlen(octets));
    close(tube.write_fd);
    taker_take_all(&seen, &t, taker_open(&config), 64);
    assert_string_equal(seen.errands, "0=7 1=8");
    assert_true(seen.num_lines == 2 && t.num_told == 0);
    close(tube.read_fd);
}

/* a pipe that broke off in a line, and the whole list afterwards: the line is visited then */
static void resumes_a_broken_pipe(void **state)
{
    static const char octets[] = "2001:db8::7\n2001:db8::17\n2001:db8::9\n";
    struct tube tube;
    struct taker t;
    struct taken seen;
    (void)state;
    tube_open(&tube);
    struct stream_config config = taker_config(&t, tube.path);
    assert_int_equal(write(tube.write_fd, octets, 23), 23); /* 2001:db8::7, 2001:db8::1 */
    close(tube.write_fd);
    taker_take_all(&seen, &t, taker_open(&config), 64);
    close(tube.read_fd);
    assert_string_equal(seen.errands, "0=7");

    static const struct dataset_run done[] = {{0, 1}};
    put_list(octets, strlen(octets));
    config = taker_config(&t, LIST);
    config.resumed_lines = seen.num_lines;
    memcpy(config.resumed_sha256, seen.sha256, 32);
    config.done = done;
    config.num_done = 1;
    taker_take_all(&seen, &t, taker_open(&config), 64);
    assert_string_equal(seen.errands, "1=17 2=9");
}

/* more open positions than are kept aside */
static void refuses_to_keep_too_many(void **state)
{
    static struct sweep sweep = {.num_lines = 30, .num_ports = 1, .num_shards = 1};
    uint64_t x = 1;
    (void)state;
    set_up(&sweep, 20, 0, &x);
    for (size_t max_kept = 18; max_kept <= 20; max_kept++) {
        struct taker t;
        struct stream_config config = resume_of(&t, &sweep);
        struct errand *list;
        char err[STREAM_ERR_MAX] = "";
        config.max_kept = max_kept;
        struct stream *s = taker_open(&config);
        enum stream_state got = taker_take(&t, s, &list, 64);
        if (got == STREAM_MORE) {
            struct errand_list rest = {.first = list};
            errand_list_cleanup(&rest);
            assert_true(max_kept >= 19); /* the 20th comes with the proof */
        } else {
            assert_int_equal(got, STREAM_FAULT);
            assert_int_equal(stream_fault(s, err), -E2BIG);
            assert_string_equal(err, "list.txt: more than 18 targets of the lines that were read "
                                     "before are still open; begin a new sweep");
            assert_true(max_kept == 18);
        }
        stream_close(s);
    }
}

static void shards_are_a_partition(void **state)
{
    enum { NUM = 300, SHARDS = 7 };
    static struct sweep sweep = {.num_lines = NUM, .num_ports = 3, .num_shards = SHARDS};
    static unsigned char visits[POSITIONS_MAX];
    uint64_t x = 1;
    (void)state;
    for (sweep.shard = 0; sweep.shard < SHARDS; sweep.shard++) {
        struct taker t;
        struct errand *list;
        set_up(&sweep, 0, 0, &x);
        struct stream_config config = resume_of(&t, &sweep);
        struct stream *s = taker_open(&config);
        while (taker_take(&t, s, &list, 64) == STREAM_MORE) {
            for (struct errand *next; list != NULL; list = next) {
                next = list->next;
                check_errand(&sweep, list);
                visits[list->position]++;
                errand_free(list);
            }
        }
        stream_close(s);
    }
    for (size_t p = 0; p < NUM * 3; p++)
        assert_int_equal(visits[p], 1);
}

int main(void)
{
#define IN_FOLDER(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, stream_folder_enter, stream_folder_leave)
    const struct CMUnitTest tests[] = {
        IN_FOLDER(resumes_at_every_line),         IN_FOLDER(resumes_again_and_again),
        IN_FOLDER(refuses_a_changed_list),        IN_FOLDER(refuses_a_shorter_list),
        IN_FOLDER(resumes_a_file_through_a_pipe), IN_FOLDER(resumes_a_broken_pipe),
        IN_FOLDER(refuses_to_keep_too_many),      IN_FOLDER(shards_are_a_partition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
