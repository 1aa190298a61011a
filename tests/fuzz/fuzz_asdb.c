/* fuzz_asdb: a file that may be a database: refused with words, or opened, and then looked up in. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "scanner/asdb.h"

static void require(int ok)
{
    if (!ok)
        abort();
}

static void look_up(const struct asdb *db, const uint8_t *data, size_t len)
{
    struct addr a;
    for (size_t i = 0; i + 16 <= len && i < 256; i += 4) {
        require(addr_from_bytes(&a, data + i, 16));
        (void)asdb_lookup(db, a);
        require(addr_from_bytes(&a, data + i, 4));
        (void)asdb_lookup(db, a);
    }
    for (uint32_t i = 0; i < 256; i++)
        (void)asdb_lookup(db, addr_v4(i << 24 | 0x000201));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char path[64], err[ASDB_ERR_MAX] = "";
    struct asdb *db = NULL;
    int fd = memfd_create("database", MFD_CLOEXEC);
    require(fd >= 0);
    require(write(fd, data, len) == (ssize_t)len);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);

    int rc = asdb_open(&db, err, path);
    close(fd);
    require((rc == 0) == (err[0] == '\0') && (rc == 0) == (db != NULL));
    for (const char *c = err; *c != '\0'; c++)
        require(*c >= 0x20 && *c < 0x7f);
    if (rc == 0) {
        struct asdb_facts facts;
        asdb_describe(db, &facts);
        look_up(db, data, len);
    }
    asdb_close(db);
    return 0;
}
