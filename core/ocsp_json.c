#include "core/ocsp.h"
#include "core/times.h"

#define US_PER_S INT64_C(1000000)

/* what is outside the years 0000 to 9999 cannot come out of a GeneralizedTime by more than a day's
 * offset, so seconds may be multiplied */
static void put_time(struct json *j, const char *key, int64_t time_s)
{
    char text[TIME_TEXT_MAX];
    time_rfc3339_s(text, time_s * US_PER_S);
    json_add_string(j, key, text);
}

static void put_answer(struct json *j, const char *key, enum ocsp_answer answer)
{
    if (answer == OCSP_UNTOLD)
        return;
    json_add_bool(j, key, answer == OCSP_YES);
}

static const char *cert_status_slug(enum ocsp_cert_status status)
{
    switch (status) {
    case OCSP_CERT_UNTOLD: break;
    case OCSP_CERT_GOOD: return "good";
    case OCSP_CERT_REVOKED: return "revoked";
    case OCSP_CERT_UNKNOWN: return "unknown";
    }
    return NULL;
}

static const char *signer_slug(enum ocsp_signer signer)
{
    switch (signer) {
    case OCSP_BY_NOBODY: break;
    case OCSP_BY_ISSUER: return "issuer";
    case OCSP_BY_DELEGATE: return "delegate";
    }
    return NULL;
}

static void put_reason(struct json *j, int reason)
{
    const char *name = ocsp_reason_name(reason);
    if (reason < 0)
        return;
    json_key(j, "reason");
    if (name != NULL)
        json_string(j, name);
    else
        json_int(j, reason);
}

static void put_status(struct json *j, unsigned status)
{
    const char *name = ocsp_status_name(status);
    json_key(j, "response_status");
    if (name != NULL)
        json_string(j, name);
    else
        json_uint(j, status);
}

static void put_single(struct json *j, const struct ocsp_judgement *o)
{
    put_answer(j, "this_certificate", o->this_cert);
    json_add_string(j, "hash", o->hash_alg);
    json_add_string(j, "cert_status", cert_status_slug(o->cert_status));
    if (o->cert_status == OCSP_CERT_REVOKED) {
        put_time(j, "revoked_at", o->revoked_at);
        put_reason(j, o->reason);
    }
    put_time(j, "this_update", o->this_update);
    if (o->has_next_update)
        put_time(j, "next_update", o->next_update);
    put_answer(j, "begun", o->begun);
    put_answer(j, "fresh", o->fresh);
}

static void put_response(struct json *j, const struct ocsp_judgement *o)
{
    put_time(j, "produced_at", o->produced_at);
    json_add_hex(j, "responder_key", o->responder_key);
    json_add_hex(j, "responder_name", o->responder_name);
    json_add_string(j, "sig_alg", o->sig_alg);
    if (o->sig_alg == NULL)
        json_add_hex(j, "sig_alg_oid", o->sig_alg_oid);
    put_answer(j, "signature", o->signature);
    json_add_string(j, "signer", signer_slug(o->signer));
    if (o->signature == OCSP_NO)
        json_add_string(j, "fault", ocsp_fault_slug(o->fault));
    json_add_uint(j, "answers", o->num_singles);
}

void ocsp_json(struct json *j, const struct ocsp_judgement *o)
{
    json_object(j);
    json_add_string(j, "outcome", ocsp_outcome_slug(o->outcome));
    if (o->has_status)
        put_status(j, o->status);
    if (o->num_singles > 0)
        put_single(j, o);
    if (o->has_produced_at)
        put_response(j, o);
    json_object_end(j);
}
