#include "tools/statistics_only.h"

#define DIALOGUE NEED_DIALOGUE
#define CERTS    NEED_CERTS
#define VERDICTS (NEED_CERTS | NEED_VERDICTS)
#define NAMES    (NEED_CERTS | NEED_NAMES | NEED_DIALOGUE)
#define TRUST    (VERDICTS | NAMES)
#define CLUSTERS (NEED_CERTS | NEED_DIALOGUE | NEED_CLUSTERS)

/* What each needs besides the shapes of records and the replies to STARTTLS. One that is not here
 * needs all. */
static const struct {
    const char *id;
    unsigned needs;
} needs_of[] = {
    {"funnel", TRUST},
    {"coverage", 0},
    {"probed", 0},
    {"outcome", 0},
    {"connect", 0},
    {"greeted", DIALOGUE},
    {"not_smtp", DIALOGUE},
    {"greeting_code", DIALOGUE},
    {"greeting_enhanced", DIALOGUE},
    {"greeting_name", DIALOGUE},
    {"greet_delay", DIALOGUE},
    {"greet_delay_modes", DIALOGUE | NEED_TIMINGS},
    {"mta", DIALOGUE | NEED_MTA},
    {"mta_identified", DIALOGUE | NEED_MTA},
    {"scanner_rejected", DIALOGUE},
    {"refusal", DIALOGUE | NEED_REFUSALS},
    {"throttled", DIALOGUE},
    {"tarpit", DIALOGUE},
    {"first_outcome", NEED_RETRIES},
    {"retry", NEED_RETRIES},
    {"greylisted", NEED_RETRIES},
    {"helo", DIALOGUE},
    {"stripping", DIALOGUE},
    {"stripping_as", DIALOGUE | NEED_PLACES},
    {"foreign_leaf", NAMES | NEED_NETWORKS},
    {"extensions", DIALOGUE},
    {"extensions_unregistered", DIALOGUE},
    {"size", DIALOGUE},
    {"auth", DIALOGUE},
    {"auth_before", DIALOGUE},
    {"requiretls_outside", DIALOGUE},
    {"starttls_offered", DIALOGUE},
    {"starttls_reply", 0},
    {"starttls_offered_reply", DIALOGUE},
    {"handshake", 0},
    {"tls_version", 0},
    {"tls_suite", 0},
    {"tls_suite_version", 0},
    {"tls_group", 0},
    {"key_exchange", 0},
    {"key_exchange_version", 0},
    {"forward_secrecy", 0},
    {"aead", 0},
    {"pq", NEED_AUDITS},
    {"pq_tls13", NEED_AUDITS},
    {"pq_key", NEED_AUDITS | CERTS},
    {"pq_cluster", NEED_AUDITS | CLUSTERS},
    {"tls_sigscheme", 0},
    {"extensions_tls", DIALOGUE},
    {"auth_tls", DIALOGUE},
    {"requiretls", DIALOGUE},
    {"starttls_again", DIALOGUE},
    {"keywords_changed", DIALOGUE},
    {"keywords_added", DIALOGUE},
    {"keywords_removed", DIALOGUE},
    {"leaf", CERTS},
    {"leaf_failed", CERTS},
    {"chain_length", CERTS},
    {"chain_octets", CERTS},
    {"chain_outcome", VERDICTS},
    {"chain_outcome_distinct", VERDICTS},
    {"chain_flags", VERDICTS},
    {"chain_flags_distinct", VERDICTS},
    {"chain_completable", VERDICTS},
    {"chain_sent", VERDICTS},
    {"name_host", NAMES},
    {"name_greeting", NAMES},
    {"name_ehlo", NAMES},
    {"name_ptr", CERTS},
    {"name_host_trust", TRUST},
    {"name_greeting_trust", TRUST},
    {"name_ehlo_trust", TRUST},
    {"identity", NAMES},
    {"ptr_confirmed", CERTS},
    {"trusted", TRUST},
    {"trusted_starttls", TRUST},
    {"ocsp", VERDICTS},
    {"must_staple", VERDICTS},
    {"sct", CERTS},
    {"ticket", 0},
    {"tls_facts", 0},
    {"audit_versions", NEED_AUDITS},
    {"audit_version_sets", NEED_AUDITS},
    {"audit_legacy", NEED_AUDITS},
    {"audit_dhe", NEED_AUDITS},
    {"audit_pq", NEED_AUDITS},
    {"audit_suites", NEED_AUDITS},
    {"audit_groups", NEED_AUDITS},
    {"audit_other", NEED_AUDITS},
    {"key", CERTS},
    {"key_distinct", CERTS},
    {"certificate_signature", CERTS},
    {"certificate_signature_distinct", CERTS},
    {"expiry", CERTS},
    {"expiry_weeks", CERTS},
    {"validity", CERTS},
    {"validity_ca", CERTS},
    {"validity_self", CERTS},
    {"issuer", CERTS},
    {"issuer_distinct", CERTS},
    {"issuer_trusted", VERDICTS},
    {"self_issued", CERTS},
    {"self_issued_distinct", CERTS},
    {"leaf_reuse", CERTS},
    {"key_reuse", CERTS},
    {"key_reuse_targets", CERTS},
    {"key_networks", CERTS},
    {"default_cert", CERTS},
    {"default_key", CERTS},
    {"default_key_spread", CERTS | NEED_PLACES},
    {"default_key_targets", CERTS | NEED_PLACES},
    {"key_as", CERTS | NEED_PLACES},
    {"key_countries", CERTS | NEED_PLACES},
    {"leaf_top", CERTS},
    {"key_top", CERTS},
    {"cluster_size", CLUSTERS},
    {"cluster_size_targets", CLUSTERS},
    {"cluster_top", CLUSTERS},
    {"concentration_cluster", CLUSTERS},
    {"concentration_network", NEED_NETWORKS},
    {"concentration_key", CERTS},
    {"concentration_domain", DIALOGUE | NEED_DOMAINS},
    {"latency", NEED_TIMINGS},
};

