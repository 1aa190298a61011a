#include "core/block_private.h"

/* stored */
enum {
    SHAPE_STAGE = 0, SHAPE_CAUSE = 1, SHAPE_CODE = 2, SHAPE_ERRNO = 3, SHAPE_SOURCE = 4,
    SHAPE_EARLY = 5, SHAPE_NOT_TLS = 6, SHAPE_TLS = 7,
    TLS_DONE = 0, TLS_HELLO = 1, TLS_VERSION = 2, TLS_SUITE = 3, TLS_GROUP = 4, TLS_SIGSCHEME = 5,
    TLS_ALERTS = 6, TLS_KNOWN = 7, TLS_FLAGS = 8, TLS_TICKET_LIFETIME = 9, TLS_RETRY_GROUP = 10,
    TLS_COMPRESSION = 11, TLS_FLIGHTS = 12, TLS_SERVER_EXTS = 13
};

/* a key and its value, unless the value is 0: that is the same as absent */
static void put_nonzero(struct cbor_writer *w, uint64_t key, uint64_t value)
{
    if (value == 0)
        return;
    cbor_put_uint(w, key);
    cbor_put_uint(w, value);
}

static void put_alerts(struct cbor_writer *w, const struct record *r)
{
    if (r->num_alerts == 0)
        return;
    cbor_put_uint(w, TLS_ALERTS);
    cbor_put_array(w, r->num_alerts);
    for (size_t i = 0; i < r->num_alerts; i++) {
        cbor_put_array(w, 4);
        cbor_put_bool(w, r->alerts[i].sent);
        cbor_put_uint(w, r->alerts[i].level);
        cbor_put_uint(w, r->alerts[i].number);
        cbor_put_uint(w, r->alerts[i].during);
    }
}

static void put_server_exts(struct cbor_writer *w, const struct record *r)
{
    if (r->num_server_exts == 0)
        return;
    cbor_put_uint(w, TLS_SERVER_EXTS);
    cbor_put_array(w, r->num_server_exts);
    for (size_t i = 0; i < r->num_server_exts; i++)
        cbor_put_uint(w, r->server_exts[i]);
}

static unsigned num_tls_keys(const struct record *r)
{
    return 2U + (r->version != 0) + (r->suite != 0) + (r->group != 0) + (r->sigscheme != 0) +
           (r->num_alerts != 0) + (r->tls_known != 0) + (r->tls_flags != 0) +
           (r->ticket_lifetime_s != 0) + (r->retry_group != 0) + (r->compression != 0) +
           (r->flights != 0) + (r->num_server_exts != 0);
}

static void put_tls(struct cbor_writer *w, const struct record *r)
{
    cbor_put_uint(w, SHAPE_TLS);
    cbor_put_map(w, num_tls_keys(r));
    cbor_put_uint(w, TLS_DONE);
    cbor_put_bool(w, r->handshake_done);
    cbor_put_uint(w, TLS_HELLO);
    cbor_put_uint(w, r->hello);
    put_nonzero(w, TLS_VERSION, r->version);
    put_nonzero(w, TLS_SUITE, r->suite);
    put_nonzero(w, TLS_GROUP, r->group);
    put_nonzero(w, TLS_SIGSCHEME, r->sigscheme);
    put_alerts(w, r);
    put_nonzero(w, TLS_KNOWN, r->tls_known);
    put_nonzero(w, TLS_FLAGS, r->tls_flags);
    put_nonzero(w, TLS_TICKET_LIFETIME, r->ticket_lifetime_s);
    put_nonzero(w, TLS_RETRY_GROUP, r->retry_group);
    put_nonzero(w, TLS_COMPRESSION, r->compression);
    put_nonzero(w, TLS_FLIGHTS, r->flights);
    put_server_exts(w, r);
}

void shape_put(struct cbor_writer *w, const struct record *r)
{
    cbor_put_map(w, 2U + (r->smtp_code != 0) + (r->errnum != 0) + (r->source != 0) +
                        (r->early_len != 0) + (r->not_tls_len != 0) + r->has_tls);
    cbor_put_uint(w, SHAPE_STAGE);
    cbor_put_uint(w, r->stage);
    cbor_put_uint(w, SHAPE_CAUSE);
    cbor_put_uint(w, r->cause);
    put_nonzero(w, SHAPE_CODE, r->smtp_code);
    put_nonzero(w, SHAPE_ERRNO, (uint64_t)r->errnum);
    put_nonzero(w, SHAPE_SOURCE, r->source);
    put_nonzero(w, SHAPE_EARLY, r->early_len);
    put_nonzero(w, SHAPE_NOT_TLS, r->not_tls_len);
    if (r->has_tls)
        put_tls(w, r);
}

