/*
 * offer: what our hello offers, in its order: the one table of versions, suites, groups and
 * signature schemes.
 *
 * X(code point, name that BoringSSL's lists know it by). TLS 1.3 suites are not settable in
 * BoringSSL and have no name here; their order follows whether the CPU has AES (the hello's hash in
 * the header tells).
 */
#ifndef MXSWEEP_SCANNER_SESSION_OFFER_H
#define MXSWEEP_SCANNER_SESSION_OFFER_H

#include <openssl/ssl.h>

#define OFFER_VERSION_MIN 0x0301   /* TLS 1.0 */
#define OFFER_VERSION_MAX 0x0304   /* TLS 1.3 */

#define OFFER_SUITES(X)                                   \
    X(0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256")            \
    X(0xc02f, "ECDHE-RSA-AES128-GCM-SHA256")              \
    X(0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384")            \
    X(0xc030, "ECDHE-RSA-AES256-GCM-SHA384")              \
    X(0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305")            \
    X(0xcca8, "ECDHE-RSA-CHACHA20-POLY1305")              \
    X(0xc009, "ECDHE-ECDSA-AES128-SHA")                   \
    X(0xc013, "ECDHE-RSA-AES128-SHA")                     \
    X(0xc00a, "ECDHE-ECDSA-AES256-SHA")                   \
    X(0xc014, "ECDHE-RSA-AES256-SHA")                     \
    X(0x009c, "AES128-GCM-SHA256")                        \
    X(0x009d, "AES256-GCM-SHA384")                        \
    X(0x002f, "AES128-SHA")                               \
    X(0x0035, "AES256-SHA")

#define OFFER_GROUPS(X)                                   \
    X(29, NID_X25519)                                     \
    X(23, NID_X9_62_prime256v1)                           \
    X(24, NID_secp384r1)                                  \
    X(25, NID_secp521r1)

/* post-quantum hybrids, before the others in a hello that offers them: in a build whose BoringSSL
 * has ML-KEM (draft-ietf-tls-ecdhe-mlkem) */
#if defined(SSL_GROUP_X25519_MLKEM768)
#define OFFER_HAS_PQ 1
#define OFFER_PQ_TEXT "X25519MLKEM768"
#define OFFER_PQ_GROUPS(X) X(0x11ec, 0)
#else
#define OFFER_HAS_PQ 0
#define OFFER_PQ_TEXT "none: this BoringSSL has no ML-KEM"
#define OFFER_PQ_GROUPS(X)
#endif

#define OFFER_SIGSCHEMES(X)                               \
    X(0x0403) /* ecdsa_secp256r1_sha256 */                \
    X(0x0503) /* ecdsa_secp384r1_sha384 */                \
    X(0x0603) /* ecdsa_secp521r1_sha512 */                \
    X(0x0807) /* ed25519 */                               \
    X(0x0804) /* rsa_pss_rsae_sha256 */                   \
    X(0x0805) /* rsa_pss_rsae_sha384 */                   \
    X(0x0806) /* rsa_pss_rsae_sha512 */                   \
    X(0x0401) /* rsa_pkcs1_sha256 */                      \
    X(0x0501) /* rsa_pkcs1_sha384 */                      \
    X(0x0601) /* rsa_pkcs1_sha512 */                      \
    X(0x0201) /* rsa_pkcs1_sha1 */

#endif
