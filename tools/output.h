/*
 * output: where a command writes its data: stdout, or a new file.
 *
 * Promise    a file that exists is never written over, and one that could not be finished does not
 *            stay.
 * Errors     false, and err says which file and why.
 */
#ifndef MXSWEEP_TOOLS_OUTPUT_H
#define MXSWEEP_TOOLS_OUTPUT_H

#include "tools/args.h"

struct output {
    FILE *file;
    const char *path; /* NULL: stdout */
};

/* output_open makes path, or takes stdout if that is NULL. */
bool output_open(struct output *o, char err[COMMAND_ERR_MAX], const char *path);

/* output_close writes what is buffered. With keep false the file is removed again and err left
 * alone. */
bool output_close(struct output *o, char err[COMMAND_ERR_MAX], bool keep);

#endif
