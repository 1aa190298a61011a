#include "tools/rules_pattern.h"

/* ---- parsing ---- */

struct parser {
    struct pattern p;
    struct bytes text;
    size_t at, octets_len;
    const char *why;
};

static bool fail(struct parser *s, const char *why)
{
    s->why = why;
    return false;
}

static bool add_part(struct parser *s, enum pattern_kind kind)
{
    struct pattern *p = &s->p;
    if (p->num_parts == PATTERN_PARTS_MAX)
        return fail(s, "too many parts; write at most 16 literals, `*` and `<v>`");
    p->parts[p->num_parts++] =
        (struct pattern_part){.kind = (uint8_t)kind, .at = (uint8_t)s->octets_len};
    return true;
}

static bool is_last(const struct parser *s, enum pattern_kind kind)
{
    return s->p.num_parts > 0 && s->p.parts[s->p.num_parts - 1].kind == kind;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_version(uint8_t c)
{
    return is_digit(c) || c == '.';
}

static bool add_octet(struct parser *s, uint8_t octet)
{
    if (is_last(s, PATTERN_VERSION) && is_version(octet))
        return fail(s, "a digit or a dot behind `<v>` would be part of it; leave it out");
    if (!is_last(s, PATTERN_LITERAL) && !add_part(s, PATTERN_LITERAL))
        return false;
    s->p.octets[s->octets_len++] = pattern_lower(octet);
    s->p.parts[s->p.num_parts - 1].len++;
    return true;
}

static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c = pattern_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool add_escaped(struct parser *s, uint8_t octet, size_t escape_len)
{
    if (!add_octet(s, octet))
        return false;
    s->at += escape_len;
    return true;
}

static bool take_escape(struct parser *s)
{
    struct bytes rest = bytes_of(s->text.data + s->at + 1, s->text.len - s->at - 1);
    if (rest.len > 0 && rest.data[0] != '\0' && strchr("\\\"*^$<", rest.data[0]) != NULL)
        return add_escaped(s, rest.data[0], 2);
    int high = rest.len >= 3 && rest.data[0] == 'x' ? hex_value(rest.data[1]) : -1;
    int low = rest.len >= 3 ? hex_value(rest.data[2]) : -1;
    if (high < 0 || low < 0)
        return fail(s, "no such escape; write \\\\ \\\" \\* \\^ \\$ \\< or \\xHH");
    if (high < 2)
        return fail(s, "a control character, which no line of a reply has; leave it out");
    return add_escaped(s, (uint8_t)(16 * high + low), 4);
}

static bool take_version(struct parser *s)
{
    if (s->text.len - s->at < 3 || memcmp(s->text.data + s->at, "<v>", 3) != 0)
        return fail(s, "`<` begins `<v>`, a version; write \\< for the character");
    if (!is_last(s, PATTERN_LITERAL))
        return fail(s, "nothing before `<v>` says where it begins; write a literal there");
    for (size_t i = 0; i < s->p.num_parts; i++)
        if (s->p.parts[i].kind == PATTERN_VERSION)
            return fail(s, "a second `<v>`; write `*` for one of them");
    s->at += 3;
    return add_part(s, PATTERN_VERSION);
}

static bool take_any(struct parser *s)
{
    bool begins = s->p.num_parts == 0, ends = s->at + 1 == s->text.len;
    if (is_last(s, PATTERN_ANY) || (begins && s->p.first != EDGE_WORD))
        return fail(s, "`*` that adds nothing; leave it out");
    s->at++;
    if (begins)
        s->p.first = EDGE_ANY;
    else if (ends)
        s->p.last = EDGE_ANY;
    else
        return add_part(s, PATTERN_ANY);
    return true;
}

static bool take_end(struct parser *s)
{
    if (s->at + 1 != s->text.len)
        return fail(s, "`$` is the end of the line; write \\$ for the character");
    s->p.last = EDGE_LINE;
    s->at++;
    return true;
}

static bool take_begin(struct parser *s)
{
    if (s->at != 0)
        return fail(s, "`^` is the beginning of the line; write \\^ for the character");
    s->p.first = EDGE_LINE;
    s->at++;
    return true;
}

static bool take(struct parser *s)
{
    uint8_t c = s->text.data[s->at];
    switch (c) {
    case '\\': return take_escape(s);
    case '<': return take_version(s);
    case '*': return take_any(s);
    case '$': return take_end(s);
    case '^': return take_begin(s);
    default: break;
    }
    if (c < 0x20 || c == 0x7f)
        return fail(s, "a control character, which no line of a reply has; leave it out");
    if (!add_octet(s, c))
        return false;
    s->at++;
    return true;
}

bool pattern_parse(struct pattern *out, const char **why, size_t *at, struct bytes text)
{
    struct parser s = {.text = text};
    bool good = text.len <= PATTERN_MAX || fail(&s, "the pattern is longer than 128 octets");
    while (good && s.at < text.len)
        good = take(&s);
    if (good && (s.octets_len == 0 || is_last(&s, PATTERN_ANY)))
        good = fail(&s, "the pattern has no text to look for; write some");
    if (good) {
        *out = s.p;
        return true;
    }
    *why = s.why;
    *at = s.at;
    return false;
}

struct bytes pattern_key(const struct pattern *p)
{
    struct bytes key = {NULL, 0};
    for (size_t i = 0; i < p->num_parts; i++)
        if (p->parts[i].kind == PATTERN_LITERAL && p->parts[i].len > key.len)
            key = bytes_of(p->octets + p->parts[i].at, p->parts[i].len);
    return key;
}

/* ---- matching ---- */

static bool is_word(uint8_t c)
{
    c = pattern_lower(c);
    return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_literal(const struct pattern *p, const struct pattern_part *part, struct bytes line,
                       size_t at)
{
    if (line.len - at < part->len)
        return false;
    for (size_t i = 0; i < part->len; i++)
        if (pattern_lower(line.data[at + i]) != p->octets[part->at + i])
            return false;
    return true;
}

/* the length of the version at the beginning of text; 0: there is none */
static size_t version_len(const uint8_t *text, size_t len)
{
    size_t n = 0;
    if (len == 0 || !is_digit(text[0]))
        return 0;
    while (n < len && is_version(text[n]))
        n++;
    while (text[n - 1] == '.')
        n--;
    return n;
}

/* parts up to the next `*`, which are beside each other in the text */
struct run {
    size_t first, end; /* parts */
};

/* matches a run at a place; returns where it ends, SIZE_MAX if it is not there */
static size_t match_run(const struct pattern *p, struct bytes *version, struct run run,
                        struct bytes line, size_t at)
{
    for (size_t i = run.first; i < run.end; i++) {
        const struct pattern_part *part = &p->parts[i];
        size_t len = part->len;
        if (part->kind == PATTERN_LITERAL) {
            if (!is_literal(p, part, line, at))
                return SIZE_MAX;
        } else {
            len = version_len(line.data + at, line.len - at);
            if (len == 0)
                return SIZE_MAX;
            *version =
                bytes_of(line.data + at, len < PATTERN_VERSION_MAX ? len : PATTERN_VERSION_MAX);
        }
        at += len;
    }
    return at;
}

static bool begins_well(const struct pattern *p, struct bytes line, size_t at)
{
    switch ((enum pattern_edge)p->first) {
    case EDGE_ANY: return true;
    case EDGE_LINE: return at == 0;
    case EDGE_WORD: break;
    }
    return at == 0 || !is_word(p->octets[0]) || !is_word(line.data[at - 1]);
}

static bool ends_well(const struct pattern *p, struct bytes line, size_t end)
{
    const struct pattern_part *last = &p->parts[p->num_parts - 1];
    switch ((enum pattern_edge)p->last) {
    case EDGE_ANY: return true;
    case EDGE_LINE: return end == line.len;
    case EDGE_WORD: break;
    }
    return end == line.len || last->kind == PATTERN_VERSION || !is_word(line.data[end]) ||
           !is_word(line.data[end - 1]);
}

/* seeks a run from *at on; *at is where it ends */
static bool seek(const struct pattern *p, struct bytes *version, size_t *at, struct run run,
                 struct bytes line)
{
    bool first = run.first == 0, last = run.end == p->num_parts;
    uint8_t begin = p->octets[p->parts[run.first].at]; /* a run begins with a literal */
    struct bytes found = {NULL, 0};
    for (size_t i = *at; i < line.len; i++) {
        if (pattern_lower(line.data[i]) != begin && p->first != EDGE_LINE)
            continue;
        if (first && !begins_well(p, line, i)) {
            if (p->first == EDGE_LINE)
                return false;
            continue;
        }
        size_t end = match_run(p, &found, run, line, i);
        if (end == SIZE_MAX || (last && !ends_well(p, line, end)))
            continue;
        if (found.len > 0)
            *version = found;
        *at = end;
        return true;
    }
    return false;
}

bool pattern_find(const struct pattern *p, struct bytes *version, struct bytes line)
{
    struct bytes found = {NULL, 0};
    size_t at = 0;
    for (struct run run = {0, 0}; run.first < p->num_parts; run.first = run.end + 1) {
        run.end = run.first;
        while (run.end < p->num_parts && p->parts[run.end].kind != PATTERN_ANY)
            run.end++;
        if (!seek(p, &found, &at, run, line))
            return false;
    }
    if (found.len > 0)
        *version = found;
    return true;
}
