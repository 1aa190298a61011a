/*
 * bench_floors: what a session costs that does nothing but the work of a session, measured in two halves:
 * TLS in memory (floor-tls), and the sockets without TLS (floor-sockets). See README.md.
 *
 *   bench_floors [SESSIONS [IN_FLIGHT [CPU [PEER_CPU]]]]
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "benchmarks/bench.h"
#include "tools/farm/pki.h"

enum {
    BATCH = 32,               /* TLS clients that take turns: few enough to stay in the cache, as a floor should */
    FARM_SEED = 1,            /* as in scan.py and tests/e2e/harness.py: the same chain */
    FARM_DATE = 1767225600    /* 2026-01-01 */
};

static unsigned long number(char **argv, int argc, int i, unsigned long otherwise, unsigned long max)
{
    if (i >= argc)
        return otherwise;
    char *end;
    errno = 0;
    unsigned long n = strtoul(argv[i], &end, 10);
    if (errno != 0 || end == argv[i] || *end != '\0' || n > max) {
        fprintf(stderr, "bench_floors [SESSIONS [IN_FLIGHT [CPU [PEER_CPU]]]]\n");
        exit(2);
    }
    return n;
}

static void print(const char *name, size_t num, uint64_t ns)
{
    printf("%-14s %7zu  %8.0f/s  %8" PRIu64 " ns\n", name, num, 1e9 * (double)num / (double)ns, ns / num);
}

static const struct chain *farm_chain(struct pki *pki)
{
    static const char name[] = "bench";
    size_t index = behaviour_find(name, sizeof name - 1);
    struct addr any = {0};   /* one chain for the whole farm */
    const struct chain *chain = pki == NULL ? NULL : pki_chain(pki, behaviour_at(index), any);
    if (chain == NULL)
        bench_die("the farm's chain");
    return chain;
}

int main(int argc, char **argv)
{
    size_t num = number(argv, argc, 1, 20000, 1000000);
    size_t in_flight = number(argv, argc, 2, 500, 20000);
    bench_pin((unsigned)number(argv, argc, 3, 1, 1023));
    unsigned peer_cpu = (unsigned)number(argv, argc, 4, 0, 1023);
    if (num == 0 || in_flight == 0)
        return 2;

    struct bench_flights flights;
    struct pki *pki = pki_new(FARM_SEED, FARM_DATE);
    uint64_t tls_ns = floor_tls(&flights, farm_chain(pki), num, BATCH);
    pki_free(pki);
    uint64_t sockets_ns = floor_sockets(&flights, num, in_flight, peer_cpu);

    print("floor-tls", num, tls_ns);
    print("floor-sockets", num, sockets_ns);
    print("floor-sum", num, tls_ns + sockets_ns);
    printf("octets: hello %zu, server's flight %zu, finished and EHLO %zu, reply %zu, QUIT %zu, 221 %zu, close_notify %zu\n",
           flights.hello, flights.server_flight, flights.finished_ehlo, flights.ehlo_reply, flights.quit, flights.bye,
           flights.close_notify);
    return 0;
}
