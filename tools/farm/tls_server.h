/*
 * tls_server: the server's side of TLS, fed from memory; and the flights that are written by hand.
 *
 * What       one SSL_CTX per profile, and per behaviour whose certificate the whole farm shares;
 *            certificates of a narrower scope are set per connection. Tickets, and so resumption,
 *            only where a row has EXTRA_TICKET.
 * Ownership  tls_servers_new/_free, tls_server_new/_free. Octets in are borrowed for the call;
 *            octets out are appended to `out`.
 * Errors     NULL: no memory.
 */
#ifndef MXSWEEP_TOOLS_FARM_TLS_SERVER_H
#define MXSWEEP_TOOLS_FARM_TLS_SERVER_H

#include "tools/farm/pki.h"

/* octets to send: one for all connections, empty between events */
struct sendbuf {
    uint8_t *data;
    size_t len, cap;
    bool bad; /* no memory: what was put is lost */
};

void sendbuf_put(struct sendbuf *out, const void *data, size_t len);
void sendbuf_cleanup(struct sendbuf *out);

struct tls_servers;
struct tls_server; /* one connection's */

struct tls_servers *tls_servers_new(struct pki *pki, struct sendbuf *out);
void tls_servers_free(struct tls_servers *all);

struct tls_server *tls_server_new(struct tls_servers *all, const struct behaviour *b,
                                  struct addr a);
/* what one connection is served by: the answer to its hello is decided before BoringSSL sees it */
struct tls_terms {
    uint16_t version_min, version_max;
    uint16_t suite; /* below TLS 1.3 */
    uint16_t group; /* 0: none takes part */
    bool ticket;
};
struct tls_server *tls_server_new_by(struct tls_servers *all, const struct tls_terms *terms,
                                     const struct chain *chain);
void tls_server_free(struct tls_server *t);

enum tls_state { TLS_WANTS_MORE, TLS_READ, TLS_OVER };

/* tls_server_feed lends octets to the reads that follow; all are used up when TLS_WANTS_MORE comes.
 */
void tls_server_feed(struct tls_server *t, const uint8_t *in, size_t in_len);
/* tls_server_read drives the handshake, then reads: TLS_READ with *len octets in buf; TLS_OVER:
 * close_notify or failure. */
enum tls_state tls_server_read(struct tls_server *t, uint8_t *buf, size_t *len, size_t cap);
void tls_server_write(struct tls_server *t, const void *data, size_t len);
/* tls_server_close sends close_notify. */
void tls_server_close(struct tls_server *t);
void tls_server_alert(struct tls_server *t, uint8_t number);

/* tls_flight writes a TLS 1.2 ServerHello and Certificate of that chain; false: no memory. The
 * suite fits the key. */
bool tls_flight(struct sendbuf *out, const struct chain *chain);
/* tls_flight_bad_signature writes a ServerKeyExchange with a signature by nobody. */
void tls_flight_bad_signature(struct sendbuf *out, const struct chain *chain);

#endif
