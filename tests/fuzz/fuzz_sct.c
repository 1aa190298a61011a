/* fuzz_sct: whatever the list, it comes to an end, SCTs lie inside it one behind the other, and the
 * JSON is valid. */
#include <stdlib.h>

#include "core/ct_logs.h"
#include "core/json_valid.h"
#include "core/sct.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void walk(struct bytes list)
{
    const uint8_t *at = list.data;
    struct sct_list l;
    struct sct sct;
    sct_list_init(&l, list);
    for (size_t left = l.rest.len; sct_next(&sct, &l); left = l.rest.len) {
        must(l.rest.len < left && sct.raw.data >= at + 2);
        at = sct.raw.data + sct.raw.len;
        must(at <= list.data + list.len);
        must(sct.malformed ? sct.log_id.len == 0 : sct.log_id.len == SCT_LOG_ID_LEN);
        must(sct.malformed ||
             sct.raw.len == 1 + 32 + 8 + 2 + sct.extensions.len + 4 + sct.signature.len);
        ct_log_find(sct.log_id);
    }
    must(l.rest.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes list = bytes_of(data, len), inner;
    struct json j;
    walk(list);
    if (sct_list_unwrap(&inner, list))
        walk(inner);
    json_init(&j);
    sct_json(&j, list);
    must(j.bad || json_is_valid(bytes_of(j.text, j.len)));
    json_cleanup(&j);
    return 0;
}
