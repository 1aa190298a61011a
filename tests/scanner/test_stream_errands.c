/* stream_errands: what each line makes; which positions are whose; what is said of bad lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/stream_errands.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { TEXT_MAX = 4096 };

static const uint16_t ports[] = {25, 465, 587};

struct told {
    char text[TEXT_MAX]; /* complaints, each with a newline */
    size_t num;
};

static void on_complaint(void *arg, const char *text)
{
    struct told *told = arg;
    size_t len = strlen(told->text);
    assert_true(len + strlen(text) + 2 < sizeof told->text);
    sprintf(told->text + len, "%s\n", text);
    told->num++;
}

static struct stream_config config_of(size_t num_ports, struct told *told)
{
    return (struct stream_config){.ports = ports,
                                  .num_ports = num_ports,
                                  .num_shards = 1,
                                  .arg = told,
                                  .complain = on_complaint};
}

static int make(struct stream_errands *m, struct errand_list *list, const char *line,
                uint64_t line_no)
{
    return stream_errands_make(m, list, bytes_text(line), line_no);
}

/* writes what is in the list: "POSITION skip", "POSITION ADDR|NAME PORT [HOST] [TAG];" and frees it
 */
static void describe(char out[TEXT_MAX], struct errand_list *list)
{
    size_t len = 0;
    out[0] = '\0';
    for (const struct errand *e = list->first; e != NULL; e = e->next) {
        char addr[ADDR_TEXT_MAX] = "name";
        const struct target *t = &e->target;
        len += (size_t)snprintf(out + len, TEXT_MAX - len, "%s%" PRIu64 " ", len > 0 ? "; " : "",
                                e->position);
        assert_true(len < TEXT_MAX - 512);
        if (e->skip) {
            len += (size_t)sprintf(out + len, "skip");
            continue;
        }
        if (!t->named)
            addr_format(addr, t->addr);
        len += (size_t)sprintf(out + len, "%s %u", addr, t->port);
        if (t->host.len > 0)
            len += (size_t)sprintf(out + len, " host=%s", (const char *)t->host.data);
        if (t->tag.len > 0)
            len +=
                (size_t)sprintf(out + len, " tag=%.*s", (int)t->tag.len, (const char *)t->tag.data);
    }
    errand_list_cleanup(list);
}

static const struct {
    size_t num_ports;
    uint64_t line_no;
    const char *line, *errands;
    unsigned skipped, bad;
    const char *told;
} lines[] = {
    /* what a line may be */
    {1, 0, "192.0.2.1", "0 192.0.2.1 25", 0, 0, ""},
    {1, 7, "192.0.2.1\r", "7 192.0.2.1 25", 0, 0, ""},
    {1, 7, "  2001:db8::1 # one", "7 2001:db8::1 25", 0, 0, ""},
    {1, 7, "192.0.2.1/32", "7 192.0.2.1 25", 0, 0, ""},
    {1, 7, "192.0.2.1-192.0.2.1", "7 192.0.2.1 25", 0, 0, ""},
    {1, 7, "192.0.2.1,MX.example.com,a tag", "7 192.0.2.1 25 host=mx.example.com tag=a tag", 0, 0,
     ""},
    {1, 7, "192.0.2.1,,tag", "7 192.0.2.1 25 tag=tag", 0, 0, ""},
    {1, 7, "mx.example.com", "7 name 25 host=mx.example.com", 0, 0, ""},
    {1, 7, "mx.example.com,,tag", "7 name 25 host=mx.example.com tag=tag", 0, 0, ""},
    {1, 0,
     "\xef\xbb\xbf"
     "192.0.2.1",
     "0 192.0.2.1 25", 0, 0, ""},
    /* no target: positions all the same */
    {1, 7, "", "7 skip", 1, 0, ""},
    {1, 7, "\r", "7 skip", 1, 0, ""},
    {1, 7, "# 192.0.2.1", "7 skip", 1, 0, ""},
    {1, 0, "saddr", "0 skip", 1, 0, ""},
    {1, 0, "#masscan", "0 skip", 1, 0, ""},
    {1, 7, "banner tcp 25 192.0.2.1 1700000000 smtp 220 mx.example.com", "7 skip", 1, 0, ""},
    {3, 7, "", "21 skip; 22 skip; 23 skip", 1, 0, ""},
    /* several ports, and a line that names one of them */
    {3, 0, "192.0.2.1", "0 192.0.2.1 25; 1 192.0.2.1 465; 2 192.0.2.1 587", 0, 0, ""},
    {3, 2, "mx.example.com",
     "6 name 25 host=mx.example.com; 7 name 465 host=mx.example.com; 8 name 587 "
     "host=mx.example.com",
     0, 0, ""},
    {3, 1, "open tcp 465 192.0.2.1 1700000000", "3 skip; 4 192.0.2.1 465; 5 skip", 0, 0, ""},
    {1, 1, "open tcp 25 2001:db8::1 1700000000", "1 2001:db8::1 25", 0, 0, ""},
    /* what cannot be read */
    {1, 1, "open tcp 80 192.0.2.1 1700000000", "1 skip", 0, 1,
     "list:2: port 80 is none of this sweep; add it to --port, or leave the line out\n"},
    {1, 41, "192.0.2.0/24", "41 skip", 0, 1,
     "list:42: \"192.0.2.0/24\": a stream takes one address or name a line; ranges go to -i "
     "without "
     "--stream\n"},
    {1, 0, "192.0.2.1-192.0.2.2", "0 skip", 0, 1,
     "list:1: \"192.0.2.1-192.0.2.2\": a stream takes one address or name a line; ranges go to -i "
     "without --stream\n"},
    {3, 0, "192.0.2.300", "0 skip; 1 skip; 2 skip", 0, 1, NULL},
    {1, 0, "192.0.2", "0 skip", 0, 1, NULL},
    {1, 0, "\x1b[31m", "0 skip", 0, 1, NULL},
    {1, 5,
     "\xef\xbb\xbf"
     "192.0.2.1",
     "5 skip", 0, 1, NULL},
    {1, 0, "192.0.2.1,a b", "0 skip", 0, 1, NULL},
    /* the last positions there are */
    {1, (DATASET_STREAM_POSITIONS_MAX)-1, "192.0.2.1", "281474976710655 192.0.2.1 25", 0, 0, ""},
    {3, (DATASET_STREAM_POSITIONS_MAX) / 3 - 1, "",
     "281474976710652 skip; 281474976710653 skip; "
     "281474976710654 skip",
     1, 0, ""},
};

