#include "scanner/networks.h"

#include <assert.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <uv.h>

#include "scanner/networks_private.h"

enum { ELSEWHERE_NS = 1000000000 }; /* that a queue rests whose first waits in a wider network */

/* ---- life ---- */

static int init_later(struct later *l)
{
    for (size_t i = 0; i < VISIT_ATTEMPTS_MAX; i++)
        l->queues[i] = (struct network){.first = NONE, .last = NONE, .level = NUM_NETWORK_LEVELS};
    atomic_init(&l->first_ns, NEVER);
    return pthread_mutex_init(&l->lock, NULL) == 0 ? 0 : UV_ENOMEM;
}

static int init(struct networks *n)
{
    uint32_t max = n->config.max_entries / NUM_STRIPES;
    for (size_t i = 0; i < NUM_STRIPES; i++) {
        if (stripe_init(&n->stripes[i], max) == 0)
            continue;
        while (i-- > 0)
            stripe_cleanup(&n->stripes[i]);
        return UV_ENOMEM;
    }
    int rc = parked_init(&n->parked, n->config.max_parked);
    if (rc != 0)
        for (size_t i = 0; i < NUM_STRIPES; i++)
            stripe_cleanup(&n->stripes[i]);
    return rc;
}

int networks_new_keyed(struct networks **out, const struct networks_config *config,
                       const uint64_t key[2])
{
    assert(config->retry_delay_ns >= 1000000 && config->retry_delay_ns <= NETWORKS_DELAY_MAX_NS);
    assert(config->max_entries >= NETWORKS_ENTRIES_MIN && config->max_entries <= INDEX_MAX);
    struct networks *n = aligned_alloc(alignof(struct networks), sizeof *n);
    if (n == NULL)
        return UV_ENOMEM;
    *n = (struct networks){.config = *config, .key = {key[0], key[1]}};
    int rc = init_later(&n->later);
    if (rc == 0 && (rc = init(n)) != 0)
        pthread_mutex_destroy(&n->later.lock);
    if (rc != 0) {
        free(n);
        return rc;
    }
    *out = n;
    return 0;
}

int networks_new(struct networks **out, const struct networks_config *config)
{
    uint64_t key[2];
    RAND_bytes((uint8_t *)key, sizeof key);
    return networks_new_keyed(out, config, key);
}

static void drop_all(struct networks *n, struct network *e,
                     void (*drop)(void *arg, const struct visit *v), void *arg)
{
    struct visit v;
    while (e->first != NONE) {
        parked_get(&n->parked, e, &v, e->due_ns);
        drop(arg, &v);
    }
}

void networks_free(struct networks *n, void (*drop)(void *arg, const struct visit *v), void *arg)
{
    if (n == NULL)
        return;
    for (size_t i = 0; i < NUM_STRIPES; i++) {
        struct stripe *s = &n->stripes[i];
        for (uint32_t at = 0; drop != NULL && at < s->num_made; at++)
            if (s->entries[at].level != NUM_NETWORK_LEVELS)
                drop_all(n, &s->entries[at], drop, arg);
        stripe_cleanup(s);
    }
    for (size_t i = 0; drop != NULL && i < VISIT_ATTEMPTS_MAX; i++)
        drop_all(n, &n->later.queues[i], drop, arg);
    pthread_mutex_destroy(&n->later.lock);
    parked_cleanup(&n->parked);
    free(n);
}

/* ---- the networks of one address ---- */

/* the widest first: those that wait do so there before they queue for narrower ones */
struct places {
    struct place place[NUM_NETWORK_LEVELS];
    unsigned num;
};

static void add_place(struct networks *n, struct places *places, enum network_level level,
                      struct addr addr)
{
    places->place[places->num++] = place_of(n, level, addr);
}

static struct addr prefix_of(const struct networks *n, struct addr addr)
{
    return addr_network(addr, n->config.prefix_len4, n->config.prefix_len6);
}

static bool knows_throttlers(const struct networks *n)
{
    return atomic_load_explicit(&n->num_extra, memory_order_relaxed) != 0;
}

