/* fuzz_ocsp: whatever the response and the certificates, there is one outcome that the findings
 * bear out, views lie inside the response, and the JSON is valid. Input: three pieces, each behind
 * its length in two octets: the staple, the leaf, the issuer. */
#include <stdlib.h>

#include <openssl/bytestring.h>

#include "core/json_valid.h"
#include "core/ocsp.h"

enum { JAN_4 = 1767484800 /* 2026 */ };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void must_be_inside(struct bytes der, struct bytes view)
{
    must(view.len == 0 || (view.data >= der.data && view.data + view.len <= der.data + der.len));
}

static void must_fit(const struct ocsp_judgement *j, struct bytes staple)
{
    must(j->outcome >= OCSP_ABSENT && j->outcome < NUM_OCSP_OUTCOMES);
    must((j->outcome == OCSP_ABSENT) == (staple.len == 0));
    must((j->signature == OCSP_YES) == (j->signer != OCSP_BY_NOBODY));
    must((j->signature == OCSP_NO) == (j->fault != OCSP_FAULT_NONE));
    must(j->num_singles <= OCSP_SINGLES_MAX && j->num_certs <= OCSP_CERTS_MAX);
    if (j->outcome == OCSP_GOOD || j->outcome == OCSP_REVOKED)
        must(j->signature == OCSP_YES && j->this_cert == OCSP_YES && j->begun == OCSP_YES &&
             j->fresh != OCSP_NO);
    must_be_inside(staple, j->responder_name);
    must_be_inside(staple, j->responder_key);
    must_be_inside(staple, j->sig_alg_oid);
    must_be_inside(staple, j->sct_list);
}

static struct bytes take(CBS *in)
{
    CBS piece;
    if (!CBS_get_u16_length_prefixed(in, &piece))
        CBS_init(&piece, NULL, 0);
    return bytes_of(CBS_data(&piece), CBS_len(&piece));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    CBS in;
    CBS_init(&in, data, len);
    struct bytes staple = take(&in), leaf = take(&in), issuer = take(&in);
    struct ocsp_judgement judgement;
    struct json j;
    ocsp_judge(&judgement, staple, leaf, issuer, JAN_4);
    must_fit(&judgement, staple);
    json_init(&j);
    ocsp_json(&j, &judgement);
    must(j.bad || json_is_valid(bytes_of(j.text, j.len)));
    json_cleanup(&j);
    return 0;
}
