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

/* statistic_conclusive appends a question that was answered with yes by `yes` of `conclusive`. */
static inline void statistic_conclusive(struct statistic *s, const char *label, uint64_t yes,
                                        uint64_t conclusive)
{
    statistic_value(s, label, yes);
    if (!s->bad)
        s->rows[s->num_rows - 1].conclusive = conclusive;
}

/* statistic_other appends a row that sums others; none of nothing. */
static inline void statistic_other(struct statistic *s, uint64_t count, uint64_t num_labels)
{
    if (num_labels == 0)
        return;
    statistic_add(s, bytes_text("other"), count, ROW_OTHER);
    if (!s->bad)
        s->rows[s->num_rows - 1].num_labels = num_labels;
}

/* statistic_figure appends a number that is about the whole table. */
static inline void statistic_figure(struct statistic *s, const char *name, double value)
{
    if (s->num_figures < STATISTIC_FIGURES_MAX)
        s->figures[s->num_figures++] = (struct statistic_figure){name, value};
}

typedef int statistic_fill(struct statistic *s, const struct aggregate *a);
statistic_fill fill_audit_versions, fill_audit_legacy, fill_audit_pq, fill_audit_other,
    fill_audit_version_sets, fill_audit_suites, fill_audit_groups, fill_audit_dh, fill_key,
    fill_key_distinct, fill_signature, fill_signature_distinct, fill_issuer, fill_issuer_distinct,
    fill_issuer_trusted, fill_self_issued, fill_self_issued_distinct, fill_expiry,
    fill_expiry_weeks, fill_validity, fill_validity_ca, fill_validity_self, fill_chain_length,
    fill_leaf, fill_leaf_failed, fill_chain_outcome, fill_chain_outcome_distinct, fill_chain_flags,
    fill_chain_flags_distinct, fill_chain_sent, fill_completable, fill_chain_octets, fill_name_host,
    fill_name_greeting, fill_name_ehlo, fill_name_ptr, fill_identity, fill_trusted,
    fill_trusted_starttls, fill_ocsp, fill_must_staple, fill_sct, fill_extensions,
    fill_extensions_tls, fill_unregistered, fill_auth, fill_auth_tls, fill_size, fill_requiretls,
    fill_requiretls_outside, fill_auth_before, fill_starttls_again, fill_keywords_added,
    fill_keywords_removed, fill_keywords_changed, fill_first_outcome, fill_retry, fill_greylisted,
    fill_throttled, fill_tarpit, fill_greet_delay, fill_leaf_reuse, fill_key_reuse,
    fill_key_reuse_targets, fill_leaf_top, fill_key_top, fill_key_as, fill_key_countries,
    fill_foreign_leaf, fill_pq_keys, fill_networks, fill_keys, fill_domains, fill_funnel,
    fill_coverage, fill_probed, fill_outcome, fill_connect, fill_greeted, fill_greeting_code,
    fill_rejected, fill_enhanced, fill_refusal, fill_mta, fill_mta_identified, fill_helo,
    fill_greeting_name, fill_not_smtp, fill_stripping, fill_offered, fill_offered_reply,
    fill_starttls_reply, fill_version, fill_suite, fill_group, fill_sigscheme, fill_handshake,
    fill_key_exchange, fill_forward_secrecy, fill_aead, fill_pq, fill_pq13, fill_tls_facts,
    fill_ticket, fill_latency, fill_suite_version, fill_key_exchange_version, fill_name_host_trust,
    fill_name_greeting_trust, fill_name_ehlo_trust, fill_stripping_as, fill_ptr_confirmed,
    fill_greet_modes, fill_cluster_size, fill_cluster_size_targets, fill_cluster_top,
    fill_concentration_cluster, fill_pq_cluster, fill_default_cert, fill_default_key,
    fill_default_key_spread, fill_default_key_targets, fill_key_networks;

#endif
