/* Any octets as a reply to EHLO: keywords are bounded, distinct and plain; a reply is exported so that it can be had back. */
#include <stdlib.h>

#include "core/extensions.h"
#include "core/record_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool good)
{
    if (!good)
        abort();
}

static void check_keywords(const struct extensions *e)
{
    must(e->num <= EXTENSIONS_MAX);
    for (size_t i = 0; i < e->num; i++) {
        const struct keyword *k = &e->list[i];
        must(k->len <= KEYWORD_MAX);
        for (size_t c = 0; c < k->len; c++)
            must(k->text[c] == '-' || (k->text[c] >= '0' && k->text[c] <= '9') ||
                 (k->text[c] >= 'A' && k->text[c] <= 'Z'));
        for (size_t other = 0; other < i; other++)
            must(e->list[other].len != k->len || memcmp(e->list[other].text, k->text, k->len) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct extensions e;
    extensions_read(&e, bytes_of(data, len));
    check_keywords(&e);
    must(reply_code(bytes_of(data, len)) <= 999);

    struct dataset_header header = {.num_hellos = 0};
    struct record r;
    struct json j;
    record_init(&r);
    r.text[TEXT_EHLO] = bytes_of(data, len);
    json_init(&j);
    record_json(&j, &header, &r);
    must(!j.bad && j.len > 2 && j.text[j.len - 2] == '}' && j.text[j.len - 1] == '\n');
    json_cleanup(&j);
    return 0;
}
