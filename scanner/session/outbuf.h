/*
 * outbuf: octets to send, growing; one for all sessions of a worker, empty between calls.
 *
 * Ownership  the caller's storage; outbuf_cleanup frees the octets.
 * Errors     sticky: after a failed allocation `bad` is set and the session that wrote must end as
 *            a fault.
 */
#ifndef MXSWEEP_SCANNER_SESSION_OUTBUF_H
#define MXSWEEP_SCANNER_SESSION_OUTBUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outbuf {
    uint8_t *data;
    size_t len, cap;
    bool bad;             /* no memory: the session that wrote must end as a fault */
};

void outbuf_init(struct outbuf *out);
void outbuf_cleanup(struct outbuf *out);

/* outbuf_put appends len octets. */
void outbuf_put(struct outbuf *out, const void *data, size_t len);

#endif