static void makes_errands(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH(lines); i++) {
        struct told told = {0};
        struct stream_config config = config_of(lines[i].num_ports, &told);
        struct stream_errands m;
        struct errand_list list;
        char text[TEXT_MAX];
        stream_errands_init(&m, &config, "list");
        errand_list_init(&list);
        assert_int_equal(make(&m, &list, lines[i].line, lines[i].line_no), 0);
        describe(text, &list);
        assert_string_equal(text, lines[i].errands);
        assert_int_equal(m.skipped, lines[i].skipped);
        assert_int_equal(m.bad, lines[i].bad);
        assert_int_equal(told.num, lines[i].bad);
        if (lines[i].told != NULL)
            assert_string_equal(told.text, lines[i].told);
        for (const char *c = told.text; *c != '\0'; c++)
            assert_true(*c == '\n' || (*c >= 0x20 && *c < 0x7f));
    }
}

static void bad_octets(void **state)
{
    static char line[LINE_MAX_LEN + 2];
    struct told told = {0};
    struct stream_config config = config_of(1, &told);
    struct stream_errands m;
    struct errand_list list;
    char text[TEXT_MAX];
    (void)state;
    stream_errands_init(&m, &config, "list");
    errand_list_init(&list);
    memset(line, '1', sizeof line);
    assert_int_equal(stream_errands_make(&m, &list, bytes_of(line, sizeof line), 0), 0);
    assert_int_equal(stream_errands_make(&m, &list, bytes_of("192.0.2.1\0", 10), 1), 0);
    describe(text, &list);
    assert_string_equal(text, "0 skip; 1 skip");
    assert_string_equal(told.text,
                        "list:1: the line is longer than 1024 octets; is this a list with one item "
                        "a line?\n"
                        "list:2: a NUL octet in the line; save the list as plain text (not "
                        "UTF-16)\n");
}

static void refuses_too_many(void **state)
{
    (void)state;
    for (size_t num_ports = 1; num_ports <= 3; num_ports++) {
        struct stream_config config = config_of(num_ports, NULL);
        struct stream_errands m;
        struct errand_list list;
        uint64_t max = (DATASET_STREAM_POSITIONS_MAX) / num_ports;
        stream_errands_init(&m, &config, "list");
        errand_list_init(&list);
        assert_int_equal(make(&m, &list, "192.0.2.1", max), -EOVERFLOW);
        assert_int_equal(make(&m, &list, "192.0.2.1", UINT64_MAX), -EOVERFLOW);
        assert_int_equal(list.num, 0);
    }
}

/* ten are shown, one more says that the others are not */
static void complains_of_the_first(void **state)
{
    enum { BAD = 25 };
    (void)state;
    for (size_t num = 0; num <= BAD; num++) {
        struct told told = {0};
        struct stream_config config = config_of(1, &told);
        struct stream_errands m;
        struct errand_list list;
        stream_errands_init(&m, &config, "list");
        errand_list_init(&list);
        for (size_t i = 0; i < num; i++)
            assert_int_equal(make(&m, &list, "bad line", i), 0);
        assert_int_equal(m.bad, num);
        assert_int_equal(list.num, num);
        assert_int_equal(told.num, num < 10 ? num : 11);
        assert_int_equal(
            strstr(told.text, "list: further lines that cannot be read are only counted\n") != NULL,
            num >= 10);
        errand_list_cleanup(&list);
    }
}

