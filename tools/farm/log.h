/*
 * log: what came to the farm, a line for each connection that opens and one when it closes.
 *
 * Shape      TIME ADDR EVENT BEHAVIOUR PORT PEER PEER-PORT CLIENT, separated by single spaces.
 *            Later versions may add fields at the end.
 * Units      TIME in us since 1970-01-01 UTC.
 * Promise    a line is one write() to a file that appends: lines of several processes are whole.
 * Errors     farm_log_open returns negative UV_E*; a write that fails is kept in `error`.
 */
#ifndef MXSWEEP_TOOLS_FARM_LOG_H
#define MXSWEEP_TOOLS_FARM_LOG_H

#include "core/addr.h"

enum { FARM_LOG_LINE_MAX = 384 }; /* octets of a line, line end and NUL included */

struct farm_log {
    int fd;    /* -1: none is kept */
    int error; /* negative UV_E* of the first write that failed; 0: none */
};

struct farm_event {
    uint64_t time_us;
    struct addr addr;             /* that was called */
    const char *what, *behaviour; /* "open", "throttled" or "close"; a name of the table */
    uint16_t port;                /* that was called */
    bool has_peer;                /* false: the kernel did not tell any more who it was */
    struct addr peer;
    uint16_t peer_port;
    const char *client; /* as it called itself, a name without spaces; NULL or "": it did not */
};

/* farm_log_format writes a line, with line end and NUL, and returns its length. */
size_t farm_log_format(char out[FARM_LOG_LINE_MAX], const struct farm_event *e);

/* farm_log_open begins a log: what the file held is gone. */
int farm_log_open(struct farm_log *log, const char *path);
/* farm_log_close returns the first error there was. */
int farm_log_close(struct farm_log *log);

void farm_log_write(struct farm_log *log, const struct farm_event *e);

#endif
