#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pool.h>

#include "tools/farm/rote.h"
#include "tools/farm/rote_suites.h"
#include "tools/farm/tls_server.h"

enum {
    RECORD_CHANGE_CIPHER_SPEC = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_DATA = 23,
    RECORD_PAYLOAD_MAX = 16384,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    SERVER_HELLO_DONE = 14,
    NAMED_CURVE = 3,
    SIGNATURE_RSA_LEN = 256,
    SIGNATURE_EC_LEN = 70,
    SEALED_LEN = 64, /* of what would be EncryptedExtensions */
    FILLER = 0x5a,
    SSL2_SERVER_HELLO = 4,
    SSL2_X509 = 1,
    SSL2_CONNECTION_ID_LEN = 16
};

enum {
    EXT_POINT_FORMATS = 11,
    EXT_ALPN = 16,
    EXT_EMS = 23,
    EXT_TICKET = 35,
    EXT_VERSIONS = 43,
    EXT_KEY_SHARE = 51,
    EXT_RENEGOTIATION = 0xff01
};

/* what a flight is written from */
struct plan {
    const struct rote_config *c;
    const struct rote_hello *h;
    const struct rote_choice *choice;
    const struct chain *chain;
};

static int put_filler(CBB *out, size_t len)
{
    uint8_t *at;
    if (!CBB_add_space(out, &at, len))
        return 0;
    memset(at, FILLER, len);
    return 1;
}

static int put_bytes(CBB *out, struct bytes b)
{
    return CBB_add_bytes(out, b.data, b.len);
}

static bool is_curve(enum rote_kx kx)
{
    return kx == ROTE_KX_ECDHE_RSA || kx == ROTE_KX_ECDHE_ECDSA || kx == ROTE_KX_ECDH_ANON;
}

/* ---- ServerHello ---- */

/* RFC 8446, 4.1.3: who could do better than what is chosen says so at the end of its random */
static void mark_downgrade(uint8_t random[32], const struct plan *p)
{
    unsigned version = p->choice->version;
    bool has_13 = rote_has_version(p->c, ROTE_TLS13), has_12 = rote_has_version(p->c, ROTE_TLS12);
    if (version == ROTE_TLS12 && (has_13 || p->c->sentinel))
        memcpy(random + 24, "DOWNGRD\x01", 8);
    else if (version < ROTE_TLS12 && (has_13 || has_12 || p->c->sentinel))
        memcpy(random + 24, "DOWNGRD", 8);
}

static int put_empty(CBB *extensions, uint16_t type)
{
    return CBB_add_u16(extensions, type) && CBB_add_u16(extensions, 0);
}

static int put_octets(CBB *extensions, uint16_t type, struct bytes octets)
{
    CBB body;
    return CBB_add_u16(extensions, type) && CBB_add_u16_length_prefixed(extensions, &body) &&
           put_bytes(&body, octets) && CBB_flush(extensions);
}

static int put_legacy_extensions(CBB *extensions, const struct plan *p)
{
    static const uint8_t no_renegotiation = 0, uncompressed[] = {1, 0};
    static const uint8_t smtp[] = {0, 5, 4, 's', 'm', 't', 'p'};
    const struct rote_hello *h = p->h;
    bool tls = p->choice->version > ROTE_SSL3;
    bool curve = tls && is_curve(rote_suite_kx(p->choice->suite)) && h->has_groups;
    return (!h->renegotiation || p->c->no_renegotiation ||
            put_octets(extensions, EXT_RENEGOTIATION, bytes_of(&no_renegotiation, 1))) &&
           (!tls || !h->ems || p->c->no_ems || put_empty(extensions, EXT_EMS)) &&
           (!tls || !h->ticket || !p->c->ticket || put_empty(extensions, EXT_TICKET)) &&
           (!curve || put_octets(extensions, EXT_POINT_FORMATS, bytes_of(uncompressed, 2))) &&
           (!tls || !p->c->alpn || put_octets(extensions, EXT_ALPN, bytes_of(smtp, sizeof smtp)));
}

