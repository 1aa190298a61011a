#include "scanner/fit.h"

#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "scanner/engine.h"

enum {
    SPARE_DESCRIPTORS = 16, /* for files and libraries */
    LOOP_DESCRIPTORS = 5    /* for the loop of a worker */
};

unsigned fit_threads(uint64_t wanted)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    uint64_t threads = wanted != 0 ? wanted : (uint64_t)(processors > 0 ? processors : 1);
    return threads > ENGINE_WORKERS_MAX ? ENGINE_WORKERS_MAX : (unsigned)threads;
}

uint64_t fit_share(uint64_t wanted, uint32_t num_shards, uint32_t shard)
{
    uint64_t share = wanted / num_shards + (shard < wanted % num_shards ? 1 : 0);
    return share == 0 && wanted != 0 ? 1 : share;
}

uint64_t fit_descriptors_beside(unsigned threads)
{
    return SPARE_DESCRIPTORS + (uint64_t)threads * LOOP_DESCRIPTORS;
}

uint64_t fit_in_flight(uint64_t *needed, uint64_t wanted, unsigned threads, uint32_t num_shards,
                       uint32_t shard)
{
    uint64_t share = fit_share(wanted, num_shards, shard);
    uint64_t spare = fit_descriptors_beside(threads);
    struct rlimit limit;
    *needed = spare + 1;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return share != 0 ? share : 1;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    uint64_t room = limit.rlim_cur > spare ? limit.rlim_cur - spare : 0;
    return share == 0 || share > room ? room : share;
}

unsigned fit_linear_syns(void)
{
    unsigned linear = 0;
    FILE *in = fopen("/proc/sys/net/ipv4/tcp_syn_linear_timeouts", "re");
    if (in == NULL)
        return 0;
    if (fscanf(in, "%3u", &linear) != 1)
        linear = 0;
    fclose(in);
    return linear;
}
