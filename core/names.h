/*
 * names: the IANA names of TLS code points, one table each.
 *
 * Source     IANA "Transport Layer Security (TLS) Parameters", less its "_RESERVED"; some code
 *            points that were deployed without being registered, and TLS 1.2 pairs of hash and
 *            signature ("dsa_sha1"), are named in the same manner. Versions are written "TLSv1.3".
 * Promise    lookups return a constant, or NULL for a code point that the table does not have.
 */
#ifndef MXSWEEP_CORE_NAMES_H
#define MXSWEEP_CORE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 0x0303 -> "TLSv1.2"; 0x0301 "TLSv1.0", 0x0300 "SSLv3", 0x0002 "SSLv2" */
const char *tls_version_name(uint16_t code);

/* 0x1301 -> "TLS_AES_128_GCM_SHA256": every registered suite, the two signalling values too */
const char *tls_suite_name(uint16_t code);

const char *tls_group_name(uint16_t code);       /* 29 -> "x25519"; 4588 "X25519MLKEM768" */
const char *tls_sigscheme_name(uint16_t code);   /* 0x0403 -> "ecdsa_secp256r1_sha256" */
const char *tls_alert_name(uint8_t number);      /* 40 -> "handshake_failure" */

/* tls_suite_at and tls_group_at give the i-th code point of their table, which ascends; false past
 * its end. */
bool tls_suite_at(uint16_t *code, size_t i);
bool tls_group_at(uint16_t *code, size_t i);

#endif
