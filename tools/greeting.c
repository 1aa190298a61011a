#include "tools/greeting.h"

#include <stdio.h>
#include <strings.h>

#include "core/extensions.h"

enum { PREFIX_LEN = 4, SUFFIX_MAX = 4, V4_PARTS = 4, CALENDAR_MAX = 4 };

/* ---- letters ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes skip(struct bytes b, size_t len)
{
    return bytes_of(b.data + len, b.len - len);
}

static size_t count_digits(struct bytes b)
{
    size_t n = 0;
    while (n < b.len && is_digit(b.data[n]))
        n++;
    return n;
}

/* a word without what stands around it */
static struct bytes core_of(struct bytes word)
{
    while (word.len > 0 && word.data[0] != '\0' && strchr("([{<\"'", word.data[0]) != NULL)
        word = skip(word, 1);
    while (word.len > 0 && word.data[word.len - 1] != '\0' &&
           strchr(")]}>\"',;:.!", word.data[word.len - 1]) != NULL)
        word.len--;
    return word;
}

/* ---- what a word is ---- */

/* "4.96", "v2.8", "8.5.3FP6"; four numbers that make an address are none */
static bool is_version(struct bytes part)
{
    size_t numbers = 0, small = 0;
    if (part.len > 0 && (part.data[0] | 0x20) == 'v')
        part = skip(part, 1);
    for (size_t n; (n = count_digits(part)) > 0;) {
        numbers++;
        small += n < 3 || (n == 3 && memcmp(part.data, "255", 3) <= 0);
        part = skip(part, n);
        if (part.len < 2 || part.data[0] != '.' || !is_digit(part.data[1]))
            break;
        part = skip(part, 1);
    }
    if (numbers < 2 || part.len > SUFFIX_MAX)
        return false;
    for (size_t i = 0; i < part.len; i++)
        if (!is_letter(part.data[i]) && !is_digit(part.data[i]))
            return false;
    return part.len > 0 || numbers != V4_PARTS || small != V4_PARTS;
}

static bool is_letters(struct bytes part)
{
    for (size_t i = 0; i < part.len; i++)
        if (!is_letter(part.data[i]))
            return false;
    return part.len > 0;
}

/* versions and names, parted by slashes, at least one of them a version */
static bool has_version(struct bytes core)
{
    bool any = false;
    while (core.len > 0) {
        const uint8_t *slash = memchr(core.data, '/', core.len);
        struct bytes part =
            bytes_of(core.data, slash != NULL ? (size_t)(slash - core.data) : core.len);
        bool version = is_version(part);
        if (!version && !is_letters(part))
            return false;
        any |= version;
        core = skip(core, part.len + (slash != NULL));
    }
    return any;
}

static bool is_calendar(struct bytes core)
{
    static const char words[][CALENDAR_MAX + 1] = {
        "Mon",  "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May",
        "Jun",  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "AM",  "PM",  "UTC", "GMT", "CET",
        "CEST", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "BST", "JST"};
    if (core.len == 0 || core.len > CALENDAR_MAX)
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (words[i][core.len] == '\0' &&
            strncasecmp((const char *)core.data, words[i], core.len) == 0)
            return true;
    return false;
}

/* a dot with something before and behind it, as in a host name; an @, as in a mailbox */
static bool is_name(struct bytes core)
{
    for (size_t i = 0; i < core.len; i++)
        if (core.data[i] == '@' || (core.data[i] == '.' && i > 0 && i + 1 < core.len))
            return true;
    return false;
}

static bool is_own(struct bytes word)
{
    struct bytes core = core_of(word);
    bool digit = false;
    for (size_t i = 0; i < core.len; i++)
        digit |= is_digit(core.data[i]);
    return digit ? !has_version(core) : is_name(core) || is_calendar(core);
}

/* ---- the template ---- */

struct template
{
    char *out;
    size_t len;
    bool starred; /* the last word is `*` */
};

static void put_word(struct template *t, struct bytes word)
{
    bool star = is_own(word);
    if (star && t->starred)
        return;
    if (star)
        word = bytes_text("*");
    size_t blank = t->len > 0, room = GREETING_TEMPLATE_MAX - t->len;
    if (room < blank + word.len)
        return;
    if (blank)
        t->out[t->len++] = ' ';
    memcpy(t->out + t->len, word.data, word.len);
    t->len += word.len;
    t->starred = star;
}

static void put_line(struct template *t, struct bytes line)
{
    if (line.len >= PREFIX_LEN && reply_code(line) != 0 &&
        (line.data[3] == '-' || line.data[3] == ' '))
        line = skip(line, PREFIX_LEN);
    while (line.len > 0) {
        size_t n = 0;
        while (n < line.len && !is_blank(line.data[n]))
            n++;
        if (n > 0)
            put_word(t, bytes_of(line.data, n));
        line = skip(line, n < line.len ? n + 1 : n);
    }
}

size_t greeting_template(char out[GREETING_TEMPLATE_MAX], struct bytes greeting)
{
    struct template t = {.out = out};
    while (greeting.len > 0) {
        const uint8_t *end = memchr(greeting.data, '\n', greeting.len);
        size_t len = end != NULL ? (size_t)(end - greeting.data) : greeting.len;
        put_line(&t, bytes_of(greeting.data, len));
        greeting = skip(greeting, end != NULL ? len + 1 : len);
    }
    return t.len;
}