static unsigned needs_by_id(const char *id)
{
    for (size_t i = 0; i < sizeof needs_of / sizeof needs_of[0]; i++)
        if (strcmp(needs_of[i].id, id) == 0)
            return needs_of[i].needs;
    return NEED_ALL;
}

static bool ask(struct statistics_only *o, struct bytes id)
{
    for (size_t i = 0; i < num_statistic_defs && i < STATISTICS_MAX; i++)
        if (bytes_equal(id, bytes_text(statistic_defs[i].id))) {
            o->asked[i] = true;
            o->needs |= needs_by_id(statistic_defs[i].id);
            return true;
        }
    return false;
}

bool statistics_only_parse(struct statistics_only *out, struct bytes *bad, const char *list)
{
    struct statistics_only only = {.needs = 0};
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        *bad = bytes_of(at, len);
        if (!ask(&only, *bad))
            return false;
        at += len;
        if (*at == '\0')
            break;
    }
    *out = only;
    return true;
}

bool statistics_only_has(const struct statistics_only *only, const struct statistic_def *def)
{
    return only == NULL || only->asked[def - statistic_defs];
}

unsigned statistics_needs(const struct statistics_only *only)
{
    return only != NULL ? only->needs : NEED_ALL;
}

void statistics_only_lacks(bool lacks[NUM_SETS], const struct statistics_only *only)
{
    static const enum set steps[] = {SET_P, SET_T, SET_G, SET_G220, SET_E, SET_S, SET_Q,
                                     SET_R, SET_H, SET_L, SET_V,    SET_N, SET_E2};
    for (size_t i = 0; i < NUM_SETS; i++)
        lacks[i] = only != NULL && i != SET_A && i != SET_D && i != SET_P;
    for (size_t i = 0; only != NULL && i < num_statistic_defs; i++) {
        const struct statistic_def *def = &statistic_defs[i];
        if (!statistics_only_has(only, def))
            continue;
        lacks[def->denominator] = false;
        for (size_t k = 0; def->shape == SHAPE_FUNNEL && k < sizeof steps / sizeof steps[0]; k++)
            lacks[steps[k]] = false;
    }
}

void statistics_only_help(FILE *out)
{
    for (size_t i = 0; i < num_statistic_defs; i++)
        fprintf(out, "%-31s %s\n", statistic_defs[i].id, statistic_defs[i].name);
}
