/*
 * lag: how late a loop comes to what is due: the worst since it was last asked.
 *
 * Units      ns of one monotonic clock.
 * Promise    lock-free; of what is noted while lag_take runs, nothing is lost.
 * Threads    one notes, any number take. Ownership  plain value, all 0 at first. Errors  none.
 */
#ifndef MXSWEEP_SCANNER_LAG_H
#define MXSWEEP_SCANNER_LAG_H

#include <stdatomic.h>
#include <stdint.h>

struct lag {
    _Atomic uint64_t worst_ns;
};

/* lag_note: what was due at due_ns is done at now_ns. */
void lag_note(struct lag *l, uint64_t due_ns, uint64_t now_ns);

/* lag_take returns the worst since the last lag_take; 0: nothing came late. */
uint64_t lag_take(struct lag *l);

#endif
