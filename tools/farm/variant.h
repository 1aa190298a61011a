/*
 * variant: the other certificates of a server that has more than one.
 *
 * Ownership  as pki_chain's.
 */
#ifndef MXSWEEP_TOOLS_FARM_VARIANT_H
#define MXSWEEP_TOOLS_FARM_VARIANT_H

#include "tools/farm/pki.h"

/* variant_chain returns the chain of b at a: with a key on a curve or with the row's own; for who
 * names the server (own), or for all others. */
const struct chain *variant_chain(struct pki *pki, const struct behaviour *b, struct addr a,
                                  bool with_ec, bool own);

#endif
