#include "scanner/session/flight.h"

#include <string.h>

#include "core/suite_class.h"
#include "scanner/session/flight_private.h"

enum { SSL2_HEADER = 13, HEADER_LEN = 5, RECORD_MAX = 1 << 14, MESSAGE_HEADER = 4 };
enum { CHANGE_CIPHER_SPEC = 20, ALERT = 21, HANDSHAKE = 22, APPLICATION_DATA = 23 };
enum {
    HELLO_REQUEST = 0,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    CERTIFICATE_REQUEST = 13,
    SERVER_HELLO_DONE = 14,
    CERTIFICATE_STATUS = 22,
    SUPPLEMENTAL_DATA = 23
};
enum { ALERT_WARNING = 1, ALERT_FATAL = 2 };
enum { SSL2_VERSION = 0x0002, SSL2_ERROR = 0, SSL2_SERVER_HELLO = 4, SSL2_KIND_LEN = 3 };

enum state { STATE_HEADER, STATE_BODY, STATE_SSL2, STATE_END };

void flight_init(struct flight *f, uint16_t offered_version)
{
    memset(f, 0, sizeof *f);
    f->offered = offered_version;
    f->state = STATE_HEADER;
}

static void settle(struct flight *f, enum flight_kind kind)
{
    f->kind = kind;
    f->state = STATE_END;
}

static void complete(struct flight *f, enum flight_kind kind)
{
    f->complete = true;
    settle(f, kind);
}

/* ---- SSLv2 ---- */

