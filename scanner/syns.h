/*
 * syns: when Linux sends the SYNs of one connect(), and how to have it send no more than so many.
 *
 * Units      times in ns since connect(); SYNs count from 1, the first leaves at 0. `linear` is
 *            net.ipv4.tcp_syn_linear_timeouts, 0 where the kernel has no such thing (before 6.5).
 * Schedule   the initial RTO is 1 s (RFC 6298, 2.1): the first 1 + linear retransmissions follow
 *            at 1 s each, then the distance doubles, up to 120 s. A route with a longer RTO of its
 *            own (ip route ... rto_min) only makes SYNs fewer.
 * Promise    pure; the kernel's timers are late rather than early.
 */
#ifndef MXSWEEP_SCANNER_SYNS_H
#define MXSWEEP_SCANNER_SYNS_H

#include <stdint.h>

enum { SYNS_MAX = 127 }; /* more than any connect time-out needs */

/* syns_time_ns returns when SYN number n leaves; 0 for n of 0 and 1. n above SYNS_MAX + 1 counts as
 * that. */
uint64_t syns_time_ns(unsigned n, unsigned linear);

/* syns_within returns how many SYNs leave before timeout_ns, if the kernel is not kept from it; at
 * most SYNS_MAX. */
unsigned syns_within(uint64_t timeout_ns, unsigned linear);

/* syns_sent returns how many SYNs the kernel sends with a TCP_SYNCNT (or tcp_syn_retries) of 1 to
 * 127 before it gives up, which it does as the next one would be due. Not more than syncnt + linear
 * are sent again, and none once 2^(syncnt+1) - 1 s have passed: so linear ones make SYNs fewer
 * than their sum says. */
unsigned syns_sent(unsigned syncnt, unsigned linear);

/* syns_syncnt returns the least TCP_SYNCNT (1 to 127) with which the kernel sends max_syns; 127 for
 * 0, no limit. It may send some more; syns_timeout_ns keeps them off. */
unsigned syns_syncnt(unsigned max_syns, unsigned linear);

/* syns_timeout_ns returns the time-out with which no more than max_syns leave: connect_timeout_ns,
 * or 50 ms before SYN max_syns + 1 would, whichever is less. max_syns 0: no limit. */
uint64_t syns_timeout_ns(uint64_t connect_timeout_ns, unsigned max_syns, unsigned linear);

#endif
