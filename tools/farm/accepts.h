/*
 * accepts: what a server of the farm would accept, for audits to be compared with.
 *
 * Shape      the members of a JSON object; see doc/farm.md.
 * Promise    from the rules and profiles by which the servers answer, never from an answer.
 */
#ifndef MXSWEEP_TOOLS_FARM_ACCEPTS_H
#define MXSWEEP_TOOLS_FARM_ACCEPTS_H

#include <stdio.h>

#include "core/addr.h"
#include "tools/farm/behaviour.h"

/* accepts_known tells whether there is anything to print: the server shakes hands. */
bool accepts_known(const struct behaviour *b);

/* accepts_print writes `"accepts":{...}` and, where a handshake shows more, `,"shows":{...}`. */
void accepts_print(FILE *out, const struct behaviour *b, struct addr a);

#endif
