/* diff: what differs between two sweeps, with the memory for all rows and with hardly any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/tools/synth.h"
#include "tools/diff_print.h"

#define LENGTH(a) (sizeof(a) / sizeof(a)[0])

enum { PLENTY = 64 << 20, TINY = 1, OUT_MAX = 8 << 20 };

#define EHLO "250-mx.example.com\r\n250-SIZE 1000\r\n250 STARTTLS\r\n"

static const struct synth_cert ca = {
    .issuer_cn = "Root", .subject_cn = "CA", .not_after = SYNTH_START_S * 2, .key_number = 1};
static const struct synth_cert leaf = {.issuer_org = "Example CA",
                                       .subject_cn = "mx.example.com",
                                       .not_after = SYNTH_START_S * 2,
                                       .key_number = 2};
static const struct synth_cert renewed = {.issuer_org = "Example CA",
                                          .subject_cn = "mx.example.com",
                                          .not_after = SYNTH_START_S * 3,
                                          .key_number = 2};
static const struct synth_cert moved = {.issuer_org = "Other \x1b[31mCA",
                                        .subject_cn = "mx.example.com",
                                        .not_after = SYNTH_START_S * 2,
                                        .key = SYNTH_P256,
                                        .key_number = 3};
static const struct synth_cert garbage = {.garbage = true, .key_number = 4};

#define POSTFIX "220 mx.example.com ESMTP Postfix\r\n"

/* a session that went well; behind the group, the chain */
#define DONE(greeting_, ehlo_, ehlo_tls_, version_, suite_, group_, ...)                           \
    .stage = STAGE_DONE, .cause = CAUSE_OK, .greeting = (greeting_), .ehlo = (ehlo_),              \
    .starttls = "220 go\r\n", .ehlo_tls = (ehlo_tls_), .handshake_done = true,                     \
    .version = (version_), .suite = (suite_), .group = (group_), .sigscheme = 0x0403,              \
    .chain = {__VA_ARGS__}
#define GOOD DONE(POSTFIX, EHLO, EHLO, 0x0304, 0x1301, 29, &leaf, &ca)

static const struct synth_class base[] = {
    {.count = 30, .stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT},
    {.count = 10, GOOD},
    {.count = 7, GOOD},
};

/* ---- running ---- */

static const char *path_of(char out[300], const char *name)
{
    const char *folder = getenv("TMPDIR");
    snprintf(out, 300, "%s/test_diff-%d-%s.mxs.zst", folder != NULL ? folder : "/tmp",
             (int)getpid(), name);
    return out;
}

static void write_side(const char *path, const struct synth *s)
{
    unlink(path);
    synth_write(path, s);
}

struct outcome {
    struct diff_sum sum;
    uint64_t spilled;
    char *text; /* what was printed */
    size_t len;
};

static void cleanup(struct outcome *o)
{
    diff_sum_cleanup(&o->sum);
    free(o->text);
}

static struct outcome compare(const char *old, const char *new, size_t memory_len, bool json)
{
    struct outcome o = {.text = NULL};
    char err[DIFF_ERR_MAX] = "";
    const char *const paths[NUM_DIFF_SIDES] = {"old", "new"};
    const char *folder = getenv("TMPDIR");
    struct diff *d = diff_new(memory_len, folder != NULL ? folder : "/tmp");
    struct diff_printer p = {.out = open_memstream(&o.text, &o.len), .json = json};
    assert_true(d != NULL && p.out != NULL);
    json_init(&p.line);
    if (diff_add(d, err, DIFF_OLD, old) != 0 || diff_add(d, err, DIFF_NEW, new) != 0 ||
        diff_run(d, &o.sum, err, diff_print_change, &p) != 0 ||
        diff_print_sum(&p, err, &o.sum, paths) != 0)
        fail_msg("%s", err);
    o.spilled = diff_spilled(d);
    fclose(p.out);
    json_cleanup(&p.line);
    diff_free(d);
    return o;
}

static struct outcome compare_synths(const struct synth *old, const struct synth *new,
                                     size_t memory_len, bool json)
{
    char a[300], b[300];
    write_side(path_of(a, "old"), old);
    write_side(path_of(b, "new"), new);
    struct outcome o = compare(a, b, memory_len, json);
    unlink(a);
    unlink(b);
    return o;
}