static void complains_to_nobody(void **state)
{
    struct stream_config config = config_of(1, NULL);
    struct stream_errands m;
    struct errand_list list;
    (void)state;
    config.complain = NULL;
    stream_errands_init(&m, &config, "list");
    errand_list_init(&list);
    assert_int_equal(make(&m, &list, "bad line", 0), 0);
    assert_int_equal(m.bad, 1);
    errand_list_cleanup(&list);
}

/* ---- whose positions: "2001:db8::LINE" at so many lines, counted position by position ---- */

enum { NUM_LINES = 500, POSITIONS_MAX = NUM_LINES * 3 };

static void visit(unsigned char visits[POSITIONS_MAX], const struct stream_config *config)
{
    struct stream_errands m;
    struct errand_list list;
    uint64_t at = 0;
    stream_errands_init(&m, config, "list");
    errand_list_init(&list);
    for (uint64_t line_no = 0; line_no < NUM_LINES; line_no++) {
        char line[64];
        snprintf(line, sizeof line, "2001:db8::%" PRIx64, line_no);
        assert_int_equal(make(&m, &list, line, line_no), 0);
    }
    for (const struct errand *e = list.first; e != NULL; e = e->next) {
        assert_true(e->position >= at && e->position < NUM_LINES * config->num_ports);
        assert_int_equal(e->position % config->num_shards, config->shard);
        assert_int_equal(e->target.addr.lo, e->position / config->num_ports);
        assert_int_equal(e->target.port, ports[e->position % config->num_ports]);
        at = e->position + 1;
        visits[e->position]++;
    }
    errand_list_cleanup(&list);
}

static void shards_are_a_partition(void **state)
{
    static const uint32_t shards[] = {1, 2, 3, 7, 64, 1000};
    (void)state;
    for (size_t i = 0; i < LENGTH(shards) * 3; i++) {
        unsigned char visits[POSITIONS_MAX] = {0};
        struct stream_config config = config_of(1 + i % 3, NULL);
        config.num_shards = shards[i / 3];
        for (config.shard = 0; config.shard < config.num_shards; config.shard++)
            visit(visits, &config);
        for (size_t p = 0; p < NUM_LINES * config.num_ports; p++)
            assert_int_equal(visits[p], 1);
    }
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

/* marks random runs of a shard's positions */
static size_t random_runs(struct dataset_run runs[NUM_LINES], unsigned char done[POSITIONS_MAX],
                          const struct stream_config *config, uint64_t *x)
{
    size_t num = 0;
    uint64_t at = config->shard, end = NUM_LINES * config->num_ports;
    uint64_t gap_max = 1 + next_random(x) % 20, count_max = 1 + next_random(x) % 20;
    while (num < NUM_LINES) {
        uint64_t gap = next_random(x) % gap_max, count = 1 + next_random(x) % count_max;
        at += gap * config->num_shards; /* 0: they touch */
        if (at + (count - 1) * config->num_shards >= end)
            break;
        runs[num++] = (struct dataset_run){at, count};
        for (; count > 0; count--, at += config->num_shards)
            done[at] = 1;
    }
    return num;
}

static void leaves_out_what_is_done(void **state)
{
    uint64_t x = 4711;
    (void)state;
    for (size_t i = 0; i < 300; i++) {
        static struct dataset_run runs[NUM_LINES];
        unsigned char visits[POSITIONS_MAX] = {0};
        struct stream_config config = config_of(1 + i % 3, NULL);
        config.num_shards = (uint32_t)(1 + next_random(&x) % 5);
        config.shard = (uint32_t)(next_random(&x) % config.num_shards);
        config.done = runs;
        config.num_done = random_runs(runs, visits, &config, &x);
        visit(visits, &config);
        for (size_t p = 0; p < NUM_LINES * config.num_ports; p++)
            assert_int_equal(visits[p], p % config.num_shards == config.shard);
    }
}

/* a line that is not ours, or was done, is not even looked at */
static void says_nothing_of_others_lines(void **state)
{
    static const struct dataset_run done[] = {{1, 5}}; /* 1, 3, 5, 7, 9 */
    struct told told = {0};
    struct stream_config config = config_of(1, &told);
    struct stream_errands m;
    struct errand_list list;
    char text[TEXT_MAX];
    (void)state;
    config.num_shards = 2;
    config.shard = 1;
    config.done = done;
    config.num_done = 1;
    stream_errands_init(&m, &config, "list");
    errand_list_init(&list);
    for (uint64_t line_no = 0; line_no < 12; line_no++)
        assert_int_equal(make(&m, &list, "bad line", line_no), 0);
    describe(text, &list);
    assert_string_equal(text, "11 skip");
    assert_int_equal(m.bad, 1);
    assert_int_equal(told.num, 1);
}

/* ---- the sample ---- */

enum { SAMPLED_LINES = 100000 };

static size_t take_sample(unsigned char sample[SAMPLED_LINES], uint32_t ppm, uint64_t seed,
                          uint32_t num_shards)
{
    struct stream_config config = config_of(1, NULL);
    size_t num = 0;
    memset(sample, 0, SAMPLED_LINES);
    config.sample_ppm = ppm;
    config.seed = seed;
    config.num_shards = num_shards;
    for (config.shard = 0; config.shard < num_shards; config.shard++) {
        size_t num_skipped = 0;
        struct stream_errands m;
        struct errand_list list;
        stream_errands_init(&m, &config, "list");
        errand_list_init(&list);
        for (uint64_t line_no = 0; line_no < SAMPLED_LINES; line_no++)
            assert_int_equal(make(&m, &list, "192.0.2.1", line_no), 0);
        for (const struct errand *e = list.first; e != NULL; e = e->next) {
            sample[e->position] += !e->skip;
            num += !e->skip;
            num_skipped += e->skip;
        }
        assert_true(m.bad == 0 && m.skipped == num_skipped);
        errand_list_cleanup(&list);
    }
    return num;
}

/* within 5 standard deviations of what was asked for; of these seeds that is a fact, not a hope */
static void samples(void **state)
{
    static const struct {
        uint32_t ppm;
        size_t least, most;
    } cases[] = {
        {0, SAMPLED_LINES, SAMPLED_LINES},
        {1000000, SAMPLED_LINES, SAMPLED_LINES},
        {1000001, SAMPLED_LINES, SAMPLED_LINES},
        {999999, SAMPLED_LINES - 5, SAMPLED_LINES},
        {500000, 49210, 50790},
        {10000, 843, 1157},
        {100, 0, 26},
    };
    static unsigned char sample[SAMPLED_LINES];
    (void)state;
    for (size_t i = 0; i < LENGTH(cases); i++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            size_t num = take_sample(sample, cases[i].ppm, seed, 1);
            assert_in_range(num, cases[i].least, cases[i].most);
        }
    }
}

