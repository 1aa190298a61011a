/*
 * suite_class: what a suite is made of, as bits; lists of suites; the cipher kinds of SSLv2.
 *
 * Promise    computed from the registered name (names.h), so that every named suite has its bits.
 * Sources    IANA "TLS Cipher Suites"; draft-hickman-netscape-ssl-00 (SSLv2).
 */
#ifndef MXSWEEP_CORE_SUITE_CLASS_H
#define MXSWEEP_CORE_SUITE_CLASS_H

#include <stddef.h>
#include <stdint.h>

enum suite_class {
    SUITE_EXPORT = 1 << 0,       /* EXPORT and EXPORT1024 */
    SUITE_RC4 = 1 << 1,
    SUITE_3DES = 1 << 2,
    SUITE_NULL = 1 << 3,         /* no encryption */
    SUITE_ANON = 1 << 4,         /* no certificate: DH_anon, ECDH_anon */
    SUITE_DHE = 1 << 5,          /* ephemeral over a prime; not DH_anon */
    SUITE_STATIC_RSA = 1 << 6,   /* RSA key transport: RSA, RSA_EXPORT */
    SUITE_ECDHE = 1 << 7,        /* ephemeral over a curve; not ECDH_anon */
    SUITE_TLS13 = 1 << 8,
    SUITE_AEAD = 1 << 9,
    SUITE_CBC = 1 << 10,
    SUITE_DES = 1 << 11,         /* single DES, DES40 */
    SUITE_OLD_CIPHER = 1 << 12,  /* RC2, IDEA */
    SUITE_STATIC_DH = 1 << 13,   /* DH_RSA, DH_DSS, ECDH_RSA, ECDH_ECDSA */
    SUITE_SHARED_KEY = 1 << 14,  /* PSK, SRP, KRB5, ECCPWD: of use only with a secret in common */
    SUITE_CURVE = 1 << 15,       /* ECDHE, ECDH_anon and static ECDH */
    SUITE_GOST = 1 << 16,        /* GOST key exchange */
    SUITE_SIGNAL = 1 << 17       /* no suite: the signalling values, NULL_WITH_NULL_NULL */
};

/* suite_class returns the bits of a suite; 0 when it has no name. */
unsigned suite_class(uint16_t suite);

/* suite_rank orders by strength, weakest first: NULL, anonymous, export, DES, RC4 and other old
 * ciphers, 3DES, CBC, AEAD, TLS 1.3; among equals static keys before ephemeral ones, and 128 bits
 * before 256. */
unsigned suite_rank(uint16_t suite);

enum { SUITES_MAX = 400 };   /* more than have names */

/* suite_select lists, weakest first, the suites that have a bit of any_of and none of none_of;
 * signalling values are left out. Returns how many. */
size_t suite_select(uint16_t out[SUITES_MAX], unsigned any_of, unsigned none_of);

size_t suite_all_legacy(uint16_t out[SUITES_MAX]);   /* below TLS 1.3, weakest first */
size_t suite_all_tls13(uint16_t out[SUITES_MAX]);

/* X(bit, cipher kind, name) of SSLv2 */
#define SSL2_KINDS(X)                                        \
    X(0, 0x020080, "SSL_CK_RC4_128_EXPORT40_WITH_MD5")       \
    X(1, 0x040080, "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5")   \
    X(2, 0x060040, "SSL_CK_DES_64_CBC_WITH_MD5")             \
    X(3, 0x060140, "SSL_CK_DES_64_CBC_WITH_SHA")             \
    X(4, 0x080080, "SSL_CK_RC4_64_WITH_MD5")                 \
    X(5, 0x010080, "SSL_CK_RC4_128_WITH_MD5")                \
    X(6, 0x030080, "SSL_CK_RC2_128_CBC_WITH_MD5")            \
    X(7, 0x050080, "SSL_CK_IDEA_128_CBC_WITH_MD5")           \
    X(8, 0x0700c0, "SSL_CK_DES_192_EDE3_CBC_WITH_MD5")       \
    X(9, 0x0701c0, "SSL_CK_DES_192_EDE3_CBC_WITH_SHA")

const char *ssl2_kind_name(unsigned bit);   /* NULL: no such bit */

#endif
