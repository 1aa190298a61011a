/*
 * units: numbers and durations on mxfarm's command line.
 *
 * Shape      each reads what it knows from the beginning of text and sets *rest to what follows.
 * Errors     false: text does not begin with one, or it is too large; outputs are untouched.
 */
#ifndef MXSWEEP_TOOLS_FARM_UNITS_H
#define MXSWEEP_TOOLS_FARM_UNITS_H

#include <stdbool.h>
#include <stdint.h>

/* unit_number reads decimal digits. */
bool unit_number(uint64_t *out, const char **rest, const char *text);

/* unit_duration reads a whole number above 0 and ms, s, m or h. */
bool unit_duration(uint64_t *out_ms, const char **rest, const char *text);

#endif
