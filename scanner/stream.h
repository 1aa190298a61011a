/*
 * stream: reads a list of targets that is too large to hold, or that comes through a pipe, in its
 * own order, in a thread of its own.
 *
 * What       every line makes one position per port: line * num_ports + port's index, lines from 0;
 *            those of this shard that were not done before become errands. A line holds one address
 *            or host name, in any of the forms that target_item_parse takes. A line without one
 *            (blank, comment), one that cannot be read, or one that is not drawn for the sample
 *            makes errands to skip, so that its positions can be marked done. Where a line names a
 *            port, the positions of the others are skipped. Equal lines are as many targets.
 * Line ends  the last line of a file needs none. In a pipe, what comes behind the last line end may
 *            be half a line, and half an address is another's address: it is no line, has no
 *            position, and is complained of.
 * Resuming   the digest of the lines that an earlier run consumed is compared before any errand is
 *            given, the open ones among those lines included.
 * Promise    memory is bounded whatever the list: max_errands, max_kept and one read; a
 *            reader that is ahead waits, and a pipe's writer with it.
 * Ownership  path, done and arg are the caller's and outlive the stream; errands that were taken
 *            are whoever's took them.
 * Threads    functions marked "any thread"; the rest from one. complain and ready are called by the
 *            reader, with nothing locked.
 * Errors     negative errno-like, with "SOURCE: what, mend" in err; -EINVAL: the user's to mend.
 */
#ifndef MXSWEEP_SCANNER_STREAM_H
#define MXSWEEP_SCANNER_STREAM_H

#include "core/dataset.h"
#include "scanner/errand.h"

enum {
    STREAM_ERRANDS_MAX = 16384, /* max_errands unless told otherwise */
    STREAM_KEPT_MAX = 1 << 21,  /* and max_kept */
    STREAM_COMPLAINTS_MAX = 10, /* lines that are complained of, each; the others are counted */
    STREAM_ERR_MAX = 512
};

struct stream_config {
    const char *path;      /* "-": standard input */
    const uint16_t *ports; /* copied; distinct, as target_space_build wants them */
    size_t num_ports;
    uint32_t num_shards, shard;
    uint32_t
        sample_ppm; /* lines that are drawn, of a million; 0: all. Which ones depends on seed and
                            line number alone */
    uint64_t seed;
    const struct dataset_run *done; /* of this shard, by earlier runs: sorted and disjoint */
    size_t num_done;
    uint64_t resumed_lines;     /* that earlier runs consumed; 0: none */
    uint8_t resumed_sha256[32]; /* and their digest */
    size_t max_errands;         /* not yet taken, at which the reader waits; 0: the default */
    size_t max_kept;            /* open positions of the lines consumed; 0: the default */
    void *arg;
    /* one line that cannot be read, in printable words; NULL: nobody wants to know */
    void (*complain)(void *arg, const char *text);
    /* there are errands again, or the end has come, or a fault; may be NULL */
    void (*ready)(void *arg);
};

struct stream;

/* stream_open opens the list and starts to read. -EINVAL: it cannot be read (missing, a folder...).
 * A named pipe that nobody writes to yet is waited for by the reader, not here. */
int stream_open(struct stream **out, char err[STREAM_ERR_MAX], const struct stream_config *config);

enum stream_state {
    STREAM_MORE,  /* there were some, and may be more */
    STREAM_EMPTY, /* none now; or no more after stream_stop */
    STREAM_END,   /* the list has ended, and all was taken */
    STREAM_FAULT  /* as stream_fault tells, and all was taken that came before */
};

/* stream_take takes the next errands, up to max > 0, in the order of their positions, linked by
 * next. *list is set only with STREAM_MORE. Any thread. */
enum stream_state stream_take(struct stream *s, struct errand **list, size_t max);

/* stream_consumed gives how many lines from the list's beginning cover every errand given so far,
 * and the SHA-256 of their octets, line ends included. Never less than resumed_lines. Any thread.
 */
void stream_consumed(struct stream *s, uint64_t *num_lines, uint8_t sha256[32]);

struct stream_figures {
    uint64_t lines;        /* read so far */
    uint64_t octets;       /* read so far */
    uint64_t octets_total; /* there are to read; 0: not known, as of a pipe */
    /* of the lines with an open position of this shard: */
    uint64_t skipped; /* that have no target, or are not drawn */
    uint64_t bad;     /* that could not be read (not in skipped); and the cut one behind them all */
};
void stream_figures(struct stream *s, struct stream_figures *out); /* any thread */

/* stream_fault returns the fault that ended the reading, with its text in err, or 0. Any thread. */
int stream_fault(struct stream *s, char err[STREAM_ERR_MAX]);

/* stream_stop makes the reader end soon, whatever it waits for. Any thread. */
void stream_stop(struct stream *s);

/* stream_close stops, waits for the reader to end and frees what was not taken. NULL is allowed. */
void stream_close(struct stream *s);

#endif
