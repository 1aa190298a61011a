#include "tools/alike.h"

static bool same_texts(const struct target_space *a, const struct target_space *b)
{
    if (a->num_texts != b->num_texts)
        return false;
    for (size_t i = 0; i < a->num_texts; i++)
        if (!bytes_equal(a->texts[i], b->texts[i]))
            return false;
    return true;
}

static bool same_targets(const struct target_space *a, const struct target_space *b)
{
    if (a->num_segments != b->num_segments || !same_texts(a, b))
        return false;
    for (size_t i = 0; i < a->num_segments; i++) {
        const struct target_segment *x = &a->segments[i], *y = &b->segments[i];
        if (addr_cmp(x->first, y->first) != 0 || addr_cmp(x->last, y->last) != 0 ||
            x->host != y->host || x->tag != y->tag || x->named != y->named)
            return false;
    }
    return true;
}

static bool same_ports(const struct target_space *a, const struct target_space *b)
{
    return a->num_ports == b->num_ports &&
           memcmp(a->ports, b->ports, a->num_ports * sizeof a->ports[0]) == 0;
}

static bool same_list(bool has_a, const uint8_t a[32], bool has_b, const uint8_t b[32])
{
    return has_a == has_b && (!has_a || memcmp(a, b, 32) == 0);
}

const char *alike_difference(const struct dataset_header *a, const struct dataset_header *b)
{
    if (a->streamed != b->streamed)
        return "only one of them is streamed";
    if (!same_ports(a->space, b->space))
        return "other ports";
    if (!same_list(a->has_blocklist, a->blocklist_sha256, b->has_blocklist, b->blocklist_sha256))
        return "another blocklist";
    if (!same_list(a->has_allowlist, a->allowlist_sha256, b->has_allowlist, b->allowlist_sha256))
        return "another allowlist";
    if (a->include_special != b->include_special)
        return "special-purpose ranges in only one of them";
    if (!same_targets(a->space, b->space))
        return "other targets";
    if (a->limit != b->limit || a->sample_ppm != b->sample_ppm)
        return "another sample, or another limit";
    if (a->seed != b->seed)
        return "another seed";
    if (a->num_shards != b->num_shards)
        return "another number of shards";
    return memcmp(a->sweep_id, b->sweep_id, sizeof a->sweep_id) != 0 ? "another id" : NULL;
}
