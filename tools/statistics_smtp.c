#include "tools/statistics_fill.h"

#include <errno.h>
#include <stdio.h>

enum { LABEL_MAX = 96 };

/* Chain and name are two questions about the same leaf, and what is said inside TLS depends on
 * neither: the steps behind L are not parts of one another. */
int fill_funnel(struct statistic *s, const struct aggregate *a)
{
    static const struct {
        enum set set, before;
    } steps[] = {
        {SET_P, SET_P}, {SET_T, SET_P}, {SET_G, SET_T},  {SET_G220, SET_G}, {SET_E, SET_G220},
        {SET_S, SET_E}, {SET_Q, SET_S}, {SET_R, SET_Q},  {SET_H, SET_R},    {SET_L, SET_H},
        {SET_V, SET_L}, {SET_N, SET_L}, {SET_E2, SET_H},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].set == SET_V && !a->catalog->judged)
            continue;                                  /* not known, which is not 0 */
        statistic_value(s, set_name(steps[i].set), 0); /* counts are those of the sets */
        if (s->bad)
            return -ENOMEM;
        s->rows[s->num_rows - 1].set = steps[i].set;
        s->rows[s->num_rows - 1].before = steps[i].before;
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

int fill_enhanced(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_ENHANCED], &at, &row);) {
        char label[LABEL_MAX];
        snprintf(label, sizeof label, "%u.%u.%u", (unsigned)(row.key >> 20),
                 (unsigned)(row.key >> 10 & 0x3ff), (unsigned)(row.key & 0x3ff));
        statistic_value(s, row.key > 0 ? label : "none", row.count);
    }
    return 0;
}

/* the names of rules, by how many targets each was found */
static void put_rules(struct statistic *s, const struct tally *t, const struct rules *rules)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(t, &at, &row);)
        if (row.key > 0)
            statistic_value(s, rules_name(rules, (uint32_t)row.key - 1), row.count);
}

int fill_refusal(struct statistic *s, const struct aggregate *a)
{
    put_rules(s, &a->tally[TALLY_REFUSAL], a->setup.rejection);
    statistic_unknown(s, "no rule says", tally_get(&a->tally[TALLY_REFUSAL], 0));
    return 0;
}

int fill_mta(struct statistic *s, const struct aggregate *a)
{
    put_rules(s, &a->tally[TALLY_MTA], a->setup.mta);
    statistic_unknown(s, "no rule says", tally_get(&a->tally[TALLY_MTA], 0));
    return 0;
}

int fill_mta_identified(struct statistic *s, const struct aggregate *a)
{
    put_rules(s, &a->tally[TALLY_MTA], a->setup.mta);
    return 0;
}

int fill_helo(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_HELO] = {
        [HELO_UNKNOWN] = "unknown: no answer to EHLO",
        [HELO_NOT_NEEDED] = "EHLO answered with 250",
        [HELO_ACCEPTED] = "EHLO refused, HELO accepted",
        [HELO_REFUSED] = "EHLO refused, HELO too",
        [HELO_NO_ANSWER] = "EHLO refused, no answer to HELO",
    };
    statistic_enum(s, &a->tally[TALLY_HELO], labels, NUM_HELO);
    return 0;
}

int fill_greeting_name(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_GREETING_NAMES] = {
        [GREETING_NO_NAME] = "no name",     [GREETING_FQDN] = "a full name",
        [GREETING_BARE] = "a bare name",    [GREETING_ADDRESS] = "an address",
        [GREETING_LOCALHOST] = "localhost", [GREETING_PRIVATE] = "a private name",
    };
    for (size_t i = 0; i < NUM_GREETING_NAMES; i++)
        statistic_value(s, labels[i], tally_get(&a->tally[TALLY_GREETING_NAME], i));
    return 0;
}

int fill_not_smtp(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_NOT_SMTP] = {
        [NOT_SMTP_OTHER_END] = "unknown",
        [NOT_SMTP_GREETED] = "greeted",
        [NOT_SMTP_SILENT] = "silent",
        [NOT_SMTP_CLOSED] = "closed without a word",
        [NOT_SMTP_SSH] = "SSH",
        [NOT_SMTP_HTTP] = "HTTP",
        [NOT_SMTP_IMAP] = "IMAP",
        [NOT_SMTP_POP3] = "POP3",
        [NOT_SMTP_TLS] = "TLS",
        [NOT_SMTP_TEXT] = "other text, or a part of a greeting",
        [NOT_SMTP_BINARY] = "other octets",
    };
    statistic_enum(s, &a->tally[TALLY_NOT_SMTP], labels, NUM_NOT_SMTP);
    return 0;
}

int fill_stripping(struct statistic *s, const struct aggregate *a)
{
    statistic_value(s, "any of these", tally_get(&a->tally[TALLY_ANOMALY], NUM_ANOMALIES));
    for (unsigned i = 0; i < NUM_ANOMALIES; i++)
        statistic_value(s, anomaly_slug(i), tally_get(&a->tally[TALLY_ANOMALY], i));
    return 0;
}

/* ASes of so few targets of E tell of those, and not of the AS */
enum { AS_TARGETS_MIN = 10 };

int fill_stripping_as(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_AS_E], &at, &row);) {
        char label[LABEL_MAX];
        uint64_t marked = tally_get(&a->tally[TALLY_AS_MARKED], row.key);
        if (row.key == 0 || row.count < AS_TARGETS_MIN || marked == 0)
            continue;
        snprintf(label, sizeof label, "AS%u", (unsigned)row.key);
        statistic_conclusive(s, label, marked, row.count);
    }
    return 0;
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
