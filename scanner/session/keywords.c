#include "scanner/session/keywords.h"

#include "core/extensions.h"

enum { PREFIX_LEN = 4 }; /* octets of code and separator */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes skip(struct bytes b, size_t len)
{
    size_t n = len < b.len ? len : b.len;
    return n == 0 ? b : bytes_of(b.data + n, b.len - n);
}

static bool equal_any_case(struct bytes a, struct bytes b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i]))
            return false;
    return true;
}

bool keyword_offered(struct bytes reply, struct bytes keyword)
{
    struct bytes word;
    while (reply_word_next(&reply, &word))
        if (equal_any_case(word, keyword))
            return true;
    return false;
}

/* skips blanks; a line end takes the next line's code and separator with it */
static struct bytes skip_blanks(struct bytes text)
{
    while (text.len > 0 && is_blank(text.data[0]))
        text = skip(text, text.data[0] == '\n' ? 1 + PREFIX_LEN : 1);
    return text;
}

/* tells whether text begins with phrase, whose single spaces stand for any blanks */
static bool begins_with(struct bytes text, const char *phrase)
{
    for (; *phrase != '\0'; phrase++) {
        if (text.len == 0)
            return false;
        if (*phrase == ' ') {
            if (!is_blank(text.data[0]))
                return false;
            text = skip_blanks(text);
        } else if (ascii_lower(text.data[0]) == (uint8_t)*phrase) {
            text = skip(text, 1);
        } else {
            return false;
        }
    }
    return true;
}

bool reply_says_later(struct bytes reply)
{
    for (struct bytes text = skip(reply, PREFIX_LEN); text.len > 0; text = skip(text, 1))
        if (begins_with(text, "too many connections") || begins_with(text, "try again later"))
            return true;
    return false;
}
