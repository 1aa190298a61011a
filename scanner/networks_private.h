/*
 * networks_private: the parts of networks: what one network is allowed (networks_limit.c), the
 * table of those that are known and the order in which they are tried (networks_table.c), the
 * visits that wait (networks_parked.c).
 *
 * Threads    Whatever is given a stripe, or a network of it, is called under its lock. Several
 *            stripes are locked in the order of their addresses, none of them together with later;
 *            the lock of the parked comes last, after either.
 */
#ifndef MXSWEEP_SCANNER_NETWORKS_PRIVATE_H
#define MXSWEEP_SCANNER_NETWORKS_PRIVATE_H

#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>

#include "scanner/networks.h"

enum {
    NUM_STRIPES = 16,
    PARKED_SLAB = 1024,   /* visits that memory is taken for at a time */
    NONE = (1 << 29) - 1, /* no such index */
    INDEX_MAX = 1 << 28,
    SWEEP_SOME = 2,
    SWEEP_MANY = 64 /* networks looked at: by each start, when there is no room */
};

#define NEVER UINT64_MAX

/* one network that is limited, or backed off */
struct network {
    struct addr addr;         /* host, first of the prefix, or the AS number in lo */
    uint64_t due_ns;          /* the next start */
    uint64_t wake_ns;         /* when those that wait are looked at: the order of the heap */
    uint64_t blocked_ns;      /* when it was blocked last */
    uint64_t heard_ns;        /* when a session last told how it fares */
    uint64_t counted_from_ns; /* sessions that began before are not in in_flight */
    uint32_t in_flight;
    uint32_t first, last; /* parked visits */
    uint32_t heap_at;     /* NONE: nobody waits, or for no time but for an end */
    uint32_t next;        /* in its bucket or the free list */
    uint32_t hash;
    uint8_t level;      /* enum network_level; NUM_NETWORK_LEVELS: free */
    uint8_t penalty;    /* how far backed off; 0: not */
    uint8_t num_blocks; /* at most BLOCKS_MAX; 0: not known to throttle */
    uint8_t num_well;   /* sessions that went well since penalty changed */
    uint8_t num_since;  /* sessions that went well since it was blocked */
    uint16_t suspicion; /* of one that was never blocked: see networks_limit.c */
};

struct stripe {
    alignas(64) pthread_mutex_t lock;
    struct network *entries;
    uint32_t *buckets; /* num_buckets, a power of two */
    uint32_t *heap;    /* cap; of entries that may be tried in time, by wake_ns */
    uint32_t num_made, cap, max, num_buckets, heap_len;
    uint32_t free, hand; /* hand: the next that is looked at to be forgotten */
    uint64_t
        forgotten_ns; /* the last due_ns that was forgotten: for clocks that were read before */
    _Atomic uint32_t num_used;
    _Atomic uint64_t first_ns; /* wake_ns of the first of the heap, or NEVER */
};

struct parked {
    pthread_mutex_t lock;
    struct visit_parked **slabs;
    uint32_t num_made, max, free;
    uint32_t num_fresh, max_fresh; /* that were never made an attempt at: the rest is for others */
    _Atomic uint64_t num;
};

/* Targets that throttled, by the number of their attempts: those of one number wait equally long.
 * A queue is in the order in which sessions ended, and the wait is from when they began: behind one
 * of a later beginning a visit waits for that, which ended before, so never longer than from its
 * own end. */
struct later {
    pthread_mutex_t lock;
    struct network queues[VISIT_ATTEMPTS_MAX]; /* their first and last only */
    _Atomic uint64_t first_ns;                 /* when the first of all is due, or NEVER */
};

struct networks {
    struct networks_config config;
    uint64_t key[2]; /* of the hash: addresses are chosen by others */
    _Atomic uint64_t num_backed_off;
    _Atomic uint64_t num_extra; /* prefixes that are known only since they throttled */
    struct parked parked;
    struct later later;
    struct stripe stripes[NUM_STRIPES];
};

/* where a network is in the table */
struct place {
    struct addr addr;
    enum network_level level;
    uint32_t hash; /* in stripe */
    struct stripe *stripe;
    uint32_t at; /* of stripe->entries, or NONE */
};

/* networks_new_keyed is networks_new with a hash that is known: for tests. */
int networks_new_keyed(struct networks **out, const struct networks_config *config,
                       const uint64_t key[2]);

/* ---- networks_limit.c ---- */

bool level_is_limited(const struct networks *n, enum network_level level);

/* network_max returns how many sessions may be in flight. */
uint32_t network_max(const struct networks *n, const struct network *e);

/* network_is_idle tells that to forget it changes nothing; or, if its room is needed, little. */
bool network_is_idle(const struct networks *n, const struct network *e, bool needed,
                     uint64_t now_ns);

/* network_asked is due before a start is counted: a retry finds what was suspected long ago, and
 * not refuted since, to be true. True if the network was blocked. */
bool network_asked(struct networks *n, struct network *e, bool is_retry, uint64_t now_ns);

/* network_joins tells whether a session that began at start_ns is in in_flight until its end. */
bool network_joins(const struct network *e, uint64_t start_ns);

void network_started(const struct networks *n, struct network *e, uint64_t now_ns);
void network_throttled(struct networks *n, struct network *e, bool again, uint64_t start_ns,
                       uint64_t now_ns);
void network_went_well(struct networks *n, struct network *e, uint64_t start_ns, uint64_t now_ns);

/* ---- networks_table.c ---- */

int stripe_init(struct stripe *s, uint32_t max);
void stripe_cleanup(struct stripe *s);

struct place place_of(struct networks *n, enum network_level level, struct addr addr);

/* place_find sets place->at; place_add adds the network if it is not there. False: it is not, or
 * there is no room and no other can be forgotten. Networks with sessions in flight stay where they
 * are, others may go. */
bool place_find(struct place *place);
bool place_add(struct networks *n, struct place *place, uint64_t now_ns);
struct network *place_network(const struct place *place);

/* stripe_forget forgets a network if it is idle. */
void stripe_forget(struct networks *n, struct stripe *s, uint32_t at, uint64_t now_ns);

/* stripe_sweep looks at the next num networks, and forgets those that are idle; needed:
 * the first that may make room. */
void stripe_sweep(struct networks *n, struct stripe *s, unsigned num, bool needed, uint64_t now_ns);

/* stripe_arrange is due after each change of a network: sees to it that its visits are taken when
 * they may be. True if that is sooner than before. */
bool stripe_arrange(const struct networks *n, struct stripe *s, uint32_t at, uint64_t now_ns);

/* stripe_postpone leaves the visits of a network alone until then, or its next change. */
void stripe_postpone(struct stripe *s, uint32_t at, uint64_t until_ns);

/* stripe_first returns the network whose visits are due first, and takes it out of the order; NONE
 * if none is due now. */
uint32_t stripe_first(struct stripe *s, uint64_t now_ns);

/* ---- networks_parked.c ---- */

int parked_init(struct parked *p, uint32_t max);
void parked_cleanup(struct parked *p);

/* parked_put puts a visit into e's queue, behind those there or before them; false: no room. Half
 * of the room is kept for visits with attempts. */
bool parked_put(struct parked *p, struct network *e, const struct visit *v, bool in_front);

/* parked_first looks at the first of e's queue, parked_get takes it; there must be one. */
void parked_first(const struct parked *p, const struct network *e, struct visit *out,
                  uint64_t now_ns);
void parked_get(struct parked *p, struct network *e, struct visit *out, uint64_t now_ns);

#endif
