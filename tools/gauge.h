/*
 * gauge: how far a long reading is, on a terminal, in a line that is written over.
 *
 * Promise    nothing is written unless the descriptor is a terminal, nor more often than five
 *            times a second, nor in the first second. The line is wiped at the end.
 * Units      octets; times in ns of a monotonic clock.
 * Ownership  plain value; what, a constant of the caller's.
 */
#ifndef MXSWEEP_TOOLS_GAUGE_H
#define MXSWEEP_TOOLS_GAUGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GAUGE_LINE_MAX = 120 };

struct gauge {
    int fd; /* -1: no terminal */
    const char *what;
    uint64_t total, before; /* before: of files that are done */
    uint64_t start_ns, shown_ns;
    bool is_shown;
};

void gauge_init(struct gauge *p, int fd);

/* gauge_begin begins a reading of total octets; `what` says what for. */
void gauge_begin(struct gauge *p, const char *what, uint64_t total);

/* gauge_at says how far the file in hand is read, gauge_file that it is done, and how long it
 * was. */
void gauge_at(struct gauge *p, uint64_t octets);
void gauge_file(struct gauge *p, uint64_t len);
void gauge_end(struct gauge *p);

/* gauge_line writes what is shown once `done` octets took elapsed_ns; returns its length. */
size_t gauge_line(char out[GAUGE_LINE_MAX], const char *what, uint64_t done, uint64_t total,
                     uint64_t elapsed_ns);

#endif
