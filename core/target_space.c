#include "core/target_lines.h"
#include "core/target_merge.h"

#include <errno.h>
#include <stdlib.h>

struct ranked {
    struct bytes text;
    uint32_t id;
};

static int compare_texts(struct bytes a, struct bytes b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int cmp = len > 0 ? memcmp(a.data, b.data, len) : 0;
    return cmp != 0 ? cmp : a.len < b.len ? -1 : a.len > b.len;
}

static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *ra = a, *rb = b;
    return compare_texts(ra->text, rb->text);
}

/* the texts of a pool in the order of their octets, and the place of each in it; both the caller's
 * to free */
static int rank_texts(struct ranked **sorted, uint32_t **ranks, const struct text_pool *pool)
{
    struct ranked *texts = calloc(pool->num, sizeof *texts);
    uint32_t *places = calloc(pool->num, sizeof *places);
    if (texts == NULL || places == NULL) {
        free(texts);
        free(places);
        return -ENOMEM;
    }
    for (size_t id = 0; id < pool->num; id++)
        texts[id] = (struct ranked){text_pool_get(pool, id), (uint32_t)id};
    qsort(texts, pool->num, sizeof *texts, compare_ranked);
    for (size_t i = 0; i < pool->num; i++)
        places[texts[i].id] = (uint32_t)i;
    *sorted = texts;
    *ranks = places;
    return 0;
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static struct addr_range range_of(const struct target_segment *s)
{
    return (struct addr_range){s->first, s->last};
}

/* addresses of all segments; a host name is one, for its first and last are the same */
static uint64_t count_segments(const struct target_segments *segments)
{
    uint64_t count = 0;
    for (size_t i = 0; i < segments->num; i++)
        count = add_capped(count, addr_range_count(range_of(&segments->at[i])));
    return count;
}

/* keeps of a segment what lies inside (or outside) of set, and counts the rest */
static int clip_one(struct target_segments *kept, uint64_t *removed, struct target_segment part,
                    const struct prefix_set *set, bool keep_inside)
{
    struct addr_range left = range_of(&part), piece;
    size_t at = prefix_set_lower(set, left.first);
    int rc = 0;
    for (bool more = true, inside; rc == 0 && more;) {
        more = prefix_set_cut(set, &at, &piece, &inside, &left);
        part.first = piece.first;
        part.last = piece.last;
        if (inside == keep_inside)
            rc = target_segments_add(kept, part);
        else
            *removed = add_capped(*removed, addr_range_count(piece));
    }
    return rc;
}

/* clips all segments; host names stay, for nobody knows their addresses yet */
static int clip(struct target_segments *segments, uint64_t *removed, const struct prefix_set *set,
                bool keep_inside)
{
    struct target_segments kept = {NULL, 0, 0};
    uint64_t num_removed = 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < segments->num; i++) {
        if (segments->at[i].named)
            rc = target_segments_add(&kept, segments->at[i]);
        else
            rc = clip_one(&kept, &num_removed, segments->at[i], set, keep_inside);
    }
    if (rc < 0) {
        free(kept.at);
        return rc;
    }
    free(segments->at);
    *segments = kept;
    *removed = num_removed;
    return 0;
}

/* takes away what addr_refused refuses under set; a NULL set refuses nothing */
static int subtract(struct target_segments *segments, uint64_t *removed,
                    const struct prefix_set *set)
{
    if (set == NULL)
        return 0;
    struct prefix_set refused;
    prefix_set_init(&refused);
    int rc = prefix_set_add_refused(&refused, set);
    if (rc == 0)
        rc = clip(segments, removed, &refused, false);
    prefix_set_cleanup(&refused);
    return rc;
}

/* copies the texts that segments use into the space, and gives the segments their numbers there;
 * ranks is overwritten */
