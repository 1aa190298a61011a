#include "tools/farm/variant.h"

#include <stdio.h>

const struct chain *variant_chain(struct pki *pki, const struct behaviour *b, struct addr a,
                                  bool with_ec, bool own)
{
    char name[64]; /* chains are told apart by the names of their behaviours */
    struct behaviour v = *b;
    if (!own) { /* the same everywhere, and signed, so that any key will do */
        v.cert = CERT_GOOD;
        v.scope = SCOPE_FARM;
    }
    if (with_ec)
        v.key = KEY_P256;
    snprintf(name, sizeof name, "%s%s", own ? b->name : "by default", with_ec ? " on a curve" : "");
    v.name = own && !with_ec ? b->name : name;
    return pki_chain(pki, &v, a);
}
