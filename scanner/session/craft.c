#include "scanner/session/craft.h"

#include <assert.h>
#include <openssl/bytestring.h>
#include <string.h>

#include "core/suite_class.h"
#include "scanner/session/offer.h"

enum { SSL2 = 0x0002, SSL3 = 0x0300, TLS10 = 0x0301, TLS12 = 0x0303, TLS13 = 0x0304 };
enum { HANDSHAKE = 22, CLIENT_HELLO = 1, RECORD_MAX = 1 << 14, RANDOM_LEN = 32 };
enum { EMPTY_RENEGOTIATION_INFO_SCSV = 0x00ff, FALLBACK_SCSV = 0x5600 };
enum { COMPRESSION_NULL = 0, COMPRESSION_DEFLATE = 1, HOST_NAME = 0, POINT_UNCOMPRESSED = 0 };
enum { PSK_DHE_KE = 1, SSL2_CHALLENGE_LEN = 16 };
enum { SILENT_FROM = 256, SILENT_TO = 512 };   /* octets of hello: RFC 7685, 4 */
enum {
    EXT_SERVER_NAME = 0,
    EXT_SUPPORTED_GROUPS = 10,
    EXT_POINT_FORMATS = 11,
    EXT_SIGNATURE_ALGORITHMS = 13,
    EXT_PADDING = 21,
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_SESSION_TICKET = 35,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_PSK_MODES = 45,
    EXT_KEY_SHARE = 51,
    EXT_RENEGOTIATION_INFO = 0xff01
};

/* behind those of our own hello: what only old, small or odd servers sign with */
static const uint16_t sigschemes[] = {
#define X(code) code,
    OFFER_SIGSCHEMES(X)
#undef X
    0x0808,                                   /* ed448 */
    0x0809, 0x080a, 0x080b,                   /* rsa_pss_pss_* */
    0x081a, 0x081b, 0x081c,                   /* ecdsa_brainpool* */
    0x0303, 0x0301, 0x0203,                   /* ecdsa and rsa with sha224, ecdsa with sha1 */
    0x0602, 0x0502, 0x0402, 0x0302, 0x0202,   /* dsa */
    0x0101,                                   /* rsa with md5 */
};

/* ---- SSLv2 ---- */

static const uint32_t ssl2_kinds[] = {
#define X(bit, code, name) code,
    SSL2_KINDS(X)
#undef X
};

enum { SSL2_NUM_KINDS = sizeof ssl2_kinds / sizeof ssl2_kinds[0] };

static bool add_ssl2_hello(CBB *cbb, const struct crafted_hello *h)
{
    const uint16_t kinds_len = 3 * SSL2_NUM_KINDS;
    const uint16_t len = 1 + 2 + 2 + 2 + 2 + kinds_len + SSL2_CHALLENGE_LEN;
    bool ok = CBB_add_u16(cbb, 0x8000 | len) && CBB_add_u8(cbb, CLIENT_HELLO) &&
              CBB_add_u16(cbb, SSL2) && CBB_add_u16(cbb, kinds_len) &&
              CBB_add_u16(cbb, 0 /* session id */) && CBB_add_u16(cbb, SSL2_CHALLENGE_LEN);
    for (size_t i = 0; i < SSL2_NUM_KINDS; i++)
        ok = ok && CBB_add_u24(cbb, ssl2_kinds[i]);
    return ok && CBB_add_bytes(cbb, h->random, SSL2_CHALLENGE_LEN);
}

/* ---- extensions ---- */

static bool add_u16s(CBB *cbb, const uint16_t *codes, size_t num)
{
    for (size_t i = 0; i < num; i++)
        if (!CBB_add_u16(cbb, codes[i]))
            return false;
    return true;
}

static bool add_empty(CBB *exts, uint16_t type)
{
    return CBB_add_u16(exts, type) && CBB_add_u16(exts, 0);
}

