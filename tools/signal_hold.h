/*
 * signal_hold: holds back the signals that would end the process while there is something that must
 * be removed first.
 *
 * What       HUP, INT, QUIT, PIPE, TERM, XCPU and XFSZ, those of them that the process does not
 *            ignore. Whoever holds them asks between two steps whether one is due, and if so
 *            removes what is half and lets them through.
 * Promise    no handler, no state outside of the struct. Holds nest: begin and end in pairs, the
 *            last one first. They are of the thread: others that take signals are not yet, or no
 *            more.
 * Errors     none.
 */
#ifndef MXSWEEP_TOOLS_SIGNAL_HOLD_H
#define MXSWEEP_TOOLS_SIGNAL_HOLD_H

#include <signal.h>
#include <stdbool.h>

struct signal_hold {
    sigset_t held; /* by this one, and not by one around it */
    bool is_on;
};

/* signal_hold_begin does nothing if it is on. */
void signal_hold_begin(struct signal_hold *h);

/* whether a signal waits that would end the process, whoever holds it */
bool signal_hold_due(void);

/* signal_hold_end lets them through: the process may end in it. It does nothing if it is off. */
void signal_hold_end(struct signal_hold *h);

#endif
