#include "tools/farm/tls_extras.h"

#include <openssl/bytestring.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/time.h>

#include "tools/farm/mint.h"
#include "tools/farm/staple.h"
#include "tools/farm/variant.h"

/* ---- tickets ---- */

/* time stands still: each ticket has its whole life before it */
static void on_time(const SSL *ssl, struct timeval *out)
{
    (void)ssl;
    *out = (struct timeval){.tv_sec = 1};
}

/* the same for all processes of a farm: any of them may see the ticket again */
static bool set_ticket_keys(SSL_CTX *ctx)
{
    static const uint8_t keys[48] = "ticket keys of a farm, known to everybody: 48 !";
    SSL_CTX_set_current_time_cb(ctx, on_time);
    SSL_CTX_set_timeout(ctx, TICKET_LIFETIME_S);
    SSL_CTX_set_session_psk_dhe_timeout(ctx, TICKET_LIFETIME_S);
    return SSL_CTX_set_tlsext_ticket_keys(ctx, keys, sizeof keys) == 1 &&
           SSL_CTX_set_session_id_context(ctx, (const uint8_t *)"farm", 4) == 1;
}

/* ---- certificates by name ---- */

static bool show_chain(SSL *ssl, const struct chain *chain)
{
    return chain != NULL &&
           SSL_set_chain_and_key(ssl, chain->certs, chain->num, chain->key, NULL) == 1;
}

static int on_server_name(SSL *ssl, int *alert, void *arg)
{
    char host[HOST_NAME_MAX_LEN];
    const struct tls_owner *owner = SSL_get_app_data(ssl);
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    (void)arg;
    if (owner == NULL || name == NULL || !(owner->b->extras & EXTRA_SNI))
        return SSL_TLSEXT_ERR_NOACK;
    host_name(host, owner->a);
    if (strcasecmp(name, host) != 0)
        return SSL_TLSEXT_ERR_NOACK;
    *alert = SSL_AD_INTERNAL_ERROR;
    return show_chain(ssl, variant_chain(owner->pki, owner->b, owner->a, false, true))
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool tls_extras_prepare(SSL_CTX *ctx)
{
    return set_ticket_keys(ctx) && SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name) == 1;
}

/* ---- certificate requests ---- */

static enum ssl_verify_result_t on_verify(SSL *ssl, uint8_t *alert)
{
    (void)ssl;
    (void)alert;
    return ssl_verify_ok; /* who the client is does not matter */
}

static bool push_name(STACK_OF(CRYPTO_BUFFER) * names, const struct mint_name *name)
{
    uint8_t *der = NULL;
    size_t len;
    CBB cbb;
    CBB_zero(&cbb);
    if (!CBB_init(&cbb, 64) || !mint_put_name(&cbb, name) || !CBB_finish(&cbb, &der, &len)) {
        CBB_cleanup(&cbb);
        return false;
    }
    CRYPTO_BUFFER *buffer = CRYPTO_BUFFER_new(der, len, NULL);
    OPENSSL_free(der);
    if (buffer != NULL && sk_CRYPTO_BUFFER_push(names, buffer) > 0)
        return true;
    CRYPTO_BUFFER_free(buffer);
    return false;
}

static bool ask_for_certificate(SSL *ssl, bool required)
{
    static const struct mint_name cas[EXTRAS_NUM_CAS] = {{"Farm Trust", "Farm Client CA 1"},
                                                         {NULL, "Farm Client CA 2"}};
    STACK_OF(CRYPTO_BUFFER) *names = sk_CRYPTO_BUFFER_new_null();
    bool ok = names != NULL;
    for (size_t i = 0; i < EXTRAS_NUM_CAS && ok; i++)
        ok = push_name(names, &cas[i]);
    if (!ok) {
        sk_CRYPTO_BUFFER_pop_free(names, CRYPTO_BUFFER_free);
        return false;
    }
    SSL_set0_client_CAs(ssl, names);
    SSL_set_custom_verify(ssl, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                          on_verify);
    return true;
}

/* ---- staples and timestamps ---- */

static bool set_staple(SSL *ssl, const struct tls_owner *owner)
{
    const struct chain *chain = pki_chain(owner->pki, owner->b, owner->a);
    uint8_t *staple;
    size_t len;
    if (chain == NULL || chain->num < 2)
        return false;
    struct staple_request r = {chain->certs[0], chain->certs[1], pki_issuer_key(owner->pki),
                               pki_other_key(owner->pki), pki_date(owner->pki)};
    if (!staple_make(&staple, &len, &r, (enum staple)owner->b->staple))
        return false;
    bool ok = SSL_set_ocsp_response(ssl, staple, len) == 1;
    OPENSSL_free(staple);
    return ok;
}

static bool set_timestamps(SSL *ssl, const struct tls_owner *owner)
{
    uint8_t *list;
    size_t len;
    if (!staple_timestamps(&list, &len, EXTRAS_NUM_SCTS, pki_date(owner->pki)))
        return false;
    bool ok = SSL_set_signed_cert_timestamp_list(ssl, list, len) == 1;
    OPENSSL_free(list);
    return ok;
}

bool tls_extras_set(SSL *ssl, struct tls_owner *owner)
{
    const struct behaviour *b = owner->b;
    SSL_set_app_data(ssl, owner);
    if (b->extras & EXTRA_TICKET)
        SSL_clear_options(ssl, SSL_OP_NO_TICKET);
    bool required = (b->extras & EXTRA_CERT_REQUIRED) != 0;
    return (b->staple == STAPLE_NONE || set_staple(ssl, owner)) &&
           (!(b->extras & EXTRA_SCT) || set_timestamps(ssl, owner)) &&
           (!(b->extras & (EXTRA_CERT_REQUEST | EXTRA_CERT_REQUIRED)) ||
            ask_for_certificate(ssl, required)) &&
           (!(b->extras & EXTRA_SNI) ||
            show_chain(ssl, variant_chain(owner->pki, b, owner->a, false, false)));
}
