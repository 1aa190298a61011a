#include "tools/statistics_fill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* Reuse of certificates and keys, and how much of H the largest networks, keys and domains have. */

enum { LABEL_MAX = 96 };

/* ---- counts of things ---- */

/* how many targets have each of num things; those that none has may be among them */
struct counts {
    uint64_t *list;
    size_t num;
};

static int counts_of_leaves(struct counts *out, const struct aggregate *a)
{
    out->num = a->catalog->certs.num;
    out->list = calloc(out->num + 1, sizeof out->list[0]);
    for (size_t i = 0; out->list != NULL && i < out->num; i++)
        if (a->catalog->certs.entries[i].state == CERT_PARSED)
            out->list[i] = a->leaves[i].done;
    return out->list != NULL ? 0 : -ENOMEM;
}

static int counts_of_keys(struct counts *out, const struct aggregate *a)
{
    const struct cert_table *t = &a->catalog->certs;
    out->num = t->num_keys;
    out->list = calloc(out->num + 1, sizeof out->list[0]);
    for (size_t i = 0; out->list != NULL && i < t->num; i++)
        if (t->entries[i].state == CERT_PARSED)
            out->list[t->entries[i].key] += a->leaves[i].done;
    return out->list != NULL ? 0 : -ENOMEM;
}

static int counts_of_networks(struct counts *out, const struct network_table *t)
{
    out->num = 0;
    out->list = calloc(t->num + 1, sizeof out->list[0]);
    for (size_t i = 0; out->list != NULL && i < t->cap; i++)
        if (t->slots[i].targets > 0)
            out->list[out->num++] = t->slots[i].targets;
    return out->list != NULL ? 0 : -ENOMEM;
}

/* of a tally; key 0 is: none */
static int counts_of_tally(struct counts *out, const struct tally *t)
{
    struct tally_row row;
    out->num = 0;
    out->list = calloc(t->num + 1, sizeof out->list[0]);
    for (size_t at = 0; out->list != NULL && tally_next(t, &at, &row);)
        if (row.key != 0)
            out->list[out->num++] = row.count;
    return out->list != NULL ? 0 : -ENOMEM;
}

/* ---- how often ---- */

static const struct {
    uint64_t most;
    const char *label;
} bins[] = {{1, "1"},
            {2, "2"},
            {4, "3 to 4"},
            {9, "5 to 9"},
            {99, "10 to 99"},
            {999, "100 to 999"},
            {9999, "1000 to 9999"},
            {UINT64_MAX, "10000 or more"}};
enum { NUM_BINS = sizeof bins / sizeof bins[0] };

static void put_bins(struct statistic *s, const struct counts *c, bool targets)
{
    uint64_t counts[NUM_BINS] = {0};
    for (size_t i = 0; i < c->num; i++) {
        size_t bin = 0;
        while (c->list[i] > bins[bin].most)
            bin++;
        if (c->list[i] > 0)
            counts[bin] += targets ? c->list[i] : 1;
    }
    for (size_t i = 0; i < NUM_BINS; i++)
        statistic_value(s, bins[i].label, counts[i]);
}

int fill_leaf_reuse(struct statistic *s, const struct aggregate *a)
{
    struct counts c;
    int rc = counts_of_leaves(&c, a);
    if (rc == 0)
        put_bins(s, &c, false);
    free(c.list);
    return rc;
}

int fill_key_reuse(struct statistic *s, const struct aggregate *a)
{
    struct counts c;
    int rc = counts_of_keys(&c, a);
    if (rc == 0)
        put_bins(s, &c, false);
    free(c.list);
    return rc;
}

int fill_key_reuse_targets(struct statistic *s, const struct aggregate *a)
{
    struct counts c;
    int rc = counts_of_keys(&c, a);
    if (rc == 0)
        put_bins(s, &c, true);
    free(c.list);
    return rc;
}

/* ---- the largest ---- */

static void put_hash(struct statistic *s, const uint8_t sha256[32], uint64_t count)
{
    static const char digits[] = "0123456789abcdef";
    char hex[65];
    for (size_t i = 0; i < 32; i++) {
        hex[2 * i] = digits[sha256[i] >> 4];
        hex[2 * i + 1] = digits[sha256[i] & 15];
    }
    hex[64] = '\0';
    statistic_value(s, hex, count);
}

/* those of one target only are one row: there may be millions */
static void put_single(struct statistic *s, uint64_t num)
{
    statistic_other(s, num, num);
}

int fill_leaf_top(struct statistic *s, const struct aggregate *a)
{
    const struct cert_table *t = &a->catalog->certs;
    uint64_t single = 0;
    for (size_t i = 0; i < t->num; i++) {
        uint64_t done = t->entries[i].state == CERT_PARSED ? a->leaves[i].done : 0;
        single += done == 1;
        if (done > 1)
            put_hash(s, t->entries[i].sha256, done);
    }
    put_single(s, single);
    return 0;
}

