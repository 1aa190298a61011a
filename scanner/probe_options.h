/*
 * probe_options: the command line of mxprobe, read by one table that also writes --help.
 *
 * What       one target, and what a sweep of it alone is told; rows that mxsweep has too are those
 *            of options_table.
 * Units      times in ns; `time_s` in seconds since 1970-01-01 UTC.
 * Ownership  texts point into argv, or into the struct itself: it is not copied or moved;
 *            probe_options_cleanup frees the lists.
 * Errors     probe_options_parse returns negative and writes to err what is wrong with which
 *            option, and the mend.
 */
#ifndef MXSWEEP_SCANNER_PROBE_OPTIONS_H
#define MXSWEEP_SCANNER_PROBE_OPTIONS_H

#include "core/targets.h"
#include "scanner/options.h"

enum probe_color { PROBE_COLOR_AUTO, PROBE_COLOR_ALWAYS, PROBE_COLOR_NEVER };

/* exit status by verdict; EXIT_COMPLETE, EXIT_FAULT and EXIT_USAGE are as in sweep.h */
enum {
    PROBE_EXIT_WRONG = 4,
    PROBE_EXIT_BROKEN = 5,
    PROBE_EXIT_NO_SMTP = 6,
    PROBE_EXIT_UNKNOWN = 7
};

struct probe_options {
    struct options sweep;               /* of this one target */
    struct target_item item;            /* what is visited: an address, or a host name */
    const char *host;                   /* --host; NULL: none */
    const char *trust_store;            /* NULL: the system's */
    char line[2 * TARGET_HOST_MAX + 2]; /* the target as mxsweep takes it */
    bool has_time;
    int64_t time_s; /* of the judgement, if has_time; else that of the session */
    enum probe_color color;
    bool json, certs, verbose, help, version;
};

int probe_options_parse(struct probe_options *o, char err[OPTIONS_ERR_MAX], int argc,
                        char *const *argv);
void probe_options_cleanup(struct probe_options *o);

/* probe_options_help writes what --help shows. */
void probe_options_help(FILE *out);

/* probe_time_parse reads "2026-01-01T12:00:00Z" (RFC 3339, in UTC, without fractions) or
 * "2026-01-01". */
bool probe_time_parse(int64_t *seconds, const char *text);

/* probe_refused adds to set (initialised; left unsealed) the addresses of no host: unspecified,
 * multicast and broadcast. */
int probe_refused(struct prefix_set *set);

#endif
