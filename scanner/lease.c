#include "scanner/lease.h"

#include <stdlib.h>
#include <uv.h>

static void add_run(struct lease_source *s, uint64_t first_k, uint64_t end_k, uint32_t shard)
{
    if (first_k >= end_k)
        return;
    s->runs[s->num_runs++] = (struct open_run){first_k * s->step + shard, s->num_open};
    s->num_open += end_k - first_k;
}

int lease_source_init(struct lease_source *s, uint64_t num_targets, uint32_t num_shards,
                      uint32_t shard, const struct dataset_run *done, size_t num_done)
{
    s->step = num_shards;
    s->num_runs = 0;
    s->num_open = 0;
    atomic_init(&s->next, 0);
    s->runs = malloc((num_done + 1) * sizeof s->runs[0]);
    if (s->runs == NULL)
        return UV_ENOMEM;

    /* everything below is in k, the ordinal within the shard: position = k * num_shards + shard */
    uint64_t num_k = num_targets > shard ? (num_targets - shard - 1) / num_shards + 1 : 0;
    uint64_t at_k = 0;
    for (size_t i = 0; i < num_done; i++) {
        uint64_t done_k = (done[i].first - shard) / num_shards;
        add_run(s, at_k, done_k, shard);
        at_k = done_k + done[i].count;
    }
    add_run(s, at_k, num_k, shard);
    s->num_leased = s->num_open;
    return 0;
}

void lease_source_cap(struct lease_source *s, uint64_t max)
{
    if (s->num_leased > max)
        s->num_leased = max;
}

void lease_source_cleanup(struct lease_source *s)
{
    free(s->runs);
    s->runs = NULL;
}

bool lease_source_empty(const struct lease_source *s)
{
    return atomic_load(&s->next) >= s->num_leased;
}

bool lease_take(struct lease_source *s, struct lease *out)
{
    if (lease_source_empty(s)) /* keeps the counter from running on for ever */
        return false;
    uint64_t first = atomic_fetch_add(&s->next, LEASE_POSITIONS);
    if (first >= s->num_leased)
        return false;
    out->next = first;
    out->end = s->num_leased - first > LEASE_POSITIONS ? first + LEASE_POSITIONS : s->num_leased;
    return true;
}

uint64_t lease_position(const struct lease_source *s, uint64_t ordinal)
{
    size_t low = 0, high = s->num_runs; /* the run is in [low, high) */
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (s->runs[mid].before <= ordinal)
            low = mid;
        else
            high = mid;
    }
    return s->runs[low].first + (ordinal - s->runs[low].before) * s->step;
}
