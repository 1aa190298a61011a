/*
 * cache_file: a file that a report may do without: what was worked out before, kept for the next.
 *
 * Trust      one is believed as the program is: it is only read if it is the effective user's own
 *            (or root's) and nobody else may write to it.
 * Promise    one that is written is there whole or not at all; it takes the place of the one
 *            before, and is readable for its owner only. Of two writers at once the last one stays.
 * Ownership  the caller's storage; cache_file_close frees in any case.
 * Errors     a text, for a note: which file, and why it was not read or written.
 */
#ifndef MXSWEEP_TOOLS_CACHE_FILE_H
#define MXSWEEP_TOOLS_CACHE_FILE_H

#include "tools/new_file.h"

enum { CACHE_WHY_MAX = 512 };

/* a sum against damage, not against malice; begins zeroed. What is added is whole words of 8 octets
 * each time, but for the last. */
struct cache_sum {
    uint64_t lanes[4];
    size_t at;
};
void cache_sum_add(struct cache_sum *s, const void *data, size_t len);
uint64_t cache_sum_end(const struct cache_sum *s);

/* cache_file_refuse says in why that a file is of no use, and returns -EBADMSG. */
int cache_file_refuse(char why[CACHE_WHY_MAX], const char *path, const char *what);

/* cache_file_open returns a descriptor, and the length; -ENOENT: there is none, and why is left
 * alone; negative: it is not to be read. */
int cache_file_open(uint64_t *len, char why[CACHE_WHY_MAX], const char *path);

/* cache_file_get reads len octets and adds them to the sum; false: there are fewer. */
bool cache_file_get(int fd, struct cache_sum *sum, void *out, size_t len);

struct cache_file {
    struct new_file file;
    const char *path;
    struct cache_sum sum; /* of what was put */
    FILE *to;
    bool good;
};

/* cache_file_create begins one; path must outlive the struct. A put that fails is told by
 * cache_file_close, which keeps what was put only if all was. */
bool cache_file_create(struct cache_file *f, char why[CACHE_WHY_MAX], const char *path);
void cache_file_put(struct cache_file *f, const void *data, size_t len);
bool cache_file_close(struct cache_file *f, char why[CACHE_WHY_MAX]);

#endif
