#include "tools/breakdown.h"

#include <errno.h>
#include <stdlib.h>

/* ---- which slots share a group ---- */

/* the slots of the others come first, those with a group of their own behind them */
struct sharing {
    size_t *slots;
    bool *shared; /* by slot */
    size_t num_others, num;
};

static bool is_told(const uint64_t funnel[NUM_FUNNEL], uint64_t min)
{
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        if (funnel[i] > 0 && funnel[i] < min)
            return false;
    return true;
}

static void add_funnel(uint64_t into[NUM_FUNNEL], const struct group_counts *g)
{
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        into[i] += g->funnel[i];
}

static void join_others(struct sharing *s, uint64_t others[NUM_FUNNEL],
                        const struct group_counts *groups, size_t slot)
{
    s->slots[s->num_others++] = slot;
    s->shared[slot] = true;
    add_funnel(others, &groups[slot]);
}

/* Slots are in the order of their size: while the others together are too few, the smallest that
 * has a group of its own joins them. */
static void share(struct sharing *s, const struct group_counts *groups, size_t num, uint64_t min)
{
    uint64_t others[NUM_FUNNEL] = {0};
    size_t kept = 0;
    s->num = num;
    join_others(s, others, groups, GROUP_OTHER);
    for (size_t i = GROUP_UNKNOWN; i < num; i++)
        if (!is_told(groups[i].funnel, min))
            join_others(s, others, groups, i);
    for (size_t i = num; i-- > GROUP_UNKNOWN && !is_told(others, min);)
        if (!s->shared[i])
            join_others(s, others, groups, i);
    for (size_t i = GROUP_UNKNOWN; i < num; i++)
        if (!s->shared[i])
            s->slots[s->num_others + kept++] = i;
}

/* ---- groups ---- */

static int make_group(struct breakdown_group *out, const struct aggregate *a, unsigned dimension,
                      const size_t *slots, size_t num)
{
    char label[GROUP_LABEL_MAX];
    struct aggregate *group = aggregate_of_group(a, dimension, slots, num);
    if (group == NULL)
        return -ENOMEM;
    size_t len = groups_label(a->setup.groups, dimension, slots[0], label);
    uint8_t *copy = malloc(len > 0 ? len : 1);
    int rc = copy == NULL ? -ENOMEM : statistics_make_group(&out->statistics, group);
    aggregate_free(group);
    if (rc != 0) {
        free(copy);
        return rc;
    }
    memcpy(copy, label, len);
    out->label = bytes_of(copy, len);
    out->kind = slots[0] == GROUP_OTHER     ? ROW_OTHER
                : slots[0] == GROUP_UNKNOWN ? ROW_UNKNOWN
                                            : ROW_VALUE;
    out->num_labels = out->kind == ROW_OTHER ? groups_others(a->setup.groups, dimension) : 0;
    for (size_t i = 1; i < num; i++) /* what was taken in besides; an empty slot is no group */
        out->num_labels += a->groups[dimension][slots[i]].funnel[FUNNEL_P] > 0;
    return 0;
}

static bool is_empty(const struct aggregate *a, unsigned dimension, const size_t *slots, size_t num)
{
    uint64_t targets = 0;
    for (size_t i = 0; i < num; i++)
        targets += a->groups[dimension][slots[i]].funnel[FUNNEL_P];
    return targets == 0;
}

/* the groups with a slot of their own, the unknown, the others */
static int make_groups(struct breakdown *out, const struct aggregate *a, unsigned dimension,
                       const struct sharing *s)
{
    int rc = 0;
    size_t own = s->num_others, unknown = own < s->num && s->slots[own] == GROUP_UNKNOWN;
    for (size_t i = own + unknown; rc == 0 && i < s->num; i++)
        rc = make_group(&out->groups[out->num++], a, dimension, &s->slots[i], 1);
    if (rc == 0 && unknown && !is_empty(a, dimension, &s->slots[own], 1))
        rc = make_group(&out->groups[out->num++], a, dimension, &s->slots[own], 1);
    if (rc == 0 && !is_empty(a, dimension, s->slots, s->num_others))
        rc = make_group(&out->groups[out->num++], a, dimension, s->slots, s->num_others);
    return rc;
}

static int suppress(struct breakdown *b, uint64_t min, const struct statistics *whole)
{
    struct statistics **all = calloc(b->num + 1, sizeof all[0]);
    if (all == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < b->num; i++)
        all[i] = &b->groups[i].statistics;
    int rc = statistics_suppress(all, b->num, min, whole);
    free(all);
    return rc;
}

int breakdown_make(struct breakdown *out, const struct aggregate *a, unsigned dimension, size_t top,
                   uint64_t min, const struct statistics *whole)
{
    size_t num = groups_num(a->setup.groups, dimension);
    struct sharing s = {.slots = calloc(num + 1, sizeof s.slots[0]),
                        .shared = calloc(num + 1, sizeof s.shared[0])};
    *out = (struct breakdown){.dimension = dimension};
    out->groups = calloc(num + 1, sizeof out->groups[0]);
    int rc = s.slots == NULL || s.shared == NULL || out->groups == NULL ? -ENOMEM : 0;
    if (rc == 0) {
        share(&s, a->groups[dimension], num, min);
        rc = make_groups(out, a, dimension, &s);
    }
    if (rc == 0 && min > 0)
        rc = suppress(out, min, whole);
    for (size_t i = 0; rc == 0 && i < out->num; i++)
        for (size_t k = 0; rc == 0 && k < out->groups[i].statistics.num; k++)
            rc = statistic_cut(&out->groups[i].statistics.list[k], top);
    free(s.slots);
    free(s.shared);
    if (rc != 0)
        breakdown_cleanup(out);
    return rc;
}

void breakdown_cleanup(struct breakdown *b)
{
    for (size_t i = 0; i < b->num; i++) {
        free((void *)b->groups[i].label.data);
        statistics_cleanup(&b->groups[i].statistics);
    }
    free(b->groups);
    *b = (struct breakdown){0};
}
