#include "tools/statistics_fill.h"

#include <errno.h>
#include <stdio.h>

enum { LABEL_MAX = 96, S_PER_DAY = 86400 };

/* ---- leaves, one at a time ---- */

static bool counts(const struct cert_entry *e)
{
    return e->state == CERT_PARSED && e->targets > 0;
}

/* says what a leaf is in a statistic; false: not known */
typedef bool label_of(struct bytes *label, char buffer[LABEL_MAX], const struct cert_entry *e,
                      const struct cert_table *certs);

/* what is counted of a leaf */
enum unit { UNIT_TARGETS, UNIT_CERTS, UNIT_KEYS };

static bool is_new_key(struct word_tally *keys, const struct cert_entry *e)
{
    size_t before = keys->num;
    word_tally_add(keys, bytes_of(e->spki_sha256, 32), 0);
    return keys->num > before;
}

/* adds a row for each label that the leaves of L have */
static int fill_labels(struct statistic *s, const struct aggregate *a, label_of *label_of_leaf,
                       enum unit unit)
{
    struct word_tally labels, keys;
    word_tally_init(&labels);
    word_tally_init(&keys);
    uint64_t unknown = 0;
    for (size_t i = 0; i < a->certs.num; i++) {
        const struct cert_entry *e = &a->certs.entries[i];
        char buffer[LABEL_MAX];
        struct bytes label;
        if (!counts(e) || (unit == UNIT_KEYS && !is_new_key(&keys, e)))
            continue;
        uint64_t count = unit == UNIT_TARGETS ? e->targets : 1;
        if (label_of_leaf(&label, buffer, e, &a->certs))
            word_tally_add(&labels, label, count);
        else
            unknown += count;
    }
    for (size_t i = 0; i < labels.num; i++)
        statistic_add(s, labels.words[i].text, labels.words[i].count, ROW_VALUE);
    statistic_unknown(s, "unknown", unknown);
    int rc = labels.bad || keys.bad ? -ENOMEM : 0;
    word_tally_cleanup(&labels);
    word_tally_cleanup(&keys);
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
    (void)certs;
    if (e->key_type == CERT_KEY_UNKNOWN || e->key_type >= sizeof names / sizeof names[0])
        return false;
    const char *name = names[e->key_type];
    bool edwards = e->key_type == CERT_KEY_ED25519 || e->key_type == CERT_KEY_ED448;
    if (e->curve != NULL)
        snprintf(buffer, LABEL_MAX, "%s %s", name, e->curve);
    else if (e->key_bits > 0 && !edwards)
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
    (void)certs;
    if (e->sig_alg == NULL)
        return false;
    *label = bytes_text(e->sig_alg);
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
    struct tally all;
    struct tally_row row;
    tally_init(&all);
    tally_merge(&all, &a->tally[TALLY_EXPIRY]);
    for (size_t at = 0; tally_next(&a->expiry_open, &at, &row);) {
        struct open_expiry open = open_expiry(row.key);
        const struct cert_entry *leaf = &a->certs.entries[open.leaf];
        if (leaf->state == CERT_PARSED)
            tally_add(&all, expiry_at(leaf, open.start_s), row.count);
    }
    statistic_enum(s, &all, labels, NUM_EXPIRY);
    int rc = all.bad ? -ENOMEM : 0;
    tally_cleanup(&all);
    return rc;
}

int fill_validity(struct statistic *s, const struct aggregate *a)
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
    for (size_t i = 0; i < a->certs.num; i++) {
        const struct cert_entry *e = &a->certs.entries[i];
        if (!counts(e))
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
    for (size_t i = 0; i < a->certs.num; i++) {
        const struct cert_entry *e = &a->certs.entries[i];
        targets[e->state] += e->targets;
        failed[e->state] += e->targets_failed;
    }
}

int fill_leaf(struct statistic *s, const struct aggregate *a)
{
    uint64_t targets[3] = {0}, failed[3] = {0};
    count_states(targets, failed, a);
    statistic_value(s, "parsed", targets[CERT_PARSED]);
    statistic_value(s, "unparsable", targets[CERT_UNPARSABLE]);
    statistic_value(s, "no certificate", a->no_leaf);
    statistic_unknown(s, "unknown: its octets are not in these files", targets[CERT_UNSEEN]);
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
