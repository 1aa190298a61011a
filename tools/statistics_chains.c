#include "tools/statistics_fill.h"

#include <stdio.h>

/* ---- chains ---- */

/* takes chains that were judged alike, or their targets; NULL: not judged */
typedef void on_chain(void *ctx, const struct chain_span *verdict, uint64_t count);

static void each_alike(const struct tally *alike, on_chain *take, void *ctx)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(alike, &at, &row);) {
        struct chain_span verdict = {.flags = (uint32_t)row.key,
                                     .outcome = (uint8_t)(row.key >> 32)};
        take(ctx, row.key != VERDICT_NONE ? &verdict : NULL, row.count);
    }
}

/* by target, as they were counted; of groups too */
static void each_target(const struct aggregate *a, on_chain *take, void *ctx)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_VERDICT], &at, &row);) {
        struct chain_span verdict = {.flags = (uint32_t)(row.key >> 8),
                                     .outcome = (uint8_t)((row.key & 0xff) - 1)};
        take(ctx, row.key != 0 ? &verdict : NULL, row.count);
    }
}

/* ---- outcomes ---- */

struct outcomes {
    uint64_t count[NUM_CHAIN_OUTCOMES], flags[NUM_CHAIN_FLAGS], unknown;
};

static void count_outcome(void *ctx, const struct chain_span *verdict, uint64_t count)
{
    struct outcomes *o = ctx;
    if (verdict == NULL) {
        o->unknown += count;
        return;
    }
    o->count[verdict->outcome] += count;
    for (size_t i = 0; i < NUM_CHAIN_FLAGS; i++)
        o->flags[i] += verdict->flags >> i & 1 ? count : 0;
}

static const char *not_judged(const struct aggregate *a)
{
    return a->catalog->judged ? "unknown: octets of a certificate are not in these files"
                              : "not judged: no trust store";
}

/* Unparsable, though of L: libcrypto reads less than core/cert.h does, as names in no UTF-8. */
static void put_outcomes(struct statistic *s, const struct aggregate *a, const struct outcomes *o)
{
    for (unsigned i = CHAIN_UNPARSABLE; i < NUM_CHAIN_OUTCOMES; i++)
        statistic_value(s, chain_outcome_words(i)->slug, o->count[i]);
    statistic_unknown(s, not_judged(a), o->unknown);
}

static void put_flags(struct statistic *s, const struct aggregate *a, const struct outcomes *o,
                      uint32_t which)
{
    for (unsigned i = 0; i < NUM_CHAIN_FLAGS; i++)
        if (which >> i & 1)
            statistic_value(s, chain_flag_words(i)->slug, o->flags[i]);
    statistic_unknown(s, not_judged(a), o->unknown);
}

int fill_chain_outcome(struct statistic *s, const struct aggregate *a)
{
    struct outcomes o = {0};
    each_target(a, count_outcome, &o);
    put_outcomes(s, a, &o);
    return 0;
}

int fill_chain_outcome_distinct(struct statistic *s, const struct aggregate *a)
{
    struct outcomes o = {0};
    each_alike(&a->sums->chain_distinct, count_outcome, &o);
    put_outcomes(s, a, &o);
    return 0;
}

#define SENT_FLAGS                                                                                 \
    (CHAIN_FLAG(ORDER_WRONG) | CHAIN_FLAG(ROOT_INCLUDED) | CHAIN_FLAG(DUPLICATE) |                 \
     CHAIN_FLAG(SURPLUS) | CHAIN_FLAG(UNPARSABLE) | CHAIN_FLAG(CUT))

int fill_chain_flags(struct statistic *s, const struct aggregate *a)
{
    struct outcomes o = {0};
    each_target(a, count_outcome, &o);
    put_flags(s, a, &o, ~SENT_FLAGS);
    return 0;
}

int fill_chain_flags_distinct(struct statistic *s, const struct aggregate *a)
{
    struct outcomes o = {0};
    each_alike(&a->sums->chain_distinct, count_outcome, &o);
    put_flags(s, a, &o, ~SENT_FLAGS);
    return 0;
}

int fill_chain_sent(struct statistic *s, const struct aggregate *a)
{
    struct outcomes o = {0};
    each_target(a, count_outcome, &o);
    put_flags(s, a, &o, SENT_FLAGS);
    return 0;
}

struct completeness {
    uint64_t complete, completable, incomplete, unknown;
};

