#include "tools/farm/rote_hello.h"

#include <openssl/bytestring.h>

enum {
    RECORD_HEADER = 5,
    RECORD_CHANGE_CIPHER_SPEC = 20,
    RECORD_HANDSHAKE = 22,
    MESSAGE_HEADER = 4,
    CLIENT_HELLO = 1,
    SSL2_HEADER = 2,
    SSL2_LONG = 0x80, /* the header has two octets */
    RENEGOTIATION_SCSV = 0x00ff
};

enum {
    EXT_SERVER_NAME = 0,
    EXT_GROUPS = 10,
    EXT_SIGSCHEMES = 13,
    EXT_EMS = 23,
    EXT_TICKET = 35,
    EXT_VERSIONS = 43,
    EXT_KEY_SHARE = 51,
    EXT_RENEGOTIATION = 0xff01
};

static struct bytes bytes_from(CBS cbs)
{
    return bytes_of(CBS_data(&cbs), CBS_len(&cbs));
}

static CBS cbs_from(struct bytes b)
{
    CBS cbs;
    CBS_init(&cbs, b.data, b.len);
    return cbs;
}

/* ---- parts ---- */

static bool read_host(struct rote_hello *out, CBS body)
{
    CBS list, name;
    uint8_t type;
    if (!CBS_get_u16_length_prefixed(&body, &list) || !CBS_get_u8(&list, &type) ||
        !CBS_get_u16_length_prefixed(&list, &name))
        return false;
    out->has_host = type == 0;
    out->host = bytes_from(name);
    return true;
}

static bool read_extension(struct rote_hello *out, uint16_t type, CBS body)
{
    CBS list = body;
    switch (type) {
    case EXT_SERVER_NAME: return read_host(out, body);
    case EXT_GROUPS:
        out->has_groups = CBS_get_u16_length_prefixed(&body, &list);
        out->groups = bytes_from(list);
        return out->has_groups;
    case EXT_SIGSCHEMES:
        if (!CBS_get_u16_length_prefixed(&body, &list))
            return false;
        out->sigschemes = bytes_from(list);
        return true;
    case EXT_VERSIONS:
        out->has_versions = CBS_get_u8_length_prefixed(&body, &list);
        out->versions = bytes_from(list);
        return out->has_versions;
    case EXT_KEY_SHARE:
        out->has_shares = CBS_get_u16_length_prefixed(&body, &list);
        out->shares = bytes_from(list);
        return out->has_shares;
    case EXT_EMS: out->ems = true; return true;
    case EXT_TICKET: out->ticket = true; return true;
    case EXT_RENEGOTIATION: out->renegotiation = true; return true;
    default: return true;
    }
}

static bool read_extensions(struct rote_hello *out, CBS *body)
{
    CBS extensions, one;
    uint16_t type;
    if (CBS_len(body) == 0)
        return true;
    if (!CBS_get_u16_length_prefixed(body, &extensions))
        return false;
    while (CBS_len(&extensions) > 0)
        if (!CBS_get_u16(&extensions, &type) || !CBS_get_u16_length_prefixed(&extensions, &one) ||
            !read_extension(out, type, one))
            return false;
    return true;
}

static bool read_tls(struct rote_hello *out, CBS message)
{
    CBS body, id, suites, compressions;
    uint8_t type;
    if (!CBS_get_u8(&message, &type) || type != CLIENT_HELLO ||
        !CBS_get_u24_length_prefixed(&message, &body) || !CBS_get_u16(&body, &out->version) ||
        !CBS_skip(&body, 32) || !CBS_get_u8_length_prefixed(&body, &id) || CBS_len(&id) > 32 ||
        !CBS_get_u16_length_prefixed(&body, &suites) || CBS_len(&suites) % 2 != 0 ||
        !CBS_get_u8_length_prefixed(&body, &compressions))
        return false;
    out->suite_len = 2;
    out->suites = bytes_from(suites);
    out->session_id = bytes_from(id);
    out->compressions = bytes_from(compressions);
    return read_extensions(out, &body);
}

static bool read_ssl2(struct rote_hello *out, CBS body)
{
    CBS suites;
    uint8_t type;
    uint16_t suites_len, id_len, challenge_len;
    if (!CBS_get_u8(&body, &type) || type != CLIENT_HELLO || !CBS_get_u16(&body, &out->version) ||
        !CBS_get_u16(&body, &suites_len) || !CBS_get_u16(&body, &id_len) ||
        !CBS_get_u16(&body, &challenge_len) || suites_len % 3 != 0 ||
        !CBS_get_bytes(&body, &suites, suites_len) ||
        CBS_len(&body) != (size_t)id_len + challenge_len)
        return false;
    out->suite_len = 3;
    out->suites = bytes_from(suites);
    return true;
}

