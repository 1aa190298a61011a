/*
 * control: addresses that are known to answer, asked every so often, to tell an Internet that is
 * silent from a scanner that is cut off.
 *
 * What       at first, and whenever one of them has not answered, all are asked: one answer and
 *            all is well; none, and we are cut off until one answers again. While all is well one
 *            of them is asked each interval, in turn. An answer is a whole SMTP reply, on a
 *            connection that the first SYN opened.
 * Doubt      silence of a target that ended after the last good check began may be our own: it is
 *            believed when a check that began later has gone well, and the target is visited again
 *            when a check failed while the attempt lasted, or not long before or after. A control
 *            target that was silent while others answered is down: its silence raises no doubt
 *            until it has answered. An outage that no check falls into stays unnoticed.
 * Units      ns of one monotonic clock.
 * Threads    control_is_paused and control_belief from any; the others from one.
 * Ownership  control_new/control_free; errands are the control's.
 * Sources    ZMap's and Censys' practice of control targets; design.md, "--control".
 */
#ifndef MXSWEEP_SCANNER_CONTROL_H
#define MXSWEEP_SCANNER_CONTROL_H

#include "core/record.h"
#include "scanner/errand.h"

struct control;

/* control_new copies the targets (num > 0, addresses). NULL: no memory. */
struct control *control_new(const struct target *targets, size_t num, uint64_t interval_ns);
void control_free(struct control *c);

/* control_take gives one that is to be asked now, or NULL. */
struct errand *control_take(struct control *c, uint64_t now_ns);
/* control_due_ns tells when control_take may give one again; UINT64_MAX: not by time. */
uint64_t control_due_ns(const struct control *c);
/* control_hurry: targets wait for nothing but the next check. */
void control_hurry(struct control *c, uint64_t now_ns);

enum control_news {
    CONTROL_NOTHING,
    CONTROL_GO,      /* one answered, after none did, or at first */
    CONTROL_CUT_OFF, /* none answers any more */
    CONTROL_HOPELESS /* none answered at first */
};

/* control_heard: a visit to e is over, with that record. */
enum control_news control_heard(struct control *c, struct errand *e, const struct record *r,
                                uint64_t now_ns);
/* control_later: e cannot be asked yet, for its network is busy. It is tried again after wait_ns;
 * after a minute of that it was missed. */
enum control_news control_later(struct control *c, struct errand *e, uint64_t wait_ns,
                                uint64_t now_ns);
/* control_missed: e could not be asked, for reasons of our own: that tells nothing. */
enum control_news control_missed(struct control *c, struct errand *e, uint64_t now_ns);

/* control_has_unasked tells whether no visit to one of them is over yet. */
bool control_has_unasked(const struct control *c);

/* control_is_paused: no targets are to be started now; control_is_cut_off: because none of those
 * that are known to answer does. */
bool control_is_paused(const struct control *c);
bool control_is_cut_off(const struct control *c);

/* what is to become of a silence of an attempt that began at start_ns and ended at end_ns */
enum control_belief { CONTROL_BELIEVE, CONTROL_WAIT, CONTROL_AGAIN };
enum control_belief control_belief(const struct control *c, uint64_t start_ns, uint64_t end_ns);

/* control_num_answered tells how many have ever answered, of how many. From one thread. */
size_t control_num_answered(const struct control *c, size_t *num_asked);

#endif
