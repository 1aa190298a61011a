/*
 * mta_rules: the rules that are built in (tools/data), or a file in their place.
 *
 * Errors     as rules.h.
 */
#ifndef MXSWEEP_TOOLS_MTA_RULES_H
#define MXSWEEP_TOOLS_MTA_RULES_H

#include "tools/rules.h"

/* mta_rules_open opens the rules that name a server's software by its greeting and its reply to
 * EHLO; path NULL: those built in. */
int mta_rules_open(struct rules **out, char err[RULES_ERR_MAX], const char *path);

/* rejection_rules_open opens those that tell why a reply refuses (reply), and what is wrong with a
 * reply that a box on the way has changed (greeting, ehlo). */
int rejection_rules_open(struct rules **out, char err[RULES_ERR_MAX], const char *path);

/* certificate_rules_open opens those that name the product whose default certificate has such an
 * issuer (issuer). */
int certificate_rules_open(struct rules **out, char err[RULES_ERR_MAX], const char *path);

#endif