static int put_key_share(CBB *extensions, const struct rote_choice *choice)
{
    CBB body, share;
    if (!CBB_add_u16(extensions, EXT_KEY_SHARE) ||
        !CBB_add_u16_length_prefixed(extensions, &body) || !CBB_add_u16(&body, choice->group))
        return 0;
    if (choice->answer == ROTE_ANSWER_HELLO &&
        (!CBB_add_u16_length_prefixed(&body, &share) ||
         !put_filler(&share, rote_group_share_len(choice->group))))
        return 0;
    return CBB_flush(extensions);
}

static int put_tls13_extensions(CBB *extensions, const struct plan *p)
{
    static const uint8_t tls13[] = {3, 4};
    return put_octets(extensions, EXT_VERSIONS, bytes_of(tls13, sizeof tls13)) &&
           put_key_share(extensions, p->choice);
}

static int put_random(CBB *out, const struct plan *p)
{
    /* RFC 8446, 4.1.3 */
    static const uint8_t retry[32] = {0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
                                      0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
                                      0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
                                      0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    uint8_t random[32] = "a ServerHello by rote, no random";
    mark_downgrade(random, p);
    return CBB_add_bytes(out, p->choice->answer == ROTE_ANSWER_RETRY ? retry : random, 32);
}

static int put_server_hello(CBB *out, const struct plan *p)
{
    CBB body, id, extensions;
    bool tls13 = p->choice->version == ROTE_TLS13;
    uint16_t version = rote_version_code((enum rote_version)p->choice->version);
    if (!CBB_add_u8(out, SERVER_HELLO) || !CBB_add_u24_length_prefixed(out, &body) ||
        !CBB_add_u16(&body, tls13 ? 0x0303 : version) || !put_random(&body, p) ||
        !CBB_add_u8_length_prefixed(&body, &id) || (tls13 && !put_bytes(&id, p->h->session_id)) ||
        !CBB_add_u16(&body, p->choice->suite) || !CBB_add_u8(&body, p->choice->compression) ||
        !CBB_add_u16_length_prefixed(&body, &extensions) ||
        !(tls13 ? put_tls13_extensions : put_legacy_extensions)(&extensions, p))
        return 0;
    if (CBB_len(&extensions) == 0)
        CBB_discard_child(&body);
    return CBB_flush(out);
}

/* ---- Certificate and ServerKeyExchange ---- */

static int put_certificates(CBB *out, const struct chain *chain)
{
    CBB body, list, one;
    if (!CBB_add_u8(out, CERTIFICATE) || !CBB_add_u24_length_prefixed(out, &body) ||
        !CBB_add_u24_length_prefixed(&body, &list))
        return 0;
    for (size_t i = 0; i < chain->num; i++)
        if (!CBB_add_u24_length_prefixed(&list, &one) ||
            !CBB_add_bytes(&one, CRYPTO_BUFFER_data(chain->certs[i]),
                           CRYPTO_BUFFER_len(chain->certs[i])))
            return 0;
    return CBB_flush(out);
}

static int put_number(CBB *out, const uint8_t *octets, size_t len)
{
    CBB child;
    return CBB_add_u16_length_prefixed(out, &child) && CBB_add_bytes(&child, octets, len) &&
           CBB_flush(out);
}

/* export suites have small keys, whatever the server's own are */
static const struct rote_prime *prime_of(const struct plan *p)
{
    uint16_t bits = rote_suite_export_bits(p->choice->suite);
    if (bits == 0)
        return p->c->prime;
    return bits == 512 ? rote_prime_find("512", 3) : rote_prime_find("1024", 4);
}

static int put_dh(CBB *out, const struct plan *p)
{
    static const uint8_t generator = 2;
    uint8_t octets[ROTE_PRIME_MAX];
    size_t len = rote_prime_octets(octets, prime_of(p));
    if (!put_number(out, octets, len) || !put_number(out, &generator, 1))
        return 0;
    octets[0] &= 0x7f; /* a public value: below the prime */
    return put_number(out, octets, len);
}

static int put_export_rsa(CBB *out, const struct plan *p)
{
    static const uint8_t exponent[] = {1, 0, 1};
    uint8_t octets[ROTE_PRIME_MAX];
    size_t len = rote_prime_octets(octets, prime_of(p)); /* as a modulus: nobody will divide it */
    return put_number(out, octets, len) && put_number(out, exponent, sizeof exponent);
}

static int put_curve(CBB *out, uint16_t group)
{
    CBB point;
    return CBB_add_u8(out, NAMED_CURVE) && CBB_add_u16(out, group) &&
           CBB_add_u8_length_prefixed(out, &point) &&
           put_filler(&point, rote_group_share_len(group)) && CBB_flush(out);
}

static uint16_t sigscheme_of(const struct plan *p)
{
    static const uint16_t rsa[] = {0x0804, 0x0401, 0x0201};
    if (p->c->sigscheme != 0)
        return p->c->sigscheme;
    if (rote_signs_with_ec(p->choice))
        return 0x0403;
    for (size_t i = 0; i < sizeof rsa / sizeof rsa[0]; i++)
        if (rote_hello_lists(p->h->sigschemes, rsa[i]))
            return rsa[i];
    return 0x0401;
}

static int put_signature(CBB *out, const struct plan *p)
{
    CBB signature;
    bool named = p->choice->version == ROTE_TLS12;
    return (!named || CBB_add_u16(out, sigscheme_of(p))) &&
           CBB_add_u16_length_prefixed(out, &signature) &&
           put_filler(&signature,
                      rote_signs_with_ec(p->choice) ? SIGNATURE_EC_LEN : SIGNATURE_RSA_LEN) &&
           CBB_flush(out);
}

static int put_parameters(CBB *out, const struct plan *p, enum rote_kx kx)
{
    switch (kx) {
    case ROTE_KX_RSA_EXPORT: return put_export_rsa(out, p);
    case ROTE_KX_DHE:
    case ROTE_KX_DH_ANON: return put_dh(out, p);
    case ROTE_KX_ECDHE_RSA:
    case ROTE_KX_ECDHE_ECDSA:
    case ROTE_KX_ECDH_ANON: return put_curve(out, p->choice->group);
    case ROTE_KX_STATIC:
    case ROTE_KX_TLS13: break;
    }
    return 0;
}

static bool is_anonymous(enum rote_kx kx)
{
    return kx == ROTE_KX_DH_ANON || kx == ROTE_KX_ECDH_ANON;
}

static int put_key_exchange(CBB *out, const struct plan *p)
{
    enum rote_kx kx = rote_suite_kx(p->choice->suite);
    CBB body;
    if (kx == ROTE_KX_STATIC)
        return 1;
    return CBB_add_u8(out, SERVER_KEY_EXCHANGE) && CBB_add_u24_length_prefixed(out, &body) &&
           put_parameters(&body, p, kx) && (is_anonymous(kx) || put_signature(&body, p)) &&
           CBB_flush(out);
}

static int put_legacy_flight(CBB *out, const struct plan *p)
{
    return put_server_hello(out, p) &&
           (is_anonymous(rote_suite_kx(p->choice->suite)) || put_certificates(out, p->chain)) &&
           put_key_exchange(out, p) && CBB_add_u8(out, SERVER_HELLO_DONE) && CBB_add_u24(out, 0);
}

/* ---- SSLv2 ---- */

/* put_kinds lists those that both have */
static int put_kinds(CBB *out, const struct plan *p)
{
    for (size_t i = 0; i < p->c->num_kinds; i++)
        if (rote_hello_offers(p->h, p->c->kinds[i]) && !CBB_add_u24(out, p->c->kinds[i]))
            return 0;
    return 1;
}

static int put_ssl2(CBB *out, const struct plan *p)
{
    static const uint8_t no_cipher[] = {0x80, 3, 0, 0, 1};
    const CRYPTO_BUFFER *leaf = p->chain->certs[0];
    CBB kinds;
    uint8_t *list = NULL;
    size_t list_len = 0;
    CBB_zero(&kinds);
    if (!CBB_init(&kinds, 32) || !put_kinds(&kinds, p) || !CBB_finish(&kinds, &list, &list_len)) {
        CBB_cleanup(&kinds);
        return 0;
    }
    size_t len = 11 + CRYPTO_BUFFER_len(leaf) + list_len + SSL2_CONNECTION_ID_LEN;
    int ok =
        list_len == 0
            ? CBB_add_bytes(out, no_cipher, sizeof no_cipher)
            : CBB_add_u16(out, (uint16_t)(0x8000 | len)) && CBB_add_u8(out, SSL2_SERVER_HELLO) &&
                  CBB_add_u8(out, 0) && CBB_add_u8(out, SSL2_X509) && CBB_add_u16(out, 2) &&
                  CBB_add_u16(out, (uint16_t)CRYPTO_BUFFER_len(leaf)) &&
                  CBB_add_u16(out, (uint16_t)list_len) &&
                  CBB_add_u16(out, SSL2_CONNECTION_ID_LEN) &&
                  CBB_add_bytes(out, CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf)) &&
                  CBB_add_bytes(out, list, list_len) && put_filler(out, SSL2_CONNECTION_ID_LEN);
    OPENSSL_free(list);
    return ok;
}