static int keep_used_texts(struct target_space *space, const struct ranked *sorted, uint32_t *ranks,
                           size_t num)
{
    size_t num_used = 0, octets_len = 0;
    memset(ranks, 0, num * sizeof *ranks);
    ranks[0] = 1; /* the empty text: always there, always first */
    for (size_t i = 0; i < space->num_segments; i++)
        ranks[space->segments[i].host] = ranks[space->segments[i].tag] = 1;
    for (size_t i = 0; i < num; i++) {
        if (ranks[i] == 0)
            continue;
        ranks[i] = (uint32_t)num_used++;
        octets_len += sorted[i].text.len + 1;
    }
    struct bytes *texts = malloc(num_used * sizeof *texts + octets_len);
    if (texts == NULL)
        return -ENOMEM;
    uint8_t *octets = (uint8_t *)(texts + num_used);
    for (size_t i = 0; i < num; i++) {
        if (i > 0 && ranks[i] == 0)
            continue;
        size_t len = sorted[i].text.len;
        memcpy(octets, sorted[i].text.data, len + 1); /* the pool keeps a NUL behind each text */
        texts[ranks[i]] = bytes_of(octets, len);
        octets += len + 1;
    }
    for (size_t i = 0; i < space->num_segments; i++) {
        space->segments[i].host = ranks[space->segments[i].host];
        space->segments[i].tag = ranks[space->segments[i].tag];
    }
    space->texts = texts;
    space->num_texts = num_used;
    return 0;
}

static bool ports_valid(const uint16_t *ports, size_t num_ports)
{
    if (num_ports == 0 || num_ports > TARGET_PORTS_MAX)
        return false;
    for (size_t i = 0; i < num_ports; i++) {
        if (ports[i] == 0)
            return false;
        for (size_t j = 0; j < i; j++)
            if (ports[j] == ports[i])
                return false;
    }
    return true;
}

int target_space_build(struct target_space *space, struct target_counts *counts,
                       const struct target_list *list, const struct prefix_set *special,
                       const struct prefix_set *block, const struct prefix_set *allow,
                       const uint16_t *ports, size_t num_ports)
{
    struct target_space made = {0};
    struct target_counts told = {0};
    struct target_segments segments = {NULL, 0, 0};
    struct ranked *sorted = NULL;
    uint32_t *ranks = NULL;
    *space = made;
    if (!ports_valid(ports, num_ports) ||
        target_list_check_ports(list, NULL, 0, ports, num_ports) != 0)
        return -EINVAL;

    int rc = rank_texts(&sorted, &ranks, &list->pool);
    if (rc == 0)
        rc = target_merge(&segments, list, ranks);
    told.given = count_segments(&segments);
    if (rc == 0)
        rc = subtract(&segments, &told.special, special);
    if (rc == 0)
        rc = subtract(&segments, &told.blocked, block);
    if (rc == 0 && allow != NULL)
        rc = clip(&segments, &told.not_allowed, allow, true);
    told.left = count_segments(&segments);

    made.segments = segments.at;
    made.num_segments = segments.num;
    made.num_ports = num_ports;
    memcpy(made.ports, ports, num_ports * sizeof *ports);
    if (rc == 0)
        rc = keep_used_texts(&made, sorted, ranks, list->pool.num);
    if (rc == 0)
        rc = target_space_seal(&made);
    if (rc == 0) {
        *space = made;
        *counts = told;
    } else {
        target_space_cleanup(&made);
    }
    free(sorted);
    free(ranks);
    return rc;
}

void target_space_cleanup(struct target_space *space)
{
    free(space->segments);
    free(space->texts);
    *space = (struct target_space){0};
}

/* whether the host of a named segment is one that can be resolved, as target_item_parse gives it;
 * the space may come from a dataset */
static bool name_valid(const struct target_space *space, const struct target_segment *s)
{
    static const struct addr zero = {0, 0};
    uint8_t name[TARGET_HOST_MAX];
    size_t len;
    struct bytes host = space->texts[s->host];
    return addr_cmp(s->first, zero) == 0 && addr_cmp(s->last, zero) == 0 && host.len > 0 &&
           target_host_take(name, &len, host) == NULL && bytes_equal(bytes_of(name, len), host);
}

/* tells whether segment i of the space may stand behind the one before it */
static bool segment_valid(const struct target_space *space, size_t i)
{
    const struct target_segment *s = &space->segments[i], *prev = i > 0 ? s - 1 : NULL;
    if (addr_cmp(s->first, s->last) > 0 || addr_is_v4(s->first) != addr_is_v4(s->last) ||
        s->host >= space->num_texts || s->tag >= space->num_texts ||
        (s->named && !name_valid(space, s)))
        return false;
    if (prev == NULL || prev->host < s->host)
        return true;
    if (prev->host != s->host || s->named)
        return false;
    return prev->named || addr_cmp(prev->last, s->first) < 0;
}

