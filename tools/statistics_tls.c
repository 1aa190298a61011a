#include "tools/statistics_fill.h"

#include <math.h>
#include <stdio.h>

#include "core/group_class.h"
#include "core/names.h"
#include "core/suite_class.h"

enum { LABEL_MAX = 96 };

typedef const char *name_of(uint16_t code);

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
    add_codes(s, &a->tally[TALLY_SUITE], tls_suite_name);
    return 0;
}

int fill_group(struct statistic *s, const struct aggregate *a)
{
    add_codes(s, &a->tally[TALLY_GROUP], tls_group_name);
    return 0;
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

int fill_key_exchange(struct statistic *s, const struct aggregate *a)
{
    static const char *const words[] = {
        [EXCHANGE_UNKNOWN] = "unknown",
        [EXCHANGE_RSA] = "RSA",
        [EXCHANGE_DHE] = "DHE",
        [EXCHANGE_ECDHE] = "ECDHE",
        [EXCHANGE_PQ] = "hybrid post-quantum",
    };
    struct tally_row row;
    uint64_t unknown = 0;
    for (size_t at = 0; tally_next(&a->tally[TALLY_GROUP], &at, &row);) {
        char label[LABEL_MAX];
        enum exchange exchange = exchange_of(row.key);
        if (exchange == EXCHANGE_UNKNOWN) {
            unknown += row.count;
            continue;
        }
        snprintf(label, sizeof label, "%s%s%s", words[exchange], exchange > EXCHANGE_RSA ? " " : "",
                 exchange > EXCHANGE_RSA ? tls_group_name((uint16_t)row.key) : "");
        statistic_value(s, label, row.count);
    }
    statistic_unknown(s, "unknown", unknown);
    return 0;
}

int fill_forward_secrecy(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    uint64_t counts[3] = {0};
    for (size_t at = 0; tally_next(&a->tally[TALLY_GROUP], &at, &row);) {
        enum exchange exchange = exchange_of(row.key);
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
        unsigned class = row.key != 0 ? suite_class((uint16_t)row.key) : 0;
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
    }
    return 0;
}
