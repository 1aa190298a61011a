/*
 * pem: certificates as text (RFC 7468, 2 and 5).
 *
 * Ownership  none.
 * Errors     those of the stream, which its owner asks for.
 */
#ifndef MXSWEEP_CORE_PEM_H
#define MXSWEEP_CORE_PEM_H

#include <stdio.h>

#include "core/cert.h"

enum { PEM_LINE_MAX = 65 }; /* octets of a line, and a NUL */

/* pem_line takes what fits into a line off *der and writes it in base64, without a line end; false
 * at the end. */
bool pem_line(char out[PEM_LINE_MAX], struct bytes *der);

/* pem_cert writes a certificate behind a line "# LABEL CN=... O=...", in which the subject's names
 * are escaped for a terminal. facts: NULL if it cannot be parsed, which the line then says. */
void pem_cert(FILE *out, const char *label, const struct cert_facts *facts, struct bytes der);

#endif
