/* The words of a reply: any octets; every line gives one keyword, within the reply. */
#include <stdlib.h>

#include "core/extensions.h"
#include "scanner/session/keywords.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool within(struct bytes part, const uint8_t *data, size_t len)
{
    return part.len == 0 || (part.data >= data && part.data + part.len <= data + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes reply = bytes_of(data, len), keyword, params;
    size_t lines = 0, ends = 0;
    while (reply_words_next(&reply, &keyword, &params)) {
        lines++;
        if (!within(keyword, data, len) || !within(params, data, len))
            abort();
    }
    for (size_t i = 0; i < len; i++)
        ends += data[i] == '\n';
    if (lines != ends + (len > 0 && data[len - 1] != '\n'))
        abort();
    keyword_offered(bytes_of(data, len), bytes_text("STARTTLS"));
    reply_says_later(bytes_of(data, len));
    return 0;
}
