#include "scanner/fit.h"

#include <sys/resource.h>
#include <unistd.h>

#include "scanner/engine.h"

enum { SPARE_DESCRIPTORS = 64 + 4 * ENGINE_WORKERS_MAX }; /* for files, loops and libraries */

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

uint64_t fit_in_flight(uint64_t wanted, uint32_t num_shards, uint32_t shard)
{
    uint64_t share = fit_share(wanted, num_shards, shard);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return share;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        getrlimit(RLIMIT_NOFILE, &limit);
    }
    uint64_t room = limit.rlim_cur > 2 * SPARE_DESCRIPTORS ? limit.rlim_cur - SPARE_DESCRIPTORS
                                                           : limit.rlim_cur / 2;
    return share == 0 || share > room ? room : share;
}