static void get_alerts(struct cbor_reader *r, struct block_shape *s)
{
    s->num_alerts = (uint8_t)cbor_get_array(r, RECORD_ALERTS_MAX);
    for (size_t i = 0; i < s->num_alerts; i++) {
        if (cbor_get_array(r, 4) != 4)
            cbor_fail(r);
        s->alerts[i].sent = cbor_get_bool(r);
        s->alerts[i].level = (uint8_t)cbor_get_uint(r, UINT8_MAX);
        s->alerts[i].number = (uint8_t)cbor_get_uint(r, UINT8_MAX);
        s->alerts[i].during = (uint8_t)cbor_get_uint(r, UINT8_MAX);
    }
}

static void get_server_exts(struct cbor_reader *r, struct block_shape *s)
{
    s->num_server_exts = (uint8_t)cbor_get_array(r, RECORD_EXTS_MAX);
    for (size_t i = 0; i < s->num_server_exts; i++)
        s->server_exts[i] = (uint16_t)cbor_get_uint(r, UINT16_MAX);
}

static void get_tls(struct cbor_reader *r, struct block_shape *s)
{
    struct cbor_map map = cbor_get_map(r);
    s->has_tls = true;
    for (uint64_t key; cbor_map_next(r, &map, &key);)
        switch (key) {
        case TLS_DONE:      s->handshake_done = cbor_get_bool(r); break;
        case TLS_HELLO:     s->hello = (uint8_t)cbor_get_uint(r, UINT8_MAX); break;
        case TLS_VERSION:   s->version = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        case TLS_SUITE:     s->suite = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        case TLS_GROUP:     s->group = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        case TLS_SIGSCHEME: s->sigscheme = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        case TLS_ALERTS:    get_alerts(r, s); break;
        case TLS_KNOWN:     s->tls_known = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        case TLS_FLAGS:     s->tls_flags = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        case TLS_TICKET_LIFETIME:
            s->ticket_lifetime_s = (uint32_t)cbor_get_uint(r, UINT32_MAX);
            break;
        case TLS_RETRY_GROUP: s->retry_group = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        case TLS_COMPRESSION: s->compression = (uint8_t)cbor_get_uint(r, UINT8_MAX); break;
        case TLS_FLIGHTS:     s->flights = (uint8_t)cbor_get_uint(r, UINT8_MAX); break;
        case TLS_SERVER_EXTS: get_server_exts(r, s); break;
        default:              cbor_skip(r); break;
        }
    if ((s->tls_flags & ~s->tls_known) != 0)   /* yes, but not known */
        cbor_fail(r);
}

void shape_get(struct cbor_reader *r, struct block_shape *out)
{
    struct block_shape s = {0};
    struct cbor_map map = cbor_get_map(r);
    for (uint64_t key; cbor_map_next(r, &map, &key);)
        switch (key) {
        case SHAPE_STAGE:   s.stage = (uint8_t)cbor_get_uint(r, UINT8_MAX); break;
        case SHAPE_CAUSE:   s.cause = (uint8_t)cbor_get_uint(r, UINT8_MAX); break;
        case SHAPE_CODE:    s.smtp_code = (uint16_t)cbor_get_uint(r, UINT16_MAX); break;
        case SHAPE_ERRNO:   s.errnum = (int32_t)cbor_get_uint(r, INT32_MAX); break;
        case SHAPE_SOURCE:  s.source = (uint8_t)cbor_get_uint(r, UINT8_MAX); break;
        case SHAPE_EARLY:   s.early_len = (uint32_t)cbor_get_uint(r, UINT32_MAX); break;
        case SHAPE_NOT_TLS: s.not_tls_len = (uint32_t)cbor_get_uint(r, UINT32_MAX); break;
        case SHAPE_TLS:     get_tls(r, &s); break;
        default:            cbor_skip(r); break;
        }
    if (s.stage == STAGE_NONE || s.cause == CAUSE_NONE)
        cbor_fail(r);
    *out = s;
}

void shape_apply(struct record *r, const struct block_shape *s)
{
    r->stage = s->stage;
    r->cause = s->cause;
    r->source = s->source;
    r->smtp_code = s->smtp_code;
    r->errnum = s->errnum;
    r->early_len = s->early_len;
    r->not_tls_len = s->not_tls_len;
    r->has_tls = s->has_tls;
    r->handshake_done = s->handshake_done;
    r->hello = s->hello;
    r->version = s->version;
    r->suite = s->suite;
    r->group = s->group;
    r->sigscheme = s->sigscheme;
    r->tls_known = s->tls_known;
    r->tls_flags = s->tls_flags;
    r->ticket_lifetime_s = s->ticket_lifetime_s;
    r->retry_group = s->retry_group;
    r->compression = s->compression;
    r->flights = s->flights;
    r->num_server_exts = s->num_server_exts;
    memcpy(r->server_exts, s->server_exts, sizeof r->server_exts);
    r->num_alerts = s->num_alerts;
    memcpy(r->alerts, s->alerts, sizeof r->alerts);
}
