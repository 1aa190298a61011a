/* fuzz_geo: a file that may be a database: refused with words, or opened, and then looked up in. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tools/geo.h"

static void require(int ok)
{
    if (!ok)
        abort();
}

static void look_up(const struct geo *g, struct addr a)
{
    struct geo_place p;
    unsigned sum = 0;
    geo_find(g, &p, a);
    require(p.country[0] == '\0' || strlen(p.country) == 2);
    require(p.as_number != 0 || p.as_name.len == 0);
    for (size_t i = 0; i < p.as_name.len; i++)
        sum += p.as_name.data[i];
    require(sum <= 255 * p.as_name.len);
}

static void look_up_all(const struct geo *g, const uint8_t *data, size_t len)
{
    struct addr a;
    for (size_t i = 0; i + 16 <= len && i < 256; i += 4) {
        require(addr_from_bytes(&a, data + i, 16));
        look_up(g, a);
    }
    for (uint32_t i = 0; i < 256; i++)
        look_up(g, addr_v4(i << 24 | 0x000201));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[64];
    int fd = memfd_create("database", MFD_CLOEXEC);
    require(fd >= 0);
    require(write(fd, data, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    for (int i = 0; i < 2; i++) {
        char err[GEO_ERR_MAX] = "";
        struct geo *g = NULL;
        int rc = geo_open(&g, err, i == 0 ? path : NULL, i == 1 ? path : NULL);
        require((rc == 0) == (err[0] == '\0') && (rc == 0) == (g != NULL));
        for (const char *c = err; *c != '\0'; c++)
            require(*c >= 0x20 && *c < 0x7f);
        if (rc == 0)
            look_up_all(g, data, len);
        geo_close(g);
    }
    close(fd);
    return 0;
}
