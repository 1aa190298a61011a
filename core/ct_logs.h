/*
 * ct_logs: names of Certificate Transparency logs, by their id.
 *
 * Source     the lists of logs that browsers publish, retired logs included; core/ct_logs.inc, made
 *            by scripts/ct_logs.py, which also sees to it that each id is the hash of its key.
 * Promise    lookups return constants.
 */
#ifndef MXSWEEP_CORE_CT_LOGS_H
#define MXSWEEP_CORE_CT_LOGS_H

#include "core/bytes.h"

struct ct_log {
    const char *id;         /* 32 octets: SHA-256 of the log's key */
    const char *name;       /* "Google 'Argon2026h1' log" */
    const char *operator;   /* "Google" */
};

/* ct_log_find returns the log with that id (32 octets), or NULL. */
const struct ct_log *ct_log_find(struct bytes id);

/* ct_logs_date returns the day of the newest of the lists ("2026-08-20"): a log that is younger is
 * not known. */
const char *ct_logs_date(void);

#endif
