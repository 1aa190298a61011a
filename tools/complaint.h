/*
 * complaint: prints what a command says is wrong, or what is good to know.
 *
 * Promise    names of files and words of the command line are in it as they came, texts of servers
 *            escaped already: what would steer a terminal is escaped (core/json.h), backslashes and
 *            our own line ends stay.
 */
#ifndef MXSWEEP_TOOLS_COMPLAINT_H
#define MXSWEEP_TOOLS_COMPLAINT_H

#include <stdio.h>

/* complaint_print writes text and a line end. */
void complaint_print(FILE *out, const char *text);

#endif
