#include "tools/statistics_fill.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/group_class.h"
#include "core/names.h"
#include "core/suite_class.h"

enum { LABEL_MAX = 96 };

typedef const char *name_of(uint16_t code);

#define LOW_MASK UINT64_C(0xffffffff) /* of a key that has the version above */

/* counts of what is below the version; -ENOMEM */
static int without_version(struct tally *out, const struct tally *t)
{
    struct tally_row row;
    tally_init(out);
    for (size_t at = 0; tally_next(t, &at, &row);)
        tally_add(out, row.key & LOW_MASK, row.count);
    return out->bad ? -ENOMEM : 0;
}

/* adds a row for each code point, by its name or else in hex */
static void add_codes(struct statistic *s, const struct tally *t, name_of *name)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(t, &at, &row);) {
        char hex[LABEL_MAX];
        const char *label = row.key <= UINT16_MAX ? name((uint16_t)row.key) : NULL;
        if (row.key == 0) {
            statistic_unknown(s, "unknown", row.count);
        } else if (row.key == GROUP_RSA) {
            statistic_value(s, "none (RSA key exchange)", row.count);
        } else if (row.key == SIGSCHEME_OLD) {
            statistic_value(s, "none (before TLS 1.2)", row.count);
        } else {
            snprintf(hex, sizeof hex, "0x%04x", (unsigned)row.key);
            statistic_value(s, label != NULL ? label : hex, row.count);
        }
    }
}

int fill_version(struct statistic *s, const struct aggregate *a)
{
    add_codes(s, &a->tally[TALLY_VERSION], tls_version_name);
    return 0;
}

int fill_suite(struct statistic *s, const struct aggregate *a)
{
    struct tally suites;
    int rc = without_version(&suites, &a->tally[TALLY_SUITE]);
    add_codes(s, &suites, tls_suite_name);
    tally_cleanup(&suites);
    return rc;
}

int fill_group(struct statistic *s, const struct aggregate *a)
{
    struct tally groups;
    int rc = without_version(&groups, &a->tally[TALLY_GROUP]);
    add_codes(s, &groups, tls_group_name);
    tally_cleanup(&groups);
    return rc;
}

int fill_sigscheme(struct statistic *s, const struct aggregate *a)
{
    add_codes(s, &a->tally[TALLY_SIGSCHEME], tls_sigscheme_name);
    return 0;
}

int fill_handshake(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_HANDSHAKE], &at, &row);) {
        char label[LABEL_MAX];
        unsigned cause = (unsigned)(row.key >> 8), number = (unsigned)(row.key & 0xff);
        const char *name = tls_alert_name((uint8_t)number);
        if (cause == CAUSE_OK)
            snprintf(label, sizeof label, "completed");
        else if (cause == CAUSE_ALERT_RECEIVED || cause == CAUSE_ALERT_SENT)
            snprintf(label, sizeof label, "%s %u (%s)", cause_slug(cause), number,
                     name != NULL ? name : "unregistered");
        else
            snprintf(label, sizeof label, "%s", cause_slug(cause));
        statistic_value(s, label, row.count);
    }
    return 0;
}

/* ---- key exchange ---- */

enum exchange { EXCHANGE_UNKNOWN, EXCHANGE_RSA, EXCHANGE_DHE, EXCHANGE_ECDHE, EXCHANGE_PQ };

static enum exchange exchange_of(uint64_t group)
{
    if (group == GROUP_RSA)
        return EXCHANGE_RSA;
    unsigned class = group != 0 ? group_class((uint16_t)group) : 0;
    return class & GROUP_PQ   ? EXCHANGE_PQ
           : class & GROUP_FF ? EXCHANGE_DHE
           : class != 0       ? EXCHANGE_ECDHE
                              : EXCHANGE_UNKNOWN;
}

/* writes what a key exchange is called; false: not known */
static bool exchange_label(char out[LABEL_MAX], uint64_t group)
{
    static const char *const words[] = {
        [EXCHANGE_UNKNOWN] = "unknown",
        [EXCHANGE_RSA] = "RSA",
        [EXCHANGE_DHE] = "DHE",
        [EXCHANGE_ECDHE] = "ECDHE",
        [EXCHANGE_PQ] = "hybrid post-quantum",
    };
    enum exchange exchange = exchange_of(group);
    snprintf(out, LABEL_MAX, "%s%s%s", words[exchange], exchange > EXCHANGE_RSA ? " " : "",
             exchange > EXCHANGE_RSA ? tls_group_name((uint16_t)group) : "");
    return exchange != EXCHANGE_UNKNOWN;
}

int fill_key_exchange(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    struct tally groups;
    uint64_t unknown = 0;
    int rc = without_version(&groups, &a->tally[TALLY_GROUP]);
    for (size_t at = 0; tally_next(&groups, &at, &row);) {
        char label[LABEL_MAX];
        if (exchange_label(label, row.key))
            statistic_value(s, label, row.count);
        else
            unknown += row.count;
    }
    statistic_unknown(s, "unknown", unknown);
    tally_cleanup(&groups);
    return rc;
}

/* ---- by version ---- */

static const char *version_word(uint64_t key)
{
    const char *name = tls_version_name((uint16_t)(key >> 32));
    return key >> 32 == 0 ? "unknown version" : name != NULL ? name : "unregistered version";
}

int fill_suite_version(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    uint64_t unknown = 0;
    for (size_t at = 0; tally_next(&a->tally[TALLY_SUITE], &at, &row);) {
        uint16_t suite = (uint16_t)(row.key & LOW_MASK);
        const char *name = tls_suite_name(suite);
        char label[2 * LABEL_MAX];
        if (name != NULL)
            snprintf(label, sizeof label, "%s %s", version_word(row.key), name);
        else
            snprintf(label, sizeof label, "%s 0x%04x", version_word(row.key), suite);
        if (suite != 0 && row.key >> 32 != 0)
            statistic_value(s, label, row.count);
        else
            unknown += row.count;
    }
    statistic_unknown(s, "unknown", unknown);
    return 0;
}

