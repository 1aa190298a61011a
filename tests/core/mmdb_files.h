/* mmdb_files: databases of MaxMind's format that are damaged in each place, for their readers'
 * tests. They are those of tests/data/mmdb, up to MMDB_TEST_MAX octets. */
#ifndef MXSWEEP_TESTS_CORE_MMDB_FILES_H
#define MXSWEEP_TESTS_CORE_MMDB_FILES_H

#include <stddef.h>
#include <stdint.h>

enum { MMDB_TEST_MAX = 65536 };

/* a file that only this test sees */
struct scratch {
    int fd; /* the caller closes it */
    char path[40];
};

struct scratch scratch_of(const void *octets, size_t len);

/* mmdb_load reads a file of tests/data/mmdb, and returns its length. */
size_t mmdb_load(uint8_t out[MMDB_TEST_MAX], const char *name);

/* mmdb_each_cut calls try with the file cut at each octet; mmdb_each_change with each octet changed
 * in several ways. */
void mmdb_each_cut(const char *name, void (*try)(const char *path));
void mmdb_each_change(const char *name, void (*try)(const char *path));

#endif