int fill_key_top(struct statistic *s, const struct aggregate *a)
{
    const struct cert_table *t = &a->catalog->certs;
    struct counts c;
    uint64_t single = 0;
    int rc = counts_of_keys(&c, a);
    for (size_t i = 0; rc == 0 && i < t->num; i++) {
        const struct cert_entry *e = &t->entries[i];
        uint64_t *done = e->state == CERT_PARSED ? &c.list[e->key] : NULL;
        if (done == NULL)
            continue;
        single += *done == 1;
        if (*done > 1)
            put_hash(s, e->spki_sha256, *done);
        *done = 0; /* the key's other certificates */
    }
    put_single(s, single);
    free(c.list);
    return rc;
}

/* ---- places of keys ---- */

static int fill_spread(struct statistic *s, const struct aggregate *a, bool countries)
{
    struct counts c;
    uint64_t one = 0, several = 0, unknown = 0;
    int rc = counts_of_keys(&c, a);
    for (size_t i = 0; rc == 0 && i < c.num; i++) {
        const struct key_place *p = a->keys != NULL ? &a->keys[i] : NULL;
        bool known = p != NULL && (countries ? p->country[0] != '\0' : p->as_number != 0);
        bool many = known && (countries ? p->several_countries : p->several_as);
        if (c.list[i] > 0)
            *(!known ? &unknown : many ? &several : &one) += 1;
    }
    statistic_value(s, "in one", one);
    statistic_value(s, "in two or more", several);
    statistic_unknown(s, a->keys != NULL ? "unknown" : "unknown: no database", unknown);
    free(c.list);
    return rc;
}

int fill_key_as(struct statistic *s, const struct aggregate *a)
{
    return fill_spread(s, a, false);
}

int fill_key_countries(struct statistic *s, const struct aggregate *a)
{
    return fill_spread(s, a, true);
}

/* ---- a certificate for a whole network, keys with post-quantum ---- */

int fill_foreign_leaf(struct statistic *s, const struct aggregate *a)
{
    enum { TARGETS_MIN = 5 };
    uint64_t yes = 0;
    for (size_t i = 0; i < a->networks.cap; i++) {
        const struct network *n = &a->networks.slots[i];
        bool foreign = n->targets >= TARGETS_MIN && n->leaf != CERT_NONE && !n->mixed && !n->own;
        yes += foreign ? n->targets : 0;
    }
    statistic_value(s, "yes", yes);
    statistic_value(s, "no", a->funnel[FUNNEL_H] - yes);
    return 0;
}

int fill_pq_keys(struct statistic *s, const struct aggregate *a)
{
    struct counts c;
    uint64_t yes = 0, no = 0, unknown = 0;
    int rc = counts_of_keys(&c, a);
    for (size_t i = 0; rc == 0 && i < c.num; i++) {
        unsigned seen = a->key_pq[i];
        bool is_yes = seen & (1 << PQ_NEGOTIATED | 1 << PQ_WOULD);
        if (c.list[i] > 0)
            *(is_yes ? &yes : seen & 1 << PQ_NOT ? &no : &unknown) += 1;
    }
    statistic_value(s, "yes", yes);
    statistic_value(s, "no", no);
    statistic_unknown(s, "unknown: not offered, and not audited", unknown);
    free(c.list);
    return rc;
}

/* ---- concentration ---- */

static int descending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x < y) - (x > y);
}

/* rows of what is above the last, so that they are a partition; and the Herfindahl-Hirschman index
 * over all that are known */
static void put_concentration(struct statistic *s, struct counts *c, uint64_t of)
{
    static const struct {
        size_t rank;
        const char *label;
    } tops[] = {{1, "the largest"},
                {10, "the next, to rank 10"},
                {100, "the next, to rank 100"},
                {1000, "the next, to rank 1000"},
                {SIZE_MAX, "all others"}};
    uint64_t known = 0;
    size_t at = 0;
    double index = 0;
    qsort(c->list, c->num, sizeof c->list[0], descending);
    for (size_t i = 0; i < c->num; i++)
        known += c->list[i];
    for (size_t i = 0; i < sizeof tops / sizeof tops[0]; i++) {
        uint64_t sum = 0;
        for (; at < c->num && at < tops[i].rank; at++)
            sum += c->list[at];
        statistic_value(s, tops[i].label, sum);
    }
    statistic_unknown(s, "none known", of - known);
    for (size_t i = 0; known > 0 && i < c->num; i++)
        index += ((double)c->list[i] / (double)known) * ((double)c->list[i] / (double)known);
    size_t num = 0;
    while (num < c->num && c->list[num] > 0)
        num++;
    statistic_figure(s, "hhi", index);
    statistic_figure(s, "distinct", (double)num);
}

int fill_networks(struct statistic *s, const struct aggregate *a)
{
    struct counts c;
    int rc = counts_of_networks(&c, &a->networks);
    if (rc == 0)
        put_concentration(s, &c, a->funnel[FUNNEL_H]);
    free(c.list);
    return rc;
}

int fill_keys(struct statistic *s, const struct aggregate *a)
{
    struct counts c;
    int rc = counts_of_keys(&c, a);
    if (rc == 0)
        put_concentration(s, &c, a->funnel[FUNNEL_H]);
    free(c.list);
    return rc;
}

int fill_domains(struct statistic *s, const struct aggregate *a)
{
    struct counts c;
    int rc = counts_of_tally(&c, &a->tally[TALLY_DOMAIN]);
    if (rc == 0)
        put_concentration(s, &c, a->funnel[FUNNEL_H]);
    free(c.list);
    return rc;
}
