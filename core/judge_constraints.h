/*
 * judge_constraints: name constraints (RFC 5280, 4.2.1.10) where libcrypto does not check them: of
 * addresses, and of a common name that stands for a host's. Private to judge.
 */
#ifndef MXSWEEP_CORE_JUDGE_CONSTRAINTS_H
#define MXSWEEP_CORE_JUDGE_CONSTRAINTS_H

#include "core/cert.h"

/* constraints_allow tells whether all alternative names and the subject of leaf keep to ca's
 * constraints. Kinds of names other than host names, addresses and the subject are only allowed
 * where ca does not constrain them. */
bool constraints_allow(const struct cert_facts *ca, const struct cert_facts *leaf);

/* constraints_allow_cn tells whether the common name of leaf does, if that is the only host name
 * that leaf has. */
bool constraints_allow_cn(const struct cert_facts *ca, const struct cert_facts *leaf);

#endif
