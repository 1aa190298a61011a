/*
 * units: durations, counts and rates as people write them on a command line.
 *
 * Promise    the whole text must be a value in range; the output is untouched otherwise. No locale,
 *            no clock.
 */
#ifndef MXSWEEP_SCANNER_UNITS_H
#define MXSWEEP_SCANNER_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* unit_duration reads "250ms", "10s", "5m", "2h" into ns; a bare number is refused, as its unit
 * would be a guess. At most 10,000 h. */
bool unit_duration(uint64_t *ns, const char *text);

/* unit_count reads "5000", "20k", "1M" ("1.5M" too, if that is whole). */
bool unit_count(uint64_t *count, const char *text);

/* unit_rate reads "1000", "10k/s", "30/m", "90/h" into the time between two starts in ns (at least
 * 1); "0" means no limit and gives 0. */
bool unit_rate(uint64_t *step_ns, const char *text);

/* unit_octets reads as many "G" too. */
bool unit_octets(uint64_t *octets, const char *text);

/* unit_percent reads "5%", "0.05%", above 0 and up to 100, into millionths; what is finer than one
 * is refused. */
bool unit_percent(uint32_t *ppm, const char *text);

/* unit_seconds writes a duration for people: "0.3s", "12s", "3m05s", "2h10m". Returns out. */
const char *unit_seconds(char *out, size_t out_len, uint64_t ns);

#endif