/* those that are limited, and the prefix if it may be backed off */
static void find_places(struct networks *n, struct places *places, struct addr addr, uint32_t asn,
                        bool throttled)
{
    places->num = 0;
    if (asn != 0 && level_is_limited(n, NETWORK_AS))
        add_place(n, places, NETWORK_AS, (struct addr){0, asn});
    if (level_is_limited(n, NETWORK_PREFIX) || throttled || knows_throttlers(n))
        add_place(n, places, NETWORK_PREFIX, prefix_of(n, addr));
    if (level_is_limited(n, NETWORK_HOST))
        add_place(n, places, NETWORK_HOST, addr);
}

/* puts the stripes into order, each once; returns how many */
static unsigned stripes_of(struct stripe *stripes[NUM_NETWORK_LEVELS], const struct places *places)
{
    unsigned num = 0;
    for (unsigned i = 0; i < places->num; i++) {
        struct stripe *s = places->place[i].stripe;
        unsigned k = num;
        for (; k > 0 && stripes[k - 1] >= s; k--)
            if (stripes[k - 1] == s)
                break;
        if (k > 0 && stripes[k - 1] == s)
            continue;
        for (unsigned m = num++; m > k; m--)
            stripes[m] = stripes[m - 1];
        stripes[k] = s;
    }
    return num;
}

/* ---- starts ---- */

static void hold_one(struct networks *n, const struct place *place, bool is_retry, uint64_t now_ns)
{
    struct network *e = place_network(place);
    if (place->level == NETWORK_PREFIX && network_asked(n, e, is_retry, now_ns))
        stripe_arrange(n, place->stripe, place->at, now_ns);
    e->in_flight++;
}

/* Finds or adds all networks, and counts one more in flight in each, which keeps them there. */
static bool hold(struct networks *n, struct places *places, bool is_retry, uint64_t now_ns)
{
    for (unsigned i = 0; i < places->num; i++) {
        struct place *place = &places->place[i];
        stripe_sweep(n, place->stripe, SWEEP_SOME, false, now_ns);
        bool here =
            level_is_limited(n, place->level) ? place_add(n, place, now_ns) : place_find(place);
        if (here)
            hold_one(n, place, is_retry, now_ns);
        else if (level_is_limited(n, place->level))
            return false;
    }
    return true;
}

static void let_go(struct networks *n, struct places *places, uint64_t now_ns)
{
    for (unsigned i = 0; i < places->num; i++) {
        struct place *place = &places->place[i];
        if (place->at == NONE)
            continue;
        place_network(place)->in_flight--;
        stripe_forget(n, place->stripe, place->at, now_ns);
    }
}

/* which network refuses a start that is held: the limit binds, or others wait */
static const struct place *refused_by(const struct networks *n, const struct places *places,
                                      bool again, uint64_t now_ns)
{
    for (unsigned i = 0; i < places->num; i++) {
        const struct place *place = &places->place[i];
        if (place->at == NONE)
            continue;
        const struct network *e = place_network(place);
        if (e->due_ns > now_ns || e->in_flight > network_max(n, e) || (!again && e->first != NONE))
            return place;
    }
    return NULL;
}

static void commit(struct networks *n, const struct places *places, uint64_t now_ns)
{
    for (unsigned i = 0; i < places->num; i++) {
        const struct place *place = &places->place[i];
        if (place->at == NONE)
            continue;
        struct network *e = place_network(place);
        e->in_flight -= !network_joins(e, now_ns);
        network_started(n, e, now_ns);
        stripe_arrange(n, place->stripe, place->at, now_ns);
    }
}

/* The first of a narrower queue that is refused by a wider network moves there, and stands for its
 * queue: else that would follow, one after another, only to be refused and moved back. */
static void rest_narrower(const struct places *places, const struct place *by, unsigned passed,
                          uint64_t now_ns)
{
    for (const struct place *place = by + 1; place < places->place + places->num; place++)
        if (place->at != NONE && (passed >> place->level & 1) != 0)
            stripe_postpone(place->stripe, place->at, now_ns + ELSEWHERE_NS);
}

