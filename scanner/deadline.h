/*
 * deadline: time-outs of one constant length in a list: first in, first due.
 *
 * Units      ns of the caller's monotonic clock.
 * Promise    setting, dropping and finding the next are O(1); no allocation: whoever waits embeds
 *            the link.
 * Ownership  plain values; a deadline must be dropped before its memory goes. Errors  none.
 */
#ifndef MXSWEEP_SCANNER_DEADLINE_H
#define MXSWEEP_SCANNER_DEADLINE_H

#include <stddef.h>
#include <stdint.h>

struct deadline {
    struct deadline *prev, *next; /* NULL: not set */
    uint64_t due_ns;
};

struct deadline_list {
    struct deadline head; /* of a ring */
    uint64_t span_ns;
};

void deadline_list_init(struct deadline_list *list, uint64_t span_ns);

/* deadline_set makes d due span_ns from now_ns, whatever list it was in; now_ns never goes back. */
void deadline_set(struct deadline_list *list, struct deadline *d, uint64_t now_ns);

/* deadline_drop takes d out of its list, if it is in one. */
void deadline_drop(struct deadline *d);

/* deadline_first returns the one that is due first, or NULL. */
struct deadline *deadline_first(const struct deadline_list *list);

#endif
