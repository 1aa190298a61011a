#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/lines.h"
#include "tools/rules_private.h"

enum { FORMAT = 1, LINE_MAX_OCTETS = 1024 };

struct reader {
    struct rules *r;
    const char *what, *source;
    char *err;
    uint64_t line_no;
    struct bytes line; /* that is read */
    size_t at;         /* in it */
    bool begun;        /* the first line, of format and version, was read */
};

static int refuse(const struct reader *s, size_t at, const char *why)
{
    return line_error(s->err, RULES_ERR_MAX, -EINVAL, s->source, s->line_no, "column %zu: %s",
                      at + 1, why);
}

static int no_memory(const struct reader *s)
{
    return line_error(s->err, RULES_ERR_MAX, -ENOMEM, s->source, s->line_no, "no memory for it");
}

/* makes room for one more item in an array of num; false without memory */
static bool room(void *array, size_t *cap, size_t num, size_t size)
{
    void *old;
    memcpy(&old, array, sizeof old);
    if (num < *cap)
        return true;
    size_t new_cap = *cap > 0 ? 2 * *cap : 64;
    void *new = realloc(old, new_cap * size);
    if (new == NULL)
        return false;
    memcpy(array, &new, sizeof new);
    *cap = new_cap;
    return true;
}

/* ---- words of a line ---- */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static void skip_blanks(struct reader *s)
{
    while (s->at < s->line.len && is_blank(s->line.data[s->at]))
        s->at++;
}

static struct bytes take_word(struct reader *s)
{
    skip_blanks(s);
    size_t first = s->at;
    while (s->at < s->line.len && !is_blank(s->line.data[s->at]) && s->line.data[s->at] != '"')
        s->at++;
    return bytes_of(s->line.data + first, s->at - first);
}

static bool is_printable(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < 0x20 || text.data[i] > 0x7e)
            return false;
    return true;
}

/* ---- the first line: rules FORMAT KIND VERSION ---- */

static int read_header(struct reader *s)
{
    char format[8];
    int len = snprintf(format, sizeof format, "%d", FORMAT);
    if (!bytes_equal(take_word(s), bytes_text("rules")))
        return refuse(s, 0, "the first line must say what this is: rules 1 KIND VERSION");
    if (!bytes_equal(take_word(s), bytes_of(format, (size_t)len)))
        return refuse(s, s->at, "another format of rules than 1; a newer mxstat may read it");
    if (!bytes_equal(take_word(s), bytes_text(s->what)))
        return line_error(s->err, RULES_ERR_MAX, -EINVAL, s->source, s->line_no,
                          "column %zu: rules of another kind; \"%s\" is expected here", s->at + 1,
                          s->what);
    struct bytes version = take_word(s);
    skip_blanks(s);
    if (version.len == 0 || version.len > RULES_VERSION_MAX || !is_printable(version) ||
        s->at < s->line.len)
        return refuse(s, s->at,
                      "one word of at most 32 characters must say the version of the "
                      "rules, such as 2026.1");
    memcpy(s->r->version, version.data, version.len);
    s->begun = true;
    return 0;
}

/* ---- a rule: NAME: [not] FIELD "PATTERN" and ... ---- */

static int take_name(struct reader *s, uint32_t *out)
{
    struct rules *r = s->r;
    const uint8_t *colon = memchr(s->line.data, ':', s->line.len);
    size_t len = colon != NULL ? (size_t)(colon - s->line.data) : 0;
    s->at = len + 1;
    while (len > 0 && is_blank(s->line.data[len - 1]))
        len--;
    struct bytes name = bytes_of(s->line.data, len);
    if (len == 0)
        return refuse(s, 0, "no name; write NAME: CONDITION and CONDITION ...");
    if (len > RULES_NAME_MAX || !is_printable(name) || memchr(name.data, '"', len) != NULL)
        return refuse(s, 0,
                      "a name is at most 64 printable ASCII characters, none of them a "
                      "quote or a colon");
    for (size_t i = 0; i < r->num_names; i++)
        if (bytes_equal(bytes_text(r->names[i]), name)) {
            *out = (uint32_t)i;
            return 0;
        }
    if (!room(&r->names, &r->cap_names, r->num_names, sizeof r->names[0]))
        return no_memory(s);
    memcpy(r->names[r->num_names], name.data, len);
    r->names[r->num_names][len] = '\0';
    *out = (uint32_t)r->num_names++;
    return 0;
}

static int take_field(struct reader *s, struct rule_condition *c)
{
    static const char *const words[] = {
#define X(NAME, word) word,
        RULE_FIELDS(X)
#undef X
    };
    struct bytes word = take_word(s);
    size_t first = s->at - word.len;
    c->negated = bytes_equal(word, bytes_text("not"));
    if (c->negated) {
        word = take_word(s);
        first = s->at - word.len;
    }
    for (size_t i = 0; i < NUM_RULE_FIELDS; i++)
        if (bytes_equal(word, bytes_text(words[i]))) {
            c->field = (uint8_t)i;
            return 0;
        }
    return refuse(s, first,
                  "a condition is expected: [not] greeting, ehlo or reply, and a "
                  "pattern in quotes");
}