static enum network_grant ask(struct networks *n, struct places *places, const struct visit *v,
                              bool again, uint64_t now_ns)
{
    if (!hold(n, places, v != NULL && visit_num_attempts(v) > 0, now_ns)) {
        let_go(n, places, now_ns);
        return NETWORK_FULL;
    }
    const struct place *by = refused_by(n, places, again, now_ns);
    if (by == NULL) {
        commit(n, places, now_ns);
        return NETWORK_OK;
    }
    if (v == NULL) {
        let_go(n, places, now_ns);
        return NETWORK_FULL;
    }
    struct visit copy = *v;
    if (!again)
        copy.passed = 0;
    bool parked = parked_put(&n->parked, place_network(by), &copy, copy.passed >> by->level & 1);
    let_go(n, places, now_ns);
    if (!parked)
        return NETWORK_FULL;
    stripe_arrange(n, by->stripe, by->at, now_ns);
    rest_narrower(places, by, copy.passed, now_ns);
    return NETWORK_PARKED;
}

enum network_grant networks_start(struct networks *n, uint64_t *wait_ns, const struct visit *v,
                                  bool again, struct addr addr, uint32_t asn, uint64_t now_ns)
{
    struct stripe *stripes[NUM_NETWORK_LEVELS];
    struct places places;
    find_places(n, &places, addr, asn, false);
    unsigned num = stripes_of(stripes, &places);
    for (unsigned i = 0; i < num; i++)
        pthread_mutex_lock(&stripes[i]->lock);
    enum network_grant grant = ask(n, &places, v, again && (v == NULL || v->passed != 0), now_ns);
    for (unsigned i = 0; i < num; i++)
        pthread_mutex_unlock(&stripes[i]->lock);
    if (grant == NETWORK_FULL)
        *wait_ns = NETWORKS_WAIT_NS;
    return grant;
}

/* ---- ends ---- */

/* sessions that began before a prefix was known are not counted in it */
static bool find_or_suspect(struct networks *n, struct place *place, bool throttled,
                            uint64_t now_ns)
{
    if (place_find(place))
        return true;
    assert(!level_is_limited(n, place->level));
    if (!throttled || !place_add(n, place, now_ns))
        return false;
    place_network(place)->counted_from_ns = now_ns;
    return true;
}

static void hear(struct networks *n, struct network *e, enum network_end how, uint64_t start_ns,
                 uint64_t now_ns)
{
    switch (how) {
    case NETWORK_WENT_WELL: network_went_well(n, e, start_ns, now_ns); break;
    case NETWORK_THROTTLED: network_throttled(n, e, false, start_ns, now_ns); break;
    case NETWORK_THROTTLED_AGAIN: network_throttled(n, e, true, start_ns, now_ns); break;
    case NETWORK_UNUSED: break;
    }
}

static bool end_at(struct networks *n, struct place *place, enum network_end how, uint64_t start_ns,
                   uint64_t now_ns)
{
    bool tells = place->level == NETWORK_PREFIX;
    if (!find_or_suspect(n, place, tells && how == NETWORK_THROTTLED, now_ns))
        return false;
    struct network *e = place_network(place);
    if (network_joins(e, start_ns) && e->in_flight > 0)
        e->in_flight--;
    if (tells)
        hear(n, e, how, start_ns, now_ns);
    bool sooner = stripe_arrange(n, place->stripe, place->at, now_ns);
    stripe_forget(n, place->stripe, place->at, now_ns);
    return sooner;
}

bool networks_end(struct networks *n, struct addr addr, uint32_t asn, enum network_end how,
                  uint64_t start_ns, uint64_t now_ns)
{
    bool sooner = false;
    struct places places;
    find_places(n, &places, addr, asn, how == NETWORK_THROTTLED);
    for (unsigned i = 0; i < places.num; i++) {
        struct place *place = &places.place[i];
        pthread_mutex_lock(&place->stripe->lock);
        sooner |= end_at(n, place, how, start_ns, now_ns);
        pthread_mutex_unlock(&place->stripe->lock);
    }
    return sooner;
}

/* ---- those that wait ---- */

/* when the first of a queue may be visited again */
static uint64_t due_of(const struct networks *n, size_t queue, uint64_t now_ns)
{
    struct visit first;
    parked_first(&n->parked, &n->later.queues[queue], &first, now_ns);
    return first.attempt_start_ns + (n->config.retry_delay_ns << queue);
}

