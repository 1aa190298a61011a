#include "core/extensions.h"

#include <strings.h>

enum { CODE_LEN = 3, PREFIX_LEN = 4 }; /* octets of the code; with its separator */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

uint16_t reply_code(struct bytes reply)
{
    if (reply.len < CODE_LEN || reply.data[0] == '0')
        return 0;
    uint16_t code = 0;
    for (size_t i = 0; i < CODE_LEN; i++) {
        if (!is_digit(reply.data[i]))
            return 0;
        code = (uint16_t)(10 * code + (reply.data[i] - '0'));
    }
    return code;
}

/* takes one line off *text, without its LF */
static struct bytes take_line(struct bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->len);
    size_t len = end != NULL ? (size_t)(end - text->data) : text->len;
    struct bytes line = bytes_of(text->data, len);
    size_t used = end != NULL ? len + 1 : len;
    *text = bytes_of(text->data + used, text->len - used);
    return line;
}

static struct bytes skip(struct bytes text, size_t len)
{
    return len < text.len ? bytes_of(text.data + len, text.len - len) : bytes_of(NULL, 0);
}

static struct bytes skip_blanks(struct bytes text)
{
    size_t len = 0;
    while (len < text.len && is_blank(text.data[len]))
        len++;
    return skip(text, len);
}

static struct bytes trim(struct bytes text)
{
    text = skip_blanks(text);
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

bool reply_words_next(struct bytes *reply, struct bytes *word, struct bytes *params)
{
    size_t len = 0;
    if (reply->len == 0)
        return false;
    struct bytes words = skip_blanks(skip(take_line(reply), PREFIX_LEN));
    while (len < words.len && !is_blank(words.data[len]))
        len++;
    *word = bytes_of(words.data, len);
    *params = trim(skip(words, len));
    return true;
}

bool reply_word_next(struct bytes *reply, struct bytes *word)
{
    struct bytes params;
    return reply_words_next(reply, word, &params);
}

static struct keyword keyword_of(struct bytes word)
{
    struct keyword k = {0};
    if (word.len >= 5 && strncasecmp((const char *)word.data, "AUTH=", 5) == 0)
        word.len = 4; /* older than RFC 2554, and still about */
    if (word.len > KEYWORD_MAX)
        return k;
    for (size_t i = 0; i < word.len; i++) {
        uint8_t c = word.data[i];
        if (c >= 'a' && c <= 'z')
            c = (uint8_t)(c - ('a' - 'A'));
        if (!is_digit(c) && c != '-' && !(c >= 'A' && c <= 'Z'))
            return (struct keyword){0};
        k.text[i] = (char)c;
    }
    k.len = (uint8_t)word.len;
    return k;
}

static bool keyword_equals(const struct keyword *k, const char *text, size_t len)
{
    return k->len == len && memcmp(k->text, text, len) == 0;
}

static bool contains(const struct extensions *k, const char *text, size_t len)
{
    for (size_t i = 0; i < k->num; i++)
        if (keyword_equals(&k->list[i], text, len))
            return true;
    return false;
}

void extensions_read(struct extensions *out, struct bytes reply)
{
    out->num = 0;
    for (bool first = true; reply.len > 0 && out->num < EXTENSIONS_MAX; first = false) {
        struct bytes word;
        reply_word_next(&reply, &word);
        if (word.len == 0)
            continue;
        struct keyword k = keyword_of(word);
        if (first && !keyword_equals(&k, "STARTTLS", 8))
            continue;
        if (!contains(out, k.text, k.len))
            out->list[out->num++] = k;
    }
}

bool extensions_has(const struct extensions *k, struct bytes keyword)
{
    return contains(k, (const char *)keyword.data, keyword.len);
}

bool extensions_offer(const struct extensions *k, const char *keyword)
{
    return contains(k, keyword, strlen(keyword));
}
