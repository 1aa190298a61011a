/*
 * steer: what signals do to a running sweep.
 *
 * What       SIGINT, SIGTERM: the first starts no more and lets sessions end, the second ends at
 *            once. SIGHUP: the blocklist is read again and counts at once; one that cannot be read
 *            leaves the old one in effect. SIGUSR1, SIGUSR2: the rate is raised, lowered by 5 %, as
 *            in ZMap. What changes is put into the dataset as an event, and told on stderr.
 * Ownership  the caller's storage and parts.
 */
#ifndef MXSWEEP_SCANNER_STEER_H
#define MXSWEEP_SCANNER_STEER_H

#include <signal.h>

#include "scanner/plan.h"

struct steering {
    struct engine *engine;
    struct plan *plan;
    const struct options *o;
    const char *before; /* what goes before a message: ends a status line that stands there */
    unsigned num_stops;
};

/* steer_signals fills set with the signals that steer. */
void steer_signals(sigset_t *set);

/* steer_signal does what signal number signo asks for. */
void steer_signal(struct steering *s, int signo);

/* steer_step returns the time between two starts after the rate was raised (lowered) by 5 %. */
uint64_t steer_step(uint64_t step_ns, bool raise);

#endif