static struct synth synth_of(const struct synth_class *classes, size_t num)
{
    return (struct synth){.classes = classes,
                          .num_classes = num,
                          .block_len = 13,
                          .reason = DATASET_COMPLETE,
                          .seed = 11};
}

/* ---- what changed ---- */

#define F(NAME) (UINT32_C(1) << DIFF_##NAME)

/* the third class of base becomes another: which fields change, and a line of the text */
static const struct {
    const char *name;
    struct synth_class class;
    uint32_t changed;
    const char *line;
} cases[] = {
    {"nothing", {GOOD}, 0, "47 the same, 0 changed, 0 appeared, 0 vanished\n"},
    {"other numbers in the greeting",
     {DONE("220 mx2.example.com ESMTP Postfix\r\n", EHLO, EHLO, 0x0304, 0x1301, 29, &leaf, &ca)},
     0,
     "47 the same"},
    {"another order of keywords",
     {DONE(POSTFIX, "250-mx\r\n250-STARTTLS\r\n250 SIZE 2000\r\n", EHLO, 0x0304, 0x1301, 29, &leaf,
           &ca)},
     0,
     "47 the same"},
    {"software",
     {DONE("220 mx.example.com ESMTP Exim 4.96\r\n", EHLO, EHLO, 0x0304, 0x1301, 29, &leaf, &ca)},
     F(GREETING),
     "    greeting  * ESMTP Postfix -> * ESMTP Exim 4.96\n"},
    {"keywords before TLS",
     {DONE(POSTFIX, "250-mx\r\n250-STARTTLS\r\n250 DSN\r\n", EHLO, 0x0304, 0x1301, 29, &leaf, &ca)},
     F(EHLO),
     "    ehlo      SIZE STARTTLS -> DSN STARTTLS\n"},
    {"keywords inside TLS",
     {DONE(POSTFIX, EHLO, "250 mx\r\n", 0x0304, 0x1301, 29, &leaf, &ca)},
     F(EHLO_TLS),
     "    ehlo_tls  SIZE STARTTLS -> (none)\n"},
    {"version and suite",
     {DONE(POSTFIX, EHLO, EHLO, 0x0303, 0xc02f, 29, &leaf, &ca)},
     F(VERSION) | F(SUITE),
     "    version   TLSv1.3 -> TLSv1.2\n"},
    {"group",
     {DONE(POSTFIX, EHLO, EHLO, 0x0304, 0x1301, 4588, &leaf, &ca)},
     F(GROUP),
     "    group     x25519 -> X25519MLKEM768\n"},
    {"a renewed certificate",
     {DONE(POSTFIX, EHLO, EHLO, 0x0304, 0x1301, 29, &renewed, &ca)},
     F(LEAF),
     "    leaf      "},
    {"another issuer and key",
     {DONE(POSTFIX, EHLO, EHLO, 0x0304, 0x1301, 29, &moved, &ca)},
     F(LEAF) | F(KEY) | F(ISSUER),
     "    issuer    Example CA -> Other \\x1B[31mCA\n"},
    {"the chain behind the leaf",
     {DONE(POSTFIX, EHLO, EHLO, 0x0304, 0x1301, 29, &leaf)},
     F(CHAIN),
     " -> (none)\n"},
    {"a leaf that is none: key and issuer are not known",
     {DONE(POSTFIX, EHLO, EHLO, 0x0304, 0x1301, 29, &garbage, &ca)},
     F(LEAF),
     "    leaf      "},
    {"no chain at all: not known, and no change",
     {DONE(POSTFIX, EHLO, EHLO, 0x0304, 0x1301, 29, NULL)},
     0,
     "47 the same"},
    {"a time-out: what comes later is not known",
     {.stage = STAGE_EHLO, .cause = CAUSE_TIMEOUT, .greeting = POSTFIX},
     F(OUTCOME),
     "    outcome   done/ok -> ehlo/timeout\n"},
    {"EHLO refused: keywords are not known",
     {.stage = STAGE_EHLO, .cause = CAUSE_REJECTED, .greeting = POSTFIX, .ehlo = "550 no\r\n"},
     F(OUTCOME),
     "    outcome   done/ok -> ehlo/rejected\n"},
};

