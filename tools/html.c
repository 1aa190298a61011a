#include "tools/html.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/json.h"

enum { CAP_MIN = 64 * 1024, FORMAT_MAX = 1024 };

void html_init(struct html *h)
{
    *h = (struct html){0};
}

void html_cleanup(struct html *h)
{
    free(h->text);
    html_init(h);
}

static bool grow(struct html *h, size_t num)
{
    size_t cap = h->cap > 0 ? h->cap : CAP_MIN;
    while (cap - h->len < num && cap <= SIZE_MAX / 2)
        cap *= 2;
    char *text = cap - h->len >= num ? realloc(h->text, cap) : NULL;
    if (text == NULL) {
        h->bad = true;
        return false;
    }
    h->text = text;
    h->cap = cap;
    return true;
}

static void put(struct html *h, const char *data, size_t len)
{
    if (len == 0 || h->bad || (h->cap - h->len < len && !grow(h, len)))
        return;
    memcpy(h->text + h->len, data, len);
    h->len += len;
}

void html_put(struct html *h, const char *markup)
{
    put(h, markup, strlen(markup));
}

void html_put_markup(struct html *h, struct bytes markup)
{
    put(h, (const char *)markup.data, markup.len);
}

void html_format(struct html *h, const char *format, ...)
{
    char text[FORMAT_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sizeof text)
        h->bad = true;
    else
        put(h, text, (size_t)len);
}

/* the reference that stands for a character of markup, or NULL */
static const char *reference(char c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&#34;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

/* U+FFFE and U+FFFF are no characters of XML: a reader of the SVG would refuse the file */
static const char *no_character(const char *text)
{
    return strncmp(text, "\xef\xbf\xbe", 3) == 0   ? "\\xEF\\xBF\\xBE"
           : strncmp(text, "\xef\xbf\xbf", 3) == 0 ? "\\xEF\\xBF\\xBF"
                                                   : NULL;
}

void html_text(struct html *h, const char *text)
{
    const char *run = text; /* what is not written yet */
    while (*text != '\0') {
        const char *instead = reference(*text);
        size_t len = 1;
        if (instead == NULL && (instead = no_character(text)) != NULL)
            len = 3;
        if (instead != NULL) {
            put(h, run, (size_t)(text - run));
            html_put(h, instead);
            run = text + len;
        }
        text += len;
    }
    put(h, run, (size_t)(text - run));
}

void html_octets(struct html *h, struct bytes octets, size_t max)
{
    char text[HTML_OCTETS_MAX + 1];
    text_for_terminal(text, max < HTML_OCTETS_MAX ? max + 1 : sizeof text, octets);
    html_text(h, text);
}
