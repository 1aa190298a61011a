#include "tools/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

const unsigned quantile_per_mille[NUM_QUANTILES] = {500, 900, 990};
const char *const quantile_names[NUM_QUANTILES] = {"p50", "p90", "p99"};

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
        free((void *)s->rows[i].label.data);
    }
    memmove(&s->rows[top], &s->rows[values], (s->num_rows - values) * sizeof s->rows[0]);
    s->num_rows -= values - top;
    if (s->def->shape != SHAPE_PARTITION) {
        s->not_shown = values - top;
        return;
    }
    statistic_add(s, bytes_text("other"), rest, ROW_OTHER);
    if (!s->bad)
        s->rows[s->num_rows - 1].num_labels = values - top;
}

/* ---- sets ---- */

static int count_keys(uint64_t *out, const struct cert_table *certs)
{
    struct word_tally keys;
    word_tally_init(&keys);
    for (size_t i = 0; i < certs->num; i++) {
        const struct cert_entry *e = &certs->entries[i];
        if (e->state == CERT_PARSED && e->targets > 0)
            word_tally_add(&keys, bytes_of(e->spki_sha256, 32), 1);
    }
    int rc = keys.bad ? -ENOMEM : 0;
    *out = keys.num;
    word_tally_cleanup(&keys);
    return rc;
}

static int count_sets(uint64_t out[NUM_SETS], const struct aggregate *a)
{
    static const enum set of_funnel[NUM_FUNNEL] = {
        [FUNNEL_P] = SET_P, [FUNNEL_T] = SET_T,   [FUNNEL_G] = SET_G, [FUNNEL_G220] = SET_G220,
        [FUNNEL_E] = SET_E, [FUNNEL_S] = SET_S,   [FUNNEL_Q] = SET_Q, [FUNNEL_R] = SET_R,
        [FUNNEL_H] = SET_H, [FUNNEL_E2] = SET_E2,
    };
    memset(out, 0, NUM_SETS * sizeof out[0]);
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        out[of_funnel[i]] = a->funnel[i];
    out[SET_A] = a->positions_given;
    out[SET_D] = tally_sum(&a->tally[TALLY_OUTCOME]);
    for (size_t i = 0; i < a->certs.num; i++) {
        const struct cert_entry *e = &a->certs.entries[i];
        if (e->state != CERT_PARSED || e->targets == 0)
            continue;
        out[SET_L] += e->targets;
        out[SET_CERTS]++;
    }
    return count_keys(&out[SET_KEYS], &a->certs);
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
    if (rc == 0 && !s->bad && s->def->open)
        cut_rows(s, top);
    return rc != 0 ? rc : s->bad ? -ENOMEM : 0;
}

int statistics_make(struct statistics *out, const struct aggregate *a, size_t top)
{
    *out = (struct statistics){0};
    out->list = calloc(num_statistic_defs, sizeof out->list[0]);
    int rc = out->list == NULL ? -ENOMEM : count_sets(out->sets, a);
    for (; rc == 0 && out->num < num_statistic_defs; out->num++) {
        out->list[out->num].def = &statistic_defs[out->num];
        rc = make_one(&out->list[out->num], out, a, top);
    }
    if (rc != 0)
        statistics_cleanup(out);
    return rc;
}

void statistics_cleanup(struct statistics *s)
{
    for (size_t i = 0; i < s->num; i++) {
        for (size_t k = 0; k < s->list[i].num_rows; k++)
            free((void *)s->list[i].rows[k].label.data);
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