static void count_complete(void *ctx, const struct chain_span *verdict, uint64_t count)
{
    struct completeness *c = ctx;
    uint64_t *to = verdict == NULL                            ? &c->unknown
                   : verdict->flags & CHAIN_FLAG(COMPLETABLE) ? &c->completable
                   : verdict->flags & CHAIN_FLAG(INCOMPLETE)  ? &c->incomplete
                                                              : &c->complete;
    *to += count;
}

int fill_completable(struct statistic *s, const struct aggregate *a)
{
    struct completeness c = {0};
    each_target(a, count_complete, &c);
    statistic_value(s, "complete", c.complete);
    statistic_value(s, "incomplete, completable", c.completable);
    statistic_value(s, "incomplete", c.incomplete);
    statistic_unknown(s, not_judged(a), c.unknown);
    return 0;
}

int fill_chain_octets(struct statistic *s, const struct aggregate *a)
{
    static const struct {
        uint64_t most;
        const char *label;
    } bins[] = {{0, "none"},
                {1024, "up to 1024"},
                {2048, "up to 2048"},
                {4096, "up to 4096"},
                {8192, "up to 8192"},
                {16384, "up to 16384"},
                {OCTETS_UNKNOWN - 1, "more"}};
    enum { NUM_BINS = sizeof bins / sizeof bins[0] };
    uint64_t counts[NUM_BINS + 1] = {0};
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_CHAIN_OCTETS], &at, &row);) {
        size_t bin = 0;
        while (bin < NUM_BINS && row.key > bins[bin].most)
            bin++;
        counts[bin] += row.count;
    }
    for (size_t i = 0; i < NUM_BINS; i++)
        statistic_value(s, bins[i].label, counts[i]);
    statistic_unknown(s, "unknown: octets of a certificate are not in these files",
                      counts[NUM_BINS]);
    return 0;
}

/* ---- names, trust ---- */

static uint64_t count_match(const struct tally *t, enum answer trusted, unsigned match)
{
    return tally_get(t, (uint64_t)trusted << 8 | match);
}

static uint64_t count_matches(const struct tally *t, unsigned match)
{
    return count_match(t, ANSWER_YES, match) + count_match(t, ANSWER_NO, match) +
           count_match(t, ANSWER_UNKNOWN, match);
}

static int fill_name(struct statistic *s, const struct tally *t)
{
    for (unsigned i = NUM_NAME_MATCHES; i-- > 0;)
        statistic_value(s, name_match_slug(i), count_matches(t, i));
    return 0;
}

/* apart for chains that are trusted and those that are not */
static int fill_name_trust(struct statistic *s, const struct aggregate *a, const struct tally *t)
{
    static const struct {
        enum answer trusted;
        const char *word;
    } trusts[] = {{ANSWER_YES, "trusted"}, {ANSWER_NO, "not trusted"}};
    uint64_t unknown = 0;
    for (size_t k = 0; k < sizeof trusts / sizeof trusts[0]; k++)
        for (unsigned i = NUM_NAME_MATCHES; i-- > 0;) {
            char label[96];
            snprintf(label, sizeof label, "%s, %s", trusts[k].word, name_match_slug(i));
            statistic_value(s, label, count_match(t, trusts[k].trusted, i));
        }
    for (unsigned i = 0; i < NUM_NAME_MATCHES; i++)
        unknown += count_match(t, ANSWER_UNKNOWN, i);
    statistic_unknown(s, not_judged(a), unknown);
    return 0;
}

int fill_name_host_trust(struct statistic *s, const struct aggregate *a)
{
    return fill_name_trust(s, a, &a->tally[TALLY_NAME_HOST]);
}

int fill_name_greeting_trust(struct statistic *s, const struct aggregate *a)
{
    return fill_name_trust(s, a, &a->tally[TALLY_NAME_GREETING]);
}

int fill_name_ehlo_trust(struct statistic *s, const struct aggregate *a)
{
    return fill_name_trust(s, a, &a->tally[TALLY_NAME_EHLO]);
}

int fill_name_host(struct statistic *s, const struct aggregate *a)
{
    return fill_name(s, &a->tally[TALLY_NAME_HOST]);
}

int fill_name_greeting(struct statistic *s, const struct aggregate *a)
{
    return fill_name(s, &a->tally[TALLY_NAME_GREETING]);
}

int fill_name_ehlo(struct statistic *s, const struct aggregate *a)
{
    return fill_name(s, &a->tally[TALLY_NAME_EHLO]);
}