static void sample_is_the_same_for_all(void **state)
{
    static unsigned char once[SAMPLED_LINES], again[SAMPLED_LINES];
    (void)state;
    size_t num = take_sample(once, 100000, 42, 1);
    for (uint32_t num_shards = 1; num_shards <= 7; num_shards++) {
        assert_int_equal(take_sample(again, 100000, 42, num_shards), num);
        assert_memory_equal(once, again, sizeof once);
    }
    /* a smaller sample is part of a larger one; another seed has another */
    take_sample(again, 200000, 42, 1);
    for (size_t i = 0; i < SAMPLED_LINES; i++)
        assert_true(once[i] <= again[i]);
    take_sample(again, 100000, 43, 1);
    assert_memory_not_equal(once, again, sizeof once);
}

/* all ports of a line, or none; of a line that is not drawn nothing is said */
static void samples_lines(void **state)
{
    struct told told = {0};
    struct stream_config config = config_of(3, &told);
    struct stream_errands m;
    struct errand_list list;
    size_t num = 0;
    (void)state;
    config.sample_ppm = 10000;
    stream_errands_init(&m, &config, "list");
    errand_list_init(&list);
    for (uint64_t line_no = 0; line_no < NUM_LINES; line_no++)
        assert_int_equal(make(&m, &list, line_no % 2 == 0 ? "192.0.2.1" : "bad line", line_no), 0);
    assert_int_equal(list.num, POSITIONS_MAX);
    for (const struct errand *e = list.first; e != NULL; e = e->next) {
        assert_true(e->position % 3 == 0 || !e->skip == (num % 3 != 0));
        num += !e->skip;
    }
    assert_int_equal(num % 3, 0);
    assert_true(m.skipped + m.bad + num / 3 == NUM_LINES);
    assert_in_range(m.bad + num / 3, 1, 20);
    assert_int_equal(told.num, m.bad);
    errand_list_cleanup(&list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_errands),
        cmocka_unit_test(bad_octets),
        cmocka_unit_test(refuses_too_many),
        cmocka_unit_test(complains_of_the_first),
        cmocka_unit_test(complains_to_nobody),
        cmocka_unit_test(shards_are_a_partition),
        cmocka_unit_test(leaves_out_what_is_done),
        cmocka_unit_test(says_nothing_of_others_lines),
        cmocka_unit_test(samples),
        cmocka_unit_test(sample_is_the_same_for_all),
        cmocka_unit_test(samples_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
