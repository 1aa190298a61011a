#include "tools/statistics_fill.h"

#include <stdio.h>

enum { LABEL_MAX = 96 };

/* ---- labels ---- */

/* adds a row for each label that something is counted of */
static int fill_labels(struct statistic *s, const struct label_sums *l, enum label_unit unit)
{
    for (size_t i = 0; i < l->words.num; i++)
        if (l->counts[i + 1][unit] > 0)
            statistic_add(s, l->words.words[i].text, l->counts[i + 1][unit], ROW_VALUE);
    statistic_unknown(s, "unknown", l->counts[0][unit]);
    return 0;
}

/* of a group: leaves are not kept of it */
static int fill_key_kinds(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_KEY], &at, &row);) {
        uint32_t curve = (uint32_t)(row.key & 0xffff);
        const struct cert_entry e = {
            .key_type = (uint8_t)(row.key >> 40),
            .key_bits = (uint32_t)(row.key >> 16 & 0xffffff),
            .curve = curve > 0 ? curve - 1 : WORD_NONE,
        };
        char label[KEY_LABEL_MAX];
        cert_key_label(label, &e, &a->catalog->certs);
        if (label[0] != '\0')
            statistic_add(s, bytes_text(label), row.count, ROW_VALUE);
        else
            statistic_unknown(s, "unknown", row.count);
    }
    return 0;
}

int fill_key(struct statistic *s, const struct aggregate *a)
{
    return a->sums != NULL ? fill_labels(s, &a->sums->key, LABEL_TARGETS) : fill_key_kinds(s, a);
}

int fill_key_distinct(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, &a->sums->key, LABEL_KEYS);
}

int fill_signature(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, &a->sums->signature, LABEL_TARGETS);
}

int fill_signature_distinct(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, &a->sums->signature, LABEL_CERTS);
}

int fill_issuer(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, &a->sums->issuer, LABEL_TARGETS);
}

int fill_issuer_distinct(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, &a->sums->issuer, LABEL_CERTS);
}

int fill_issuer_trusted(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, &a->sums->issuer, LABEL_TRUSTED);
}

static int put_self_issued(struct statistic *s, const struct aggregate *a, enum label_unit unit)
{
    static const char *const labels[] = {"issued by another name", "self-issued"};
    for (size_t i = 0; i < 2; i++)
        if (a->sums->self_issued[i][unit] > 0)
            statistic_value(s, labels[i], a->sums->self_issued[i][unit]);
    return 0;
}

int fill_self_issued(struct statistic *s, const struct aggregate *a)
{
    return put_self_issued(s, a, LABEL_TARGETS);
}

int fill_self_issued_distinct(struct statistic *s, const struct aggregate *a)
{
    return put_self_issued(s, a, LABEL_CERTS);
}

/* ---- validity ---- */

int fill_expiry(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_EXPIRY] = {
        [EXPIRY_UNKNOWN] = "unknown",
        [EXPIRY_PAST] = "expired",
        [EXPIRY_7] = "up to 7 days left",
        [EXPIRY_14] = "up to 14 days left",
        [EXPIRY_30] = "up to 30 days left",
        [EXPIRY_90] = "up to 90 days left",
        [EXPIRY_MORE] = "more",
        [EXPIRY_NOT_YET] = "not yet valid",
    };
    statistic_enum(s, &a->tally[TALLY_EXPIRY], labels, NUM_EXPIRY);
    return 0;
}

int fill_expiry_weeks(struct statistic *s, const struct aggregate *a)
{
    const struct tally *t = &a->tally[TALLY_EXPIRY_WEEK];
    statistic_value(s, "expired", tally_get(t, EXPIRY_WEEK_PAST));
    for (unsigned key = EXPIRY_WEEK_0; key <= EXPIRY_WEEK_MAX; key++) {
        char label[LABEL_MAX];
        snprintf(label, sizeof label, key < EXPIRY_WEEK_MAX ? "%u" : "%u or more",
                 key - EXPIRY_WEEK_0);
        statistic_value(s, label, tally_get(t, key));
    }
    statistic_unknown(s, "unknown", tally_get(t, EXPIRY_WEEK_UNKNOWN));
    return 0;
}

static void put_validity(struct statistic *s, const struct aggregate *a, bool others, bool self)
{
    static const char *const labels[] = {
        [VALIDITY_47] = "up to 47 days",    [VALIDITY_90] = "up to 90 days",
        [VALIDITY_100] = "up to 100 days",  [VALIDITY_200] = "up to 200 days",
        [VALIDITY_398] = "up to 398 days",  [VALIDITY_825] = "up to 825 days",
        [VALIDITY_3653] = "up to 10 years", [VALIDITY_MORE] = "over 10 years",
        [VALIDITY_NEGATIVE] = "negative",   [VALIDITY_UNKNOWN] = "unknown",
    };
    for (unsigned i = 0; i < NUM_VALIDITY; i++) {
        uint64_t count =
            (others ? a->sums->validity[0][i] : 0) + (self ? a->sums->validity[1][i] : 0);
        if (i == VALIDITY_UNKNOWN)
            statistic_unknown(s, labels[i], count);
        else
            statistic_value(s, labels[i], count);
    }
}

int fill_validity(struct statistic *s, const struct aggregate *a)
{
    put_validity(s, a, true, true);
    return 0;
}

int fill_validity_ca(struct statistic *s, const struct aggregate *a)
{
    put_validity(s, a, true, false);
    return 0;
}

int fill_validity_self(struct statistic *s, const struct aggregate *a)
{
    put_validity(s, a, false, true);
    return 0;
}

/* ---- chains ---- */

int fill_chain_length(struct statistic *s, const struct aggregate *a)
{
    const struct tally *t = &a->tally[TALLY_CHAIN_LENGTH];
    char label[LABEL_MAX];
    for (unsigned length = 0; length <= RECORD_CHAIN_MAX; length++) {
        uint64_t count = tally_get(t, length);
        snprintf(label, sizeof label, "%u", length);
        if (count > 0)
            statistic_value(s, label, count);
    }
    snprintf(label, sizeof label, "more than %d", RECORD_CHAIN_MAX);
    if (tally_get(t, CHAIN_CUT) > 0)
        statistic_value(s, label, tally_get(t, CHAIN_CUT));
    return 0;
}

int fill_leaf(struct statistic *s, const struct aggregate *a)
{
    const uint64_t *targets = a->leaf_done;
    statistic_value(s, "parsed", targets[CERT_PARSED]);
    statistic_value(s, "unparsable", targets[CERT_UNPARSABLE]);
    statistic_value(s, "no certificate", a->no_leaf);
    statistic_unknown(s, "unknown: its octets are not in these files",
                      a->funnel[FUNNEL_H] - targets[CERT_PARSED] - targets[CERT_UNPARSABLE] -
                          a->no_leaf);
    return 0;
}

int fill_leaf_failed(struct statistic *s, const struct aggregate *a)
{
    const uint64_t *failed = a->leaf_failed;
    uint64_t told = failed[CERT_PARSED] + failed[CERT_UNPARSABLE] + a->no_leaf_failed;
    statistic_value(s, "handshake completed", a->funnel[FUNNEL_H]);
    statistic_value(s, "parsed", failed[CERT_PARSED]);
    statistic_value(s, "unparsable", failed[CERT_UNPARSABLE]);
    statistic_value(s, "no certificate", a->no_leaf_failed);
    statistic_unknown(s, "unknown: its octets are not in these files",
                      a->funnel[FUNNEL_R] - a->funnel[FUNNEL_H] - told);
    return 0;
}
