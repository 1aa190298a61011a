/*
 * peer: the other side of a TLS client in tests: a BoringSSL server fed from memory, with
 * identities made on the spot.
 *
 * Ownership  _new/_free. Errors are failed assertions: only tests are here.
 */
#ifndef MXSWEEP_TESTS_SESSION_PEER_H
#define MXSWEEP_TESTS_SESSION_PEER_H

#include <openssl/base.h>
#include <openssl/pool.h>

#include "core/bytes.h"

/* X(NAME): the keys and certificates that a server may have */
#define IDENTITIES(X)                                                                    \
    X(RSA) X(P256) X(P384) X(P521) X(ED25519)                                            \
    X(P256_BARE)   /* a leaf without extensions */
enum identity {
#define X(NAME) IDENTITY_##NAME,
    IDENTITIES(X)
#undef X
    NUM_IDENTITIES
};

struct peer_options {
    enum identity identity;
    uint16_t version;        /* the only one that it speaks; 0: any */
    const char *suites;      /* for TLS 1.2 and below; NULL: any */
    int group;               /* NID; 0: any */
    size_t num_extra;        /* certificates behind the leaf, of no meaning */
    bool want_client_cert;
    struct bytes client_ca;  /* its name, DER, in the request for a certificate */
    struct bytes ocsp, scts; /* sent where the client asks; empty: not */
    bool no_tickets;
    uint32_t ticket_s;       /* lifetime of its tickets; 0: BoringSSL's default */
};

/* identities, made when first wanted */
struct peer_keys {
    EVP_PKEY *key[NUM_IDENTITIES];
    CRYPTO_BUFFER *leaf[NUM_IDENTITIES];
};
void peer_keys_init(struct peer_keys *keys);
void peer_keys_cleanup(struct peer_keys *keys);
CRYPTO_BUFFER *peer_leaf(struct peer_keys *keys, enum identity identity);

SSL_CTX *peer_context_new(struct peer_keys *keys, const struct peer_options *options);

struct peer {
    SSL *ssl;
    BIO *in, *out;           /* the SSL's */
    bool done, failed;
};
void peer_init(struct peer *p, SSL_CTX *ctx);
void peer_cleanup(struct peer *p);

/* peer_receive gives it octets of the client's and lets it go on with the handshake. */
void peer_receive(struct peer *p, const void *data, size_t len);
/* peer_read reads what the client said inside TLS; returns how many octets. */
size_t peer_read(struct peer *p, void *buf, size_t cap);
void peer_say(struct peer *p, struct bytes text);
void peer_close_notify(struct peer *p);
void peer_alert(struct peer *p, uint8_t number);
/* peer_take moves what it has to send to buf; returns how many octets (all of them: cap is large
 * enough). */
size_t peer_take(struct peer *p, void *buf, size_t cap);

#endif
