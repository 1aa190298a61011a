#include "scanner/show.h"

#include <stdarg.h>
#include <string.h>

#include "core/json.h"

enum { LABEL_WIDTH = 14 };

/* ---- colour ---- */

void show_on(const struct show *s, enum show_color color)
{
    static const char *const codes[] = {
        [SHOW_PLAIN] = "",         [SHOW_BOLD] = "\033[1m",  [SHOW_GOOD] = "\033[32m",
        [SHOW_BAD] = "\033[1;31m", [SHOW_NOTE] = "\033[33m", [SHOW_FAINT] = "\033[2m"};
    if (s->color)
        fputs(codes[color], s->out);
}

void show_off(const struct show *s, enum show_color color)
{
    if (s->color && color != SHOW_PLAIN)
        fputs("\033[0m", s->out);
}

/* ---- columns ---- */

static bool continues(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

static size_t columns(const char *text, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += !continues(text[i]);
    return n;
}

/* octets of the line that begins at text: up to width columns, broken at a blank if there is one */
static size_t line_len(const char *text, size_t width)
{
    size_t len = 0, blank = 0, used = 0;
    while (text[len] != '\0') {
        size_t next = len + 1;
        while (continues(text[next]))
            next++;
        if (text[len] == ' ')
            blank = len;
        if (used == width)
            return blank > 0 ? blank : len;
        used++;
        len = next;
    }
    return len;
}

static void indent(const struct show *s, size_t width)
{
    for (size_t i = 0; i < width; i++)
        fputc(' ', s->out);
}

/* octets of text without the blanks at its end */
static size_t trimmed(const char *text)
{
    size_t len = strlen(text);
    while (len > 0 && text[len - 1] == ' ')
        len--;
    return len;
}

void show_wrapped(const struct show *s, const char *first, enum show_color color, const char *text)
{
    size_t left = columns(first, strlen(first)),
           width = left < SHOW_WIDTH - 20 ? SHOW_WIDTH - left : 20;
    bool begun = false;
    show_on(s, color);
    fprintf(s->out, "%.*s", (int)(text[0] != '\0' ? strlen(first) : trimmed(first)), first);
    show_off(s, color);
    do {
        size_t len = line_len(text, width);
        if (begun)
            indent(s, left);
        fwrite(text, 1, len, s->out);
        fputc('\n', s->out);
        text += len;
        text += strspn(text, " ");
        begun = true;
    } while (*text != '\0');
}

void show_heading(const struct show *s, const char *text)
{
    fputc('\n', s->out);
    show_on(s, SHOW_BOLD);
    fputs(text, s->out);
    show_off(s, SHOW_BOLD);
    fputc('\n', s->out);
}

void show_row(const struct show *s, const char *label, const char *text)
{
    char first[64];
    snprintf(first, sizeof first, "  %-*s  ", LABEL_WIDTH, label);
    show_wrapped(s, first, SHOW_PLAIN, text);
}

/* ---- texts ---- */

void show_add(struct show_text *t, const char *format, ...)
{
    va_list args;
    size_t room = sizeof t->text - t->len;
    va_start(args, format);
    int n = vsnprintf(t->text + t->len, room, format, args);
    va_end(args);
    if (n > 0)
        t->len += (size_t)n < room ? (size_t)n : room - 1;
}

void show_add_octets(struct show_text *t, struct bytes octets, size_t max)
{
    size_t room = sizeof t->text - t->len;
    t->len += text_for_terminal(t->text + t->len, max < room ? max : room, octets);
}
