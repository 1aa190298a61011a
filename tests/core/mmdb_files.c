#include "tests/core/mmdb_files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

struct scratch scratch_of(const void *octets, size_t len)
{
    struct scratch s = {.fd = memfd_create("test", MFD_CLOEXEC)};
    assert_true(s.fd >= 0);
    assert_int_equal(write(s.fd, octets, len), (ssize_t)len);
    snprintf(s.path, sizeof s.path, "/proc/self/fd/%d", s.fd);
    return s;
}

size_t mmdb_load(uint8_t out[MMDB_TEST_MAX], const char *name)
{
    char path[300];
    snprintf(path, sizeof path, "%s/mmdb/%s", TEST_DATA, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t len = fread(out, 1, MMDB_TEST_MAX, f);
    fclose(f);
    return len;
}

static void try_octets(const uint8_t *octets, size_t len, void (*try)(const char *path))
{
    struct scratch s = scratch_of(octets, len);
    try(s.path);
    close(s.fd);
}

void mmdb_each_cut(const char *name, void (*try)(const char *path))
{
    uint8_t octets[MMDB_TEST_MAX];
    size_t len = mmdb_load(octets, name);
    for (size_t n = 0; n < len; n++)
        try_octets(octets, n, try);
}

void mmdb_each_change(const char *name, void (*try)(const char *path))
{
    static const uint8_t changes[] = {0x01, 0x20, 0x80, 0xff};
    uint8_t octets[MMDB_TEST_MAX];
    size_t len = mmdb_load(octets, name);
    for (size_t i = 0; i < len; i++)
        for (size_t k = 0; k < sizeof changes; k++) {
            octets[i] ^= changes[k];
            try_octets(octets, len, try);
            octets[i] ^= changes[k];
        }
}
