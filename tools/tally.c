#include "tools/tally.h"

#include <stdlib.h>
#include <sys/auxv.h>

enum { CAP_MIN = 16 };

/* ---- numbers ---- */

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return x;
}

void tally_init(struct tally *t)
{
    *t = (struct tally){0};
}

void tally_cleanup(struct tally *t)
{
    free(t->slots);
    tally_init(t);
}

static struct tally_row *slot_of(struct tally_row *slots, size_t cap, uint64_t key)
{
    size_t i = mix(key) & (cap - 1);
    while (slots[i].count > 0 && slots[i].key != key)
        i = (i + 1) & (cap - 1);
    return &slots[i];
}

static bool grow(struct tally *t)
{
    size_t cap = t->cap > 0 ? 2 * t->cap : CAP_MIN;
    struct tally_row *slots = calloc(cap, sizeof slots[0]);
    if (slots == NULL) {
        t->bad = true;
        return false;
    }
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].count > 0)
            *slot_of(slots, cap, t->slots[i].key) = t->slots[i];
    free(t->slots);
    t->slots = slots;
    t->cap = cap;
    return true;
}

void tally_add_any(struct tally *t, uint64_t key, uint64_t count)
{
    if (count == 0 || (2 * t->num >= t->cap && !grow(t)))
        return;
    struct tally_row *slot = slot_of(t->slots, t->cap, key);
    if (slot->count == 0) {
        slot->key = key;
        t->num++;
    }
    slot->count += count;
}

/* not inline: gcc 12 takes a call that does nothing but this for one without effect */
void tally_near(const struct tally *t, uint64_t key)
{
    if (t->cap > 0)
        __builtin_prefetch(tally_slot(t, key));
}

uint64_t tally_get(const struct tally *t, uint64_t key)
{
    return t->cap == 0 ? 0 : slot_of(t->slots, t->cap, key)->count;
}

bool tally_next(const struct tally *t, size_t *at, struct tally_row *row)
{
    while (*at < t->cap && t->slots[*at].count == 0)
        ++*at;
    if (*at == t->cap)
        return false;
    *row = t->slots[(*at)++];
    return true;
}

uint64_t tally_sum(const struct tally *t)
{
    uint64_t sum = 0;
    struct tally_row row;
    for (size_t at = 0; tally_next(t, &at, &row);)
        sum += row.count;
    return sum;
}

void tally_merge(struct tally *into, const struct tally *from)
{
    struct tally_row row;
    for (size_t at = 0; tally_next(from, &at, &row);)
        tally_add(into, row.key, row.count);
    into->bad |= from->bad;
}

/* ---- words ---- */

static uint64_t fold(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(const struct word_tally *t, struct bytes word)
{
    uint64_t h = t->secret[0] ^ word.len, part = 0;
    size_t i = 0;
    for (; word.len - i >= sizeof part; i += sizeof part) {
        memcpy(&part, word.data + i, sizeof part);
        h = fold(h ^ part, t->secret[1]);
    }
    part = 0;
    if (i < word.len)
        memcpy(&part, word.data + i, word.len - i);
    return mix(fold(h ^ part, t->secret[1]));
}

/* 16 octets of the kernel's that each process has of its own (getauxval(3)) */
static void take_secret(struct word_tally *t)
{
    const void *random = (const void *)getauxval(AT_RANDOM);
    if (random != NULL)
        memcpy(t->secret, random, sizeof t->secret);
    t->secret[1] |= 1;
}

void word_tally_init(struct word_tally *t)
{
    *t = (struct word_tally){0};
}

void word_tally_cleanup(struct word_tally *t)
{
    for (size_t i = 0; i < t->num; i++)
        free((void *)t->words[i].text.data);
    free(t->words);
    free(t->slots);
    word_tally_init(t);
}

static size_t word_slot(const struct word_tally *t, struct bytes word, uint64_t hash)
{
    size_t i = hash & (t->num_slots - 1);
    while (t->slots[i] != 0) {
        const struct word *w = &t->words[t->slots[i] - 1];
        if (w->hash == hash && bytes_equal(w->text, word))
            break;
        i = (i + 1) & (t->num_slots - 1);
    }
    return i;
}

static bool grow_slots(struct word_tally *t)
{
    size_t num_slots = t->num_slots > 0 ? 2 * t->num_slots : CAP_MIN;
    uint32_t *slots = calloc(num_slots, sizeof slots[0]);
    if (slots == NULL)
        return false;
    for (size_t i = 0; i < t->num; i++) {
        size_t at = t->words[i].hash & (num_slots - 1);
        while (slots[at] != 0)
            at = (at + 1) & (num_slots - 1);
        slots[at] = (uint32_t)i + 1;
    }
    if (t->num_slots == 0)
        take_secret(t);
    free(t->slots);
    t->slots = slots;
    t->num_slots = num_slots;
    return true;
}

static bool grow_words(struct word_tally *t)
{
    size_t cap = t->cap > 0 ? 2 * t->cap : CAP_MIN;
    struct word *words = realloc(t->words, cap * sizeof words[0]);
    if (words == NULL)
        return false;
    t->words = words;
    t->cap = cap;
    return true;
}

/* puts a new word behind the others; false without memory */
static bool append(struct word_tally *t, struct bytes word, uint64_t hash)
{
    if (t->num >= WORD_NONE - 1 || (t->num == t->cap && !grow_words(t)))
        return false;
    uint8_t *copy = malloc(word.len > 0 ? word.len : 1);
    if (copy == NULL)
        return false;
    if (word.len > 0)
        memcpy(copy, word.data, word.len);
    t->words[t->num++] = (struct word){bytes_of(copy, word.len), 0, hash};
    t->text_octets += word.len;
    return true;
}

uint32_t word_tally_add(struct word_tally *t, struct bytes word, uint64_t count)
{
    if (2 * t->num >= t->num_slots && !grow_slots(t)) {
        t->bad = true;
        return WORD_NONE;
    }
    uint64_t hash = hash_of(t, word);
    size_t slot = word_slot(t, word, hash);
    if (t->slots[slot] == 0) {
        if (!append(t, word, hash)) {
            t->bad = true;
            return WORD_NONE;
        }
        t->slots[slot] = (uint32_t)t->num;
    }
    uint32_t index = t->slots[slot] - 1;
    t->words[index].count += count;
    return index;
}

uint32_t word_tally_find(const struct word_tally *t, struct bytes word)
{
    if (t->num_slots == 0)
        return WORD_NONE;
    uint32_t slot = t->slots[word_slot(t, word, hash_of(t, word))];
    return slot == 0 ? WORD_NONE : slot - 1;
}

uint64_t word_tally_octets(const struct word_tally *t)
{
    enum { PER_TEXT = 24 }; /* what an allocation takes beside its octets, about */
    return t->num * (sizeof t->words[0] + PER_TEXT) + t->num_slots * sizeof t->slots[0] +
           t->text_octets;
}

void word_tally_merge(struct word_tally *into, const struct word_tally *from)
{
    for (size_t i = 0; i < from->num; i++)
        word_tally_add(into, from->words[i].text, from->words[i].count);
    into->bad |= from->bad;
}
