/*
 * parallel: a dataset file gone through by several threads: one reads, the others unpack, decode
 * and take what is in it.
 *
 * Promise    what is taken is exactly what tools/walk.h would give: nothing behind a frame that is
 *            damaged or torn, whatever the threads did meanwhile. The order is any.
 * Ownership  blocks and items are the callback's until it returns.
 * Errors     as walk.h: -ENODATA: torn, all before that was taken; err says "FILE: what, where,
 *            mend". What a callback returns below 0 ends the reading: -EBADMSG, of a certificate
 *            whose hash was deferred and does not hold; any other is returned, with an err that
 *            speaks of memory.
 */
#ifndef MXSWEEP_TOOLS_PARALLEL_H
#define MXSWEEP_TOOLS_PARALLEL_H

#include "tools/walk.h"

enum { PARALLEL_THREADS_MAX = 256 };

/* parallel_take takes a block (not NULL), or any other item but the index (NULL). Those with the
 * same context never run at once. */
typedef int parallel_take(void *context, const struct dataset_header *header,
                          const struct dataset_item *item, const struct block *block);

struct parallel_plan {
    unsigned num_threads;  /* 1: all is done by the caller's */
    void *const *contexts; /* num_threads of them */
    parallel_take *take;
    bool defer_certs; /* as block_defer_certs */
    void (*on_read)(void *context,
                    uint64_t octets); /* now and then, from the caller's thread: of the
                                                        file, read so far; NULL: not told */
    void *on_read_context;
};

/* how the file ended; of what could be read */
struct parallel_end {
    enum walk_end end;
    bool has_trailer; /* as in struct walk */
    struct dataset_trailer trailer;
    uint64_t blocks, events, records;
    uint8_t digest[32]; /* as dataset_reader_digest has it */
};

/* parallel_read opens path and goes through it. out is set if 0 or -ENODATA is returned. */
int parallel_read(struct parallel_end *out, char err[WALK_ERR_MAX], const char *path,
                  const struct parallel_plan *plan);

/* parallel_threads returns how many processors this process may use, at most
 * PARALLEL_THREADS_MAX. */
unsigned parallel_threads(void);

#endif