static int take_pattern(struct reader *s, struct pattern *out)
{
    skip_blanks(s);
    if (s->at == s->line.len || s->line.data[s->at] != '"')
        return refuse(s, s->at, "a pattern in double quotes is expected here");
    size_t first = ++s->at, wrong = 0;
    const char *why = NULL;
    while (s->at < s->line.len && s->line.data[s->at] != '"')
        s->at += s->line.data[s->at] == '\\' ? 2 : 1;
    if (s->at >= s->line.len)
        return refuse(s, first - 1, "no closing quote; write \" at the pattern's end");
    if (!pattern_parse(out, &why, &wrong, bytes_of(s->line.data + first, s->at - first)))
        return refuse(s, first + wrong, why);
    s->at++;
    return 0;
}

static int take_condition(struct reader *s, struct rule *rule)
{
    struct rules *r = s->r;
    struct rule_condition c = {.field = 0};
    if (rule->num == RULES_CONDITIONS_MAX)
        return refuse(s, s->at, "more than 8 conditions; split the rule");
    int rc = take_field(s, &c);
    if (rc == 0)
        rc = take_pattern(s, &c.pattern);
    if (rc != 0)
        return rc;
    if (!room(&r->conditions, &r->cap_conditions, r->num_conditions, sizeof r->conditions[0]))
        return no_memory(s);
    r->conditions[r->num_conditions++] = c;
    rule->num++;
    return 0;
}

static int read_rule(struct reader *s)
{
    struct rules *r = s->r;
    struct rule rule = {.first = (uint32_t)r->num_conditions};
    bool any = false;
    if (r->num == RULES_MAX)
        return refuse(s, 0, "more than 512 rules; leave some out");
    int rc = take_name(s, &rule.name);
    while (rc == 0) {
        rc = take_condition(s, &rule);
        skip_blanks(s);
        if (rc != 0 || s->at == s->line.len)
            break;
        if (!bytes_equal(take_word(s), bytes_text("and")))
            return refuse(s, s->at, "\"and\" or the end of the line is expected here");
    }
    if (rc != 0)
        return rc;
    for (size_t i = rule.first; i < r->num_conditions; i++)
        any |= !r->conditions[i].negated;
    if (!any)
        return refuse(s, 0, "every condition has \"not\"; write one without");
    if (!room(&r->list, &r->cap, r->num, sizeof r->list[0]))
        return no_memory(s);
    r->list[r->num++] = rule;
    return 0;
}

/* ---- the file ---- */

static int read_line(struct reader *s)
{
    if (s->line.len > LINE_MAX_OCTETS)
        return refuse(s, LINE_MAX_OCTETS, "the line is longer than 1024 octets; split the rule");
    while (s->line.len > 0 &&
           (is_blank(s->line.data[s->line.len - 1]) || s->line.data[s->line.len - 1] == '\r'))
        s->line.len--;
    s->at = 0;
    skip_blanks(s);
    s->line = bytes_of(s->line.data + s->at, s->line.len - s->at);
    s->at = 0;
    if (s->line.len == 0 || s->line.data[0] == '#')
        return 0;
    return s->begun ? read_rule(s) : read_header(s);
}

static int read_lines(struct reader *s, struct bytes text)
{
    int rc = 0;
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = bytes_of(text.data + 3, text.len - 3);
    while (rc == 0 && text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) : text.len;
        size_t used = end != NULL ? len + 1 : len;
        s->line_no++;
        s->line = bytes_of(text.data, len);
        text = bytes_of(text.data + used, text.len - used);
        rc = read_line(s);
    }
    return rc;
}

int rules_parse(struct rules **out, char err[RULES_ERR_MAX], struct bytes text, const char *what,
                const char *source)
{
    struct reader s = {
        .r = calloc(1, sizeof(struct rules)), .what = what, .source = source, .err = err};
    if (s.r == NULL)
        return no_memory(&s);
    int rc = text.len <= RULES_FILE_MAX
                 ? read_lines(&s, text)
                 : line_error(err, RULES_ERR_MAX, -EFBIG, source, 0,
                              "longer than 256 KiB; is this a file of rules?");
    if (rc == 0 && s.r->num == 0)
        rc = line_error(err, RULES_ERR_MAX, -EINVAL, source, 0,
                        "no rules in it; see doc/mta-rules.md for what they look like");
    if (rc == 0 && (rc = rules_compile(s.r)) != 0)
        line_error(err, RULES_ERR_MAX, rc, source, 0, "%s",
                   rc == -E2BIG ? "the patterns are too long altogether; leave some out"
                                : "no memory for it");
    if (rc == 0)
        *out = s.r;
    else
        rules_free(s.r);
    return rc;
}

int rules_load(struct rules **out, char err[RULES_ERR_MAX], const char *path, const char *what)
{
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return line_error(err, RULES_ERR_MAX, -errno, path, 0, "cannot be opened: %s",
                          strerror(errno));
    char *text = malloc(RULES_FILE_MAX + 1);
    size_t len = text != NULL ? fread(text, 1, RULES_FILE_MAX + 1, f) : 0;
    int rc = text == NULL ? -ENOMEM : ferror(f) ? (errno != 0 ? -errno : -EIO) : 0;
    fclose(f);
    if (rc != 0)
        line_error(err, RULES_ERR_MAX, rc, path, 0, "cannot be read: %s", strerror(-rc));
    else
        rc = rules_parse(out, err, bytes_of(text, len), what, path);
    free(text);
    return rc;
}
