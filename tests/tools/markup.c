#include "tests/tools/markup.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct reader {
    const char *text;
    size_t len, at;
    char open[MARKUP_DEPTH_MAX][MARKUP_NAME_MAX];
    size_t depth;
    const char *element;
    struct markup *m;
};

static bool wrong(struct reader *r, const char *what)
{
    snprintf(r->m->why, MARKUP_WHY_MAX, "%s at %zu: %.60s", what, r->at, r->at < r->len ? r->text + r->at : "the end");
    return false;
}

static bool starts(const struct reader *r, const char *with)
{
    size_t len = strlen(with);
    return r->len - r->at >= len && memcmp(r->text + r->at, with, len) == 0;
}

static bool skip_behind(struct reader *r, const char *end)
{
    for (; r->at < r->len; r->at++)
        if (starts(r, end)) {
            r->at += strlen(end);
            return true;
        }
    return wrong(r, end);
}

static bool take_name(struct reader *r, char name[MARKUP_NAME_MAX])
{
    size_t len = 0;
    while (r->at < r->len && (isalnum((unsigned char)r->text[r->at]) || r->text[r->at] == '-' || r->text[r->at] == ':')) {
        if (len == MARKUP_NAME_MAX - 1)
            return wrong(r, "a long name");
        name[len++] = r->text[r->at++];
    }
    name[len] = '\0';
    return len > 0 || wrong(r, "no name");
}

static void skip_space(struct reader *r)
{
    while (r->at < r->len && isspace((unsigned char)r->text[r->at]))
        r->at++;
}

/* one of the references that we write */
static bool take_reference(struct reader *r)
{
    static const char *const references[] = {"&amp;", "&lt;", "&gt;", "&#34;", "&#39;"};
    for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
        if (starts(r, references[i])) {
            r->at += strlen(references[i]);
            return true;
        }
    return wrong(r, "a bare ampersand");
}

static bool take_text(struct reader *r, char end)
{
    while (r->at < r->len && r->text[r->at] != end) {
        unsigned char c = (unsigned char)r->text[r->at];
        if (c == '<' || (c < 32 && c != '\n') || c == 127)
            return wrong(r, "a character that text must not have");
        if (c != '&')
            r->at++;
        else if (!take_reference(r))
            return false;
    }
    return true;
}

static bool take_attributes(struct reader *r)
{
    for (;;) {
        char name[MARKUP_NAME_MAX];
        skip_space(r);
        if (r->at == r->len || strchr("/>?", r->text[r->at]) != NULL)
            return true;
        if (!take_name(r, name))
            return false;
        if (strncmp(name, "on", 2) == 0)
            return wrong(r, "an event");
        if (!starts(r, "=\""))
            return wrong(r, "no quoted value");
        r->at += 2;
        if (!take_text(r, '"') || r->at++ == r->len)
            return wrong(r, "no end of a value");
        r->m->num_attributes++;
    }
}

static bool is_empty(const char *name)
{
    return strcmp(name, "meta") == 0 || strcmp(name, "br") == 0;
}

static bool close_element(struct reader *r)
{
    char name[MARKUP_NAME_MAX];
    r->at += 2;
    if (!take_name(r, name) || !starts(r, ">"))
        return wrong(r, "no end of a tag");
    r->at++;
    if (r->depth == 0 || strcmp(r->open[r->depth - 1], name) != 0)
        return wrong(r, "another element is open");
    r->depth--;
    return true;
}

static bool open_element(struct reader *r)
{
    char name[MARKUP_NAME_MAX];
    r->at++;
    if (!take_name(r, name) || !take_attributes(r))
        return false;
    if (strcmp(name, "script") == 0 || strcmp(name, "img") == 0 || strcmp(name, "image") == 0)
        return wrong(r, "an element that must not be");
    r->m->num_elements += r->element == NULL || strcmp(name, r->element) == 0;
    bool single = starts(r, "/>") || is_empty(name);
    r->at += starts(r, "/>") ? 2 : 1;
    if (single)
        return true;
    if (r->depth == MARKUP_DEPTH_MAX)
        return wrong(r, "too deep");
    memcpy(r->open[r->depth++], name, sizeof name);
    if (strcmp(name, "style") != 0)
        return true;
    r->depth--;
    return skip_behind(r, "</style>");
}

bool markup_read(struct markup *m, const char *text, size_t len, const char *element)
{
    struct reader r = {.text = text, .len = len, .element = element, .m = m};
    *m = (struct markup){0};
    while (r.at < len) {
        bool good = starts(&r, "<?") || starts(&r, "<!DOCTYPE") ? skip_behind(&r, ">")
                    : starts(&r, "</")                          ? close_element(&r)
                    : starts(&r, "<")                           ? open_element(&r)
                                                                : take_text(&r, '<');
        if (!good)
            return false;
    }
    return r.depth == 0 || wrong(&r, "an element is not closed");
}
