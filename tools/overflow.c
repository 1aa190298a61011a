#include "tools/overflow.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cert_sums.h"
#include "tools/cluster.h"
#include "tools/groups.h"
#include "tools/network_table.h"
#include "tools/sorter.h"

struct overflow {
    const char *folder;
    size_t sorter_len, table_len;
    pthread_mutex_t mutex;                /* of all below */
    struct sorter *sorters[NUM_OVERFLOW]; /* NULL: no row came */
    uint64_t spilled;                     /* of those that are done */
    char err[SPILL_ERR_MAX];
};

/* ---- kinds ---- */

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

static int compare_hashes(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

static int compare_groups(const void *a, const void *b)
{
    const struct group_row *x = a, *y = b;
    if (x->dimension != y->dimension)
        return x->dimension < y->dimension ? -1 : 1;
    return compare_numbers(&x->key, &y->key);
}

static void sum_networks(void *into, const void *row)
{
    network_sum(into, row);
}

static void sum_counts(void *into, const void *row)
{
    ((struct tally_row *)into)->count += ((const struct tally_row *)row)->count;
}

static void sum_keys(void *into, const void *row)
{
    key_row_sum(into, row);
}

static void sum_groups(void *into, const void *row)
{
    ((struct group_row *)into)->targets += ((const struct group_row *)row)->targets;
}

static int compare_clusters(const void *a, const void *b)
{
    const struct cluster *x = a, *y = b;
    int order = compare_numbers(&x->key.hi, &y->key.hi);
    return order != 0 ? order : compare_numbers(&x->key.lo, &y->key.lo);
}

static void sum_clusters(void *into, const void *row)
{
    cluster_sum(into, row);
}

enum { ROW_MAX = sizeof(struct key_row) };

static const struct {
    size_t row_len;
    sorter_compare *compare;
    void (*sum)(void *into, const void *row);
} kinds[NUM_OVERFLOW] = {
    [OVERFLOW_NETWORKS] = {sizeof(struct network), compare_numbers, sum_networks},
    [OVERFLOW_DOMAINS] = {sizeof(struct tally_row), compare_numbers, sum_counts},
    [OVERFLOW_KEYS] = {sizeof(struct key_row), compare_hashes, sum_keys},
    [OVERFLOW_GROUPS] = {sizeof(struct group_row), compare_groups, sum_groups},
    [OVERFLOW_CLUSTERS] = {sizeof(struct cluster), compare_clusters, sum_clusters},
};

/* ---- adding ---- */

struct overflow *overflow_new(const char *folder, size_t sorter_len, size_t table_len)
{
    struct overflow *o = calloc(1, sizeof *o);
    if (o == NULL)
        return NULL;
    o->folder = folder;
    o->sorter_len = sorter_len;
    o->table_len = table_len;
    pthread_mutex_init(&o->mutex, NULL);
    return o;
}

void overflow_free(struct overflow *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < NUM_OVERFLOW; i++)
        sorter_free(o->sorters[i]);
    pthread_mutex_destroy(&o->mutex);
    free(o);
}

bool overflow_is_due(const struct overflow *o, size_t table_len)
{
    return o != NULL && table_len > o->table_len;
}

static int add(struct overflow *o, enum overflow_kind kind, const void *row)
{
    struct sorter **s = &o->sorters[kind];
    if (*s == NULL)
        *s = sorter_new(kinds[kind].row_len, o->sorter_len, kinds[kind].compare, o->folder);
    if (*s != NULL)
        return sorter_add(*s, o->err, row);
    snprintf(o->err, sizeof o->err, "no memory for what is counted");
    return -ENOMEM;
}

int overflow_add(struct overflow *o, enum overflow_kind kind, const void *row)
{
    pthread_mutex_lock(&o->mutex);
    int rc = o->err[0] == '\0' ? add(o, kind, row) : -EIO;
    pthread_mutex_unlock(&o->mutex);
    return rc;
}

bool overflow_has(const struct overflow *o, enum overflow_kind kind)
{
    return o != NULL && o->sorters[kind] != NULL;
}

/* ---- sums ---- */

int overflow_each(struct overflow *o, enum overflow_kind kind, overflow_take *take, void *context)
{
    struct sorter *s = o->sorters[kind];
    union {
        uint64_t align;
        uint8_t octets[ROW_MAX];
    } sum;
    const void *row;
    bool has_sum = false;
    if (s == NULL)
        return 0;
    int rc = sorter_finish(s, o->err);
    while (rc == 0 && (rc = sorter_next(s, o->err, &row)) == 1) {
        if (has_sum && kinds[kind].compare(&sum, row) == 0) {
            kinds[kind].sum(&sum, row);
        } else {
            if (has_sum)
                take(context, &sum);
            memcpy(&sum, row, kinds[kind].row_len);
            has_sum = true;
        }
        rc = 0;
    }
    if (rc == 0 && has_sum)
        take(context, &sum);
    o->spilled += sorter_spilled(s);
    sorter_free(s);
    o->sorters[kind] = NULL;
    return rc;
}

uint64_t overflow_spilled(const struct overflow *o)
{
    uint64_t octets = o->spilled;
    for (size_t i = 0; i < NUM_OVERFLOW; i++)
        octets += o->sorters[i] != NULL ? sorter_spilled(o->sorters[i]) : 0;
    return octets;
}

const char *overflow_error(const struct overflow *o)
{
    return o->err;
}
