#include <openssl/bytestring.h>
#include <openssl/evp.h>
#include <openssl/mem.h>
#include <openssl/pool.h>

#include "tools/farm/tls_server.h"

enum {
    RECORD_HANDSHAKE = 22,
    RECORD_PAYLOAD_MAX = 16384,
    SERVER_HELLO = 2,
    CERTIFICATE = 11,
    SERVER_KEY_EXCHANGE = 12,
    ECDHE_ECDSA_AES128_GCM = 0xc02b,
    ECDHE_RSA_AES128_GCM = 0xc02f,
    ECDSA_SECP256R1_SHA256 = 0x0403,
    RSA_PSS_RSAE_SHA256 = 0x0804,
    RENEGOTIATION_INFO = 0xff01,
    NAMED_CURVE = 3,
    X25519 = 29
};

static bool is_rsa(const struct chain *chain)
{
    return EVP_PKEY_id(chain->key) == EVP_PKEY_RSA;
}

/* put_records cuts handshake messages into records. */
static void put_records(struct sendbuf *out, const uint8_t *messages, size_t len)
{
    while (len > 0) {
        size_t n = len < RECORD_PAYLOAD_MAX ? len : RECORD_PAYLOAD_MAX;
        uint8_t header[] = {RECORD_HANDSHAKE, 3, 3, (uint8_t)(n >> 8), (uint8_t)n};
        sendbuf_put(out, header, sizeof header);
        sendbuf_put(out, messages, n);
        messages += n;
        len -= n;
    }
}

static int put_server_hello(CBB *out, const struct chain *chain)
{
    static const uint8_t random[32] = "a farm's ServerHello, not random";
    static const uint8_t no_renegotiation = 0; /* an empty renegotiated_connection */
    CBB body, session_id, extensions, extension;
    return CBB_add_u8(out, SERVER_HELLO) && CBB_add_u24_length_prefixed(out, &body) &&
           CBB_add_u16(&body, 0x0303) && CBB_add_bytes(&body, random, sizeof random) &&
           CBB_add_u8_length_prefixed(&body, &session_id) &&
           CBB_add_u16(&body, is_rsa(chain) ? ECDHE_RSA_AES128_GCM : ECDHE_ECDSA_AES128_GCM) &&
           CBB_add_u8(&body, 0) && CBB_add_u16_length_prefixed(&body, &extensions) &&
           CBB_add_u16(&extensions, RENEGOTIATION_INFO) &&
           CBB_add_u16_length_prefixed(&extensions, &extension) &&
           CBB_add_bytes(&extension, &no_renegotiation, 1) && CBB_flush(out);
}

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

bool tls_flight(struct sendbuf *out, const struct chain *chain)
{
    CBB cbb;
    uint8_t *messages = NULL;
    size_t len;
    CBB_zero(&cbb);
    if (!CBB_init(&cbb, 4096) || !put_server_hello(&cbb, chain) || !put_certificates(&cbb, chain) ||
        !CBB_finish(&cbb, &messages, &len)) {
        CBB_cleanup(&cbb);
        return false;
    }
    put_records(out, messages, len);
    OPENSSL_free(messages);
    return true;
}

void tls_flight_bad_signature(struct sendbuf *out, const struct chain *chain)
{
    enum { POINT_LEN = 32, SIGNATURE_LEN = 256, BODY_LEN = 4 + POINT_LEN + 4 + SIGNATURE_LEN };
    uint16_t scheme = is_rsa(chain) ? RSA_PSS_RSAE_SHA256 : ECDSA_SECP256R1_SHA256;
    uint8_t message[4 + BODY_LEN] = {
        SERVER_KEY_EXCHANGE, 0, BODY_LEN >> 8, BODY_LEN & 0xff, NAMED_CURVE, 0, X25519,
        POINT_LEN,           9 /* the base point */};
    uint8_t *signature = message + 8 + POINT_LEN;
    signature[0] = (uint8_t)(scheme >> 8);
    signature[1] = (uint8_t)scheme;
    signature[2] = SIGNATURE_LEN >> 8;
    signature[3] = SIGNATURE_LEN & 0xff;
    memset(signature + 4, 0x5a, SIGNATURE_LEN);
    put_records(out, message, sizeof message);
}
