/* Tables that others published, as populations: the report gives back their counts and, at their precision, their percentages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/tools/synth.h"
#include "tools/statistics.h"
#include "tools/walk.h"

#define EHLO "250-mx\r\n250 STARTTLS\r\n"
#define ENDED(n, s, c)                                                                             \
    {                                                                                              \
        .count = (n), .stage = STAGE_##s, .cause = CAUSE_##c                                       \
    }
#define GREETED(n)                                                                                 \
    {                                                                                              \
        .count = (n), .stage = STAGE_STARTTLS, .cause = CAUSE_NOT_OFFERED,                         \
        .greeting = "220 x\r\n", .ehlo = "250 x\r\n"                                               \
    }
#define ENCRYPTED(n, v)                                                                            \
    {                                                                                              \
        .count = (n), .stage = STAGE_DONE, .cause = CAUSE_OK, .greeting = "220 x\r\n",             \
        .ehlo = EHLO, .starttls = "220 go\r\n", .ehlo_tls = EHLO, .handshake_done = true,          \
        .version = (v)                                                                             \
    }

enum { ROWS_MAX = 8, CLASSES_MAX = 8 };

static const struct {
    const char *source;
    struct synth_class classes[CLASSES_MAX];
    struct {
        const char *id, *label;
        uint64_t count;
        const char *percent; /* as printed with two decimals; NULL: not printed */
    } rows[ROWS_MAX];
} tables[] = {
    {"Bernstein 1996: 500,000 connection attempts by cause",
     {GREETED(26070), ENDED(294526, CONNECT, TIMEOUT), ENDED(92146, CONNECT, HOST_UNREACHABLE),
      ENDED(56261, CONNECT, REFUSED), ENDED(29252 + 1265 + 110 + 5, CONNECT, NET_UNREACHABLE),
      ENDED(365, GREETING, CLOSED)},
     {{"connect", "timeout", 294526, "58.91"},
      {"connect", "host-unreachable", 92146, "18.43"},
      {"connect", "refused", 56261, "11.25"},
      {"connect", "connected", 26435, "5.29"},
      {"greeted", "greeted", 26070, NULL},
      {"greeted", "closed", 365, NULL}}},
    {"SecuritySpace 2023: MX hosts that answered",
     {ENDED(229110, CONNECT, TIMEOUT), ENDED(2917, GREETING, TIMEOUT), GREETED(969830)},
     {{"connect", "timeout", 229110, "19.06"},
      {"outcome", "greeting/timeout", 2917, "0.24"},
      {"funnel", "G", 969830, "80.69"}}},
    {"University of Toronto CS 2025: TLS versions of inbound mail",
     {GREETED(90938 - 74256), ENCRYPTED(58596, 0x0304), ENCRYPTED(15509, 0x0303),
      ENCRYPTED(135, 0x0301), ENCRYPTED(16, 0x0302)},
     {{"funnel", "H", 74256, "81.66"},
      {"tls_version", "TLSv1.3", 58596, "78.91"},
      {"tls_version", "TLSv1.2", 15509, "20.89"},
      {"tls_version", "TLSv1.0", 135, "0.18"},
      {"tls_version", "TLSv1.1", 16, "0.02"}}},
};
enum { NUM_TABLES = sizeof tables / sizeof tables[0] };

static void add_file(struct aggregate *a, const char *path)
{
    struct walk w;
    char err[WALK_ERR_MAX];
    int rc = walk_open(&w, err, path);
    aggregate_add_file(a, w.header);
    while (rc >= 0 && (rc = walk_next(&w, err)) == 1)
        if (w.item.kind == DATASET_BLOCK)
            assert_int_equal(aggregate_add_block(a, w.header, w.block), 0);
    assert_int_equal(rc, 0);
    walk_close(&w);
}

static const struct statistic_row *row_of(const struct statistic *s, const char *label)
{
    for (size_t i = 0; i < s->num_rows; i++)
        if (bytes_equal(s->rows[i].label, bytes_text(label)))
            return &s->rows[i];
    return NULL;
}

static void published_tables(void **state)
{
    (void)state;
    for (size_t t = 0; t < NUM_TABLES; t++) {
        char path[64], percent[32];
        snprintf(path, sizeof path, "published-%d.mxs.zst", (int)getpid());
        synth_write(path, &(struct synth){.classes = tables[t].classes,
                                          .num_classes = CLASSES_MAX,
                                          .reason = DATASET_COMPLETE});
        struct aggregate *a = aggregate_new();
        struct statistics all;
        add_file(a, path);
        remove(path);
        assert_int_equal(statistics_make(&all, a, 0), 0);
        for (size_t i = 0; i < ROWS_MAX && tables[t].rows[i].id != NULL; i++) {
            const struct statistic *s = statistics_find(&all, tables[t].rows[i].id);
            const struct statistic_row *row = row_of(s, tables[t].rows[i].label);
            uint64_t of = all.sets[s->def->denominator];
            if (row == NULL || row->count != tables[t].rows[i].count)
                fail_msg("%s: %s", tables[t].source, tables[t].rows[i].label);
            snprintf(percent, sizeof percent, "%.2f", percent_of(row->count, of));
            if (tables[t].rows[i].percent != NULL)
                assert_string_equal(percent, tables[t].rows[i].percent);
        }
        statistics_cleanup(&all);
        aggregate_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_tables)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
