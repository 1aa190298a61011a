#include "tools/statistics_fill.h"

#include <stdio.h>

#include "core/dh_primes.h"
#include "core/names.h"

enum { LABEL_MAX = 128 };

/* adds questions number first to first + num - 1 */
static void add_questions(struct statistic *s, const struct aggregate *a, unsigned first,
                          unsigned num, const char *(*name)(unsigned))
{
    const struct tally *t = &a->tally[TALLY_AUDIT];
    for (unsigned i = 0; i < num; i++) {
        uint64_t yes = tally_get(t, (uint64_t)(first + i) << 2 | TRI_YES);
        uint64_t no = tally_get(t, (uint64_t)(first + i) << 2 | TRI_NO);
        statistic_conclusive(s, name(i), yes, yes + no);
    }
}

static const char *fact_name(unsigned fact)
{
    static const char *const names[] = {
#define X(NAME, text) text,
        AUDIT_FACTS(X)
#undef X
    };
    return names[fact];
}

static const char *version_name(unsigned index)
{
    return tls_version_name(audit_version_code(index));
}

static const char *hybrid_name(unsigned index)
{
    return tls_group_name(audit_hybrid_group(index));
}

int fill_audit_versions(struct statistic *s, const struct aggregate *a)
{
    add_questions(s, a, AUDIT_FACT_VERSION, NUM_AUDIT_VERSIONS, version_name);
    return 0;
}

int fill_audit_legacy(struct statistic *s, const struct aggregate *a)
{
    add_questions(s, a, AUDIT_FACT_CLASS, NUM_AUDIT_CLASSES, audit_class_slug);
    return 0;
}

int fill_audit_pq(struct statistic *s, const struct aggregate *a)
{
    add_questions(s, a, AUDIT_FACT_HYBRID, NUM_AUDIT_HYBRIDS, hybrid_name);
    return 0;
}

int fill_audit_other(struct statistic *s, const struct aggregate *a)
{
    add_questions(s, a, 0, AUDIT_FACT_VERSION, fact_name);
    return 0;
}

int fill_audit_version_sets(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_AUDIT_VERSIONS], &at, &row);) {
        char label[LABEL_MAX] = "";
        size_t len = 0;
        for (unsigned i = 0; i < NUM_AUDIT_VERSIONS; i++)
            if (row.key >> i & 1)
                len += (size_t)snprintf(label + len, sizeof label - len, "%s%s", len > 0 ? " " : "",
                                        version_name(i));
        statistic_value(s, len > 0 ? label : "none", row.count);
    }
    return 0;
}

static void add_codes(struct statistic *s, const struct tally *t, const char *(*name)(uint16_t))
{
    struct tally_row row;
    for (size_t at = 0; tally_next(t, &at, &row);) {
        char hex[LABEL_MAX];
        const char *label = name((uint16_t)row.key);
        snprintf(hex, sizeof hex, "0x%04x", (unsigned)row.key);
        statistic_value(s, label != NULL ? label : hex, row.count);
    }
}

int fill_audit_suites(struct statistic *s, const struct aggregate *a)
{
    add_codes(s, &a->tally[TALLY_AUDIT_SUITES], tls_suite_name);
    return 0;
}

int fill_audit_groups(struct statistic *s, const struct aggregate *a)
{
    add_codes(s, &a->tally[TALLY_AUDIT_GROUPS], tls_group_name);
    return 0;
}

int fill_audit_dh(struct statistic *s, const struct aggregate *a)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(&a->tally[TALLY_AUDIT_DH], &at, &row);) {
        char label[LABEL_MAX];
        const char *prime = dh_prime_slug((unsigned)(row.key & 0xff));
        snprintf(label, sizeof label, "%u bits, %s", (unsigned)(row.key >> 8),
                 (row.key & 0xff) == DH_PRIME_OWN ? "a prime of its own"
                 : prime != NULL                  ? prime
                                                  : "unknown");
        statistic_value(s, label, row.count);
    }
    return 0;
}