static unsigned u16_at(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

static uint16_t ssl2_kind_bit(const uint8_t *code)
{
    switch ((unsigned)code[0] << 16 | u16_at(code + 1)) {
#define X(bit, kind, name) case kind: return 1U << bit;
    SSL2_KINDS(X)
#undef X
    default: return 0;
    }
}

/* f->header: length of the record (2 octets), type, session id hit, certificate type, version (2),
 * lengths of certificate, kinds and connection id (2 each) */
static unsigned ssl2_certificate_len(const struct flight *f)
{
    return u16_at(f->header + 7);
}

static unsigned ssl2_kinds_len(const struct flight *f)
{
    return u16_at(f->header + 9);
}

static void on_ssl2_header(struct flight *f)
{
    unsigned len = u16_at(f->header) & 0x7fff;
    unsigned told = SSL2_HEADER - 2 + ssl2_certificate_len(f) + ssl2_kinds_len(f) +
                    u16_at(f->header + 11);
    if (u16_at(f->header + 5) != SSL2_VERSION || told != len ||
        ssl2_kinds_len(f) % SSL2_KIND_LEN != 0) {
        settle(f, FLIGHT_MALFORMED);
        return;
    }
    f->kind = FLIGHT_SSL2;
    f->version = SSL2_VERSION;
    f->skip = ssl2_certificate_len(f);
    if (ssl2_kinds_len(f) == 0)
        complete(f, FLIGHT_SSL2);
}

static void on_ssl2_header_octet(struct flight *f, uint8_t c)
{
    f->header[f->header_len++] = c;
    if (f->header_len == 3 && c != SSL2_ERROR && c != SSL2_SERVER_HELLO) {
        settle(f, FLIGHT_NOT_TLS);
    } else if (f->header_len == 5 && f->header[2] == SSL2_ERROR) {
        f->ssl2_error = (uint16_t)u16_at(f->header + 3);
        settle(f, FLIGHT_ALERT);
    } else if (f->header_len == SSL2_HEADER) {
        on_ssl2_header(f);
    }
}

static void on_ssl2_octet(struct flight *f, uint8_t c)
{
    if (f->header_len < SSL2_HEADER) {
        on_ssl2_header_octet(f, c);
        return;
    }
    if (f->skip > 0) {
        f->skip--;
        return;
    }
    f->message[f->message_len++ % SSL2_KIND_LEN] = c;
    if (f->message_len % SSL2_KIND_LEN == 0)
        f->ssl2_kinds |= ssl2_kind_bit(f->message);
    if (f->message_len == ssl2_kinds_len(f))
        complete(f, FLIGHT_SSL2);
}

/* ---- alerts ---- */

static void on_alert_octet(struct flight *f, uint8_t c)
{
    f->alert[f->alert_len++] = c;
    if (f->alert_len < sizeof f->alert)
        return;
    f->alert_len = 0;
    if (f->alert[0] != ALERT_WARNING && f->alert[0] != ALERT_FATAL) {
        settle(f, FLIGHT_MALFORMED);
        return;
    }
    f->alert_level = f->alert[0];
    f->alert_number = f->alert[1];
    if (f->alert_level == ALERT_FATAL)
        settle(f, FLIGHT_ALERT);
    else if (++f->num_warnings > FLIGHT_WARNINGS_MAX)
        settle(f, FLIGHT_TOO_LONG);
}

/* ---- handshake messages ---- */

static bool has_hello(const struct flight *f)
{
    return f->version != 0;
}

static void on_hello(struct flight *f, struct bytes body)
{
    bool retry;
    if (!flight_read_hello(f, &retry, body))
        settle(f, FLIGHT_MALFORMED);
    else if (f->version >= 0x0304)
        complete(f, retry ? FLIGHT_RETRY : FLIGHT_SERVER_HELLO);
    else
        f->kind = FLIGHT_SERVER_HELLO;
}

static void on_exchange(struct flight *f, struct bytes body)
{
    if (flight_read_exchange(f, body))
        complete(f, FLIGHT_SERVER_HELLO);
    else
        settle(f, FLIGHT_MALFORMED);
}

static void on_done(struct flight *f)
{
    if (flight_exchange_of(f->suite) == FLIGHT_EXCHANGE_REQUIRED)
        settle(f, FLIGHT_MALFORMED);   /* its keys never came */
    else
        complete(f, FLIGHT_SERVER_HELLO);
}

static uint32_t message_body_len(const struct flight *f)
{
    return (uint32_t)f->message[1] << 16 | u16_at(f->message + 2);
}

static bool is_expected(const struct flight *f, uint8_t type, uint32_t body_len)
{
    switch (type) {
    case HELLO_REQUEST:       return body_len == 0;
    case SERVER_HELLO:        return !has_hello(f);
    case SERVER_HELLO_DONE:   return has_hello(f) && body_len == 0;
    case CERTIFICATE:
    case SERVER_KEY_EXCHANGE:
    case CERTIFICATE_REQUEST:
    case CERTIFICATE_STATUS:
    case SUPPLEMENTAL_DATA:   return has_hello(f);
    default:                  return false;
    }
}

static bool is_kept(const struct flight *f, uint8_t type)
{
    return type == SERVER_HELLO || type == SERVER_HELLO_DONE ||
           (type == SERVER_KEY_EXCHANGE && flight_exchange_of(f->suite) != FLIGHT_EXCHANGE_NONE);
}

static void on_message_header(struct flight *f)
{
    uint8_t type = f->message[0];
    uint32_t body_len = message_body_len(f);
    if (!is_expected(f, type, body_len)) {
        settle(f, FLIGHT_MALFORMED);
    } else if (body_len > (is_kept(f, type) ? FLIGHT_MESSAGE_MAX : FLIGHT_LEN_MAX)) {
        settle(f, FLIGHT_TOO_LONG);
    } else if (!is_kept(f, type)) {
        f->skip = body_len;
        f->message_len = 0;
    }
}

static void on_message(struct flight *f)
{
    struct bytes body = bytes_of(f->message + MESSAGE_HEADER, message_body_len(f));
    f->message_len = 0;
    switch (f->message[0]) {
    case SERVER_HELLO:        on_hello(f, body); break;
    case SERVER_KEY_EXCHANGE: on_exchange(f, body); break;
    case SERVER_HELLO_DONE:   on_done(f); break;
    default:                  break;
    }
}

static void on_handshake_octet(struct flight *f, uint8_t c)
{
    if (f->skip > 0) {
        f->skip--;
        return;
    }
    f->message[f->message_len++] = c;
    if (f->message_len == MESSAGE_HEADER)
        on_message_header(f);
    if (f->state != STATE_END && f->message_len >= MESSAGE_HEADER &&
        f->message_len == MESSAGE_HEADER + message_body_len(f))
        on_message(f);
}

/* ---- records ---- */

/* nothing that ends a flight of ours may be encrypted: only handshake and alerts can come */
static bool is_record_start(const struct flight *f, uint8_t c)
{
    if (f->header_len == 2)
        return c == 3;   /* of the version */
    return f->num_records == 0 ? c >= CHANGE_CIPHER_SPEC && c <= APPLICATION_DATA
                               : c == ALERT || c == HANDSHAKE;
}

static void on_record(struct flight *f)
{
    unsigned len = u16_at(f->header + 3);
    f->type = f->header[0];
    f->header_len = 0;
    if (++f->num_records > FLIGHT_RECORDS_MAX) {
        settle(f, FLIGHT_TOO_LONG);
    } else if (len > RECORD_MAX || (f->type != ALERT && f->type != HANDSHAKE)) {
        settle(f, FLIGHT_MALFORMED);
    } else {
        f->record_left = (uint16_t)len;
        f->state = len > 0 ? STATE_BODY : STATE_HEADER;
    }
}

static void on_header_octet(struct flight *f, uint8_t c)
{
    f->header[f->header_len++] = c;
    if (f->header_len == 1 && f->num_records == 0 && f->offered == SSL2_VERSION && c & 0x80)
        f->state = STATE_SSL2;
    else if (f->header_len <= 2 && !is_record_start(f, c))
        settle(f, f->num_records == 0 ? FLIGHT_NOT_TLS : FLIGHT_MALFORMED);
    else if (f->header_len == HEADER_LEN)
        on_record(f);
}

static void on_body_octet(struct flight *f, uint8_t c)
{
    if (--f->record_left == 0)
        f->state = STATE_HEADER;
    if (f->type == ALERT)
        on_alert_octet(f, c);
    else
        on_handshake_octet(f, c);
}

static void on_octet(struct flight *f, uint8_t c)
{
    if (++f->len > FLIGHT_LEN_MAX) {
        settle(f, FLIGHT_TOO_LONG);
        return;
    }
    switch ((enum state)f->state) {
    case STATE_HEADER: on_header_octet(f, c); break;
    case STATE_BODY:   on_body_octet(f, c); break;
    case STATE_SSL2:   on_ssl2_octet(f, c); break;
    case STATE_END:    break;
    }
}

enum flight_status flight_feed(struct flight *f, const uint8_t *in, size_t in_len)
{
    for (size_t i = 0; i < in_len && f->state != STATE_END; i++)
        on_octet(f, in[i]);
    return f->state == STATE_END ? FLIGHT_DONE : FLIGHT_MORE;
}

void flight_end(struct flight *f)
{
    if (f->state == STATE_END)
        return;
    if (f->kind == FLIGHT_NOTHING && f->alert_level != 0)
        f->kind = FLIGHT_ALERT;
    f->state = STATE_END;
}

const char *flight_kind_slug(enum flight_kind kind)
{
    switch (kind) {
    case FLIGHT_NOTHING:      return "nothing";
    case FLIGHT_SERVER_HELLO: return "server-hello";
    case FLIGHT_RETRY:        return "retry";
    case FLIGHT_SSL2:         return "ssl2";
    case FLIGHT_ALERT:        return "alert";
    case FLIGHT_NOT_TLS:      return "not-tls";
    case FLIGHT_MALFORMED:    return "malformed";
    case FLIGHT_TOO_LONG:     return "too-long";
    }
    return NULL;
}
