#include <openssl/base64.h>

#include "core/ct_logs.h"
#include "core/names.h"
#include "core/sct.h"
#include "core/times.h"

static void put_log(struct json *j, struct bytes id)
{
    uint8_t base64[64]; /* 44 and a NUL */
    const struct ct_log *log = ct_log_find(id);
    EVP_EncodeBlock(base64, id.data, id.len);
    json_key(j, "log_id");
    json_string(j, (const char *)base64);
    if (log == NULL)
        return;
    json_key(j, "log");
    json_string(j, log->name);
    json_key(j, "operator");
    json_string(j, log->operator);
}

static void put_timestamp(struct json *j, uint64_t ms)
{
    char text[TIME_TEXT_MAX];
    time_rfc3339_ms(text, ms > INT64_MAX / 1000 ? INT64_MAX : (int64_t)ms * 1000);
    json_key(j, "timestamp");
    json_string(j, text);
}

static void put_sigscheme(struct json *j, uint16_t code)
{
    const char *name = tls_sigscheme_name(code);
    json_key(j, "sigscheme");
    if (name != NULL)
        json_string(j, name);
    else
        json_uint(j, code);
}

static void put_sct(struct json *j, const struct sct *sct)
{
    json_object(j);
    if (sct->has_version) {
        json_key(j, "version");
        json_uint(j, sct->version + 1u);
    }
    if (sct->malformed) {
        json_key(j, "malformed");
        json_bool(j, true);
    } else {
        put_log(j, sct->log_id);
        put_timestamp(j, sct->timestamp_ms);
        put_sigscheme(j, sct->sigscheme);
    }
    json_object_end(j);
}

void sct_json(struct json *j, struct bytes list)
{
    struct sct_list l;
    struct sct sct;
    uint64_t num = 0;
    sct_list_init(&l, list);
    json_object(j);
    json_key(j, "scts");
    json_array(j);
    for (; sct_next(&sct, &l); num++)
        if (num < SCTS_JSON_MAX)
            put_sct(j, &sct);
    json_array_end(j);
    json_key(j, "count");
    json_uint(j, num);
    if (l.malformed) {
        json_key(j, "malformed");
        json_bool(j, true);
    }
    json_object_end(j);
}
