/*
 * dh_primes: tells the primes of finite-field Diffie-Hellman that many servers share.
 *
 * Promise    pure; a prime is known by the SHA-256 of its octets, big-endian, no zeros in front.
 * Sources    RFC 7919, 2409, 3526, 5114; and, by what they shipped with, those built into Apache's
 *            mod_ssl, nginx, Postfix, Exim and HAProxy, OpenSSL's apps (512 of s_server; SKIP's),
 *            Java's sun.security.provider (its DSA primes), all from their sources, and IronPort's
 *            as nmap's ssl-dh-params.nse has it.
 */
#ifndef MXSWEEP_CORE_DH_PRIMES_H
#define MXSWEEP_CORE_DH_PRIMES_H

#include "core/bytes.h"

/* X(code, NAME, slug, bits of p, its TLS group) */
#define DH_PRIMES(X)                                            \
    X(0, NONE, "none", 0, 0)               /* none was sent */  \
    X(1, OWN, "own", 0, 0)                 /* not of these */   \
    X(2, FFDHE2048, "ffdhe2048", 2048, 256)                     \
    X(3, FFDHE3072, "ffdhe3072", 3072, 257)                     \
    X(4, FFDHE4096, "ffdhe4096", 4096, 258)                     \
    X(5, FFDHE6144, "ffdhe6144", 6144, 259)                     \
    X(6, FFDHE8192, "ffdhe8192", 8192, 260)                     \
    X(7, MODP768, "oakley1-modp768", 768, 0)                    \
    X(8, MODP1024, "oakley2-modp1024", 1024, 0)                 \
    X(9, MODP1536, "modp1536", 1536, 0)                         \
    X(10, MODP2048, "modp2048", 2048, 0)                        \
    X(11, MODP3072, "modp3072", 3072, 0)                        \
    X(12, MODP4096, "modp4096", 4096, 0)                        \
    X(13, MODP6144, "modp6144", 6144, 0)                        \
    X(14, MODP8192, "modp8192", 8192, 0)                        \
    X(15, RFC5114_1024, "rfc5114-1024-160", 1024, 0)            \
    X(16, RFC5114_2048_224, "rfc5114-2048-224", 2048, 0)        \
    X(17, RFC5114_2048_256, "rfc5114-2048-256", 2048, 0)        \
    X(18, MOD_SSL_20_512, "mod-ssl-2.0-512", 512, 0)            \
    X(19, MOD_SSL_20_1024, "mod-ssl-2.0-1024", 1024, 0)         \
    X(20, MOD_SSL_22_512, "mod-ssl-2.2-512", 512, 0)            \
    X(21, MOD_SSL_22_1024, "mod-ssl-2.2-1024", 1024, 0)         \
    X(22, NGINX_1024, "nginx-1024", 1024, 0)                    \
    X(23, JAVA_512, "java-512", 512, 0)                         \
    X(24, JAVA_768, "java-768", 768, 0)                         \
    X(25, JAVA_1024, "java-1024", 1024, 0)                      \
    X(26, OPENSSL_512, "openssl-512", 512, 0)                   \
    X(27, SKIP_1024, "openssl-skip-1024", 1024, 0)              \
    X(28, SKIP_2048, "openssl-skip-2048", 2048, 0)              \
    X(29, SKIP_4096, "openssl-skip-4096", 4096, 0)              \
    X(30, POSTFIX_22_512, "postfix-2.2-512", 512, 0)            \
    X(31, POSTFIX_22_1024, "postfix-2.2-1024", 1024, 0)         \
    X(32, POSTFIX_31_512, "postfix-3.1-512", 512, 0)            \
    X(33, POSTFIX_31_2048, "postfix-3.1-2048", 2048, 0)         \
    X(34, POSTFIX_36_2048, "postfix-3.6-2048", 2048, 0)         \
    X(35, POSTFIX_37_2048, "postfix-3.7-2048", 2048, 0)         \
    X(36, EXIM_1_2048, "exim.dev.20160529.1", 2048, 0)          \
    X(37, EXIM_2_2048, "exim.dev.20160529.2", 2048, 0)          \
    X(38, EXIM_3_2048, "exim.dev.20160529.3", 2048, 0)          \
    X(39, HAPROXY_2048, "haproxy-1.5-2048", 2048, 0)            \
    X(40, IRONPORT_1024, "ironport-1024", 1024, 0)

enum dh_prime {   /* codes are stored: append, never renumber */
#define X(code, NAME, slug, bits, group) DH_PRIME_##NAME = code,
    DH_PRIMES(X)
#undef X
};

enum { DH_PRIME_SHA256_LEN = 32 };

/* dh_prime_find tells which prime p (big-endian) is, DH_PRIME_OWN when it is no known one, and its
 * hash; DH_PRIME_NONE and a hash of zeros for no octets but zeros. */
enum dh_prime dh_prime_find(uint8_t sha256[DH_PRIME_SHA256_LEN], struct bytes p);

const char *dh_prime_slug(unsigned code);    /* NULL: no such code */
uint16_t dh_prime_bits(enum dh_prime prime);
uint16_t dh_prime_group(enum dh_prime prime);   /* 256 for ffdhe2048; 0: not one of RFC 7919 */

#endif