int fill_name_ptr(struct statistic *s, const struct aggregate *a)
{
    statistic_add(s, bytes_text("not collected"), a->funnel[FUNNEL_L], ROW_UNKNOWN);
    return 0;
}

int fill_ptr_confirmed(struct statistic *s, const struct aggregate *a)
{
    statistic_add(s, bytes_text("not collected"), a->funnel[FUNNEL_L], ROW_UNKNOWN);
    return 0;
}

int fill_identity(struct statistic *s, const struct aggregate *a)
{
    const struct tally *t = &a->tally[TALLY_NAME_GREETING];
    uint64_t same = 0, other = 0;
    for (unsigned i = 0; i < NUM_NAME_MATCHES; i++)
        *(name_match_ok(i) ? &same : &other) += count_matches(t, i);
    statistic_value(s, "greeting = certificate; PTR not collected", same);
    statistic_value(s, "greeting != certificate; PTR not collected", other);
    statistic_unknown(s, "no name in the greeting; PTR not collected",
                      a->funnel[FUNNEL_L] - same - other);
    return 0;
}

static void put_trusted(struct statistic *s, const struct aggregate *a, const struct tally *t)
{
    static const struct {
        enum answer trusted, named;
        const char *label;
    } cells[] = {
        {ANSWER_YES, ANSWER_YES, "trusted, matching"},
        {ANSWER_YES, ANSWER_NO, "trusted, not matching"},
        {ANSWER_NO, ANSWER_YES, "not trusted, matching"},
        {ANSWER_NO, ANSWER_NO, "not trusted, not matching"},
        {ANSWER_YES, ANSWER_UNKNOWN, "trusted, no name to match"},
        {ANSWER_NO, ANSWER_UNKNOWN, "not trusted, no name to match"},
        {ANSWER_UNKNOWN, ANSWER_YES, "matching"},
        {ANSWER_UNKNOWN, ANSWER_NO, "not matching"},
        {ANSWER_UNKNOWN, ANSWER_UNKNOWN, "unknown"},
    };
    enum { KNOWN = 4 };
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        char label[96];
        uint64_t n = tally_get(t, (uint64_t)cells[i].trusted << 2 | cells[i].named);
        snprintf(label, sizeof label, "%s%s%s", cells[i].label,
                 cells[i].trusted == ANSWER_UNKNOWN ? ", " : "",
                 cells[i].trusted == ANSWER_UNKNOWN ? not_judged(a) : "");
        if (i < KNOWN)
            statistic_value(s, label, n);
        else
            statistic_unknown(s, label, n);
    }
}

int fill_trusted(struct statistic *s, const struct aggregate *a)
{
    put_trusted(s, a, &a->tally[TALLY_TRUSTED]);
    return 0;
}

int fill_trusted_starttls(struct statistic *s, const struct aggregate *a)
{
    statistic_value(s, "no TLS", tally_get(&a->tally[TALLY_TRUSTED_S], TRUSTED_NO_TLS));
    put_trusted(s, a, &a->tally[TALLY_TRUSTED_S]);
    return 0;
}

/* ---- what vouches beside the chain ---- */

int fill_ocsp(struct statistic *s, const struct aggregate *a)
{
    const struct tally *t = &a->tally[TALLY_OCSP];
    for (unsigned i = OCSP_ABSENT; i < NUM_OCSP_OUTCOMES; i++)
        statistic_value(s, ocsp_outcome_slug(i), tally_get(t, i));
    statistic_add(s, bytes_text("could not be told"), tally_get(t, 0), ROW_UNKNOWN);
    return 0;
}

int fill_must_staple(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_MUST_STAPLE] = {
        [STAPLE_UNKNOWN] = "asked for, unknown whether given",
        [STAPLE_NOT_ASKED] = "not asked for",
        [STAPLE_GOOD] = "asked for, a good response",
        [STAPLE_OTHER] = "asked for, another response",
        [STAPLE_MISSING] = "asked for, none",
    };
    statistic_enum(s, &a->tally[TALLY_MUST_STAPLE], labels, NUM_MUST_STAPLE);
    return 0;
}

int fill_sct(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_SCT_WHERE] = {
        [SCT_UNKNOWN] = "unknown",
        [SCT_NOWHERE] = "none",
        [SCT_EMBEDDED] = "in the certificate",
        [SCT_IN_TLS] = "in TLS",
        [SCT_BOTH] = "in the certificate and in TLS",
    };
    statistic_enum(s, &a->tally[TALLY_SCT], labels, NUM_SCT_WHERE);
    return 0;
}
