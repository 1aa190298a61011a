/*
 * statistics_fill: what the table of statistics is made of: a function for each, and how they add
 * rows.
 *
 * Private to statistics*.c.
 */
#ifndef MXSWEEP_TOOLS_STATISTICS_FILL_H
#define MXSWEEP_TOOLS_STATISTICS_FILL_H

#include "tools/statistics.h"

/* statistic_value appends a row with a label of ours. */
static inline void statistic_value(struct statistic *s, const char *label, uint64_t count)
{
    statistic_add(s, bytes_text(label), count, ROW_VALUE);
}

/* statistic_unknown appends a row for what could not be told; none where everything could. */
static inline void statistic_unknown(struct statistic *s, const char *label, uint64_t count)
{
    if (count > 0)
        statistic_add(s, bytes_text(label), count, ROW_UNKNOWN);
}

/* statistic_enum appends the counts of keys 0 .. num - 1, in that order; key 0 means unknown. */
static inline void statistic_enum(struct statistic *s, const struct tally *t,
                                  const char *const *labels, size_t num)
{
    for (size_t i = 1; i < num; i++)
        statistic_value(s, labels[i], tally_get(t, i));
    statistic_unknown(s, labels[0], tally_get(t, 0));
}

typedef int statistic_fill(struct statistic *s, const struct aggregate *a);
statistic_fill fill_funnel, fill_coverage, fill_probed, fill_outcome, fill_connect, fill_greeted,
    fill_greeting_code, fill_rejected, fill_extensions, fill_extensions_tls, fill_offered,
    fill_offered_reply, fill_starttls_reply, fill_version, fill_suite, fill_group, fill_sigscheme,
    fill_handshake, fill_latency, fill_leaf, fill_leaf_failed, fill_chain_length, fill_key,
    fill_key_distinct, fill_signature, fill_signature_distinct, fill_expiry, fill_validity,
    fill_issuer, fill_issuer_distinct, fill_self_issued, fill_self_issued_distinct;

#endif
