#include "tools/rules.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/rules_private.h"

enum { CODE_LEN = 3, PREFIX_LEN = 4 };

/* ---- life ---- */

/* the condition whose literal tells most: every match has it */
static const struct rule_condition *key_of(const struct rules *r, const struct rule *rule)
{
    const struct rule_condition *best = NULL;
    for (size_t i = rule->first; i < rule->first + rule->num; i++) {
        const struct rule_condition *c = &r->conditions[i];
        bool better = best == NULL || c->field < best->field ||
                      (c->field == best->field &&
                       pattern_key(&c->pattern).len > pattern_key(&best->pattern).len);
        if (!c->negated && better)
            best = c;
    }
    return best;
}

int rules_compile(struct rules *r)
{
    struct finder_word *words = malloc((r->num + 1) * sizeof words[0]);
    int rc = words != NULL ? 0 : -ENOMEM;
    for (size_t f = 0; rc == 0 && f < NUM_RULE_FIELDS; f++) {
        size_t num = 0;
        r->first_of[f] = r->num;
        for (size_t i = 0; i < r->num; i++) {
            const struct rule_condition *key = key_of(r, &r->list[i]);
            if (key->field != f)
                continue;
            if (num == 0)
                r->first_of[f] = i;
            words[num++] = (struct finder_word){pattern_key(&key->pattern), (unsigned)i};
        }
        rc = finder_init(&r->finders[f], words, num);
    }
    free(words);
    return rc;
}

void rules_free(struct rules *r)
{
    if (r == NULL)
        return;
    for (size_t f = 0; f < NUM_RULE_FIELDS; f++)
        finder_cleanup(&r->finders[f]);
    free(r->list);
    free(r->conditions);
    free(r->names);
    free(r);
}

const char *rules_version(const struct rules *r)
{
    return r->version;
}

size_t rules_num_names(const struct rules *r)
{
    return r->num_names;
}

const char *rules_name(const struct rules *r, uint32_t name)
{
    return r->names[name];
}

/* ---- matching ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_coded(struct bytes line)
{
    for (size_t i = 0; i < CODE_LEN; i++)
        if (line.len < PREFIX_LEN || !is_digit(line.data[i]))
            return false;
    return line.data[CODE_LEN] == '-' || line.data[CODE_LEN] == ' ';
}

/* takes a line off *text: what follows the code, without blanks at its end */
static struct bytes take_line(struct bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->len);
    struct bytes line = bytes_of(text->data, end != NULL ? (size_t)(end - text->data) : text->len);
    size_t used = end != NULL ? line.len + 1 : line.len;
    *text = bytes_of(text->data + used, text->len - used);
    while (line.len > 0 && strchr(" \t\r", line.data[line.len - 1]) != NULL &&
           line.data[line.len - 1] != '\0')
        line.len--;
    return is_coded(line) ? bytes_of(line.data + PREFIX_LEN, line.len - PREFIX_LEN) : line;
}

static bool condition_holds(const struct rule_condition *c, struct bytes *version,
                            struct bytes text)
{
    bool found = false;
    if (text.len == 0)
        return false;
    while (!found && text.len > 0)
        found = pattern_find(&c->pattern, version, take_line(&text));
    return found != c->negated;
}

static bool rule_holds(const struct rules *r, struct bytes *version, const struct rule *rule,
                       const struct bytes texts[NUM_RULE_FIELDS])
{
    struct bytes found = {NULL, 0}, ignored;
    for (size_t i = rule->first; i < rule->first + rule->num; i++) {
        const struct rule_condition *c = &r->conditions[i];
        if (!condition_holds(c, c->negated ? &ignored : &found, texts[c->field]))
            return false;
    }
    *version = found;
    return true;
}

/* the first rule below end, among those of the set, that holds; end: none */
static size_t first_that_holds(const struct rules *r, struct bytes *version,
                               const struct finder_set *set, size_t end,
                               const struct bytes texts[NUM_RULE_FIELDS])
{
    for (size_t w = 0; w < FINDER_WORDS; w++)
        for (uint64_t bits = set->bits[w]; bits != 0; bits &= bits - 1) {
            size_t i = 64 * w + (size_t)__builtin_ctzll(bits);
            if (i >= end)
                return end;
            if (rule_holds(r, version, &r->list[i], texts))
                return i;
        }
    return end;
}

struct rules_memo {
    struct finder_memo fields[NUM_RULE_FIELDS];
};

struct rules_memo *rules_memo_new(void)
{
    return calloc(1, sizeof(struct rules_memo));
}

void rules_memo_free(struct rules_memo *memo)
{
    free(memo);
}

/* where the first word behind the code ends */
static size_t word_end(struct bytes text)
{
    size_t at = text.len < PREFIX_LEN ? text.len : PREFIX_LEN;
    while (at < text.len && text.data[at] > ' ')
        at++;
    return at;
}

/* memo NULL: none */
static bool match(const struct rules *r, struct rules_memo *memo, struct rule_match *out,
                  const struct bytes texts[NUM_RULE_FIELDS])
{
    struct bytes cut[NUM_RULE_FIELDS], version = {NULL, 0};
    size_t best = r->num;
    for (size_t f = 0; f < NUM_RULE_FIELDS; f++)
        cut[f] =
            bytes_of(texts[f].data, texts[f].len < RULES_TEXT_MAX ? texts[f].len : RULES_TEXT_MAX);
    for (size_t f = 0; f < NUM_RULE_FIELDS; f++) {
        struct finder_set set;
        if (r->first_of[f] >= best || cut[f].len == 0)
            continue;
        if (memo != NULL)
            finder_recall(&r->finders[f], &memo->fields[f], &set, cut[f], word_end(cut[f]));
        else
            finder_scan(&r->finders[f], &set, cut[f]);
        best = first_that_holds(r, &version, &set, best, cut);
    }
    if (best == r->num)
        return false;
    *out = (struct rule_match){.name = r->list[best].name, .version = version};
    return true;
}

bool rules_match(const struct rules *r, struct rule_match *out,
                 const struct bytes texts[NUM_RULE_FIELDS])
{
    return match(r, NULL, out, texts);
}

bool rules_recall(const struct rules *r, struct rules_memo *memo, struct rule_match *out,
                  const struct bytes texts[NUM_RULE_FIELDS])
{
    return match(r, memo, out, texts);
}
