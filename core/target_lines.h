/*
 * target_lines: what is inside a target_list; target_list.c fills it, target_merge.c reads it.
 *
 * Ownership  the list owns all; texts are referred to by number, because their octets move as the
 *            pool grows.
 */
#ifndef MXSWEEP_CORE_TARGET_LINES_H
#define MXSWEEP_CORE_TARGET_LINES_H

#include "core/targets.h"

struct target_line {
    struct addr_range range; /* zero if named */
    uint32_t host, tag;      /* numbers in the list's pool; 0: none */
    bool named;
};

/* a port that a line said, and the first that did */
struct said_port {
    uint16_t port;
    uint32_t source; /* number in the list's pool */
    uint64_t line_no;
};

/* distinct texts, numbered from 1 in the order they came; 0 is the empty text */
struct text_pool {
    uint8_t *octets; /* each text and a NUL, end to end */
    size_t octets_len, octets_cap;
    size_t *ends;     /* ends[i]: where text i ends, its NUL not included */
    size_t num, cap;  /* of ends */
    uint32_t *slots;  /* hash table of numbers; 0: free */
    size_t num_slots; /* a power of 2, more than twice num */
    uint64_t key[2];  /* of the hash, random: lists are made by others */
};

struct target_list {
    struct target_line *lines;
    size_t num, cap;
    struct text_pool pool;
    struct said_port *said; /* each port once */
    size_t num_said, said_cap;
    uint64_t is_said[(UINT16_MAX + 1) / 64]; /* bits, by port */
};

/* target_host_take copies a host name, lower-cased and without the dot at its end; NULL, or what is
 * wrong with it. */
const char *target_host_take(uint8_t out[TARGET_HOST_MAX], size_t *out_len, struct bytes text);

/* text_pool_get returns text number id, which must be < num. */
static inline struct bytes text_pool_get(const struct text_pool *pool, size_t id)
{
    size_t begin = id == 0 ? 0 : pool->ends[id - 1] + 1;
    return bytes_of(pool->octets + begin, pool->ends[id] - begin);
}

#endif
