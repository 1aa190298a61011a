/*
 * scale: where an axis ends, where its ticks are and what they say.
 *
 * Units      shares are 0 to 1; times in us.
 * Promise    an axis holds all that it is made for; ticks are round numbers, in ascending order.
 */
#ifndef MXSWEEP_TOOLS_SCALE_H
#define MXSWEEP_TOOLS_SCALE_H

#include <stddef.h>

enum { SCALE_TICKS_MAX = 16, SCALE_TEXT_MAX = 24 };

/* scale_share_end returns where an axis for shares up to max ends: 1, 2, 2.5 or 5 times a power of
 * ten, at most 1. What is not a positive number: 1. */
double scale_share_end(double max);

/* scale_share_text writes a share as "2 %", "0.05 %". */
const char *scale_share_text(char out[SCALE_TEXT_MAX], double share);

/* a logarithmic axis of whole decades */
struct scale_log {
    double low_us, high_us;
    double ticks_us[SCALE_TICKS_MAX];
    size_t num_ticks;
};

/* scale_log_init makes the axis for times from low_us to high_us; what is below 1 us is at its
 * beginning, what is beyond the axis at its end. */
void scale_log_init(struct scale_log *l, double low_us, double high_us);

/* scale_log_at returns where a time is: 0 at the beginning, 1 at the end. */
double scale_log_at(const struct scale_log *l, double us);

/* scale_time_text writes a time in its fitting unit, in UTF-8: "100 µs", "1 ms", "2.5 s"; "-" for
 * what is no number. */
const char *scale_time_text(char out[SCALE_TEXT_MAX], double us);

#endif
