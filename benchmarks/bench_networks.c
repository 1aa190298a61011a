/*
 * bench_networks: what the limits of networks cost a session: networks_start and networks_end.
 *
 * Input      sessions from a seed at 100,000 a second of a clock that is counted, 1,024 in flight,
 *            over 2^24 hosts in 2^16 prefixes and 1,024 ASes: limits that seldom bind.
 * Output     name  size  ops/s  ns/op, a line each: nothing limited; one session a host; all three
 *            levels.
 * Usage      bench_networks [SESSIONS]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "scanner/networks.h"

enum { IN_FLIGHT = 1024, NUM_AS = 1024, NS_PER_START = 10000 };

struct bench {
    struct networks *networks;
    uint64_t random, now_ns;
    struct {
        struct addr addr;
        uint32_t asn;
        uint64_t start_ns;
    } running[IN_FLIGHT];
    size_t num_running;
};

static uint64_t next_random(struct bench *b)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return b->random;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* the target is its own ref: 10.0.0.0/8 */
static void start(struct bench *b, const struct visit *v, bool again)
{
    uint64_t wait_ns;
    struct addr addr = addr_v4(0x0a000000U | (uint32_t)v->ref);
    uint32_t asn = 64512 + (uint32_t)(v->ref >> 8) % NUM_AS;
    size_t at = b->num_running % IN_FLIGHT;
    if (b->num_running >= IN_FLIGHT)
        networks_end(b->networks, b->running[at].addr, b->running[at].asn, NETWORK_WENT_WELL,
                     b->running[at].start_ns, b->now_ns);
    b->now_ns += NS_PER_START;
    if (networks_start(b->networks, &wait_ns, v, again, addr, asn, b->now_ns) != NETWORK_OK)
        return;
    b->running[at].addr = addr;
    b->running[at].asn = asn;
    b->running[at].start_ns = b->now_ns;
    b->num_running++;
}

static void measure(const char *name, const struct networks_config *config, uint64_t num)
{
    static struct bench b;
    b = (struct bench){.random = 0x9e3779b97f4a7c15U, .now_ns = 1000000000};
    if (networks_new(&b.networks, config) != 0)
        exit(1);
    double start_s = now_s();
    for (uint64_t i = 0; i < num; i++) {
        struct visit v = {.ref = next_random(&b) >> 40};
        uint64_t due_ns;
        start(&b, &v, false);
        if (networks_take(b.networks, &v, &due_ns, b.now_ns))
            start(&b, &v, true);
    }
    double seconds = now_s() - start_s;
    printf("%-24s %9llu %12.0f ops/s %9.1f ns/op\n", name, (unsigned long long)num,
           (double)num / seconds, seconds * 1e9 / (double)num);
    networks_free(b.networks, NULL, NULL);
}

int main(int argc, char **argv)
{
    uint64_t num = argc > 1 ? strtoull(argv[1], NULL, 10) : 2000000;
    struct networks_config config = {.prefix_len4 = 24,
                                     .prefix_len6 = 48,
                                     .retry_delay_ns = 60000000000,
                                     .max_entries = NETWORKS_ENTRIES_MAX,
                                     .max_parked = NETWORKS_PARKED_MAX};
    if (num == 0 || num > UINT64_C(1) << 32) {
        fprintf(stderr, "usage: bench_networks [SESSIONS], up to 2^32\n");
        return 2;
    }
    measure("networks-none", &config, num);
    config.limit[NETWORK_HOST].max_in_flight = 1;
    measure("networks-host", &config, num);
    config.limit[NETWORK_PREFIX] = (struct network_limit){1000000, 8};
    config.limit[NETWORK_AS] = (struct network_limit){100000, 0};
    measure("networks-all", &config, num);
    return 0;
}