static void changes(void **state)
{
    (void)state;
    struct synth old = synth_of(base, LENGTH(base));
    for (size_t i = 0; i < LENGTH(cases); i++) {
        struct synth_class classes[LENGTH(base)];
        memcpy(classes, base, sizeof base);
        classes[2] = cases[i].class;
        classes[2].count = base[2].count;
        struct synth new = synth_of(classes, LENGTH(classes));
        struct outcome o = compare_synths(&old, &new, PLENTY, false);
        uint64_t changed = cases[i].changed != 0 ? base[2].count : 0;
        assert_int_equal(o.sum.changed, changed);
        assert_int_equal(o.sum.same, 47 - changed);
        assert_int_equal(o.sum.appeared + o.sum.vanished, 0);
        for (size_t f = 0; f < NUM_DIFF_FIELDS; f++) {
            uint64_t expected = (cases[i].changed >> f & 1) != 0 ? changed : 0;
            if (o.sum.fields[f].changed != expected)
                fail_msg("%s: %s: %llu", cases[i].name, diff_field_name((enum diff_field)f),
                         (unsigned long long)o.sum.fields[f].changed);
        }
        if (strstr(o.text, cases[i].line) == NULL)
            fail_msg("%s: %s", cases[i].name, o.text);
        cleanup(&o);
    }
}

/* what only one side knows is counted apart, and a partition of the targets on both sides */
static void not_known(void **state)
{
    (void)state;
    struct synth_class classes[LENGTH(base)];
    memcpy(classes, base, sizeof base);
    classes[2] = (struct synth_class){
        .count = 7, .stage = STAGE_GREETING, .cause = CAUSE_REJECTED, .greeting = "554 no\r\n"};
    struct synth old = synth_of(base, LENGTH(base)), new = synth_of(classes, LENGTH(classes));
    struct outcome o = compare_synths(&old, &new, PLENTY, false);
    assert_int_equal(o.sum.fields[DIFF_OUTCOME].compared, 47);
    assert_int_equal(o.sum.fields[DIFF_VERSION].compared, 10);
    assert_int_equal(o.sum.fields[DIFF_VERSION].only[DIFF_OLD], 7);
    assert_int_equal(o.sum.fields[DIFF_VERSION].only[DIFF_NEW], 0);
    assert_int_equal(o.sum.fields[DIFF_GREETING].compared, 17);
    assert_int_equal(o.sum.fields[DIFF_GREETING].changed, 7);
    uint64_t move = ((uint64_t)STAGE_DONE << 8 | CAUSE_OK) << 32 |
                    ((uint64_t)STAGE_GREETING << 8 | CAUSE_REJECTED);
    assert_int_equal(tally_get(&o.sum.fields[DIFF_OUTCOME].moves, move), 7);
    assert_int_equal(tally_sum(&o.sum.fields[DIFF_OUTCOME].moves), 7);
    cleanup(&o);
}

static void appeared_and_vanished(void **state)
{
    (void)state;
    struct synth all = synth_of(base, LENGTH(base)), some = all;
    some.leave_out = 9;
    some.reason = DATASET_STOPPED;
    struct outcome o = compare_synths(&all, &some, PLENTY, false);
    assert_int_equal(o.sum.vanished, 9);
    assert_int_equal(o.sum.same, 38);
    assert_int_equal(o.sum.records[DIFF_OLD], 47);
    assert_int_equal(o.sum.records[DIFF_NEW], 38);
    assert_non_null(strstr(o.text, ": vanished\n    outcome   "));
    cleanup(&o);
    o = compare_synths(&some, &all, PLENTY, true);
    assert_int_equal(o.sum.appeared, 9);
    assert_int_equal(o.sum.vanished + o.sum.changed, 0);
    assert_non_null(strstr(o.text, "{\"change\":\"appeared\",\"addr\":\"10.0.0."));
    assert_non_null(strstr(o.text, "\"port\":25,\"fields\":{\"outcome\":{\"new\":\""));
    cleanup(&o);
}

/* counted targets have no record */
static void counted(void **state)
{
    (void)state;
    struct synth_class classes[LENGTH(base)];
    memcpy(classes, base, sizeof base);
    classes[0].counted = true;
    struct synth old = synth_of(base, LENGTH(base)), new = synth_of(classes, LENGTH(classes));
    struct outcome o = compare_synths(&old, &new, PLENTY, false);
    assert_int_equal(o.sum.vanished, 30);
    assert_int_equal(o.sum.same, 17);
    cleanup(&o);
}

