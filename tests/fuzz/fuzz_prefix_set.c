/* fuzz_prefix_set: the lines of a blocklist; what is accepted must hold what its lines say. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/prefix_set.h"

static void require(int ok)
{
    if (!ok)
        abort();
}

static void check_sealed(const struct prefix_set *set)
{
    for (size_t i = 0; i < set->num; i++) {
        struct addr_range r = set->ranges[i];
        require(addr_cmp(r.first, r.last) <= 0);
        require(prefix_set_contains(set, r.first) && prefix_set_contains(set, r.last));
        require(addr_refused(set, r.first) && addr_refused(set, r.last));
        if (i > 0)
            require(addr_cmp(addr_add(set->ranges[i - 1].last, 1), r.first) < 0);
    }
}

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* set minus and set and special together are the set, and what is refused holds it all */
static void check_algebra(const struct prefix_set *set)
{
    struct prefix_set special, minus, both, refused;
    prefix_set_init(&special);
    prefix_set_init(&minus);
    prefix_set_init(&both);
    prefix_set_init(&refused);
    require(special_purpose(&special) == 0);
    require(prefix_set_subtract(&minus, set, &special) == 0);
    require(prefix_set_intersect(&both, set, &special) == 0);
    require(prefix_set_add_refused(&refused, set) == 0);
    check_sealed(&minus);
    check_sealed(&both);
    check_sealed(&refused);
    require(prefix_set_count(set) == add_capped(prefix_set_count(&minus), prefix_set_count(&both)));
    for (size_t i = 0; i < refused.num; i++)
        require(addr_refused(set, refused.ranges[i].first) &&
                addr_refused(set, refused.ranges[i].last));
    prefix_set_cleanup(&special);
    prefix_set_cleanup(&minus);
    prefix_set_cleanup(&both);
    prefix_set_cleanup(&refused);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[64], err[160] = "";
    struct prefix_set set;
    uint8_t digest[32];
    int fd = memfd_create("prefixes", MFD_CLOEXEC);
    require(fd >= 0);
    require(write(fd, data, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);

    prefix_set_init(&set);
    int rc = prefix_set_load(&set, digest, err, sizeof err, path);
    close(fd);
    require(rc <= 0 && (rc == 0) == (err[0] == '\0'));
    require(rc == 0 || set.num == 0);
    for (const char *c = err; *c != '\0'; c++)
        require(*c >= 0x20 && *c < 0x7f);
    prefix_set_seal(&set);
    check_sealed(&set);
    check_algebra(&set);
    prefix_set_cleanup(&set);
    return 0;
}
