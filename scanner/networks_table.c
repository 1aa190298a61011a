#include <openssl/siphash.h>
#include <stdlib.h>
#include <uv.h>

#include "scanner/networks_private.h"

enum { CAP_FIRST = 64 };

_Static_assert(sizeof(struct network) <= 88, "about 100 with heap and bucket, as the header says");

int stripe_init(struct stripe *s, uint32_t max)
{
    if (pthread_mutex_init(&s->lock, NULL) != 0)
        return UV_ENOMEM;
    s->max = max;
    s->free = NONE;
    atomic_init(&s->first_ns, NEVER);
    return 0;
}

void stripe_cleanup(struct stripe *s)
{
    free(s->entries);
    free(s->buckets);
    free(s->heap);
    pthread_mutex_destroy(&s->lock);
}

/* ---- where a network is ---- */

struct place place_of(struct networks *n, enum network_level level, struct addr addr)
{
    const uint64_t words[] = {addr.hi, addr.lo, level};
    uint64_t hash = SIPHASH_24(n->key, (const uint8_t *)words, sizeof words);
    return (struct place){.addr = addr,
                          .level = level,
                          .hash = (uint32_t)(hash >> 32),
                          .stripe = &n->stripes[hash % NUM_STRIPES],
                          .at = NONE};
}

struct network *place_network(const struct place *place)
{
    return &place->stripe->entries[place->at];
}

static uint32_t *bucket_of(const struct stripe *s, uint32_t hash)
{
    return &s->buckets[hash & (s->num_buckets - 1)];
}

bool place_find(struct place *place)
{
    const struct stripe *s = place->stripe;
    place->at = NONE;
    if (s->num_buckets == 0)
        return false;
    for (uint32_t at = *bucket_of(s, place->hash); at != NONE; at = s->entries[at].next) {
        const struct network *e = &s->entries[at];
        if (e->hash == place->hash && e->level == place->level &&
            addr_cmp(e->addr, place->addr) == 0)
            place->at = at;
    }
    return place->at != NONE;
}

/* ---- room ---- */

static void fill_buckets(struct stripe *s, uint32_t *buckets, uint32_t num)
{
    for (uint32_t i = 0; i < num; i++)
        buckets[i] = NONE;
    free(s->buckets);
    s->buckets = buckets;
    s->num_buckets = num;
    for (uint32_t at = 0; at < s->num_made; at++) { /* no room, so none of them is free */
        struct network *e = &s->entries[at];
        uint32_t *bucket = bucket_of(s, e->hash);
        e->next = *bucket;
        *bucket = at;
    }
}

static bool grow(struct stripe *s)
{
    uint32_t cap = s->cap == 0 ? CAP_FIRST : s->cap * 2, num_buckets = CAP_FIRST;
    if (cap > s->max)
        cap = s->max;
    if (cap == s->cap)
        return false;
    while (num_buckets < cap)
        num_buckets *= 2;
    struct network *entries = realloc(s->entries, cap * sizeof *entries);
    if (entries == NULL)
        return false;
    s->entries = entries;
    uint32_t *heap = realloc(s->heap, cap * sizeof *heap);
    if (heap == NULL)
        return false;
    s->heap = heap;
    uint32_t *buckets = malloc(num_buckets * sizeof *buckets);
    if (buckets == NULL)
        return false;
    fill_buckets(s, buckets, num_buckets);
    s->cap = cap;
    return true;
}

static uint32_t claim(struct networks *n, struct stripe *s, uint64_t now_ns)
{
    if (s->free == NONE && (s->num_made < s->cap || grow(s)))
        return s->num_made++;
    if (s->free == NONE)
        stripe_sweep(n, s, SWEEP_MANY, false, now_ns);
    if (s->free == NONE)
        stripe_sweep(n, s, SWEEP_MANY, true, now_ns);
    uint32_t at = s->free;
    if (at != NONE)
        s->free = s->entries[at].next;
    return at;
}

static void count_used(struct stripe *s, int by)
{
    uint32_t num = atomic_load_explicit(&s->num_used, memory_order_relaxed);
    atomic_store_explicit(&s->num_used, num + (uint32_t)by, memory_order_relaxed);
}

bool place_add(struct networks *n, struct place *place, uint64_t now_ns)
{
    struct stripe *s = place->stripe;
    if (place_find(place))
        return true;
    place->at = claim(n, s, now_ns);
    if (place->at == NONE)
        return false;
    uint32_t *bucket = bucket_of(s, place->hash);
    s->entries[place->at] = (struct network){.addr = place->addr,
                                             .level = (uint8_t)place->level,
                                             .due_ns = s->forgotten_ns,
                                             .first = NONE,
                                             .heap_at = NONE,
                                             .next = *bucket,
                                             .hash = place->hash};
    *bucket = place->at;
    count_used(s, 1);
    if (!level_is_limited(n, place->level))
        atomic_fetch_add_explicit(&n->num_extra, 1, memory_order_relaxed);
    return true;
}