/* ---- independent of order, blocks and memory ---- */

static const struct synth_class varied_old[] = {
    {.count = 2500, .stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT},
    {.count = 800, GOOD},
    {.count = 700, DONE(POSTFIX, EHLO, EHLO, 0x0303, 0xc02f, 29, &moved, &ca)},
    {.count = 41, GOOD},
};
static const struct synth_class varied_new[] = {
    {.count = 2400, .stage = STAGE_CONNECT, .cause = CAUSE_TIMEOUT},
    {.count = 900, DONE(POSTFIX, EHLO, EHLO, 0x0304, 0x1301, 4588, &leaf, &ca)},
    {.count = 741,
     DONE("220 mx ESMTP Exim 4.96\r\n", EHLO, EHLO, 0x0304, 0x1301, 29, &renewed, &ca)},
};

static void same_whatever_the_memory(void **state)
{
    (void)state;
    struct synth old = synth_of(varied_old, LENGTH(varied_old));
    struct synth new = synth_of(varied_new, LENGTH(varied_new));
    old.block_len = new.block_len = 500;
    new.leave_out = 100;
    for (int json = 0; json < 2; json++) {
        struct outcome plenty = compare_synths(&old, &new, PLENTY, json != 0);
        assert_int_equal(plenty.spilled, 0);
        new.block_len = 77;
        struct outcome tiny = compare_synths(&old, &new, TINY, json != 0);
        assert_true(tiny.spilled > 4000 * sizeof(struct diff_row));
        assert_int_equal(plenty.len, tiny.len);
        assert_memory_equal(plenty.text, tiny.text, plenty.len);
        assert_int_equal(plenty.sum.same + plenty.sum.changed + plenty.sum.vanished, 4041);
        assert_int_equal(plenty.sum.vanished, 100);
        cleanup(&plenty);
        cleanup(&tiny);
    }
}

/* another seed visits the same targets in another order: only classes are dealt out differently, so
 * one class makes two sweeps that are the same */
static void same_in_any_order(void **state)
{
    (void)state;
    static const struct synth_class one[] = {{.count = 1000, GOOD}};
    struct synth old = synth_of(one, 1), new = synth_of(one, 1);
    new.seed = 12;
    new.block_len = 0;
    struct outcome o = compare_synths(&old, &new, TINY, false);
    assert_int_equal(o.sum.same, 1000);
    assert_int_equal(o.sum.changed + o.sum.appeared + o.sum.vanished, 0);
    assert_true(o.spilled > 0);
    cleanup(&o);
}

/* ---- host names, IPv6, several ports: the files of tests/data ---- */

static void host_names(void **state)
{
    (void)state;
    const char *one = TEST_DATA "/golden-1.mxs.zst", *two = TEST_DATA "/golden-2.mxs.zst";
    struct outcome o = compare(two, two, TINY, false);
    assert_int_equal(o.sum.same, 21);
    assert_int_equal(o.sum.changed + o.sum.appeared + o.sum.vanished, 0);
    cleanup(&o);
    o = compare(two, one, TINY, true);
    assert_int_equal(o.sum.vanished, 21);
    assert_int_equal(o.sum.appeared, 13);
    static const char *const in_order[] = {
        "{\"change\":\"vanished\",\"addr\":\"192.0.2.0\",\"port\":25,\"fields\"",
        "{\"change\":\"vanished\",\"addr\":\"192.0.2.0\",\"port\":465,\"fields\"",
        "{\"change\":\"appeared\",\"addr\":\"198.51.100.1\",\"port\":25,\"fields\"",
        "{\"change\":\"appeared\",\"addr\":\"2001:db8::\",\"port\":587,\"fields\"",
        "{\"change\":\"vanished\",\"port\":25,\"host\":\"mx2.example.com\",\"fields\":{\"outcome\":"
        "{"
        "\"old\":\"connect/no-address\"}}}\n",
        "\"addr\":\"192.0.2.3\",\"port\":25,\"host\":\"mx.example.com\"",
        "{\"summary\":{",
    };
    const char *at = o.text;
    for (size_t i = 0; i < LENGTH(in_order); i++) {
        at = strstr(at, in_order[i]);
        if (at == NULL)
            fail_msg("%s is not in its place: %s", in_order[i], o.text);
    }
    cleanup(&o);
    o = compare(two, one, PLENTY, false);
    assert_non_null(strstr(o.text, "\n203.0.113.7 (mx.example.com) port 25: appeared\n"));
    assert_non_null(strstr(o.text, "\nmx2.example.com port 465: vanished\n"));
    cleanup(&o);
}

