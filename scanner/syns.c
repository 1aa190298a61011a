#include "scanner/syns.h"

#define NS_PER_S       UINT64_C(1000000000)
#define RTO_FIRST_NS   NS_PER_S         /* TCP_TIMEOUT_INIT */
#define RTO_MAX_NS     (120 * NS_PER_S) /* TCP_RTO_MAX */
#define JUST_BEFORE_NS UINT64_C(50000000)

enum {
    SYNCNT_MIN = 1, /* what setsockopt() takes */
    SYNCNT_MAX = 127,
    DOUBLINGS_MAX = 6 /* of the first RTO that do not exceed the greatest */
};

/* The kernel doubles the RTO as it sends a retransmission, but for the first `linear` of them. */
uint64_t syns_time_ns(unsigned n, unsigned linear)
{
    uint64_t at_ns = 0, rto_ns = RTO_FIRST_NS;
    for (unsigned sent = 1; sent < n && sent <= SYNS_MAX; sent++) {
        at_ns += rto_ns;
        if (sent > linear)
            rto_ns = rto_ns * 2 < RTO_MAX_NS ? rto_ns * 2 : RTO_MAX_NS;
    }
    return at_ns;
}

unsigned syns_within(uint64_t timeout_ns, unsigned linear)
{
    unsigned n = 0;
    while (n < SYNS_MAX && syns_time_ns(n + 1, linear) < timeout_ns)
        n++;
    return n;
}

/* retransmits_timed_out(): how long so many retransmissions would take if none were linear */
static uint64_t patience_ns(unsigned syncnt)
{
    if (syncnt <= DOUBLINGS_MAX)
        return ((UINT64_C(2) << syncnt) - 1) * RTO_FIRST_NS;
    return ((UINT64_C(2) << DOUBLINGS_MAX) - 1) * RTO_FIRST_NS +
           (syncnt - DOUBLINGS_MAX) * RTO_MAX_NS;
}

unsigned syns_sent(unsigned syncnt, unsigned linear)
{
    unsigned n = 1;
    while (n <= SYNS_MAX && n < UINT64_C(1) + syncnt + linear &&
           syns_time_ns(n + 1, linear) < patience_ns(syncnt))
        n++;
    return n;
}

unsigned syns_syncnt(unsigned max_syns, unsigned linear)
{
    unsigned syncnt = SYNCNT_MIN;
    while (syncnt < SYNCNT_MAX && (max_syns == 0 || syns_sent(syncnt, linear) < max_syns))
        syncnt++;
    return syncnt;
}

uint64_t syns_timeout_ns(uint64_t connect_timeout_ns, unsigned max_syns, unsigned linear)
{
    if (max_syns == 0 || max_syns >= SYNS_MAX)
        return connect_timeout_ns;
    uint64_t end_ns = syns_time_ns(max_syns + 1, linear) - JUST_BEFORE_NS;
    return end_ns < connect_timeout_ns ? end_ns : connect_timeout_ns;
}
