/* When a network is backed off. A host that tells everyone to come later is no sign of what its
 * network does: one that is visited again and throttles again tells nothing new, and of others it
 * takes several among few that go well. A session in flight is taken for one that will: those take
 * longer than those that are told to come later, and of many that begin at once they end last. What
 * was blocked once and throttles again, for whatever reason, is believed.
 *
 * The ladder of back-off. A throttled network goes to PENALTY_FIRST, then up a step each time, and
 * is blocked for one retry delay, two, ... 16. As all goes well it comes down, and each step
 * doubles its pace. The top is slow enough for networks that admit one connection in a retry delay,
 * the first step fast enough for most. Down from there more than one may be in flight, twice as
 * many at each step, so that few targets at once can learn that the pace is too fast. */
#include "scanner/networks_private.h"

enum {
    PENALTY_FIRST = 13,
    PENALTY_MAX = 19,
    BLOCK_DOUBLINGS = 4,
    WELL = 8, /* sessions before a step down; doubled by each time that it was blocked */
    BLOCKS_MAX = 4,
    MANY = 32, /* sessions that went well: after them the pace is not what one is throttled for */
    REMEMBERED = 32, /* retry delays without a session: twice the longest block */
    SUSPECT = 3,     /* a host that throttles counts as much as so many that go well */
    BELIEVE = 12     /* four of them in a row, or more than one of four for long */
};

/* at the top, 5/4 of the retry delay from one start to the next */
static uint64_t gap_ns(const struct networks *n, unsigned penalty)
{
    return penalty == 0 ? 0 : n->config.retry_delay_ns * 5 / 4 >> (PENALTY_MAX - penalty);
}

bool level_is_limited(const struct networks *n, enum network_level level)
{
    return n->config.limit[level].step_ns != 0 || n->config.limit[level].max_in_flight != 0;
}

uint32_t network_max(const struct networks *n, const struct network *e)
{
    uint32_t limit = n->config.limit[e->level].max_in_flight, backed_off = UINT32_MAX;
    if (limit == 0)
        limit = UINT32_MAX;
    if (e->penalty >= PENALTY_FIRST)
        backed_off = 1;
    else if (e->penalty > 0)
        backed_off = UINT32_C(1) << (PENALTY_FIRST - e->penalty);
    return limit < backed_off ? limit : backed_off;
}

bool network_is_idle(const struct networks *n, const struct network *e, bool needed,
                     uint64_t now_ns)
{
    return e->in_flight == 0 && e->first == NONE && e->due_ns <= now_ns &&
           ((e->num_blocks == 0 && (e->suspicion == 0 || needed)) ||
            e->heard_ns + REMEMBERED * n->config.retry_delay_ns <= now_ns);
}

bool network_joins(const struct network *e, uint64_t start_ns)
{
    return start_ns >= e->counted_from_ns;
}

void network_started(const struct networks *n, struct network *e, uint64_t now_ns)
{
    uint64_t step = n->config.limit[e->level].step_ns, gap = gap_ns(n, e->penalty);
    if (step > 0 || gap > 0)
        e->due_ns = now_ns + (step > gap ? step : gap);
}

/* Whoever is granted a start after the first block of a network that is not limited is counted in
 * it, by the clock of any thread; whoever was before is not. */
static void block(const struct networks *n, struct network *e, unsigned doublings,
                  uint64_t since_ns, uint64_t now_ns)
{
    if (doublings > BLOCK_DOUBLINGS)
        doublings = BLOCK_DOUBLINGS;
    uint64_t until_ns = since_ns + (n->config.retry_delay_ns << doublings);
    until_ns = until_ns > now_ns ? until_ns : now_ns;
    if (until_ns > e->due_ns)
        e->due_ns = until_ns;
    e->blocked_ns = now_ns;
    e->num_well = e->num_since = 0;
    if (e->num_blocks == 0 && !level_is_limited(n, e->level)) {
        e->in_flight = 0;
        e->counted_from_ns = e->due_ns;
    }
    if (e->num_blocks < BLOCKS_MAX)
        e->num_blocks++;
}

static void block_first(struct networks *n, struct network *e, uint64_t since_ns, uint64_t now_ns)
{
    atomic_fetch_add_explicit(&n->num_backed_off, 1, memory_order_relaxed);
    e->penalty = PENALTY_FIRST;
    e->suspicion = 0;
    block(n, e, 0, since_ns, now_ns);
}

static bool is_believed(const struct network *e)
{
    return e->suspicion >= BELIEVE && e->suspicion - BELIEVE >= (int64_t)e->in_flight;
}

/* those that were in flight when it was not yet known may still go well, unless they had time to */
bool network_asked(struct networks *n, struct network *e, bool is_retry, uint64_t now_ns)
{
    if (!is_retry || e->num_blocks > 0 || !is_believed(e) ||
        now_ns < e->counted_from_ns + n->config.retry_delay_ns / 2)
        return false;
    block_first(n, e, e->heard_ns, now_ns);
    return true;
}

/* of a network that was never blocked */
static void suspect(struct networks *n, struct network *e, uint64_t start_ns, uint64_t now_ns)
{
    if (e->suspicion <= UINT16_MAX - SUSPECT)
        e->suspicion += SUSPECT;
    if (network_joins(e, start_ns) && is_believed(e))
        block_first(n, e, now_ns, now_ns);
}

void network_throttled(struct networks *n, struct network *e, bool again, uint64_t start_ns,
                       uint64_t now_ns)
{
    unsigned doublings = 0;
    if (e->num_blocks == 0 && again)
        return;
    if (now_ns > e->heard_ns)
        e->heard_ns = now_ns;
    if (e->num_blocks == 0) {
        suspect(n, e, start_ns, now_ns);
        return;
    }
    if (start_ns <= e->blocked_ns)
        return;
    if (e->penalty == 0)
        atomic_fetch_add_explicit(&n->num_backed_off, 1, memory_order_relaxed);
    if (e->penalty < PENALTY_FIRST)
        e->penalty = PENALTY_FIRST;
    else if (e->num_since < MANY) {
        if (e->penalty < PENALTY_MAX)
            e->penalty++;
        doublings = e->penalty - PENALTY_FIRST;
    }
    block(n, e, doublings, now_ns, now_ns);
}

void network_went_well(struct networks *n, struct network *e, uint64_t start_ns, uint64_t now_ns)
{
    if (e->suspicion > 0)
        e->suspicion--;
    if (e->num_blocks == 0)
        return;
    if (now_ns > e->heard_ns)
        e->heard_ns = now_ns;
    if (e->penalty == 0 || start_ns <= e->blocked_ns)
        return;
    if (e->num_since < MANY)
        e->num_since++;
    if (++e->num_well < WELL << e->num_blocks)
        return;
    e->num_well = 0;
    if (--e->penalty == 0)
        atomic_fetch_sub_explicit(&n->num_backed_off, 1, memory_order_relaxed);
}
