#include "core/sct.h"

#include <openssl/bytestring.h>

#include "core/cbs.h"

enum { VERSION_1 = 0 };

void sct_list_init(struct sct_list *l, struct bytes list)
{
    CBS in = cbs_of(list), scts;
    *l = (struct sct_list){.malformed = true};
    if (!CBS_get_u16_length_prefixed(&in, &scts))
        return;
    l->rest = bytes_of_cbs(&scts);
    l->malformed = CBS_len(&in) > 0 || CBS_len(&scts) == 0;
}

static bool read_v1(struct sct *out, CBS in)
{
    CBS log_id, extensions, signature;
    if (!CBS_get_bytes(&in, &log_id, SCT_LOG_ID_LEN) || !CBS_get_u64(&in, &out->timestamp_ms) ||
        !CBS_get_u16_length_prefixed(&in, &extensions) || !CBS_get_u16(&in, &out->sigscheme) ||
        !CBS_get_u16_length_prefixed(&in, &signature) || CBS_len(&in) > 0)
        return false;
    out->log_id = bytes_of_cbs(&log_id);
    out->extensions = bytes_of_cbs(&extensions);
    out->signature = bytes_of_cbs(&signature);
    return true;
}

static struct sct read_sct(CBS in)
{
    struct sct sct = {.raw = bytes_of_cbs(&in)}, v1;
    if (CBS_get_u8(&in, &sct.version))
        sct.has_version = true;
    v1 = sct;
    if (sct.has_version && sct.version == VERSION_1 && read_v1(&v1, in))
        return v1;
    sct.malformed = true;
    return sct;
}

bool sct_next(struct sct *out, struct sct_list *l)
{
    CBS in = cbs_of(l->rest), sct;
    if (CBS_len(&in) == 0)
        return false;
    if (!CBS_get_u16_length_prefixed(&in, &sct)) {
        l->malformed = true;
        l->rest = bytes_of(NULL, 0);
        return false;
    }
    l->rest = bytes_of_cbs(&in);
    *out = read_sct(sct);
    return true;
}

bool sct_list_unwrap(struct bytes *list, struct bytes extension_value)
{
    CBS in = cbs_of(extension_value), inner;
    if (!CBS_get_asn1(&in, &inner, CBS_ASN1_OCTETSTRING) || CBS_len(&in) > 0)
        return false;
    *list = bytes_of_cbs(&inner);
    return true;
}
