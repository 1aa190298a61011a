#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/statistics_reuse.h"

/* Reuse of certificates and keys, and how much of H the largest networks, keys and domains have. */

enum { LABEL_MAX = 96 };

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

int sizes_put_bins(struct statistic *s, const struct tally *sizes, bool targets)
{
    uint64_t counts[NUM_BINS] = {0};
    struct tally_row row; /* key: targets; count: things that have so many */
    for (size_t at = 0; tally_next(sizes, &at, &row);) {
        size_t bin = 0;
        while (row.key > bins[bin].most)
            bin++;
        counts[bin] += targets ? row.count * row.key : row.count;
    }
    for (size_t i = 0; i < NUM_BINS; i++)
        statistic_value(s, bins[i].label, counts[i]);
    return 0;
}

int fill_leaf_reuse(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_bins(s, &a->sums->certs.num, false);
}

int fill_key_reuse(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_bins(s, &a->sums->keys.num, false);
}

int fill_key_reuse_targets(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_bins(s, &a->sums->keys.num, true);
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

/* Those of one target are one row with what is beyond the top: there may be millions. */
static int put_top(struct statistic *s, const struct sizes *z)
{
    uint64_t single = tally_get(&z->num, 1), targets = 0;
    const struct hash_row *rows = (const struct hash_row *)(const void *)z->top.rows;
    for (size_t i = 0; i < z->top.num; i++) {
        put_hash(s, rows[i].sha256, rows[i].targets);
        targets += rows[i].targets;
    }
    statistic_other(s, single + z->targets - targets, single + z->things - z->top.num);
    return 0;
}

int fill_leaf_top(struct statistic *s, const struct aggregate *a)
{
    return put_top(s, &a->sums->certs);
}

int fill_key_top(struct statistic *s, const struct aggregate *a)
{
    return put_top(s, &a->sums->keys);
}

/* ---- places of keys ---- */

static int fill_places(struct statistic *s, const uint64_t keys[3], bool known)
{
    statistic_value(s, "in one", keys[1]);
    statistic_value(s, "in two or more", keys[2]);
    statistic_unknown(s, known ? "unknown" : "unknown: no database", keys[0]);
    return 0;
}

int fill_key_networks(struct statistic *s, const struct aggregate *a)
{
    return fill_places(s, a->sums->keys_network, true);
}

int fill_key_as(struct statistic *s, const struct aggregate *a)
{
    return fill_places(s, a->sums->keys_as, a->setup.select.geo != NULL);
}

int fill_key_countries(struct statistic *s, const struct aggregate *a)
{
    return fill_places(s, a->sums->keys_country, a->setup.select.geo != NULL);
}

/* ---- a certificate for a whole network, keys with post-quantum ---- */

int fill_foreign_leaf(struct statistic *s, const struct aggregate *a)
{
    statistic_value(s, "yes", a->sizes.foreign);
    statistic_value(s, "no", a->funnel[FUNNEL_H] - a->sizes.foreign);
    return 0;
}

void pq_seen_put(struct statistic *s, const uint64_t counts[3])
{
    statistic_value(s, "yes", counts[2]);
    statistic_value(s, "no", counts[1]);
    statistic_unknown(s, "unknown: not offered, and not audited", counts[0]);
}

int fill_pq_keys(struct statistic *s, const struct aggregate *a)
{
    pq_seen_put(s, a->sums->keys_pq);
    return 0;
}

/* ---- concentration ---- */

static int descending(const void *a, const void *b)
{
    const struct tally_row *x = a, *y = b;
    return (x->key < y->key) - (x->key > y->key);
}

/* rows of what is above the last, so that they are a partition; and the Herfindahl-Hirschman index
 * over all that are known. Sizes: the largest first. */
static void put_ranks(struct statistic *s, const struct tally_row *sizes, size_t num, uint64_t of)
{
    static const struct {
        uint64_t rank;
        const char *label;
    } tops[] = {{1, "the largest"},
                {10, "the next, to rank 10"},
                {100, "the next, to rank 100"},
                {1000, "the next, to rank 1000"},
                {UINT64_MAX, "all others"}};
    uint64_t known = 0, things = 0, rank = 0, used = 0; /* used: of sizes[at] */
    double index = 0;
    for (size_t i = 0; i < num; i++) {
        known += sizes[i].key * sizes[i].count;
        things += sizes[i].count;
    }
    for (size_t i = 0, at = 0; i < sizeof tops / sizeof tops[0]; i++) {
        uint64_t sum = 0;
        while (at < num && rank < tops[i].rank) {
            uint64_t left = sizes[at].count - used, room = tops[i].rank - rank;
            uint64_t taken = left < room ? left : room;
            sum += taken * sizes[at].key;
            rank += taken;
            used = taken < left ? used + taken : 0;
            at += taken == left;
        }
        statistic_value(s, tops[i].label, sum);
    }
    statistic_unknown(s, "none known", of - known);
    for (size_t i = 0; i < num; i++) {
        double share = (double)sizes[i].key / (double)known;
        index += share * share * (double)sizes[i].count;
    }
    statistic_figure(s, "hhi", index);
    statistic_figure(s, "distinct", (double)things);
}

int sizes_put_concentration(struct statistic *s, const struct tally *sizes, uint64_t of)
{
    struct tally_row *rows = malloc((sizes->num + 1) * sizeof rows[0]);
    size_t num = 0;
    if (rows == NULL)
        return -ENOMEM;
    for (size_t at = 0; tally_next(sizes, &at, &rows[num]);)
        num++;
    qsort(rows, num, sizeof rows[0], descending);
    put_ranks(s, rows, num, of);
    free(rows);
    return 0;
}

int fill_networks(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_concentration(s, &a->sizes.networks, a->funnel[FUNNEL_H]);
}

int fill_keys(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_concentration(s, &a->sums->keys.num, a->funnel[FUNNEL_H]);
}

int fill_domains(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_concentration(s, &a->sizes.domains, a->funnel[FUNNEL_H]);
}
