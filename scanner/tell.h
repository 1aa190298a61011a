/*
 * tell: what mxprobe says of a visit: each address judged, found fault with, and told.
 *
 * Ownership  o and one are borrowed; tell_close frees the rest, also after an error.
 * Errors     exit codes, with a line on stderr.
 */
#ifndef MXSWEEP_SCANNER_TELL_H
#define MXSWEEP_SCANNER_TELL_H

#include "scanner/one.h"
#include "scanner/probe_output.h"

struct telling {
    const struct probe_options *o;
    struct trust_store *store;
    struct judge *judge;
    const char *store_name;
    struct show show;
    enum verdict_class worst; /* of the addresses so far */
};

/* tell_open opens the trust store: before the visit, which is for nothing without one. */
int tell_open(struct telling *t, const struct probe_options *o, FILE *out, bool color);
void tell_close(struct telling *t);

/* tell_all tells of each record of one, and returns the exit code that they come to. */
int tell_all(struct telling *t, const struct one *one);

#endif