static bool add_server_name(CBB *exts, const char *host)
{
    CBB ext, list, name;
    if (host == NULL || host[0] == '\0')
        return true;
    return CBB_add_u16(exts, EXT_SERVER_NAME) && CBB_add_u16_length_prefixed(exts, &ext) &&
           CBB_add_u16_length_prefixed(&ext, &list) && CBB_add_u8(&list, HOST_NAME) &&
           CBB_add_u16_length_prefixed(&list, &name) &&
           CBB_add_bytes(&name, (const uint8_t *)host, strlen(host)) && CBB_flush(exts);
}

static bool add_u16_list(CBB *exts, uint16_t type, const uint16_t *codes, size_t num)
{
    CBB ext, list;
    return CBB_add_u16(exts, type) && CBB_add_u16_length_prefixed(exts, &ext) &&
           CBB_add_u16_length_prefixed(&ext, &list) && add_u16s(&list, codes, num) &&
           CBB_flush(exts);
}

/* one value in a list whose length is one octet: point formats, modes of pre-shared keys */
static bool add_u8_list(CBB *exts, uint16_t type, uint8_t value)
{
    return CBB_add_u16(exts, type) && CBB_add_u16(exts, 2) && CBB_add_u8(exts, 1) &&
           CBB_add_u8(exts, value);
}

static bool add_renegotiation_info(CBB *exts)
{
    return CBB_add_u16(exts, EXT_RENEGOTIATION_INFO) && CBB_add_u16(exts, 1) &&
           CBB_add_u8(exts, 0 /* no connection before */);
}

static bool add_versions(CBB *exts, uint16_t version_min)
{
    CBB ext, list;
    if (!CBB_add_u16(exts, EXT_SUPPORTED_VERSIONS) || !CBB_add_u16_length_prefixed(exts, &ext) ||
        !CBB_add_u8_length_prefixed(&ext, &list))
        return false;
    if (version_min < SSL3 || version_min > TLS13)
        version_min = TLS13;
    for (uint16_t v = TLS13; v >= version_min; v--)
        if (!CBB_add_u16(&list, v))
            return false;
    return CBB_flush(exts);
}

static bool add_tls13(CBB *exts, const struct crafted_hello *h)
{
    return add_versions(exts, h->version_min) && add_u8_list(exts, EXT_PSK_MODES, PSK_DHE_KE) &&
           CBB_add_u16(exts, EXT_KEY_SHARE) && CBB_add_u16(exts, 2) && CBB_add_u16(exts, 0);
}

/* Some old servers reject a last extension that is empty: point formats stand behind all that are.
 * Signature algorithms are not for hellos below 1.2 (RFC 5246, 7.4.1.4.1). */
static bool add_extensions(CBB *exts, const struct crafted_hello *h)
{
    return add_server_name(exts, h->host) && add_empty(exts, EXT_EXTENDED_MASTER_SECRET) &&
           add_renegotiation_info(exts) &&
           (h->num_groups == 0 ||
            add_u16_list(exts, EXT_SUPPORTED_GROUPS, h->groups, h->num_groups)) &&
           add_empty(exts, EXT_SESSION_TICKET) &&
           add_u8_list(exts, EXT_POINT_FORMATS, POINT_UNCOMPRESSED) &&
           (h->version < TLS12 || add_u16_list(exts, EXT_SIGNATURE_ALGORITHMS, sigschemes,
                                               sizeof sigschemes / sizeof sigschemes[0])) &&
           (h->version < TLS13 || add_tls13(exts, h));
}

/* pads so that message_len octets, extensions included, become least; an extension has four octets
 * at least */
static bool add_padding(CBB *exts, size_t message_len, size_t least)
{
    uint8_t *zeros;
    if (message_len >= SILENT_FROM && message_len < SILENT_TO && least < SILENT_TO)
        least = SILENT_TO;
    if (message_len >= least)
        return true;
    size_t len = least - message_len > 4 ? least - message_len - 4 : 0;
    if (!CBB_add_u16(exts, EXT_PADDING) || !CBB_add_u16(exts, (uint16_t)len) ||
        !CBB_add_space(exts, &zeros, len))
        return false;
    if (len > 0)
        memset(zeros, 0, len);
    return true;
}