bool rote_hello_read(struct rote_hello *out, struct bytes message, bool ssl2)
{
    *out = (struct rote_hello){.ssl2 = ssl2, .len = message.len};
    bool ok = ssl2 ? read_ssl2(out, cbs_from(message)) : read_tls(out, cbs_from(message));
    out->renegotiation = out->renegotiation || rote_hello_offers(out, RENEGOTIATION_SCSV);
    return ok;
}

/* ---- lists ---- */

bool rote_hello_suite(uint32_t *out, const struct rote_hello *h, size_t index)
{
    size_t at = index * h->suite_len;
    if (h->suite_len == 0 || at + h->suite_len > h->suites.len)
        return false;
    *out = 0;
    for (size_t i = 0; i < h->suite_len; i++)
        *out = *out << 8 | h->suites.data[at + i];
    return true;
}

bool rote_hello_offers(const struct rote_hello *h, uint32_t suite)
{
    uint32_t one;
    for (size_t i = 0; rote_hello_suite(&one, h, i); i++)
        if (one == suite)
            return true;
    return false;
}

bool rote_hello_lists(struct bytes list, uint16_t number)
{
    for (size_t i = 0; i + 2 <= list.len; i += 2)
        if ((list.data[i] << 8 | list.data[i + 1]) == number)
            return true;
    return false;
}

bool rote_hello_has_share(const struct rote_hello *h, uint16_t group)
{
    CBS list = cbs_from(h->shares), share;
    uint16_t one;
    while (CBS_get_u16(&list, &one) && CBS_get_u16_length_prefixed(&list, &share))
        if (one == group)
            return true;
    return false;
}

/* ---- records ---- */

static size_t left(const struct rote_reader *r)
{
    return r->len - r->at;
}

static enum rote_read finish_ssl2(struct rote_reader *r, struct rote_hello *out, bool cut)
{
    size_t len = (size_t)(r->octets[0] & 0x7f) << 8 | r->octets[1];
    if (r->len < SSL2_HEADER + len)
        return cut ? ROTE_READ_BAD : ROTE_READ_MORE;
    return rote_hello_read(out, bytes_of(r->octets + SSL2_HEADER, len), true) ? ROTE_READ_DONE
                                                                              : ROTE_READ_BAD;
}

/* begin_record looks at a header; only a handshake's are of use here, and a ChangeCipherSpec that a
 * client of TLS 1.3 sends for the sake of middleboxes. */
static bool begin_record(struct rote_reader *r)
{
    const uint8_t *header = r->octets + r->at;
    r->at += RECORD_HEADER;
    r->record_left = (size_t)(header[3] << 8 | header[4]);
    r->skipping = header[0] == RECORD_CHANGE_CIPHER_SPEC;
    return (header[0] == RECORD_HANDSHAKE || r->skipping) && header[1] == 3 && r->record_left > 0;
}

static void move(struct rote_reader *r)
{
    size_t n = left(r) < r->record_left ? left(r) : r->record_left;
    if (!r->skipping) { /* no longer than octets: it fits */
        memcpy(r->message + r->message_len, r->octets + r->at, n);
        r->message_len += n;
    }
    r->at += n;
    r->record_left -= n;
}

static size_t message_end(const struct rote_reader *r)
{
    if (r->message_len < MESSAGE_HEADER)
        return SIZE_MAX;
    return MESSAGE_HEADER +
           ((size_t)r->message[1] << 16 | (size_t)r->message[2] << 8 | r->message[3]);
}

enum rote_read rote_reader_feed(struct rote_reader *r, struct rote_hello *out, const uint8_t *in,
                                size_t in_len)
{
    size_t room = sizeof r->octets - r->len;
    bool cut = in_len > room;
    memcpy(r->octets + r->len, in, cut ? room : in_len);
    r->len += cut ? room : in_len;
    if (r->len >= 3 && (r->octets[0] & SSL2_LONG) && r->octets[2] == CLIENT_HELLO)
        return finish_ssl2(r, out, cut);
    while (left(r) > 0) {
        if (r->record_left == 0 && left(r) < RECORD_HEADER)
            break;
        if (r->record_left == 0 && !begin_record(r))
            return ROTE_READ_BAD;
        move(r);
        size_t end = message_end(r);
        if (r->message_len >= end)
            return rote_hello_read(out, bytes_of(r->message, end), false) ? ROTE_READ_DONE
                                                                          : ROTE_READ_BAD;
    }
    return cut ? ROTE_READ_BAD : ROTE_READ_MORE;
}
