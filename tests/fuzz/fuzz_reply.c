/* The reply parser: however the octets are split, the answer is the same, and all counts stay
 * within their limits. */
#include <stdlib.h>

#include "scanner/session/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static enum reply_status feed(struct smtp_reply *r, size_t *total, const uint8_t *in, size_t in_len,
                              size_t step)
{
    enum reply_status status = REPLY_MORE;
    smtp_reply_init(r);
    *total = 0;
    while (status == REPLY_MORE && *total < in_len) {
        size_t used, n = in_len - *total;
        status = smtp_reply_feed(r, &used, in + *total, n < step ? n : step);
        *total += used;
    }
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct smtp_reply whole, cut;
    size_t whole_used, cut_used;
    if (len == 0)
        return 0;
    size_t step = 1 + data[0] % 16;
    enum reply_status a = feed(&whole, &whole_used, data + 1, len - 1, SIZE_MAX);
    enum reply_status b = feed(&cut, &cut_used, data + 1, len - 1, step);
    if (a != b || whole_used != cut_used || whole.code != cut.code ||
        whole.num_lines != cut.num_lines)
        abort();
    if (whole.len > REPLY_MAX || whole.num_lines > REPLY_LINES_MAX)
        abort();
    if (a == REPLY_DONE && (whole.code < 200 || whole.code > 599 || data[whole_used] != '\n'))
        abort();
    return 0;
}
