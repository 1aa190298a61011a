#include "tools/ehlo_table.h"

#include <stdlib.h>
#include <strings.h>

#include "core/anomalies.h"
#include "tools/cluster.h"

enum {
    TAIL_MAX = 4096, /* octets of a tail that is remembered */
    LINE_MAX_LEN = 48,
    LINES_MAX = 512,
    VALUE_MAX = 20, /* octets of a size (RFC 1870) or of a mechanism (RFC 4422) */
    TEXT_MAX = LINES_MAX * (LINE_MAX_LEN + 1)
};

struct line {
    char text[LINE_MAX_LEN];
    uint8_t len;
};

struct lines {
    struct line list[LINES_MAX]; /* more are not looked at */
    size_t num;
};

void ehlo_table_init(struct ehlo_table *t)
{
    *t = (struct ehlo_table){0};
    word_tally_init(&t->classes);
    word_tally_init(&t->tails);
}

void ehlo_table_cleanup(struct ehlo_table *t)
{
    word_tally_cleanup(&t->classes);
    word_tally_cleanup(&t->tails);
    free(t->facts);
    free(t->class_of_tail);
    ehlo_table_init(t);
}

/* ---- lines of a class ---- */

static void put_line(struct lines *l, const char *prefix, struct bytes text)
{
    size_t len = strlen(prefix);
    if (l->num == LINES_MAX || len + text.len > LINE_MAX_LEN)
        return;
    struct line *line = &l->list[l->num++];
    memcpy(line->text, prefix, len);
    if (text.len > 0)
        memcpy(line->text + len, text.data, text.len);
    line->len = (uint8_t)(len + text.len);
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* takes a word off what follows a keyword; false at the end of the line */
static bool take_value(struct bytes *rest, struct bytes *value)
{
    while (rest->len > 0 && is_blank(rest->data[0]))
        *rest = bytes_of(rest->data + 1, rest->len - 1);
    size_t len = 0;
    while (len < rest->len && !is_blank(rest->data[len]))
        len++;
    *value = bytes_of(rest->data, len);
    *rest = bytes_of(rest->data + len, rest->len - len);
    return len > 0;
}

static void put_size(struct lines *l, struct bytes rest)
{
    struct bytes value;
    if (!take_value(&rest, &value)) {
        put_line(l, "SIZE=", value);
        return;
    }
    bool good = value.len <= VALUE_MAX;
    for (size_t i = 0; good && i < value.len; i++)
        good = value.data[i] >= '0' && value.data[i] <= '9';
    while (value.len > 1 && value.data[0] == '0') /* one number, one text */
        value = bytes_of(value.data + 1, value.len - 1);
    put_line(l, "SIZE=", good ? value : bytes_text("?"));
}

static void put_mechanisms(struct lines *l, struct bytes rest)
{
    struct bytes value;
    while (take_value(&rest, &value)) {
        char name[VALUE_MAX];
        bool good = value.len <= VALUE_MAX;
        for (size_t i = 0; good && i < value.len; i++) {
            uint8_t c = value.data[i];
            name[i] = (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
            good = (name[i] >= 'A' && name[i] <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                   c == '_';
        }
        put_line(l, "AUTH=", good ? bytes_of(name, value.len) : bytes_text("?"));
    }
}

static bool begins(struct bytes word, const char *prefix)
{
    size_t len = strlen(prefix);
    return word.len >= len && strncasecmp((const char *)word.data, prefix, len) == 0;
}

static void put_values(struct lines *l, struct bytes reply)
{
    struct bytes left = reply, word;
    const uint8_t *end = reply.data + reply.len;
    for (bool first = true; reply_word_next(&left, &word); first = false) {
        const uint8_t *line_end = left.len > 0 ? left.data - 1 : end;
        size_t used = begins(word, "AUTH=") ? 5 : word.len;
        if (first || word.len == 0 || word.data + used > line_end)
            continue;
        struct bytes rest = bytes_of(word.data + used, (size_t)(line_end - word.data) - used);
        if (rest.len > 0 && rest.data[rest.len - 1] == '\n')
            rest.len--;
        if (word.len == 4 && begins(word, "SIZE"))
            put_size(l, rest);
        else if (used == 5 || (word.len == 4 && begins(word, "AUTH")))
            put_mechanisms(l, rest);
    }
}

static uint32_t put_anomalies(struct lines *l, struct bytes reply)
{
    struct record r;
    record_init(&r);
    r.text[TEXT_EHLO] = reply;
    uint32_t found = anomalies_of(&r);
    for (unsigned i = 0; i < NUM_ANOMALIES; i++)
        if (found >> i & 1)
            put_line(l, "!", bytes_text(anomaly_slug(i)));
    return found;
}

static int compare_lines(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = memcmp(x->text, y->text, len);
    return order != 0 ? order : x->len - y->len;
}

/* ---- classes ---- */

static bool note_facts(struct ehlo_table *t, uint32_t class, struct ehlo_facts facts)
{
    if (class >= t->facts_cap) {
        size_t cap = 2 * (size_t) class + 16;
        struct ehlo_facts *bigger = realloc(t->facts, cap * sizeof bigger[0]);
        if (bigger == NULL)
            return false;
        t->facts = bigger;
        t->facts_cap = cap;
    }
    t->facts[class] = facts;
    return true;
}

static uint32_t add_class(struct ehlo_table *t, struct bytes text, struct ehlo_facts facts)
{
    uint32_t class = word_tally_add(&t->classes, text, 0);
    if (class >= 1U << EHLO_CLASS_BITS || !note_facts(t, class, facts)) {
        t->bad = true;
        return EHLO_NONE;
    }
    return class;
}

static uint32_t classify(struct ehlo_table *t, struct bytes reply)
{
    struct lines *l = malloc(sizeof *l);
    char *text = malloc(TEXT_MAX);
    uint32_t class = EHLO_NONE;
    t->bad |= l == NULL || text == NULL;
    if (!t->bad) {
        size_t len = 0;
        struct ehlo_facts facts;
        l->num = 0;
        extensions_read(&t->scratch, reply);
        for (size_t i = 0; i < t->scratch.num; i++)
            put_line(l, t->scratch.list[i].len == 0 ? "?" : "",
                     bytes_of(t->scratch.list[i].text, t->scratch.list[i].len));
        facts.anomalies = put_anomalies(l, reply); /* before values: those may be too many */
        put_values(l, reply);
        facts.keywords = cluster_keywords(&t->scratch);
        facts.starttls = extensions_offer(&t->scratch, "STARTTLS");
        qsort(l->list, l->num, sizeof l->list[0], compare_lines);
        for (size_t i = 0; i < l->num; i++) {
            if (i > 0 && compare_lines(&l->list[i - 1], &l->list[i]) == 0)
                continue;
            memcpy(text + len, l->list[i].text, l->list[i].len);
            len += l->list[i].len;
            text[len++] = '\n';
        }
        class = add_class(t, bytes_of(text, len), facts);
    }
    free(l);
    free(text);
    return class;
}

static bool remember(struct ehlo_table *t, struct bytes tail, uint32_t class)
{
    uint32_t index = word_tally_add(&t->tails, tail, 0);
    if (index == WORD_NONE)
        return false;
    if (index >= t->tails_cap) {
        size_t cap = 2 * (size_t)index + 16;
        uint32_t *bigger = realloc(t->class_of_tail, cap * sizeof bigger[0]);
        if (bigger == NULL)
            return false;
        t->class_of_tail = bigger;
        t->tails_cap = cap;
    }
    t->class_of_tail[index] = class;
    return true;
}

uint32_t ehlo_table_add(struct ehlo_table *t, struct bytes reply)
{
    struct bytes tail = reply, word;
    bool any = reply_word_next(&tail, &word);
    /* a first line that says STARTTLS offers it */
    bool usual = any && tail.len <= TAIL_MAX && !begins(word, "STARTTLS");
    uint32_t known = usual ? word_tally_find(&t->tails, tail) : WORD_NONE;
    if (known != WORD_NONE)
        return t->class_of_tail[known];
    uint32_t class = classify(t, reply);
    if (usual && class != EHLO_NONE && !remember(t, tail, class))
        t->bad = true;
    return class;
}

void ehlo_table_merge(struct ehlo_table *into, uint32_t *indexes, const struct ehlo_table *from)
{
    for (size_t i = 0; i < from->classes.num; i++)
        indexes[i] = add_class(into, from->classes.words[i].text, from->facts[i]);
    into->bad |= from->bad;
}

bool ehlo_line_next(struct bytes *class, struct bytes *line)
{
    if (class->len == 0)
        return false;
    const uint8_t *end = memchr(class->data, '\n', class->len);
    size_t len = end != NULL ? (size_t)(end - class->data) : class->len;
    *line = bytes_of(class->data, len);
    size_t used = end != NULL ? len + 1 : len;
    *class = bytes_of(class->data + used, class->len - used);
    return true;
}

bool ehlo_class_has(struct bytes class, struct bytes line)
{
    struct bytes each;
    while (ehlo_line_next(&class, &each))
        if (bytes_equal(each, line))
            return true;
    return false;
}
