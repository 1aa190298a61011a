#include "tools/statistics_fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { LABEL_MAX = 96, S_PER_DAY = 86400 };

/* ---- leaves, one at a time ---- */

static bool counts(const struct aggregate *a, size_t i)
{
    return a->catalog->certs.entries[i].state == CERT_PARSED && a->leaves[i].done > 0;
}

/* says what a leaf is in a statistic; false: not known */
typedef bool label_of(struct bytes *label, char buffer[LABEL_MAX], const struct cert_entry *e,
                      const struct cert_table *certs);

/* what is counted of a leaf */
enum unit { UNIT_TARGETS, UNIT_TRUSTED, UNIT_CERTS, UNIT_KEYS };

/* adds a row for each label that the leaves of L have; keys: those that were counted */
static int count_labels(struct statistic *s, const struct aggregate *a, label_of *label_of_leaf,
                        enum unit unit, bool *keys)
{
    const struct cert_table *certs = &a->catalog->certs;
    struct word_tally labels;
    word_tally_init(&labels);
    uint64_t unknown = 0;
    for (size_t i = 0; i < certs->num; i++) {
        const struct cert_entry *e = &certs->entries[i];
        char buffer[LABEL_MAX];
        struct bytes label;
        if (!counts(a, i) || (unit == UNIT_KEYS && keys[e->key]))
            continue;
        keys[e->key] = true;
        uint64_t count = unit == UNIT_TARGETS   ? a->leaves[i].done
                         : unit == UNIT_TRUSTED ? a->leaves[i].trusted
                                                : 1;
        if (count == 0)
            continue;
        if (label_of_leaf(&label, buffer, e, certs))
            word_tally_add(&labels, label, count);
        else
            unknown += count;
    }
    for (size_t i = 0; i < labels.num; i++)
        statistic_add(s, labels.words[i].text, labels.words[i].count, ROW_VALUE);
    statistic_unknown(s, "unknown", unknown);
    int rc = labels.bad ? -ENOMEM : 0;
    word_tally_cleanup(&labels);
    return rc;
}

static int fill_labels(struct statistic *s, const struct aggregate *a, label_of *label_of_leaf,
                       enum unit unit)
{
    bool *keys = calloc(a->catalog->certs.num_keys + 1, sizeof keys[0]);
    int rc = keys != NULL ? count_labels(s, a, label_of_leaf, unit, keys) : -ENOMEM;
    free(keys);
    return rc;
}

/* ---- keys and signatures ---- */

static bool key_label(struct bytes *label, char buffer[LABEL_MAX], const struct cert_entry *e,
                      const struct cert_table *certs)
{
    static const char *const names[] = {
        [CERT_KEY_RSA] = "RSA",       [CERT_KEY_EC] = "EC",   [CERT_KEY_ED25519] = "Ed25519",
        [CERT_KEY_ED448] = "Ed448",   [CERT_KEY_DSA] = "DSA", [CERT_KEY_RSA_PSS] = "RSA-PSS",
        [CERT_KEY_ML_DSA] = "ML-DSA",
    };
    if (e->key_type == CERT_KEY_UNKNOWN || e->key_type >= sizeof names / sizeof names[0])
        return false;
    const char *name = names[e->key_type];
    bool edwards = e->key_type == CERT_KEY_ED25519 || e->key_type == CERT_KEY_ED448;
    if (e->curve != WORD_NONE) {
        struct bytes curve = certs->algorithms.words[e->curve].text;
        snprintf(buffer, LABEL_MAX, "%s %.*s", name, (int)curve.len, (const char *)curve.data);
    } else if (e->key_bits > 0 && !edwards)
        snprintf(buffer, LABEL_MAX, "%s %u", name, (unsigned)e->key_bits);
    else
        snprintf(buffer, LABEL_MAX, "%s%s", name, edwards ? "" : " of unknown size");
    *label = bytes_text(buffer);
    return true;
}

static bool signature_label(struct bytes *label, char buffer[LABEL_MAX], const struct cert_entry *e,
                            const struct cert_table *certs)
{
    (void)buffer;
    if (e->sig_alg == WORD_NONE)
        return false;
    *label = certs->algorithms.words[e->sig_alg].text;
    return true;
}

int fill_key(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, key_label, UNIT_TARGETS);
}

int fill_key_distinct(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, key_label, UNIT_KEYS);
}

int fill_signature(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, signature_label, UNIT_TARGETS);
}

int fill_signature_distinct(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, signature_label, UNIT_CERTS);
}

/* ---- issuers ---- */

