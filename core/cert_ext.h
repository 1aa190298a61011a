/*
 * cert_ext: the extensions of a certificate (RFC 5280, 4.2; RFC 6962, 3.3; RFC 7633). Private to
 * cert.
 *
 * Promise    one that cannot be read is as if it were not there; the others stand.
 */
#ifndef MXSWEEP_CORE_CERT_EXT_H
#define MXSWEEP_CORE_CERT_EXT_H

#include "core/cert.h"

/* cert_ext_parse reads the content of TBSCertificate's field 3, the SEQUENCE of extensions; of each
 * kind the first counts. */
void cert_ext_parse(struct cert_facts *out, struct bytes extensions);

#endif
