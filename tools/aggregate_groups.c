#include "tools/aggregate_private.h"

#include <errno.h>
#include <stdlib.h>

bool aggregate_is_grouped(enum aggregate_tally tally)
{
    static const bool grouped[NUM_TALLIES] = {
        [TALLY_OUTCOME] = true,
        [TALLY_GREETED] = true,
        [TALLY_NOT_SMTP] = true,
        [TALLY_REJECTED] = true,
        [TALLY_REFUSAL] = true,
        [TALLY_THROTTLED] = true,
        [TALLY_HELO] = true,
        [TALLY_GREETING_NAME] = true,
        [TALLY_MTA] = true,
        [TALLY_ANOMALY] = true,
        [TALLY_OFFERED] = true,
        [TALLY_EHLO] = true,
        [TALLY_HANDSHAKE] = true,
        [TALLY_VERSION] = true,
        [TALLY_SUITE] = true,
        [TALLY_GROUP] = true,
        [TALLY_PQ] = true,
        [TALLY_VERDICT] = true,
        [TALLY_TRUSTED] = true,
        [TALLY_TRUSTED_S] = true,
        [TALLY_NAME_GREETING] = true,
        [TALLY_EXPIRY] = true,
        [TALLY_GREYLISTED] = true,
        [TALLY_TARPIT] = true,
        [TALLY_CHAIN_LENGTH] = true,
        [TALLY_RETRY] = true,
        [TALLY_EHLO_TLS] = true,
        [TALLY_EHLO_PAIR] = true,
        [TALLY_STARTTLS_REPLY] = true,
        [TALLY_GREET_DELAY] = true,
        [TALLY_FIRST] = true,
        [TALLY_SIGSCHEME] = true,
        [TALLY_NAME_HOST] = true,
        [TALLY_NAME_EHLO] = true,
        [TALLY_KEY] = true,
    };
    return grouped[tally];
}

static void add_cells(struct group_counts *g, const struct visit *v)
{
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        g->funnel[i] += v->sets >> i & 1 ? v->weight : 0;
    for (size_t i = 0; i < v->num_cells; i++)
        tally_add(&g->cells, v->cells[i], v->weight);
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        if (v->r->timing_us[i] != TIMING_ABSENT)
            tally_add(&g->cells,
                      (uint64_t)NUM_TALLIES << CELL_BITS | (uint64_t)i << 32 |
                          histogram_round(v->r->timing_us[i]),
                      v->weight);
}

void groups_count(struct adding *add, const struct visit *v)
{
    const struct groups *groups = add->a->setup.groups;
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++) {
        struct group_counts *counts = add->a->groups[i];
        if (counts != NULL)
            add_cells(&counts[groups_slot(groups, i, add->header, v->r, v->joined)], v);
    }
}

int groups_counts_new(struct aggregate *a)
{
    for (unsigned i = 0; a->setup.groups != NULL && i < NUM_DIMENSIONS; i++) {
        size_t num = groups_num(a->setup.groups, i);
        if (num == 0)
            continue;
        a->groups[i] = calloc(num, sizeof a->groups[i][0]);
        if (a->groups[i] == NULL)
            return -ENOMEM;
    }
    return 0;
}

void groups_counts_free(struct aggregate *a)
{
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++) {
        size_t num = a->groups[i] != NULL ? groups_num(a->setup.groups, i) : 0;
        for (size_t k = 0; k < num; k++)
            tally_cleanup(&a->groups[i][k].cells);
        free(a->groups[i]);
    }
}

static void merge_group(struct group_counts *into, const struct group_counts *from,
                        const uint32_t *classes)
{
    struct tally_row row;
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        into->funnel[i] += from->funnel[i];
    for (size_t at = 0; tally_next(&from->cells, &at, &row);) {
        uint64_t which = row.key >> CELL_BITS, key = row.key & ((UINT64_C(1) << CELL_BITS) - 1);
        ehlo_renumber(&key, which, classes);
        tally_add(&into->cells, which << CELL_BITS | key, row.count);
    }
    into->cells.bad |= from->cells.bad;
}

void groups_counts_merge(struct aggregate *into, const struct aggregate *from,
                         const uint32_t *classes)
{
    for (unsigned i = 0; i < NUM_DIMENSIONS; i++)
        for (size_t k = 0; into->groups[i] != NULL && k < groups_num(into->setup.groups, i); k++)
            merge_group(&into->groups[i][k], &from->groups[i][k], classes);
}

/* ---- as an aggregate ---- */

static void take_cells(struct aggregate *out, const struct group_counts *g)
{
    struct tally_row row;
    for (size_t i = 0; i < NUM_FUNNEL; i++)
        out->funnel[i] += g->funnel[i];
    for (size_t at = 0; tally_next(&g->cells, &at, &row);) {
        uint64_t which = row.key >> CELL_BITS, key = row.key & ((UINT64_C(1) << CELL_BITS) - 1);
        if (which == NUM_TALLIES)
            histogram_add(&out->latency[key >> 32], (uint32_t)key, row.count);
        else
            tally_add(&out->tally[which], key, row.count);
    }
}

struct aggregate *aggregate_of_group(const struct aggregate *a, unsigned dimension,
                                     const size_t *slots, size_t num)
{
    struct aggregate *out = calloc(1, sizeof *out);
    uint32_t *classes = malloc((a->ehlo.classes.num + 1) * sizeof classes[0]);
    bool bad = out == NULL || classes == NULL;
    if (!bad) {
        out->catalog = a->catalog;
        out->setup = a->setup;
        out->setup.groups = NULL;
        ehlo_table_init(&out->ehlo);
        ehlo_table_merge(&out->ehlo, classes, &a->ehlo); /* in the same order: the same numbers */
    }
    free(classes);
    for (size_t i = 0; !bad && i < num; i++) {
        take_cells(out, &a->groups[dimension][slots[i]]);
        bad = a->groups[dimension][slots[i]].cells.bad;
    }
    for (size_t i = 0; !bad && i < NUM_TALLIES; i++)
        bad = out->tally[i].bad;
    if (!bad && !out->ehlo.bad)
        return out;
    aggregate_free(out);
    return NULL;
}