/* ---- the message ---- */

static bool add_session_id(CBB *body, const struct crafted_hello *h)
{
    if (h->version < TLS13)
        return CBB_add_u8(body, 0);
    bool ok = CBB_add_u8(body, RANDOM_LEN);   /* as a resumption of 1.2 looks: RFC 8446, D.4 */
    for (size_t i = RANDOM_LEN; i-- > 0;)
        ok = ok && CBB_add_u8(body, h->random[i]);
    return ok;
}

static bool add_suites(CBB *body, const struct crafted_hello *h)
{
    CBB suites;
    return CBB_add_u16_length_prefixed(body, &suites) &&
           add_u16s(&suites, h->suites, h->num_suites) &&
           (h->version != SSL3 || CBB_add_u16(&suites, EMPTY_RENEGOTIATION_INFO_SCSV)) &&
           (!h->fallback || CBB_add_u16(&suites, FALLBACK_SCSV)) && CBB_flush(body);
}

static bool add_compression(CBB *body, const struct crafted_hello *h)
{
    if (!h->compression || h->version >= TLS13)
        return CBB_add_u8(body, 1) && CBB_add_u8(body, COMPRESSION_NULL);
    return CBB_add_u8(body, 2) && CBB_add_u8(body, COMPRESSION_DEFLATE) &&
           CBB_add_u8(body, COMPRESSION_NULL);
}

/* all of the body but the extensions */
static bool add_head(CBB *body, const struct crafted_hello *h)
{
    return CBB_add_u16(body, h->version < TLS13 ? h->version : TLS12) &&
           CBB_add_bytes(body, h->random, RANDOM_LEN) && add_session_id(body, h) &&
           add_suites(body, h) && add_compression(body, h);
}

static bool add_hello(CBB *cbb, const struct crafted_hello *h)
{
    CBB body, exts;
    if (!CBB_add_u8(cbb, CLIENT_HELLO) || !CBB_add_u24_length_prefixed(cbb, &body) ||
        !add_head(&body, h))
        return false;
    if (h->version < TLS10)
        return CBB_flush(cbb);
    size_t head_len = 1 + 3 + CBB_len(&body) + 2;
    return CBB_add_u16_length_prefixed(&body, &exts) && add_extensions(&exts, h) &&
           add_padding(&exts, head_len + CBB_len(&exts), h->padded_len) && CBB_flush(cbb);
}

/* ---- records ---- */

static void put_records(struct outbuf *out, uint16_t version, const uint8_t *data, size_t len)
{
    while (len > 0) {
        size_t part = len < RECORD_MAX ? len : RECORD_MAX;
        const uint8_t header[] = {HANDSHAKE, (uint8_t)(version >> 8), (uint8_t)version,
                                  (uint8_t)(part >> 8), (uint8_t)part};
        outbuf_put(out, header, sizeof header);
        outbuf_put(out, data, part);
        data += part;
        len -= part;
    }
}

bool crafted_hello_write(struct outbuf *out, const struct crafted_hello *h)
{
    CBB cbb;
    bool ssl2 = h->version == SSL2;
    assert(ssl2 || (h->version >= SSL3 && h->version <= TLS13));
    assert(h->num_suites <= CRAFT_SUITES_MAX && h->num_groups <= CRAFT_GROUPS_MAX);
    assert(h->host == NULL || strlen(h->host) <= CRAFT_HOST_MAX);
    if (!CBB_init(&cbb, 1024)) {
        out->bad = true;
        return false;
    }
    if (!(ssl2 ? add_ssl2_hello(&cbb, h) : add_hello(&cbb, h)))
        out->bad = true;
    else if (ssl2)
        outbuf_put(out, CBB_data(&cbb), CBB_len(&cbb));
    else
        put_records(out, h->version == SSL3 ? SSL3 : TLS10, CBB_data(&cbb), CBB_len(&cbb));
    CBB_cleanup(&cbb);
    return !out->bad;
}
