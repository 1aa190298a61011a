#include <errno.h>
#include <stdio.h>

#include "tools/greeting.h"
#include "tools/statistics_reuse.h"

/* Targets that are set up alike (tools/cluster.h). */

enum { LABEL_MAX = 16 + 1 + GREETING_TEMPLATE_MAX };

int fill_cluster_size(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_bins(s, &a->sizes.clusters, false);
}

int fill_cluster_size_targets(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_bins(s, &a->sizes.clusters, true);
}

int fill_concentration_cluster(struct statistic *s, const struct aggregate *a)
{
    return sizes_put_concentration(s, &a->sizes.clusters, a->funnel[FUNNEL_L]);
}

int fill_pq_cluster(struct statistic *s, const struct aggregate *a)
{
    pq_seen_put(s, a->sizes.clusters_pq);
    return 0;
}

/* ---- the largest ---- */

static void put_cluster(struct statistic *s, const struct cluster *c, struct bytes greeting)
{
    char label[LABEL_MAX + 1];
    size_t len = (size_t)snprintf(label, sizeof label, "%016llx",
                                  (unsigned long long)cluster_number(c->key));
    if (greeting.len > 0 && len + 1 + greeting.len <= LABEL_MAX) {
        label[len++] = ' ';
        memcpy(label + len, greeting.data, greeting.len);
        len += greeting.len;
    }
    statistic_add(s, bytes_of(label, len), c->targets, ROW_VALUE);
}

/* Those of one target are one row with what is beyond the top: there may be millions. */
int fill_cluster_top(struct statistic *s, const struct aggregate *a)
{
    const struct word_tally *templates = &a->clusters.templates;
    const struct top_list *top = &a->sizes.top_clusters;
    const struct cluster *rows = (const struct cluster *)(const void *)top->rows;
    struct tally numbers; /* of templates, + 1, by hash */
    uint64_t targets = 0;
    tally_init(&numbers);
    for (size_t i = 0; i < templates->num; i++)
        tally_add(&numbers, cluster_greeting(templates->words[i].text), i + 1);
    for (size_t i = 0; i < top->num; i++) {
        uint64_t number = rows[i].greeting != 0 ? tally_get(&numbers, rows[i].greeting) : 0;
        bool known = number > 0 && number <= templates->num;
        put_cluster(s, &rows[i], known ? templates->words[number - 1].text : bytes_of(NULL, 0));
        targets += rows[i].targets;
    }
    statistic_other(s, a->funnel[FUNNEL_L] - targets, a->sizes.num_clusters - top->num);
    int rc = numbers.bad ? -ENOMEM : 0;
    tally_cleanup(&numbers);
    return rc;
}