static bool issuer_label(struct bytes *label, char buffer[LABEL_MAX], const struct cert_entry *e,
                         const struct cert_table *certs)
{
    (void)buffer;
    if (e->issuer == WORD_NONE || certs->issuers.words[e->issuer].text.len == 0)
        return false;
    *label = certs->issuers.words[e->issuer].text;
    return true;
}

static bool self_issued_label(struct bytes *label, char buffer[LABEL_MAX],
                              const struct cert_entry *e, const struct cert_table *certs)
{
    (void)buffer;
    (void)certs;
    *label = bytes_text(e->self_issued ? "self-issued" : "issued by another name");
    return true;
}

int fill_issuer(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, issuer_label, UNIT_TARGETS);
}

int fill_issuer_distinct(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, issuer_label, UNIT_CERTS);
}

int fill_issuer_trusted(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, issuer_label, UNIT_TRUSTED);
}

int fill_self_issued(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, self_issued_label, UNIT_TARGETS);
}

int fill_self_issued_distinct(struct statistic *s, const struct aggregate *a)
{
    return fill_labels(s, a, self_issued_label, UNIT_CERTS);
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

enum issued { ISSUED_ALL, ISSUED_BY_OTHER, ISSUED_BY_SELF };

static bool is_of(const struct cert_entry *e, enum issued which)
{
    return which == ISSUED_ALL || e->self_issued == (which == ISSUED_BY_SELF);
}

static void put_validity(struct statistic *s, const struct aggregate *a, enum issued which)
{
    static const struct {
        int64_t days;
        const char *label;
    } bins[] = {
        {47, "up to 47 days"},    {90, "up to 90 days"},
        {100, "up to 100 days"},  {200, "up to 200 days"},
        {398, "up to 398 days"},  {825, "up to 825 days"},
        {3653, "up to 10 years"}, {INT64_MAX / S_PER_DAY, "over 10 years"},
    };
    enum { NUM_BINS = sizeof bins / sizeof bins[0] };
    uint64_t counted[NUM_BINS] = {0}, negative = 0, unknown = 0;
    for (size_t i = 0; i < a->catalog->certs.num; i++) {
        const struct cert_entry *e = &a->catalog->certs.entries[i];
        if (!counts(a, i) || !is_of(e, which))
            continue;
        size_t bin = 0;
        /* RFC 5280: both ends are included */
        while (bin + 1 < NUM_BINS && e->not_after - e->not_before >= bins[bin].days * S_PER_DAY)
            bin++;
        if (!e->has_validity)
            unknown++;
        else if (e->not_after < e->not_before)
            negative++;
        else
            counted[bin]++;
    }
    for (size_t i = 0; i < NUM_BINS; i++)
        statistic_value(s, bins[i].label, counted[i]);
    statistic_value(s, "negative", negative);
    statistic_unknown(s, "unknown", unknown);
}

int fill_validity(struct statistic *s, const struct aggregate *a)
{
    put_validity(s, a, ISSUED_ALL);
    return 0;
}

int fill_validity_ca(struct statistic *s, const struct aggregate *a)
{
    put_validity(s, a, ISSUED_BY_OTHER);
    return 0;
}

int fill_validity_self(struct statistic *s, const struct aggregate *a)
{
    put_validity(s, a, ISSUED_BY_SELF);
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

static void count_states(uint64_t targets[3], uint64_t failed[3], const struct aggregate *a)
{
    for (size_t i = 0; i < a->catalog->certs.num; i++) {
        const struct cert_entry *e = &a->catalog->certs.entries[i];
        targets[e->state] += a->leaves[i].done;
        failed[e->state] += a->leaves[i].failed;
    }
}

int fill_leaf(struct statistic *s, const struct aggregate *a)
{
    uint64_t targets[3] = {0}, failed[3] = {0};
    count_states(targets, failed, a);
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
    uint64_t targets[3] = {0}, failed[3] = {0};
    count_states(targets, failed, a);
    uint64_t none = a->funnel[FUNNEL_R] - a->funnel[FUNNEL_H];
    statistic_value(s, "handshake completed", a->funnel[FUNNEL_H]);
    statistic_value(s, "parsed", failed[CERT_PARSED]);
    statistic_value(s, "unparsable", failed[CERT_UNPARSABLE]);
    statistic_value(s, "no certificate",
                    none - failed[CERT_PARSED] - failed[CERT_UNPARSABLE] - failed[CERT_UNSEEN]);
    statistic_unknown(s, "unknown: its octets are not in these files", failed[CERT_UNSEEN]);
    return 0;
}
