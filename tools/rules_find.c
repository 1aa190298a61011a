#include "tools/rules_find.h"

#include <errno.h>
#include <stdlib.h>

static uint8_t upper(uint8_t c)
{
    return c >= 'a' && c <= 'z' ? (uint8_t)(c - ('a' - 'A')) : c;
}

static void number_classes(struct finder *f, const struct finder_word *words, size_t num)
{
    f->num_classes = 1;
    for (size_t w = 0; w < num; w++)
        for (size_t i = 0; i < words[w].text.len; i++) {
            uint8_t c = words[w].text.data[i];
            if (f->class_of[c] == 0)
                f->class_of[c] = f->class_of[upper(c)] = (uint8_t)f->num_classes++;
        }
}

static bool reserve(struct finder *f, const struct finder_word *words, size_t num)
{
    f->cap_states = 1;
    for (size_t w = 0; w < num; w++)
        f->cap_states += words[w].text.len;
    f->next = calloc(f->cap_states * f->num_classes, sizeof f->next[0]);
    f->sets = calloc(f->cap_states, sizeof f->sets[0]);
    f->list = calloc(f->cap_states + 1, sizeof f->list[0]);
    return f->next != NULL && f->sets != NULL && f->list != NULL;
}

static uint32_t *next_of(const struct finder *f, size_t state, unsigned class)
{
    return &f->next[state * f->num_classes + class];
}

static struct finder_set *set_of(struct finder *f, size_t state)
{
    if (f->sets[state] == 0)
        f->sets[state] = (uint16_t)++f->num_sets;
    return &f->list[f->sets[state]];
}

static void add_word(struct finder *f, const struct finder_word *word)
{
    size_t state = 0;
    for (size_t i = 0; i < word->text.len; i++) {
        uint32_t *next = next_of(f, state, f->class_of[word->text.data[i]]);
        if (*next == 0)
            *next = (uint32_t)f->num_states++;
        state = *next;
    }
    set_of(f, state)->bits[word->owner / 64] |= UINT64_C(1) << word->owner % 64;
}

static void add_set(struct finder *f, size_t into, size_t from)
{
    if (f->sets[from] == 0)
        return;
    const struct finder_set *more = &f->list[f->sets[from]];
    struct finder_set *set = set_of(f, into);
    for (size_t i = 0; i < FINDER_WORDS; i++)
        set->bits[i] |= more->bits[i];
}

/* turns the tree of words into the machine, level by level: where a word cannot go on, the longest
 * one does that ends alike */
static bool link_states(struct finder *f)
{
    uint16_t *queue = malloc(f->num_states * sizeof queue[0]);
    uint16_t *shorter = calloc(f->num_states, sizeof shorter[0]);
    size_t head = 0, tail = 0;
    bool good = queue != NULL && shorter != NULL;
    if (good)
        queue[tail++] = 0;
    while (head < tail) {
        size_t state = queue[head++];
        for (unsigned c = 1; c < f->num_classes; c++) {
            uint32_t *next = next_of(f, state, c);
            uint32_t other = state == 0 ? 0 : *next_of(f, shorter[state], c);
            if (*next == 0) {
                *next = other;
                continue;
            }
            shorter[*next] = (uint16_t)other;
            add_set(f, *next, other);
            queue[tail++] = (uint16_t)*next;
        }
    }
    free(queue);
    free(shorter);
    return good;
}

/* makes rows of states, for the one addition that a step then is */
static void mark_rows(struct finder *f)
{
    for (size_t i = 0; i < f->num_states * f->num_classes; i++) {
        uint32_t state = f->next[i];
        f->next[i] = state * f->num_classes * 2 + (f->sets[state] != 0);
    }
}

int finder_init(struct finder *f, const struct finder_word *words, size_t num)
{
    *f = (struct finder){.num_states = 1};
    number_classes(f, words, num);
    bool good = reserve(f, words, num);
    int rc = f->cap_states > FINDER_STATES_MAX ? -E2BIG : good ? 0 : -ENOMEM;
    for (size_t w = 0; rc == 0 && w < num; w++)
        add_word(f, &words[w]);
    if (rc == 0 && !link_states(f))
        rc = -ENOMEM;
    if (rc == 0)
        mark_rows(f);
    else
        finder_cleanup(f);
    return rc;
}

void finder_cleanup(struct finder *f)
{
    free(f->next);
    free(f->sets);
    free(f->list);
    *f = (struct finder){0};
}

static void take_set(const struct finder *f, struct finder_set *out, uint32_t row)
{
    const struct finder_set *set = &f->list[f->sets[row / f->num_classes]];
    for (size_t w = 0; w < FINDER_WORDS; w++)
        out->bits[w] |= set->bits[w];
}

/* goes on from a row; returns the one that it ends in */
static uint32_t scan_from(const struct finder *f, struct finder_set *out, uint32_t row,
                          struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint32_t next = f->next[row + f->class_of[text.data[i]]];
        row = next / 2;
        if ((next & 1) != 0)
            take_set(f, out, row);
    }
    return row;
}

void finder_scan(const struct finder *f, struct finder_set *out, struct bytes text)
{
    *out = (struct finder_set){{0}};
    scan_from(f, out, 0, text);
}

static struct finder_tail *tail_of(struct finder_memo *memo, uint32_t row, struct bytes text)
{
    uint64_t h = row, part;
    for (size_t i = 0; text.len - i >= sizeof part; i += sizeof part) {
        memcpy(&part, text.data + i, sizeof part);
        h = (h ^ part) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }
    return &memo->tails[(h ^ text.len) % FINDER_TAILS];
}

void finder_recall(const struct finder *f, struct finder_memo *memo, struct finder_set *out,
                   struct bytes text, size_t at)
{
    struct bytes tail = bytes_of(text.data + at, text.len - at);
    *out = (struct finder_set){{0}};
    uint32_t row = scan_from(f, out, 0, bytes_of(text.data, at));
    if (tail.len == 0 || tail.len > FINDER_TAIL_MAX) {
        scan_from(f, out, row, tail);
        return;
    }
    struct finder_tail *known = tail_of(memo, row, tail);
    if (known->row != row || !bytes_equal(bytes_of(known->text, known->len), tail)) {
        known->row = row;
        known->len = (uint16_t)tail.len;
        known->set = (struct finder_set){{0}};
        memcpy(known->text, tail.data, tail.len);
        scan_from(f, &known->set, row, tail);
    }
    for (size_t w = 0; w < FINDER_WORDS; w++)
        out->bits[w] |= known->set.bits[w];
}
