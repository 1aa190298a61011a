#include "tools/statistics_fill.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "tools/statistics_only.h"

const unsigned quantile_per_mille[NUM_QUANTILES] = {500, 900, 950, 990};
const char *const quantile_names[NUM_QUANTILES] = {"p50", "p90", "p95", "p99"};

static const struct {
    const char *name, *definition;
} sets[] = {
#define X(NAME, definition) {#NAME, definition},
    SETS(X)
#undef X
};

const char *set_name(enum set set)
{
    return sets[set].name;
}

const char *set_definition(enum set set)
{
    return sets[set].definition;
}

bool set_is_sampled(enum set set)
{
    static const bool is_not[NUM_SETS] = {
        [SET_A] = true,        [SET_CERTS] = true,       [SET_KEYS] = true,
        [SET_CHAINS] = true,   [SET_CERTS_CA] = true,    [SET_CERTS_SELF] = true,
        [SET_CLUSTERS] = true, [SET_DEFAULT_KEYS] = true};
    return !is_not[set];
}

bool statistics_has_set(const struct statistics *s, enum set set)
{
    return !s->lacks[set] && (set != SET_V || !s->not_judged);
}

double percent_of(uint64_t count, uint64_t of)
{
    return of > 0 ? 100 * (double)count / (double)of : NAN;
}

void statistic_add(struct statistic *s, struct bytes label, uint64_t count, enum row_kind kind)
{
    if (s->num_rows == s->cap) {
        size_t cap = s->cap > 0 ? 2 * s->cap : 16;
        struct statistic_row *rows = realloc(s->rows, cap * sizeof rows[0]);
        if (rows == NULL) {
            s->bad = true;
            return;
        }
        s->rows = rows;
        s->cap = cap;
    }
    uint8_t *copy = malloc(label.len > 0 ? label.len : 1);
    if (copy == NULL) {
        s->bad = true;
        return;
    }
    if (label.len > 0)
        memcpy(copy, label.data, label.len);
    s->rows[s->num_rows++] =
        (struct statistic_row){.label = bytes_of(copy, label.len), .count = count, .kind = kind};
}

static void free_row(struct statistic_row *row)
{
    free((void *)row->label.data);
    free(row->bins);
}

void statistic_drop(struct statistic *s, size_t i)
{
    free_row(&s->rows[i]);
    s->num_rows--;
    memmove(&s->rows[i], &s->rows[i + 1], (s->num_rows - i) * sizeof s->rows[0]);
}

/* ---- order and top ---- */

