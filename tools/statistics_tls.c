#include "tools/statistics_fill.h"

#include <math.h>
#include <stdio.h>

#include "core/names.h"

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
