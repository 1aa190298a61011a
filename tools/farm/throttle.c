#include "tools/farm/throttle.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "tools/farm/mix.h"
#include "tools/farm/units.h"

enum { V4_LEN = 24, V6_LEN = 48, NONE = UINT32_MAX };

/* one network: a ring of its last arrivals. Slots are linked by number, so that every process sees
 * the same lists wherever the memory is mapped. */
struct slot {
    struct addr network;
    uint32_t chain;        /* next of the same bucket */
    uint32_t older, newer; /* by the last arrival */
    uint32_t next;         /* place in the ring of the next arrival, where the oldest is */
    uint64_t arrivals_us[];
};

struct throttle {
    pthread_mutex_t lock;
    struct throttle_spec spec;
    size_t mapped, slot_size;
    uint32_t num_slots, num_used;
    uint32_t oldest, newest;
    uint32_t buckets[THROTTLE_NETWORKS_MAX];
    max_align_t slots[];
};

bool throttle_parse(struct throttle_spec *out, const char *text)
{
    uint64_t limit;
    const char *unit;
    if (!unit_number(&limit, &unit, text) || limit == 0 || limit > THROTTLE_LIMIT_MAX)
        return false;
    uint64_t second_us = 1000000, window_us;
    if (strcmp(unit, "/s") == 0)
        window_us = second_us;
    else if (strcmp(unit, "/m") == 0)
        window_us = 60 * second_us;
    else if (strcmp(unit, "/h") == 0)
        window_us = 3600 * second_us;
    else
        return false;
    *out = (struct throttle_spec){(uint32_t)limit, window_us};
    return true;
}

/* ---- memory ---- */

static size_t slot_size_of(struct throttle_spec spec)
{
    return sizeof(struct slot) + spec.limit * sizeof(uint64_t);
}

uint32_t throttle_num_networks(struct throttle_spec spec)
{
    size_t room = (THROTTLE_OCTETS_MAX - sizeof(struct throttle)) / slot_size_of(spec);
    return room < THROTTLE_NETWORKS_MAX ? (uint32_t)room : THROTTLE_NETWORKS_MAX;
}

/* A process that dies with the lock must not hang the others. */
static int lock_init(pthread_mutex_t *lock)
{
    pthread_mutexattr_t attr;
    int rc = pthread_mutexattr_init(&attr);
    if (rc != 0)
        return rc;
    pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    rc = pthread_mutex_init(lock, &attr);
    pthread_mutexattr_destroy(&attr);
    return rc;
}

struct throttle *throttle_new(struct throttle_spec spec)
{
    uint32_t num_slots = throttle_num_networks(spec);
    size_t mapped = sizeof(struct throttle) + num_slots * slot_size_of(spec);
    struct throttle *t =
        mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t == MAP_FAILED)
        return NULL;
    t->spec = spec;
    t->mapped = mapped;
    t->slot_size = slot_size_of(spec);
    t->num_slots = num_slots;
    t->oldest = t->newest = NONE;
    memset(t->buckets, 0xff, sizeof t->buckets);
    if (lock_init(&t->lock) == 0)
        return t;
    munmap(t, mapped);
    return NULL;
}

void throttle_free(struct throttle *t)
{
    if (t != NULL)
        munmap(t, t->mapped);
}

/* ---- networks ---- */

static struct slot *slot_at(struct throttle *t, uint32_t index)
{
    return (struct slot *)(void *)((char *)t->slots + index * t->slot_size);
}

static uint32_t *bucket_of(struct throttle *t, struct addr network)
{
    return &t->buckets[mix(mix(network.hi) ^ network.lo) % THROTTLE_NETWORKS_MAX];
}

/* list_remove takes a slot off the list by age. */
static void list_remove(struct throttle *t, uint32_t index)
{
    const struct slot *s = slot_at(t, index);
    if (s->older == NONE)
        t->oldest = s->newer;
    else
        slot_at(t, s->older)->newer = s->newer;
    if (s->newer == NONE)
        t->newest = s->older;
    else
        slot_at(t, s->newer)->older = s->older;
}

static void list_append(struct throttle *t, uint32_t index)
{
    struct slot *s = slot_at(t, index);
    s->older = t->newest;
    s->newer = NONE;
    if (t->newest == NONE)
        t->oldest = index;
    else
        slot_at(t, t->newest)->newer = index;
    t->newest = index;
}

/* forget_oldest frees the slot of the network that was silent longest. */
static uint32_t forget_oldest(struct throttle *t)
{
    uint32_t index = t->oldest;
    uint32_t *link = bucket_of(t, slot_at(t, index)->network);
    while (*link != index)
        link = &slot_at(t, *link)->chain;
    *link = slot_at(t, index)->chain;
    list_remove(t, index);
    return index;
}

static uint32_t slot_new(struct throttle *t, struct addr network)
{
    uint32_t index = t->num_used < t->num_slots ? t->num_used++ : forget_oldest(t);
    struct slot *s = slot_at(t, index);
    uint32_t *bucket = bucket_of(t, network);
    memset(s, 0, t->slot_size);
    s->network = network;
    s->chain = *bucket;
    *bucket = index;
    return index;
}

/* slot_take finds or makes the slot of a network and makes it the newest. */
static struct slot *slot_take(struct throttle *t, struct addr network)
{
    uint32_t index = *bucket_of(t, network);
    while (index != NONE && addr_cmp(slot_at(t, index)->network, network) != 0)
        index = slot_at(t, index)->chain;
    if (index == NONE)
        index = slot_new(t, network);
    else
        list_remove(t, index);
    list_append(t, index);
    return slot_at(t, index);
}

bool throttle_admit(struct throttle *t, uint64_t now_us, struct addr a)
{
    if (pthread_mutex_lock(&t->lock) == EOWNERDEAD)
        pthread_mutex_consistent(&t->lock);
    struct slot *s = slot_take(t, addr_network(a, V4_LEN, V6_LEN));
    uint64_t stamp_us = now_us + 1; /* 0 is a place that was never filled */
    uint64_t oldest_us = s->arrivals_us[s->next];
    s->arrivals_us[s->next] = stamp_us;
    s->next = (s->next + 1) % t->spec.limit;
    pthread_mutex_unlock(&t->lock);
    return oldest_us == 0 || stamp_us - oldest_us >= t->spec.window_us;
}
