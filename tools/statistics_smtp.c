#include "tools/statistics_fill.h"

#include <errno.h>
#include <stdio.h>

enum { LABEL_MAX = 96 };

int fill_funnel(struct statistic *s, const struct aggregate *a)
{
    static const enum set steps[] = {SET_P, SET_T, SET_G, SET_G220, SET_E, SET_S,
                                     SET_Q, SET_R, SET_H, SET_L,    SET_E2};
    (void)a; /* counts are those of the sets */
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        statistic_value(s, set_name(steps[i]), 0);
        if (s->bad)
            return -ENOMEM;
        s->rows[i].set = steps[i];
        s->rows[i].before = steps[i > 0 ? i - 1 : 0];
    }
    return 0;
}

int fill_coverage(struct statistic *s, const struct aggregate *a)
{
    uint64_t done = a->positions_done, given = a->positions_given;
    statistic_value(s, "done", done);
    statistic_value(s, "not done", given > done ? given - done : 0);
    return 0;
}

static uint64_t count_cause(const struct aggregate *a, unsigned wanted)
{
    uint64_t sum = 0;
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_OUTCOME], &at, &row);)
        sum += (row.key & 0xff) == wanted ? row.count : 0;
    return sum;
}

int fill_probed(struct statistic *s, const struct aggregate *a)
{
    statistic_value(s, "probed", a->funnel[FUNNEL_P]);
    statistic_value(s, cause_slug(CAUSE_BLOCKED), count_cause(a, CAUSE_BLOCKED));
    statistic_value(s, cause_slug(CAUSE_NO_ADDRESS), count_cause(a, CAUSE_NO_ADDRESS));
    statistic_value(s, cause_slug(CAUSE_DNS_FAILURE), count_cause(a, CAUSE_DNS_FAILURE));
    return 0;
}

int fill_outcome(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_OUTCOME], &at, &row);) {
        char label[LABEL_MAX];
        unsigned stage = (unsigned)(row.key >> 8), cause = (unsigned)(row.key & 0xff);
        if (!was_probed(cause))
            continue;
        snprintf(label, sizeof label, "%s/%s", stage_slug(stage), cause_slug(cause));
        statistic_value(s, label, row.count);
    }
    return 0;
}

int fill_connect(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    uint64_t failed = 0;
    for (size_t at = 0; tally_next(&a->tally[TALLY_OUTCOME], &at, &row);) {
        unsigned cause = (unsigned)(row.key & 0xff);
        if (row.key >> 8 > STAGE_CONNECT || !was_probed(cause))
            continue;
        statistic_value(s, cause_slug(cause), row.count);
        failed += row.count;
    }
    statistic_value(s, "connected", a->funnel[FUNNEL_P] - failed);
    return 0;
}

int fill_greeted(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_GREETED], &at, &row);)
        statistic_value(s, row.key == CAUSE_OK ? "greeted" : cause_slug((unsigned)row.key),
                        row.count);
    return 0;
}

int fill_greeting_code(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_GREETING_CODE], &at, &row);) {
        char label[LABEL_MAX];
        snprintf(label, sizeof label, "%u", (unsigned)row.key);
        statistic_add(s, bytes_text(row.key > 0 ? label : "unknown"), row.count,
                      row.key > 0 ? ROW_VALUE : ROW_UNKNOWN);
    }
    return 0;
}

int fill_rejected(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[] = {
        [REJECTED_UNKNOWN] = "unknown: no answer to EHLO",
        [REJECTED_NOT] = "not rejected",
        [REJECTED_GREETING_4XX] = "greeting 4xx",
        [REJECTED_GREETING_5XX] = "greeting 5xx",
        [REJECTED_GREETING_OTHER] = "greeting of another code",
        [REJECTED_EHLO_4XX] = "EHLO 4xx",
        [REJECTED_EHLO_5XX] = "EHLO 5xx",
        [REJECTED_EHLO_OTHER] = "EHLO of another code",
    };
    statistic_enum(s, &a->tally[TALLY_REJECTED], labels, sizeof labels / sizeof labels[0]);
    return 0;
}

static int fill_words(struct statistic *s, const struct word_tally *words)
{
    for (size_t i = 0; i < words->num; i++) {
        const struct word *w = &words->words[i];
        if (w->text.len > 0)
            statistic_add(s, w->text, w->count, ROW_VALUE);
        else
            statistic_add(s, bytes_text("words that are no keyword"), w->count, ROW_VALUE);
    }
    return 0;
}

int fill_extensions(struct statistic *s, const struct aggregate *a)
{
    return fill_words(s, &a->ehlo);
}

int fill_extensions_tls(struct statistic *s, const struct aggregate *a)
{
    return fill_words(s, &a->ehlo_tls);
}

int fill_offered(struct statistic *s, const struct aggregate *a)
{
    const struct tally *t = &a->tally[TALLY_OFFERED];
    statistic_value(s, "yes", tally_get(t, ANSWER_YES));
    statistic_value(s, "no", tally_get(t, ANSWER_NO));
    statistic_add(s, bytes_text("unknown: EHLO not answered with 250"),
                  tally_get(t, ANSWER_UNKNOWN), ROW_UNKNOWN);
    return 0;
}

int fill_offered_reply(struct statistic *s, const struct aggregate *a)
{
    static const struct {
        enum answer offered;
        unsigned replied;
        const char *label;
    } cells[] = {
        {ANSWER_YES, 1, "offered, 220"},     {ANSWER_YES, 0, "offered, no 220"},
        {ANSWER_NO, 1, "not offered, 220"},  {ANSWER_NO, 0, "not offered, no 220"},
        {ANSWER_UNKNOWN, 1, "unknown, 220"}, {ANSWER_UNKNOWN, 0, "unknown, no 220"},
    };
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        uint64_t key = (uint64_t)cells[i].offered << 1 | cells[i].replied;
        uint64_t count = tally_get(&a->tally[TALLY_OFFERED_REPLY], key);
        if (cells[i].offered == ANSWER_UNKNOWN)
            statistic_unknown(s, cells[i].label, count);
        else
            statistic_value(s, cells[i].label, count);
    }
    return 0;
}

int fill_starttls_reply(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_STARTTLS_REPLY], &at, &row);) {
        char label[LABEL_MAX];
        if (row.key >> 16 != 0)
            snprintf(label, sizeof label, "%s", cause_slug(row.key & 0xff));
        else
            snprintf(label, sizeof label, "%u", (unsigned)row.key);
        statistic_add(s, bytes_text(row.key > 0 ? label : "unknown"), row.count,
                      row.key > 0 ? ROW_VALUE : ROW_UNKNOWN);
    }
    return 0;
}
