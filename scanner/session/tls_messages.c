#include "scanner/session/tls_messages.h"

#include <openssl/bytestring.h>

#include "scanner/session/hello.h"

enum message {
    MSG_SERVER_HELLO = 2,
    MSG_NEW_SESSION_TICKET = 4,
    MSG_ENCRYPTED_EXTENSIONS = 8,
    MSG_CERTIFICATE = 11,
    MSG_SERVER_KEY_EXCHANGE = 12,
    MSG_CERTIFICATE_REQUEST = 13,
    MSG_SERVER_HELLO_DONE = 14,
    MSG_FINISHED = 20,
    MSG_CERTIFICATE_STATUS = 22
};
enum {
    EXT_STATUS_REQUEST = 5,
    EXT_ALPN = 16,
    EXT_SCT = 18,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_KEY_SHARE = 51,
    EXT_RENEGOTIATION_INFO = 0xff01
};
enum { STATUS_OCSP = 1, TLS_1_2 = 0x0303, TLS_1_3 = 0x0304, SENTINEL_LEN = 8 };

void tls_facts_say(struct tls_facts *f, enum tls_flag flag, bool yes)
{
    f->known = (uint16_t)(f->known | flag);
    f->flags = (uint16_t)(f->flags | (yes ? flag : 0));
}

static struct bytes bytes_left(const CBS *cbs)
{
    return bytes_of(CBS_data(cbs), CBS_len(cbs));
}

/* ---- hellos ---- */

static void add_ext(struct tls_facts *f, uint16_t type)
{
    if (f->num_exts < RECORD_EXTS_MAX)
        f->exts[f->num_exts++] = type;
}

static void read_retry(struct tls_facts *f, const struct server_hello *hello)
{
    struct bytes exts = hello->exts, value;
    uint16_t type;
    while (extension_next(&exts, &type, &value))
        if (type == EXT_KEY_SHARE && value.len == 2)
            f->retry_group = (uint16_t)(value.data[0] << 8 | value.data[1]);
    tls_facts_say(f, TLS_FLAG_HELLO_RETRY, true);
}

/* RFC 8446, 4.1.3: a server that could do better says so at the end of its random */
static void read_sentinel(struct tls_facts *f, const uint8_t *random)
{
    const uint8_t *end = random + HELLO_RANDOM_LEN - SENTINEL_LEN;
    tls_facts_say(f, TLS_FLAG_DOWNGRADE_12, memcmp(end, "DOWNGRD\x01", SENTINEL_LEN) == 0);
    tls_facts_say(f, TLS_FLAG_DOWNGRADE_11, memcmp(end, "DOWNGRD\x00", SENTINEL_LEN) == 0);
}

/* a ServerHello of TLS 1.2 or below tells all that EncryptedExtensions and a certificate's
 * extensions tell later */
static void read_old_exts(struct tls_facts *f, struct tls_parts *parts, struct bytes exts)
{
    struct bytes value;
    uint16_t type;
    tls_facts_say(f, TLS_FLAG_EMS, false);
    tls_facts_say(f, TLS_FLAG_SECURE_RENEGOTIATION, false);
    tls_facts_say(f, TLS_FLAG_ALPN, false);
    tls_facts_say(f, TLS_FLAG_SCT, false);
    while (extension_next(&exts, &type, &value)) {
        add_ext(f, type);
        if (type == EXT_EXTENDED_MASTER_SECRET)
            tls_facts_say(f, TLS_FLAG_EMS, true);
        if (type == EXT_RENEGOTIATION_INFO)
            tls_facts_say(f, TLS_FLAG_SECURE_RENEGOTIATION, true);
        if (type == EXT_ALPN)
            tls_facts_say(f, TLS_FLAG_ALPN, true);
        if (type == EXT_SCT) {
            tls_facts_say(f, TLS_FLAG_SCT, true);
            parts->scts = value;
        }
    }
}

static void read_new_exts(struct tls_facts *f, struct bytes exts)
{
    struct bytes value;
    uint16_t type;
    while (extension_next(&exts, &type, &value))
        add_ext(f, type);
}

static void read_server_hello(struct tls_facts *f, struct tls_parts *parts, struct bytes message)
{
    struct server_hello hello;
    if (f->has_hello || !server_hello_read(&hello, message) || hello.version == 0)
        return;   /* 0 is no version: it says that none came */
    f->version = hello.version;
    f->suite = hello.suite;
    if (hello.retry) {
        read_retry(f, &hello);
        return;
    }
    f->has_hello = true;
    f->compression = hello.compression;
    tls_facts_say(f, TLS_FLAG_HELLO_RETRY, false);
    tls_facts_say(f, TLS_FLAG_COMPRESSION, hello.compression != 0);
    if (hello.version >= TLS_1_3) {
        read_new_exts(f, hello.exts);
    } else {
        read_sentinel(f, hello.random);
        read_old_exts(f, parts, hello.exts);
    }
}

static void read_encrypted_extensions(struct tls_facts *f, CBS body)
{
    CBS exts;
    struct bytes left, value;
    uint16_t type;
    if (f->version < TLS_1_3 || !CBS_get_u16_length_prefixed(&body, &exts))
        return;
    tls_facts_say(f, TLS_FLAG_ALPN, false);
    left = bytes_left(&exts);
    while (extension_next(&left, &type, &value)) {
        add_ext(f, type);
        if (type == EXT_ALPN)
            tls_facts_say(f, TLS_FLAG_ALPN, true);
    }
}

/* ---- certificates ---- */

