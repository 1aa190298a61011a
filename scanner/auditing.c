#include "scanner/auditing.h"

#include <errno.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "core/cert.h"
#include "scanner/session/tls_client.h"

/* the first word behind the code: the name that the server gives itself (RFC 5321, 4.3.1) */
static struct bytes greeting_name(struct bytes greeting)
{
    enum { CODE_LEN = 4 };
    if (greeting.len <= CODE_LEN)
        return bytes_of(NULL, 0);
    const uint8_t *name = greeting.data + CODE_LEN;
    size_t len = 0, max = greeting.len - CODE_LEN;
    while (len < max && name[len] > ' ' && name[len] < 0x7f)
        len++;
    return bytes_of(name, len);
}

static void hash_leaf(uint8_t sha256[32], CRYPTO_BUFFER *leaf)
{
    SHA256(CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf), sha256);
}

/* the group that the leaf's key is on; 0: it is on none that is common */
static uint16_t key_curve(CRYPTO_BUFFER *leaf)
{
    static const struct {
        const char *curve;
        uint16_t group;
    } curves[] = {{"P-256", 23}, {"P-384", 24}, {"P-521", 25}};
    struct cert_facts facts;
    if (!cert_parse(&facts, bytes_of(CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf))) ||
        facts.curve == NULL)
        return 0;
    for (size_t i = 0; i < sizeof curves / sizeof curves[0]; i++)
        if (strcmp(facts.curve, curves[i].curve) == 0)
            return curves[i].group;
    return 0;
}

/* asks the plan what is next; false: nothing */
static bool go_on(struct auditing *a)
{
    struct audit_connection *next = &a->connection;
    a->hello = (struct session_hello){.classical = a->classical};
    switch (audit_plan_next(&a->plan, next)) {
    case AUDIT_END: return false;
    case AUDIT_CRAFTED: a->hello.crafted = &next->hello; break;
    case AUDIT_RESUME:
        a->hello.host = next->host;
        a->hello.resumed = a->resumed;
        break;
    case AUDIT_HANDSHAKE: a->hello.host = next->host; break;
    }
    return true;
}

int auditing_new(struct auditing **out, struct result *result, SSL_SESSION *resumed,
                 uint16_t audits, uint64_t seed)
{
    const struct record *r = &result->record;
    uint8_t leaf[32];
    *out = NULL;
    struct auditing *a = calloc(1, sizeof *a);
    if (a == NULL) {
        SSL_SESSION_free(resumed);
        return -ENOMEM;
    }
    a->resumed = resumed;
    a->classical = r->hello < HELLO_PQ;
    if (result->num_certs > 0)
        hash_leaf(leaf, result->certs[0]);
    audit_plan_init(&a->plan, audits, r, greeting_name(r->text[TEXT_GREETING]),
                    result->num_certs > 0 ? leaf : NULL, seed);
    if (result->num_certs > 0)
        audit_plan_key(&a->plan, key_curve(result->certs[0]));
    if (!go_on(a)) {
        auditing_free(a);
        return 0;
    }
    a->result = result;
    a->held = sizeof *a + result->size;
    *out = a;
    return 0;
}

void auditing_free(struct auditing *a)
{
    if (a == NULL)
        return;
    if (a->result != NULL)
        result_free(a->result);
    SSL_SESSION_free(a->resumed);
    free(a);
}

bool auditing_take(struct auditing *a, const struct session *s)
{
    struct record r;
    size_t num_certs;
    uint8_t leaf[32];
    record_init(&r);
    session_record(s, &r);
    CRYPTO_BUFFER *const *certs = session_certs(s, &num_certs);
    struct audit_answer answer = {
        .stage = r.stage, .cause = r.cause, .smtp_code = r.smtp_code, .flight = session_flight(s)};
    if (a->hello.crafted == NULL)
        answer.record = &r;
    if (num_certs > 0) {
        hash_leaf(leaf, certs[0]);
        answer.leaf_sha256 = leaf;
        if (a->hello.resumed == NULL)
            result_add_leaf(a->result, certs[0]);
    }
    audit_plan_take(&a->plan, &answer);
    return go_on(a);
}

void auditing_stop(struct auditing *a, enum cause cause)
{
    audit_plan_stop(&a->plan, STAGE_CONNECT, cause);
}

struct result *auditing_finish(struct auditing *a)
{
    struct result *result = a->result;
    struct cbor_writer w;
    a->result = NULL;
    cbor_writer_init(&w, AUDIT_ENCODED_MAX);
    audit_encode(&w, audit_plan_result(&a->plan));
    int rc = w.bad ? -ENOMEM : result_set_audit(result, bytes_of(w.data, w.len));
    cbor_writer_cleanup(&w);
    if (rc == 0)
        return result;
    result_free(result);
    return NULL;
}