/* ---- records ---- */

static void put_records(struct sendbuf *out, uint16_t version, const uint8_t *messages, size_t len)
{
    while (len > 0) {
        size_t n = len < RECORD_PAYLOAD_MAX ? len : RECORD_PAYLOAD_MAX;
        uint8_t header[] = {RECORD_HANDSHAKE, (uint8_t)(version >> 8), (uint8_t)version,
                            (uint8_t)(n >> 8), (uint8_t)n};
        sendbuf_put(out, header, sizeof header);
        sendbuf_put(out, messages, n);
        messages += n;
        len -= n;
    }
}

/* put_sealed writes what nobody can open, where EncryptedExtensions belong. */
static void put_sealed(struct sendbuf *out)
{
    static const uint8_t change[] = {RECORD_CHANGE_CIPHER_SPEC, 3, 3, 0, 1, 1};
    uint8_t sealed[5 + SEALED_LEN] = {RECORD_DATA, 3, 3, 0, SEALED_LEN};
    memset(sealed + 5, FILLER, SEALED_LEN);
    sendbuf_put(out, change, sizeof change);
    sendbuf_put(out, sealed, sizeof sealed);
}

bool rote_flight(struct sendbuf *out, const struct rote_config *c, const struct rote_hello *h,
                 const struct rote_choice *choice, const struct chain *chain)
{
    const struct plan p = {c, h, choice, chain};
    bool tls13 = choice->version == ROTE_TLS13, ssl2 = choice->answer == ROTE_ANSWER_SSL2;
    uint8_t *messages = NULL;
    size_t len;
    CBB cbb;
    CBB_zero(&cbb);
    int ok = CBB_init(&cbb, 4096) &&
             (ssl2    ? put_ssl2
              : tls13 ? put_server_hello
                      : put_legacy_flight)(&cbb, &p) &&
             CBB_finish(&cbb, &messages, &len);
    if (!ok) {
        CBB_cleanup(&cbb);
        return false;
    }
    if (ssl2)
        sendbuf_put(out, messages, len);
    else
        put_records(out, tls13 ? 0x0303 : rote_version_code((enum rote_version)choice->version),
                    messages, len);
    if (tls13 && choice->answer == ROTE_ANSWER_HELLO)
        put_sealed(out);
    OPENSSL_free(messages);
    return true;
}

void rote_alert(struct sendbuf *out, const struct rote_hello *h, uint8_t number)
{
    uint8_t minor = h->version >= 0x0300 && h->version <= 0x0303 ? (uint8_t)h->version : 1;
    uint8_t alert[] = {RECORD_ALERT, 3, minor, 0, 2, 2, number};
    sendbuf_put(out, alert, sizeof alert);
}
