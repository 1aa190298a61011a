/*
 * server_print: a fingerprint of a TLS server's answer to a hello, as text that a person can read.
 *
 * Definition "sVV-SSSS-EEEE.EEEE...", lower-case hexadecimal (doc/fingerprint.md):
 *              VV    version negotiated: 13, 12, 11, 10; 03 SSLv3, 02 SSLv2; any other: 4 digits
 *              SSSS  suite chosen
 *              EEEE  types of the extensions, in the order in which the server sent them, of the
 *                    ServerHello and, under TLS 1.3, then of EncryptedExtensions; "0" if none
 *            A "+" at the end: there were more than SERVER_PRINT_EXTS_MAX.
 *            It is no JA4S and not comparable to one: nothing is hashed or counted.
 * Promise    equal answers have equal text, different ones different text; bounded length. It
 *            depends on the hello as well: compare only what answered the same one.
 */
#ifndef MXSWEEP_CORE_SERVER_PRINT_H
#define MXSWEEP_CORE_SERVER_PRINT_H

#include <stddef.h>
#include <stdint.h>

enum {
    SERVER_PRINT_EXTS_MAX = 32,
    /* "s", version, suite, types with what stands before each, "+", NUL */
    SERVER_PRINT_MAX = 1 + 4 + 5 + 5 * SERVER_PRINT_EXTS_MAX + 1 + 1
};

/* server_print writes the fingerprint and a NUL and returns its length. exts may be NULL if
 * num_exts is 0. */
size_t server_print(char out[SERVER_PRINT_MAX], uint16_t version, uint16_t suite,
                    const uint16_t *exts, size_t num_exts);

#endif
