/*
 * answer: yes, no, or not known; unknown is never no.
 *
 * What       the three values of Kleene's logic: what is not known makes "and" and "or" unknown,
 *            unless the other side decides.
 */
#ifndef MXSWEEP_TOOLS_ANSWER_H
#define MXSWEEP_TOOLS_ANSWER_H

enum answer { ANSWER_UNKNOWN, ANSWER_NO, ANSWER_YES };

#endif
