/*
 * golden2: the sweeps behind the golden files of format 2, always the same: one with host names,
 * earlier attempts and a sample, one that is streamed. What format 1 has is in golden.h.
 */
#ifndef MXSWEEP_TESTS_CORE_GOLDEN2_H
#define MXSWEEP_TESTS_CORE_GOLDEN2_H

#include "tests/core/golden.h"

struct golden2 {
    struct target_space space;
    struct dataset_header header;
    struct permutation perm;   /* not streamed */
    struct addr source;
    struct bytes ehlo_name;
    uint8_t cert[32], hash[1][32];
    struct bytes der;
};

void golden2_init(struct golden2 *g, bool streamed);
void golden2_cleanup(struct golden2 *g);

/* golden2_write makes the whole file: of host names, or of a stream. */
int golden2_write(struct golden2 *g, const char *path, char err[DATASET_ERR_MAX]);

/* golden2_record makes a record at a position: stage and cause, and what goes with them; port, and
 * an address where the target has one, from the position. */
void golden2_record(const struct golden2 *g, struct record *r, uint64_t position, enum stage stage,
                    enum cause cause);

/* golden2_position returns the position of a target: of a host name if addr is NULL. */
uint64_t golden2_position(const struct golden2 *g, const char *addr, const char *host,
                          uint16_t port);

/* golden2_addr reads an address; the test ends if it is none. */
struct addr golden2_addr(const char *text);

#endif
