#include "tools/aggregate_private.h"

#include <errno.h>

/* ---- tables that grow with networks and domains ---- */

static int spill_networks(struct overflow *o, const struct network_table *t)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->cap; i++)
        if (t->slots[i].targets > 0)
            rc = overflow_add(o, OVERFLOW_NETWORKS, &t->slots[i]);
    return rc;
}

static int spill_domains(struct overflow *o, const struct tally *t)
{
    struct tally_row row;
    int rc = 0;
    for (size_t at = 0; rc == 0 && tally_next(t, &at, &row);)
        rc = overflow_add(o, OVERFLOW_DOMAINS, &row);
    return rc;
}

static int drop_networks(struct aggregate *a)
{
    int rc = spill_networks(a->setup.overflow, &a->networks);
    network_table_cleanup(&a->networks);
    return rc;
}

static int drop_domains(struct aggregate *a)
{
    int rc = spill_domains(a->setup.overflow, &a->tally[TALLY_DOMAIN]);
    tally_cleanup(&a->tally[TALLY_DOMAIN]);
    return rc;
}

static int spill_clusters(struct overflow *o, const struct cluster_table *t)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < t->cap; i++)
        if (t->slots[i].targets > 0)
            rc = overflow_add(o, OVERFLOW_CLUSTERS, &t->slots[i]);
    return rc;
}

/* templates stay */
static int drop_clusters(struct aggregate *a)
{
    int rc = spill_clusters(a->setup.overflow, &a->clusters);
    cluster_table_clear(&a->clusters);
    return rc;
}

int tables_bound(struct aggregate *a)
{
    const struct overflow *o = a->setup.overflow;
    const struct tally *domains = &a->tally[TALLY_DOMAIN];
    int rc = 0;
    if (overflow_is_due(o, a->networks.cap * sizeof a->networks.slots[0]))
        rc = drop_networks(a);
    if (rc == 0 && overflow_is_due(o, domains->cap * sizeof domains->slots[0]))
        rc = drop_domains(a);
    if (rc == 0 && overflow_is_due(o, a->clusters.cap * sizeof a->clusters.slots[0]))
        rc = drop_clusters(a);
    return rc;
}

static int merge_clusters(struct aggregate *into, const struct aggregate *from)
{
    struct overflow *o = into->setup.overflow;
    if (!overflow_has(o, OVERFLOW_CLUSTERS)) {
        cluster_table_merge(&into->clusters, &from->clusters);
        return 0;
    }
    word_tally_merge(&into->clusters.templates, &from->clusters.templates);
    return spill_clusters(o, &from->clusters);
}

int tables_merge(struct aggregate *into, const struct aggregate *from)
{
    struct overflow *o = into->setup.overflow;
    int rc = 0;
    if (overflow_has(o, OVERFLOW_NETWORKS))
        rc = spill_networks(o, &from->networks);
    else
        network_table_merge(&into->networks, &from->networks);
    if (rc == 0)
        rc = merge_clusters(into, from);
    if (rc == 0 && overflow_has(o, OVERFLOW_DOMAINS))
        return spill_domains(o, &from->tally[TALLY_DOMAIN]);
    if (rc == 0)
        tally_merge(&into->tally[TALLY_DOMAIN], &from->tally[TALLY_DOMAIN]);
    return rc;
}

/* ---- their sums ---- */

static void take_network(void *context, const void *row)
{
    enum { TARGETS_MIN = 5 };
    struct size_sums *sizes = context;
    const struct network *n = row;
    bool foreign = n->targets >= TARGETS_MIN && n->leaf != 0 && !n->mixed && !n->own;
    tally_add(&sizes->networks, n->targets, 1);
    sizes->foreign += foreign ? n->targets : 0;
}

static void take_domain(void *context, const void *row)
{
    struct size_sums *sizes = context;
    const struct tally_row *domain = row;
    if (domain->key != 0) /* else: none */
        tally_add(&sizes->domains, domain->count, 1);
}

static int sum_networks(struct aggregate *a)
{
    if (overflow_has(a->setup.overflow, OVERFLOW_NETWORKS)) {
        int rc = drop_networks(a);
        return rc != 0
                   ? rc
                   : overflow_each(a->setup.overflow, OVERFLOW_NETWORKS, take_network, &a->sizes);
    }
    for (size_t i = 0; i < a->networks.cap; i++)
        if (a->networks.slots[i].targets > 0)
            take_network(&a->sizes, &a->networks.slots[i]);
    return 0;
}

static int sum_domains(struct aggregate *a)
{
    struct tally_row row;
    if (overflow_has(a->setup.overflow, OVERFLOW_DOMAINS)) {
        int rc = drop_domains(a);
        return rc != 0 ? rc
                       : overflow_each(a->setup.overflow, OVERFLOW_DOMAINS, take_domain, &a->sizes);
    }
    for (size_t at = 0; tally_next(&a->tally[TALLY_DOMAIN], &at, &row);)
        take_domain(&a->sizes, &row);
    return 0;
}

static void take_cluster(void *context, const void *row)
{
    struct size_sums *sizes = context;
    const struct cluster *c = row;
    bool yes = c->pq & (1 << PQ_NEGOTIATED | 1 << PQ_WOULD);
    tally_add(&sizes->clusters, c->targets, 1);
    sizes->num_clusters++;
    sizes->clusters_pq[yes ? 2 : c->pq >> PQ_NOT & 1]++;
    if (c->targets > 1)
        top_list_add(&sizes->top_clusters, c);
}

/* by targets, then by key */
static int compare_clusters(const void *a, const void *b)
{
    const struct cluster *x = a, *y = b;
    if (x->targets != y->targets)
        return x->targets > y->targets ? -1 : 1;
    if (x->key.hi != y->key.hi)
        return x->key.hi < y->key.hi ? -1 : 1;
    return (x->key.lo > y->key.lo) - (x->key.lo < y->key.lo);
}

static int sum_clusters(struct aggregate *a)
{
    struct size_sums *sizes = &a->sizes;
    int rc = 0;
    top_list_init(&sizes->top_clusters, sizeof(struct cluster), a->sums->keys.top.top,
                  compare_clusters);
    if (overflow_has(a->setup.overflow, OVERFLOW_CLUSTERS)) {
        rc = drop_clusters(a);
        if (rc == 0)
            rc = overflow_each(a->setup.overflow, OVERFLOW_CLUSTERS, take_cluster, sizes);
    }
    for (size_t i = 0; i < a->clusters.cap; i++)
        if (a->clusters.slots[i].targets > 0)
            take_cluster(sizes, &a->clusters.slots[i]);
    top_list_end(&sizes->top_clusters);
    return rc != 0 ? rc : sizes->top_clusters.bad ? -ENOMEM : 0;
}

int aggregate_end(struct aggregate *a)
{
    a->sizes.are_known = true;
    int rc = cert_sums_end(a->sums, a->setup.overflow);
    if (rc == 0)
        rc = sum_networks(a);
    if (rc == 0)
        rc = sum_domains(a);
    if (rc == 0)
        rc = sum_clusters(a);
    bool bad = a->sizes.clusters.bad || a->sizes.networks.bad || a->sizes.domains.bad;
    return rc != 0 ? rc : bad ? -ENOMEM : 0;
}