static void forget(struct networks *n, struct stripe *s, uint32_t at)
{
    struct network *e = &s->entries[at];
    uint32_t *link = bucket_of(s, e->hash);
    while (*link != at)
        link = &s->entries[*link].next;
    *link = e->next;
    if (e->due_ns > s->forgotten_ns)
        s->forgotten_ns = e->due_ns;
    if (e->penalty > 0)
        atomic_fetch_sub_explicit(&n->num_backed_off, 1, memory_order_relaxed);
    if (!level_is_limited(n, e->level))
        atomic_fetch_sub_explicit(&n->num_extra, 1, memory_order_relaxed);
    count_used(s, -1);
    e->level = NUM_NETWORK_LEVELS;
    e->next = s->free;
    s->free = at;
}

static void forget_idle(struct networks *n, struct stripe *s, uint32_t at, bool needed,
                        uint64_t now_ns)
{
    const struct network *e = &s->entries[at];
    if (e->level != NUM_NETWORK_LEVELS && network_is_idle(n, e, needed, now_ns))
        forget(n, s, at);
}

void stripe_forget(struct networks *n, struct stripe *s, uint32_t at, uint64_t now_ns)
{
    forget_idle(n, s, at, false, now_ns);
}

void stripe_sweep(struct networks *n, struct stripe *s, unsigned num, bool needed, uint64_t now_ns)
{
    for (; num > 0 && s->num_made > 0 && !(needed && s->free != NONE); num--) {
        if (s->hand >= s->num_made)
            s->hand = 0;
        forget_idle(n, s, s->hand++, needed, now_ns);
    }
}

/* ---- the order in which networks are tried: a binary heap ---- */

static void put_at(struct stripe *s, uint32_t i, uint32_t at)
{
    s->heap[i] = at;
    s->entries[at].heap_at = i;
}

static bool before(const struct stripe *s, uint32_t i, uint32_t k)
{
    return s->entries[s->heap[i]].wake_ns < s->entries[s->heap[k]].wake_ns;
}

static void swap(struct stripe *s, uint32_t i, uint32_t k)
{
    uint32_t at = s->heap[i];
    put_at(s, i, s->heap[k]);
    put_at(s, k, at);
}

/* brings the network at i to where it belongs */
static void settle(struct stripe *s, uint32_t i)
{
    for (; i > 0 && before(s, i, (i - 1) / 2); i = (i - 1) / 2)
        swap(s, i, (i - 1) / 2);
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child + 1 < s->heap_len && before(s, child + 1, child))
            child++;
        if (child >= s->heap_len || !before(s, child, i))
            break;
        swap(s, i, child);
        i = child;
    }
}

static void publish(struct stripe *s)
{
    uint64_t first_ns = s->heap_len > 0 ? s->entries[s->heap[0]].wake_ns : NEVER;
    atomic_store_explicit(&s->first_ns, first_ns, memory_order_relaxed);
}

static void wake_at(struct stripe *s, uint32_t at, uint64_t wake_ns)
{
    struct network *e = &s->entries[at];
    e->wake_ns = wake_ns;
    if (e->heap_at == NONE)
        put_at(s, s->heap_len++, at);
    settle(s, e->heap_at);
    publish(s);
}

static void take_out(struct stripe *s, uint32_t at)
{
    uint32_t i = s->entries[at].heap_at;
    if (i == NONE)
        return;
    s->entries[at].heap_at = NONE;
    if (i != --s->heap_len) {
        put_at(s, i, s->heap[s->heap_len]);
        settle(s, i);
    }
    publish(s);
}

bool stripe_arrange(const struct networks *n, struct stripe *s, uint32_t at, uint64_t now_ns)
{
    const struct network *e = &s->entries[at];
    uint64_t before_ns = e->heap_at != NONE ? e->wake_ns : NEVER;
    if (e->first == NONE || e->in_flight >= network_max(n, e)) {
        take_out(s, at);
        return false;
    }
    if (before_ns <= now_ns && e->due_ns <= now_ns) /* it keeps its turn */
        return false;
    wake_at(s, at, e->due_ns > now_ns ? e->due_ns : now_ns);
    return e->wake_ns < before_ns;
}

void stripe_postpone(struct stripe *s, uint32_t at, uint64_t until_ns)
{
    if (s->entries[at].heap_at != NONE)
        wake_at(s, at, until_ns);
}

uint32_t stripe_first(struct stripe *s, uint64_t now_ns)
{
    if (s->heap_len == 0 || s->entries[s->heap[0]].wake_ns > now_ns)
        return NONE;
    uint32_t at = s->heap[0];
    take_out(s, at);
    return at;
}