/* a CertificateStatus (RFC 6066, 8), which is a message of its own or an extension */
static void read_status(struct tls_facts *f, struct tls_parts *parts, CBS status)
{
    CBS response;
    uint8_t type;
    if (!CBS_get_u8(&status, &type) || type != STATUS_OCSP ||
        !CBS_get_u24_length_prefixed(&status, &response) || CBS_len(&response) == 0)
        return;
    tls_facts_say(f, TLS_FLAG_OCSP, true);
    parts->ocsp = bytes_left(&response);
}

static void read_leaf_exts(struct tls_facts *f, struct tls_parts *parts, struct bytes certs)
{
    CBS list, cert, exts, status;
    struct bytes left, value;
    uint16_t type;
    CBS_init(&list, certs.data, certs.len);
    if (!CBS_get_u24_length_prefixed(&list, &cert) || !CBS_get_u16_length_prefixed(&list, &exts))
        return;
    tls_facts_say(f, TLS_FLAG_OCSP, false);
    tls_facts_say(f, TLS_FLAG_SCT, false);
    left = bytes_left(&exts);
    while (extension_next(&left, &type, &value)) {
        CBS_init(&status, value.data, value.len);
        if (type == EXT_STATUS_REQUEST)
            read_status(f, parts, status);
        if (type == EXT_SCT) {
            tls_facts_say(f, TLS_FLAG_SCT, true);
            parts->scts = value;
        }
    }
}

static void read_certificate(struct tls_facts *f, struct tls_parts *parts, CBS body)
{
    CBS context, list;
    bool is_new = f->version >= TLS_1_3;
    if (f->version == 0 || f->has_certs ||
        (is_new && !CBS_get_u8_length_prefixed(&body, &context)) ||
        !CBS_get_u24_length_prefixed(&body, &list))
        return;
    f->has_certs = true;
    parts->certs = bytes_left(&list);
    if (is_new) {
        tls_facts_say(f, TLS_FLAG_CERT_REQUEST, false);   /* it would have come before */
        read_leaf_exts(f, parts, parts->certs);
    }
}

bool tls_cert_next(struct bytes *certs, struct bytes *cert, uint16_t version)
{
    CBS list, der, exts;
    CBS_init(&list, certs->data, certs->len);
    if (!CBS_get_u24_length_prefixed(&list, &der) || CBS_len(&der) == 0)
        return false;
    if (version >= TLS_1_3 && !CBS_get_u16_length_prefixed(&list, &exts))
        CBS_init(&list, NULL, 0);
    *certs = bytes_left(&list);
    *cert = bytes_left(&der);
    return true;
}

/* ---- the rest ---- */

static void read_ticket(struct tls_facts *f, CBS body)
{
    CBS nonce, ticket;
    uint32_t lifetime_s, age_add;
    bool is_new = f->version >= TLS_1_3;
    if (!CBS_get_u32(&body, &lifetime_s) ||
        (is_new && (!CBS_get_u32(&body, &age_add) || !CBS_get_u8_length_prefixed(&body, &nonce))) ||
        !CBS_get_u16_length_prefixed(&body, &ticket) || CBS_len(&ticket) == 0)
        return;   /* TLS 1.2: an empty one says that there will be none */
    if ((f->flags & TLS_FLAG_TICKET) == 0)
        f->ticket_lifetime_s = lifetime_s;
    tls_facts_say(f, TLS_FLAG_TICKET, true);
}

/* messages of TLS 1.2 and below come in one order: a later one says that an earlier one did not */
static void pass_certificate_status(struct tls_facts *f)
{
    if (f->has_certs && f->version <= TLS_1_2)
        tls_facts_say(f, TLS_FLAG_OCSP, false);
}

static void read_finished(struct tls_facts *f)
{
    f->finished = true;
    if (f->version <= TLS_1_2)
        tls_facts_say(f, TLS_FLAG_TICKET, false);
}

void tls_message_read(struct tls_facts *f, struct tls_parts *parts, struct bytes message)
{
    CBS all, body;
    uint8_t type;
    *parts = (struct tls_parts){.certs = {NULL, 0}};
    CBS_init(&all, message.data, message.len);
    if (!CBS_get_u8(&all, &type) || !CBS_get_u24_length_prefixed(&all, &body) ||
        CBS_len(&all) > 0 || (type != MSG_SERVER_HELLO && f->version == 0) ||
        (f->finished && type != MSG_NEW_SESSION_TICKET))
        return;
    switch (type) {
    case MSG_SERVER_HELLO:         read_server_hello(f, parts, message); break;
    case MSG_NEW_SESSION_TICKET:   read_ticket(f, body); break;
    case MSG_ENCRYPTED_EXTENSIONS: read_encrypted_extensions(f, body); break;
    case MSG_CERTIFICATE:          read_certificate(f, parts, body); break;
    case MSG_CERTIFICATE_STATUS:   read_status(f, parts, body); break;
    case MSG_SERVER_KEY_EXCHANGE:  pass_certificate_status(f); break;
    case MSG_CERTIFICATE_REQUEST:
        pass_certificate_status(f);
        tls_facts_say(f, TLS_FLAG_CERT_REQUEST, true);
        parts->request = bytes_left(&body);
        break;
    case MSG_SERVER_HELLO_DONE:
        pass_certificate_status(f);
        tls_facts_say(f, TLS_FLAG_CERT_REQUEST, false);
        break;
    case MSG_FINISHED:             read_finished(f); break;
    default:                       break;
    }
}
