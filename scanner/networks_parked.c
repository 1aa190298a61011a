#include <assert.h>
#include <stdlib.h>
#include <uv.h>

#include "scanner/networks_private.h"

enum { PASSED_BITS = NUM_NETWORK_LEVELS }; /* the lowest of link; above them the next visit */

_Static_assert(NONE >> (32 - PASSED_BITS) == 0, "an index fits link");

int parked_init(struct parked *p, uint32_t max)
{
    assert(max <= INDEX_MAX);
    *p = (struct parked){.max = max, .free = NONE, .max_fresh = max - max / 2};
    p->slabs = calloc((size_t)max / PARKED_SLAB + 1, sizeof *p->slabs);
    if (p->slabs == NULL)
        return UV_ENOMEM;
    if (pthread_mutex_init(&p->lock, NULL) == 0)
        return 0;
    free(p->slabs);
    return UV_ENOMEM;
}

void parked_cleanup(struct parked *p)
{
    for (size_t i = 0; i < (size_t)p->max / PARKED_SLAB + 1; i++)
        free(p->slabs[i]);
    free(p->slabs);
    pthread_mutex_destroy(&p->lock);
}

static struct visit_parked *node(const struct parked *p, uint32_t at)
{
    return &p->slabs[at / PARKED_SLAB][at % PARKED_SLAB];
}

static uint32_t next_of(const struct visit_parked *node)
{
    return node->link >> PASSED_BITS;
}

static void set_link(struct visit_parked *node, uint32_t next, unsigned passed)
{
    node->link = next << PASSED_BITS | passed;
}

/* the next that was never used */
static uint32_t make(struct parked *p)
{
    if (p->num_made == p->max)
        return NONE;
    struct visit_parked **slab = &p->slabs[p->num_made / PARKED_SLAB];
    if (*slab == NULL && (*slab = malloc(PARKED_SLAB * sizeof **slab)) == NULL)
        return NONE;
    return p->num_made++;
}

/* under the lock */
static uint32_t take_node(struct parked *p)
{
    uint32_t at = p->free;
    if (at == NONE)
        return make(p);
    p->free = next_of(node(p, at));
    return at;
}

static uint32_t claim(struct parked *p, bool is_fresh)
{
    uint32_t at = NONE;
    pthread_mutex_lock(&p->lock);
    if (!is_fresh || p->num_fresh < p->max_fresh)
        at = take_node(p);
    if (at != NONE) {
        p->num_fresh += is_fresh;
        atomic_fetch_add_explicit(&p->num, 1, memory_order_relaxed);
    }
    pthread_mutex_unlock(&p->lock);
    return at;
}

static void give_back(struct parked *p, uint32_t at, bool is_fresh)
{
    pthread_mutex_lock(&p->lock);
    p->num_fresh -= is_fresh;
    set_link(node(p, at), p->free, 0);
    p->free = at;
    atomic_fetch_sub_explicit(&p->num, 1, memory_order_relaxed);
    pthread_mutex_unlock(&p->lock);
}

bool parked_put(struct parked *p, struct network *e, const struct visit *v, bool in_front)
{
    uint32_t at = claim(p, visit_num_attempts(v) == 0);
    if (at == NONE)
        return false;
    struct visit_parked *new = node(p, at);
    visit_pack(new, v);
    set_link(new, in_front ? e->first : NONE, v->passed);
    if (e->first == NONE)
        e->first = e->last = at;
    else if (in_front)
        e->first = at;
    else {
        struct visit_parked *last = node(p, e->last);
        set_link(last, at, last->link & ((1 << PASSED_BITS) - 1));
        e->last = at;
    }
    return true;
}

void parked_first(const struct parked *p, const struct network *e, struct visit *out,
                  uint64_t now_ns)
{
    visit_unpack(out, node(p, e->first), now_ns);
}

void parked_get(struct parked *p, struct network *e, struct visit *out, uint64_t now_ns)
{
    uint32_t at = e->first;
    const struct visit_parked *first = node(p, at);
    visit_unpack(out, first, now_ns);
    out->passed = (uint8_t)((first->link & ((1 << PASSED_BITS) - 1)) | 1U << e->level);
    e->first = next_of(first);
    give_back(p, at, visit_num_attempts(out) == 0);
}