static bool texts_valid(const struct target_space *space)
{
    if (space->num_texts == 0 || space->num_texts > UINT32_MAX || space->texts[0].len != 0)
        return false;
    for (size_t i = 1; i < space->num_texts; i++)
        if (compare_texts(space->texts[i - 1], space->texts[i]) >= 0)
            return false;
    return true;
}

int target_space_seal(struct target_space *space)
{
    uint64_t num_addrs = 0, count;
    if (!ports_valid(space->ports, space->num_ports) || !texts_valid(space))
        return -EINVAL;
    for (size_t i = 0; i < space->num_segments; i++) {
        struct target_segment *s = &space->segments[i];
        if (!segment_valid(space, i))
            return -EINVAL;
        uint64_t distance = addr_distance(s->first, s->last);
        s->before = num_addrs;
        if (distance == UINT64_MAX || __builtin_add_overflow(num_addrs, distance + 1, &num_addrs))
            return -EOVERFLOW;
    }
    if (__builtin_mul_overflow(num_addrs, space->num_ports, &count))
        return -EOVERFLOW;
    space->num_addrs = num_addrs;
    space->count = count;
    return 0;
}

struct target target_space_at(const struct target_space *space, uint64_t index)
{
    return target_space_between(space, index, 0, space->num_segments);
}

struct target target_space_between(const struct target_space *space, uint64_t index, size_t low,
                                   size_t high)
{
    uint64_t nth = index / space->num_ports;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (space->segments[mid].before <= nth)
            low = mid;
        else
            high = mid;
    }
    const struct target_segment *s = &space->segments[low];
    return (struct target){
        .addr = addr_add(s->first, nth - s->before),
        .port = space->ports[index % space->num_ports],
        .named = s->named,
        .host = space->texts[s->host],
        .tag = space->texts[s->tag],
    };
}

static bool find_text(const struct target_space *space, uint32_t *id, struct bytes text)
{
    size_t low = 0, high = space->num_texts;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int cmp = compare_texts(space->texts[mid], text);
        if (cmp == 0) {
            *id = (uint32_t)mid;
            return true;
        }
        if (cmp < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

/* whether a segment lies wholly before an address of host, or before the name host */
static bool lies_before(const struct target_segment *s, uint32_t host, bool named, struct addr addr)
{
    if (s->host != host)
        return s->host < host;
    return !named && (s->named || addr_cmp(s->last, addr) < 0);
}

/* the segment of host that has addr, or is named, or NULL */
static const struct target_segment *find_segment(const struct target_space *space,
                                                 struct bytes host, bool named, struct addr addr)
{
    uint32_t id;
    size_t low = 0, high = space->num_segments;
    if (!find_text(space, &id, host))
        return NULL;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (lies_before(&space->segments[mid], id, named, addr))
            low = mid + 1;
        else
            high = mid;
    }
    if (low == space->num_segments)
        return NULL;
    const struct target_segment *s = &space->segments[low];
    return s->host == id && s->named == named && addr_cmp(s->first, addr) <= 0 ? s : NULL;
}

static bool index_of(const struct target_space *space, uint64_t *index, uint64_t nth, uint16_t port)
{
    for (size_t i = 0; i < space->num_ports; i++)
        if (space->ports[i] == port) {
            *index = nth * space->num_ports + i;
            return true;
        }
    return false;
}

bool target_space_find(const struct target_space *space, uint64_t *index, struct addr addr,
                       uint16_t port, struct bytes host)
{
    const struct target_segment *s = find_segment(space, host, false, addr);
    return s != NULL && index_of(space, index, s->before + addr_distance(s->first, addr), port);
}

bool target_space_find_name(const struct target_space *space, uint64_t *index, struct bytes host,
                            uint16_t port)
{
    const struct target_segment *s = find_segment(space, host, true, (struct addr){0, 0});
    return s != NULL && index_of(space, index, s->before, port);
}

bool target_space_has_names(const struct target_space *space)
{
    for (size_t i = 0; i < space->num_segments; i++)
        if (space->segments[i].named)
            return true;
    return false;
}
