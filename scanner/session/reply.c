#include "scanner/session/reply.h"

#include <string.h>

enum { CODE_LEN = 3 };

void smtp_reply_init(struct smtp_reply *r)
{
    memset(r, 0, sizeof *r);
}

/* takes digit number line_len of a line's code */
static enum reply_status take_digit(struct smtp_reply *r, uint8_t c)
{
    bool first = r->line_len == 0;
    if (c < (first ? '2' : '0') || c > (first ? '5' : '9'))
        return REPLY_BAD;
    r->line_code = (uint16_t)((first ? 0 : r->line_code * 10) + (c - '0'));
    if (r->line_len + 1 < CODE_LEN)
        return REPLY_MORE;
    if (r->num_lines == 0)
        r->code = r->line_code;
    return r->line_code == r->code ? REPLY_MORE : REPLY_BAD;
}

/* takes what follows the code: a hyphen, or what a last line may go on with */
static enum reply_status take_separator(struct smtp_reply *r, uint8_t c)
{
    r->last = c != '-';
    return c == '-' || c == ' ' || c == '\r' || c == '\n' ? REPLY_MORE : REPLY_BAD;
}

static enum reply_status end_line(struct smtp_reply *r)
{
    r->num_lines++;
    r->line_len = 0;
    return r->last ? REPLY_DONE : REPLY_MORE;
}

static enum reply_status take(struct smtp_reply *r, uint8_t c)
{
    enum reply_status status = REPLY_MORE;
    if (r->len == REPLY_MAX || r->line_len == REPLY_LINE_MAX || r->num_lines == REPLY_LINES_MAX)
        return REPLY_TOO_LONG;
    if (r->line_len < CODE_LEN)
        status = take_digit(r, c);
    else if (r->line_len == CODE_LEN)
        status = take_separator(r, c);
    r->len++;
    r->line_len++;
    return status == REPLY_MORE && c == '\n' ? end_line(r) : status;
}

enum reply_status smtp_reply_feed(struct smtp_reply *r, size_t *used, const uint8_t *in,
                                  size_t in_len)
{
    enum reply_status status = REPLY_MORE;
    size_t i = 0;
    while (status == REPLY_MORE && i < in_len)
        status = take(r, in[i++]);
    *used = i;
    return status;
}