/* the queue whose first is due first, and when; VISIT_ATTEMPTS_MAX: nobody waits */
static size_t first_queue(const struct networks *n, uint64_t *due_ns, uint64_t now_ns)
{
    size_t first = VISIT_ATTEMPTS_MAX;
    *due_ns = NEVER;
    for (size_t i = 0; i < VISIT_ATTEMPTS_MAX; i++) {
        uint64_t ns = n->later.queues[i].first != NONE ? due_of(n, i, now_ns) : NEVER;
        if (ns < *due_ns) {
            first = i;
            *due_ns = ns;
        }
    }
    return first;
}

bool networks_park(struct networks *n, const struct visit *v, uint64_t now_ns)
{
    struct later *l = &n->later;
    struct visit copy = *v;
    uint64_t due_ns;
    unsigned num = visit_num_attempts(v);
    assert(num > 0);
    copy.passed = 0;
    pthread_mutex_lock(&l->lock);
    bool parked = parked_put(&n->parked, &l->queues[num - 1], &copy, false);
    first_queue(n, &due_ns, now_ns);
    atomic_store_explicit(&l->first_ns, due_ns, memory_order_relaxed);
    pthread_mutex_unlock(&l->lock);
    return parked;
}

static bool take_later(struct networks *n, struct visit *out, uint64_t now_ns)
{
    struct later *l = &n->later;
    uint64_t due_ns;
    if (atomic_load_explicit(&l->first_ns, memory_order_relaxed) > now_ns)
        return false;
    pthread_mutex_lock(&l->lock);
    size_t queue = first_queue(n, &due_ns, now_ns);
    bool taken = due_ns <= now_ns;
    if (taken) {
        parked_get(&n->parked, &l->queues[queue], out, now_ns);
        out->passed = 0;
        first_queue(n, &due_ns, now_ns);
    }
    atomic_store_explicit(&l->first_ns, due_ns, memory_order_relaxed);
    pthread_mutex_unlock(&l->lock);
    return taken;
}

static struct stripe *earliest_stripe(struct networks *n, uint64_t *first_ns)
{
    struct stripe *earliest = NULL;
    *first_ns = NEVER;
    for (size_t i = 0; i < NUM_STRIPES; i++) {
        struct stripe *s = &n->stripes[i];
        uint64_t ns = atomic_load_explicit(&s->first_ns, memory_order_relaxed);
        if (ns < *first_ns) {
            earliest = s;
            *first_ns = ns;
        }
    }
    return earliest;
}

static bool take_from(struct networks *n, struct stripe *s, struct visit *out, uint64_t now_ns)
{
    uint32_t at = stripe_first(s, now_ns);
    if (at == NONE)
        return false;
    parked_get(&n->parked, &s->entries[at], out, now_ns);
    stripe_arrange(n, s, at, now_ns);
    stripe_forget(n, s, at, now_ns);
    return true;
}

bool networks_take(struct networks *n, struct visit *out, uint64_t *due_ns, uint64_t now_ns)
{
    *due_ns = NEVER;
    if (networks_num_parked(n) == 0)
        return false;
    if (take_later(n, out, now_ns))
        return true;
    uint64_t later_ns = atomic_load_explicit(&n->later.first_ns, memory_order_relaxed);
    for (bool taken = false; !taken;) {
        struct stripe *s = earliest_stripe(n, due_ns);
        if (*due_ns > now_ns) {
            *due_ns = *due_ns < later_ns ? *due_ns : later_ns;
            return false;
        }
        pthread_mutex_lock(&s->lock);
        taken = take_from(n, s, out, now_ns);
        pthread_mutex_unlock(&s->lock);
    }
    return true;
}

/* ---- figures ---- */

uint64_t networks_num_parked(const struct networks *n)
{
    return atomic_load_explicit(&n->parked.num, memory_order_relaxed);
}

void networks_figures(const struct networks *n, struct networks_figures *out)
{
    uint64_t num = 0;
    for (size_t i = 0; i < NUM_STRIPES; i++)
        num += atomic_load_explicit(&n->stripes[i].num_used, memory_order_relaxed);
    *out = (struct networks_figures){
        .num_parked = networks_num_parked(n),
        .num_backed_off = atomic_load_explicit(&n->num_backed_off, memory_order_relaxed),
        .num_entries = num,
    };
}
