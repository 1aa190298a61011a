#include "scanner/session/outbuf.h"

#include <stdlib.h>
#include <string.h>

enum { OUTBUF_FIRST = 4096 };   /* octets: a hello, or a last flight and the EHLO behind it, fit */

void outbuf_init(struct outbuf *out)
{
    memset(out, 0, sizeof *out);
}

void outbuf_cleanup(struct outbuf *out)
{
    free(out->data);
    outbuf_init(out);
}

static bool reserve(struct outbuf *out, size_t len)
{
    if (len <= out->cap - out->len)
        return true;
    size_t cap = out->cap > 0 ? out->cap : OUTBUF_FIRST;
    while (cap - out->len < len) {
        if (cap > SIZE_MAX / 2)
            return false;
        cap *= 2;
    }
    uint8_t *data = realloc(out->data, cap);
    if (data == NULL)
        return false;
    out->data = data;
    out->cap = cap;
    return true;
}

void outbuf_put(struct outbuf *out, const void *data, size_t len)
{
    if (len == 0 || out->bad)
        return;
    if (!reserve(out, len)) {
        out->bad = true;
        return;
    }
    memcpy(out->data + out->len, data, len);
    out->len += len;
}