static int compare_labels(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int compare_rows(const void *a, const void *b)
{
    const struct statistic_row *x = a, *y = b;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return compare_labels(x->label, y->label);
}

static void sort_rows(struct statistic *s)
{
    if (s->num_rows > 1)
        qsort(s->rows, s->num_rows, sizeof s->rows[0], compare_rows);
}

/* the row that sums others: one that there is, or a new one */
static struct statistic_row *other_row(struct statistic *s)
{
    for (size_t i = 0; i < s->num_rows; i++)
        if (s->rows[i].kind == ROW_OTHER)
            return &s->rows[i];
    statistic_add(s, bytes_text("other"), 0, ROW_OTHER);
    return s->bad ? NULL : &s->rows[s->num_rows - 1];
}

/* replaces the values beyond the top by one row, which in a partition is their sum */
static void cut_rows(struct statistic *s, size_t top)
{
    size_t values = 0;
    while (values < s->num_rows && s->rows[values].kind == ROW_VALUE)
        values++;
    if (top == 0 || values <= top)
        return;
    uint64_t rest = 0;
    for (size_t i = top; i < values; i++) {
        rest += s->rows[i].count;
        free_row(&s->rows[i]);
    }
    memmove(&s->rows[top], &s->rows[values], (s->num_rows - values) * sizeof s->rows[0]);
    s->num_rows -= values - top;
    if (s->def->shape != SHAPE_PARTITION) {
        s->not_shown = values - top;
        return;
    }
    struct statistic_row *other = other_row(s);
    if (other == NULL)
        return;
    other->count += rest;
    other->num_labels += values - top;
}

/* ---- sets ---- */

static void count_sets(uint64_t out[NUM_SETS], const struct aggregate *a)
{
    static const enum set of_funnel[NUM_FUNNEL] = {
        [FUNNEL_P] = SET_P,   [FUNNEL_T] = SET_T, [FUNNEL_G] = SET_G, [FUNNEL_G220] = SET_G220,
        [FUNNEL_E] = SET_E,   [FUNNEL_S] = SET_S, [FUNNEL_Q] = SET_Q, [FUNNEL_R] = SET_R,
        [FUNNEL_H] = SET_H,   [FUNNEL_L] = SET_L, [FUNNEL_V] = SET_V, [FUNNEL_N] = SET_N,
        [FUNNEL_E2] = SET_E2,
    };
    static const struct {
        enum set set;
        enum aggregate_tally tally;
    } of_tally[] = {
        {SET_D, TALLY_OUTCOME},
        {SET_L_HOST, TALLY_NAME_HOST},
        {SET_L_GREETING, TALLY_NAME_GREETING},
        {SET_L_EHLO, TALLY_NAME_EHLO},
        {SET_EE2, TALLY_EHLO_PAIR},
        {SET_REFUSED, TALLY_REFUSAL},
        {SET_RETRIED, TALLY_RETRY},
    };
    memset(out, 0, NUM_SETS * sizeof out[0]);
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        out[of_funnel[i]] = a->funnel[i];
    for (size_t i = 0; i < sizeof of_tally / sizeof of_tally[0]; i++)
        out[of_tally[i].set] = tally_sum(&a->tally[of_tally[i].tally]);
    out[SET_A] = a->positions_given;
    out[SET_CLUSTERS] = a->sizes.num_clusters;
    out[SET_H13] = tally_get(&a->tally[TALLY_VERSION], 0x0304);
    out[SET_MTA] = a->funnel[FUNNEL_G220] - tally_get(&a->tally[TALLY_MTA], 0);
    out[SET_AUDITED] = a->num_audited;
    out[SET_AUDIT_VERSIONS] = a->num_versions_known;
    out[SET_AUDIT_SUITES] = a->num_suites_known;
    out[SET_AUDIT_GROUPS] = a->num_groups_known;
    out[SET_AUDIT_DHE] = a->num_dh_known;
    if (a->sums == NULL)
        return; /* of a group certificates are not kept */
    out[SET_CERTS_CA] = a->sums->self_issued[0][LABEL_CERTS];
    out[SET_CERTS_SELF] = a->sums->self_issued[1][LABEL_CERTS];
    out[SET_CERTS] = out[SET_CERTS_CA] + out[SET_CERTS_SELF];
    out[SET_KEYS] = a->sums->num_keys;
    out[SET_CHAINS] = a->sums->num_chains;
    for (size_t i = 0; i < NUM_SPREADS; i++) {
        out[SET_DEFAULT_KEYS] += a->sums->default_keys[i];
        out[SET_DEFAULT_KEY_TARGETS] += a->sums->default_targets[i];
    }
}

/* ---- all ---- */

static int make_one(struct statistic *s, const struct statistics *all, const struct aggregate *a,
                    size_t top)
{
    int rc = s->def->fill(s, a);
    if (s->def->shape == SHAPE_FUNNEL)
        for (size_t i = 0; i < s->num_rows; i++)
            s->rows[i].count = all->sets[s->rows[i].set];
    if (rc == 0 && !s->bad && s->def->ranked)
        sort_rows(s);
    if (rc == 0)
        rc = s->bad ? -ENOMEM : statistic_cut(s, top);
    return rc;
}

int statistic_cut(struct statistic *s, size_t top)
{
    if (s->def->open)
        cut_rows(s, top);
    return s->bad ? -ENOMEM : 0;
}

/* those of the table that wanted says, NULL: all */
static int make_some(struct statistics *out, const struct aggregate *a, size_t top,
                     bool (*wanted)(const struct statistic_def *def))
{
    *out = (struct statistics){.not_judged = !a->catalog->judged};
    statistics_only_lacks(out->lacks, a->setup.only);
    out->list = calloc(num_statistic_defs, sizeof out->list[0]);
    int rc = out->list == NULL ? -ENOMEM : 0;
    count_sets(out->sets, a);
    for (size_t i = 0; rc == 0 && i < num_statistic_defs; i++) {
        const struct statistic_def *def = &statistic_defs[i];
        if ((wanted != NULL && !wanted(def)) || !statistics_only_has(a->setup.only, def))
            continue;
        out->list[out->num].def = def;
        rc = make_one(&out->list[out->num++], out, a, top);
    }
    for (size_t i = 0; i < NUM_SETS; i++)
        out->sets[i] = out->lacks[i] ? 0 : out->sets[i];
    if (rc != 0)
        statistics_cleanup(out);
    return rc;
}

int statistics_make(struct statistics *out, struct aggregate *a, size_t top)
{
    int rc = a->counts->is_folded ? 0 : aggregate_fold(a, 0);
    if (rc == 0 && !a->sizes.are_known)
        rc = aggregate_end(a);
    if (rc != 0) {
        *out = (struct statistics){0};
        return rc;
    }
    return make_some(out, a, top, NULL);
}

/* what aggregate_is_grouped keeps is enough for these */
static bool is_grouped(const struct statistic_def *def)
{
    static const char *const ids[] = {
        "funnel",
        "outcome",
        "connect",
        "greeted",
        "not_smtp",
        "greeting_name",
        "mta",
        "refusal",
        "scanner_rejected",
        "throttled",
        "tarpit",
        "greylisted",
        "helo",
        "stripping",
        "extensions",
        "size",
        "starttls_offered",
        "handshake",
        "tls_version",
        "tls_suite",
        "key_exchange",
        "forward_secrecy",
        "pq",
        "chain_length",
        "chain_outcome",
        "trusted",
        "trusted_starttls",
        "name_greeting",
        "expiry",
        "latency",
        "extensions_tls",
        "keywords_changed",
        "keywords_added",
        "keywords_removed",
        "starttls_reply",
        "greet_delay",
        "retry",
        "first_outcome",
        "mta_identified",
        "extensions_unregistered",
        "auth",
        "auth_before",
        "requiretls_outside",
        "auth_tls",
        "requiretls",
        "starttls_again",
        "tls_group",
        "tls_suite_version",
        "key_exchange_version",
        "tls_sigscheme",
        "aead",
        "pq_tls13",
        "chain_flags",
        "chain_sent",
        "chain_completable",
        "name_host",
        "name_ehlo",
        "name_host_trust",
        "name_greeting_trust",
        "name_ehlo_trust",
        "key",
    };
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (strcmp(ids[i], def->id) == 0)
            return true;
    return false;
}

int statistics_make_group(struct statistics *out, const struct aggregate *a)
{
    return make_some(out, a, 0, is_grouped);
}

void statistics_cleanup(struct statistics *s)
{
    for (size_t i = 0; i < s->num; i++) {
        for (size_t k = 0; k < s->list[i].num_rows; k++)
            free_row(&s->list[i].rows[k]);
        free(s->list[i].rows);
    }
    free(s->list);
    *s = (struct statistics){0};
}

const struct statistic *statistics_find(const struct statistics *s, const char *id)
{
    for (size_t i = 0; i < s->num; i++)
        if (strcmp(s->list[i].def->id, id) == 0)
            return &s->list[i];
    return NULL;
}