int fill_key_exchange_version(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    uint64_t unknown = 0;
    for (size_t at = 0; tally_next(&a->tally[TALLY_GROUP], &at, &row);) {
        char exchange[LABEL_MAX], label[2 * LABEL_MAX];
        bool known = exchange_label(exchange, row.key & LOW_MASK) && row.key >> 32 != 0;
        snprintf(label, sizeof label, "%s %s", version_word(row.key), exchange);
        if (known)
            statistic_value(s, label, row.count);
        else
            unknown += row.count;
    }
    statistic_unknown(s, "unknown", unknown);
    return 0;
}

/* ---- classes ---- */

int fill_forward_secrecy(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    uint64_t counts[3] = {0};
    for (size_t at = 0; tally_next(&a->tally[TALLY_GROUP], &at, &row);) {
        enum exchange exchange = exchange_of(row.key & LOW_MASK);
        counts[exchange > EXCHANGE_RSA ? 2 : exchange] += row.count;
    }
    statistic_value(s, "yes", counts[2]);
    statistic_value(s, "no", counts[EXCHANGE_RSA]);
    statistic_unknown(s, "unknown", counts[EXCHANGE_UNKNOWN]);
    return 0;
}

int fill_aead(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    uint64_t yes = 0, no = 0, unknown = 0;
    for (size_t at = 0; tally_next(&a->tally[TALLY_SUITE], &at, &row);) {
        uint16_t suite = (uint16_t)(row.key & LOW_MASK);
        unsigned class = suite != 0 ? suite_class(suite) : 0;
        *(class == 0 ? &unknown : class & (SUITE_AEAD | SUITE_TLS13) ? &yes : &no) += row.count;
    }
    statistic_value(s, "yes", yes);
    statistic_value(s, "no", no);
    statistic_unknown(s, "unknown", unknown);
    return 0;
}

static void put_pq(struct statistic *s, const struct aggregate *a, bool only_13)
{
    static const char *const labels[NUM_PQ] = {
        [PQ_UNKNOWN] = "unknown: not offered, and not audited",
        [PQ_NOT] = "no",
        [PQ_NEGOTIATED] = "negotiated",
        [PQ_WOULD] = "asked for by a retry request",
    };
    for (unsigned i = 1; i <= NUM_PQ; i++) {
        uint64_t key = (uint64_t)(i % NUM_PQ) << 1;
        uint64_t count = tally_get(&a->tally[TALLY_PQ], key | 1);
        count += only_13 ? 0 : tally_get(&a->tally[TALLY_PQ], key);
        if (i < NUM_PQ)
            statistic_value(s, labels[i], count);
        else
            statistic_unknown(s, labels[PQ_UNKNOWN], count);
    }
}

int fill_pq(struct statistic *s, const struct aggregate *a)
{
    put_pq(s, a, false);
    return 0;
}

int fill_pq13(struct statistic *s, const struct aggregate *a)
{
    put_pq(s, a, true);
    return 0;
}

int fill_tls_facts(struct statistic *s, const struct aggregate *a)
{
    static const char *const slugs[NUM_TLS_FLAGS] = {
#define X(NAME, slug) slug,
        TLS_FLAGS(X)
#undef X
    };
    for (size_t i = 0; i < NUM_TLS_FLAGS; i++)
        statistic_conclusive(s, slugs[i], a->flag_yes[i], a->flag_known[i]);
    return 0;
}

int fill_ticket(struct statistic *s, const struct aggregate *a)
{
    static const char *const labels[NUM_TICKETS] = {
        [TICKET_UNKNOWN] = "unknown",
        [TICKET_NOT] = "no ticket",
        [TICKET_NO_HINT] = "a ticket without a lifetime",
        [TICKET_5_MINUTES] = "for up to 5 minutes",
        [TICKET_HOUR] = "for up to an hour",
        [TICKET_2_HOURS] = "for up to 2 hours",
        [TICKET_DAY] = "for up to a day",
        [TICKET_7_DAYS] = "for up to 7 days",
        [TICKET_MORE] = "for longer",
    };
    statistic_enum(s, &a->tally[TALLY_TICKET], labels, NUM_TICKETS);
    return 0;
}

static void put_bins(struct statistic *s, struct statistic_row *row, const struct histogram *h)
{
    struct histogram_bin bins[HISTOGRAM_COARSE_BINS];
    size_t num = histogram_bins(bins, h);
    row->bins = malloc((num + 1) * sizeof bins[0]);
    if (row->bins == NULL) {
        s->bad = true;
        return;
    }
    memcpy(row->bins, bins, num * sizeof bins[0]);
    row->num_bins = num;
}

int fill_latency(struct statistic *s, const struct aggregate *a)
{
    static const char *const slugs[NUM_TIMINGS] = {
#define X(NAME, slug) slug,
        TIMINGS(X)
#undef X
    };
    for (size_t i = 0; i < NUM_TIMINGS; i++) {
        const struct histogram *h = &a->latency[i];
        statistic_value(s, slugs[i], h->count);
        for (size_t q = 0; !s->bad && q < NUM_QUANTILES; q++)
            s->rows[i].quantile_us[q] =
                h->count > 0 ? histogram_quantile(h, quantile_per_mille[q]) : NAN;
        if (!s->bad && a->sums != NULL) /* not of groups */
            put_bins(s, &s->rows[i], h);
    }
    return 0;
}