/* ---- text and errors ---- */

static void lines(void **state)
{
    (void)state;
    char a[300], b[300], err[DIFF_ERR_MAX] = "";
    const char *const paths[NUM_DIFF_SIDES] = {"o\x1bld", "new"};
    struct synth old = synth_of(base, LENGTH(base)), new = old;
    new.leave_out = 5;
    write_side(path_of(a, "old"), &old);
    write_side(path_of(b, "new"), &new);
    char *text = NULL;
    size_t len = 0;
    struct diff_sum sum;
    struct diff *d = diff_new(PLENTY, "/tmp");
    struct diff_printer p = {.out = open_memstream(&text, &len), .max_lines = 2};
    json_init(&p.line);
    assert_int_equal(diff_add(d, err, DIFF_OLD, a), 0);
    assert_int_equal(diff_add(d, err, DIFF_NEW, b), 0);
    assert_int_equal(diff_run(d, &sum, err, diff_print_change, &p), 0);
    assert_int_equal(diff_print_sum(&p, err, &sum, paths), 0);
    fclose(p.out);
    size_t shown = 0;
    for (const char *at = text; (at = strstr(at, ": vanished\n")) != NULL; at++)
        shown++;
    assert_int_equal(shown, 2);
    assert_non_null(strstr(text, "and 3 more; --lines 0 shows all\n"));
    assert_non_null(strstr(text, "old: o\\x1Bld: 47 records\nnew: new: 42 records\n"));
    free(text);
    json_cleanup(&p.line);
    diff_sum_cleanup(&sum);
    diff_free(d);
    unlink(a);
    unlink(b);
}

static int stop(void *ctx, char err[DIFF_ERR_MAX], struct diff *d, const struct diff_change *c)
{
    unsigned *calls = ctx;
    (void)d;
    (void)c;
    ++*calls;
    snprintf(err, DIFF_ERR_MAX, "enough");
    return -ECANCELED;
}

static void ends_early(void **state)
{
    (void)state;
    char a[300], b[300], err[DIFF_ERR_MAX] = "";
    struct synth old = synth_of(base, LENGTH(base)), new = old;
    struct diff_sum sum;
    unsigned calls = 0;
    new.leave_out = 5;
    write_side(path_of(a, "old"), &old);
    write_side(path_of(b, "new"), &new);
    struct diff *d = diff_new(PLENTY, "/tmp");
    assert_int_equal(diff_add(d, err, DIFF_OLD, a), 0);
    assert_int_equal(diff_add(d, err, DIFF_NEW, b), 0);
    assert_int_equal(diff_run(d, &sum, err, stop, &calls), -ECANCELED);
    assert_string_equal(err, "enough");
    assert_int_equal(calls, 1);
    diff_sum_cleanup(&sum);
    diff_free(d);

    d = diff_new(TINY, "/nonexistent");
    struct synth large = synth_of(varied_old, LENGTH(varied_old));
    write_side(a, &large);
    assert_int_equal(diff_add(d, err, DIFF_OLD, a), -ENOENT);
    assert_non_null(strstr(err, "set TMPDIR"));
    diff_free(d);
    diff_free(NULL);

    d = diff_new(TINY, "/tmp");
    assert_true(diff_add(d, err, DIFF_OLD, "/nonexistent.mxs.zst") < 0);
    assert_non_null(strstr(err, "/nonexistent.mxs.zst"));
    assert_int_equal(truncate(a, 9000), 0);
    assert_int_equal(diff_add(d, err, DIFF_OLD, a), -ENODATA);
    diff_free(d);
    unlink(a);
    unlink(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes),
        cmocka_unit_test(not_known),
        cmocka_unit_test(appeared_and_vanished),
        cmocka_unit_test(counted),
        cmocka_unit_test(same_whatever_the_memory),
        cmocka_unit_test(same_in_any_order),
        cmocka_unit_test(host_names),
        cmocka_unit_test(lines),
        cmocka_unit_test(ends_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
