/*
 * status: what a person is shown of a running sweep and of one that has ended.
 *
 * Units      times in ns since the start of this run.
 * Promise    pure: text from figures; nothing of the network's octets is in it. What
 *            matters most comes first, as a narrow terminal cuts the end off.
 */
#ifndef MXSWEEP_SCANNER_STATUS_H
#define MXSWEEP_SCANNER_STATUS_H

#include "scanner/engine.h"

enum { STATUS_LINE_MAX = 256 };

struct status {
    uint64_t num_targets;           /* of this shard, in all */
    uint64_t done_before;           /* by the runs that this one goes on from */
    uint64_t last_ns, last_started; /* at the line before, for the rate now */
};

/* status_line writes one line (no end of line) and remembers what it needs for the next. */
void status_line(struct status *s, char out[STATUS_LINE_MAX], const struct engine_figures *figures,
                 uint64_t now_ns);

#endif
