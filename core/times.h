/*
 * times: moments and counts as text.
 *
 * Units      us since 1970-01-01 UTC.
 * Promise    the same text everywhere: no locale, no time zone. Moments out of the years 0000 to
 *            9999 are clamped.
 */
#ifndef MXSWEEP_CORE_TIMES_H
#define MXSWEEP_CORE_TIMES_H

#include <stdint.h>

enum { TIME_TEXT_MAX = 28, COUNT_TEXT_MAX = 28 };

/* time_rfc3339 writes "2026-11-23T21:03:31.000000Z" and a NUL. */
void time_rfc3339(char out[TIME_TEXT_MAX], int64_t us);

/* time_rfc3339_s writes the same in seconds, cut, not rounded: "2026-11-23T21:03:31Z". */
void time_rfc3339_s(char out[TIME_TEXT_MAX], int64_t us);

/* time_rfc3339_ms writes the same in milliseconds, cut, not rounded: "2026-11-23T21:03:31.000Z". */
void time_rfc3339_ms(char out[TIME_TEXT_MAX], int64_t us);

/* time_words writes "2026-11-23 21:03:31 UTC" and a NUL. */
void time_words(char out[TIME_TEXT_MAX], int64_t us);

/* time_days_in_month says how many days a month has, 1 to 12 of the years 0 to 9999 of the
 * Gregorian calendar; time_days returns how many days that date is after 1970-01-01. */
int time_days_in_month(int year, int month);
int64_t time_days(int year, int month, int day);

/* time_after returns start_us + offset_us, held within int64_t. */
int64_t time_after(int64_t start_us, uint64_t offset_us);

/* count_text writes a count with commas between thousands, and a NUL, and returns out. */
const char *count_text(char out[COUNT_TEXT_MAX], uint64_t count);

#endif
