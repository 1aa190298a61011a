#include "tools/chain_table.h"

#include <stdlib.h>

enum { CAP_MIN = 64 };

void chain_table_init(struct chain_table *t)
{
    *t = (struct chain_table){0};
    word_tally_init(&t->responses);
}

void chain_table_cleanup(struct chain_table *t)
{
    free(t->entries);
    free(t->staples);
    free(t->slots);
    free(t->staple_slots);
    free(t->certs);
    free(t->spans);
    word_tally_cleanup(&t->responses);
    chain_table_init(t);
}

/* makes room for `more` items in a list; false without memory, and *list is as it was */
static bool reserve(void **list, size_t *cap, size_t num, size_t more, size_t size)
{
    size_t wanted = *cap > 0 ? *cap : CAP_MIN;
    if (num + more <= *cap)
        return true;
    while (wanted < num + more)
        wanted *= 2;
    void *bigger = wanted < UINT32_MAX ? realloc(*list, wanted * size) : NULL;
    if (bigger == NULL)
        return false;
    *list = bigger;
    *cap = wanted;
    return true;
}

/* ---- hashes ---- */

static uint64_t mix(uint64_t h, uint64_t x)
{
    h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

/* the certificates' hashes are as good as random: their octets only have to be kept in order */
static void key_of(uint64_t key[2], const uint8_t (*sha256)[32], uint16_t num, bool cut)
{
    key[0] = mix(num, cut);
    key[1] = mix(~(uint64_t)num, cut);
    for (size_t i = 0; i < num; i++) {
        uint64_t words[4];
        memcpy(words, sha256[i], sizeof words);
        key[0] = mix(mix(key[0], words[0]), words[2]);
        key[1] = mix(mix(key[1], words[1]), words[3]);
    }
}

static size_t slot_of(const struct chain_table *t, const uint64_t key[2])
{
    size_t i = key[0] & (t->num_slots - 1);
    while (t->slots[i] != 0 && memcmp(t->entries[t->slots[i] - 1].key, key, 16) != 0)
        i = (i + 1) & (t->num_slots - 1);
    return i;
}

static size_t staple_slot(const struct chain_table *t, uint32_t chain, uint32_t text)
{
    size_t i = mix(chain, text) & (t->num_staple_slots - 1);
    while (t->staple_slots[i] != 0) {
        const struct staple_entry *e = &t->staples[t->staple_slots[i] - 1];
        if (e->chain == chain && e->text == text)
            break;
        i = (i + 1) & (t->num_staple_slots - 1);
    }
    return i;
}

static uint32_t *new_slots(size_t *num)
{
    size_t wanted = *num > 0 ? 2 * *num : CAP_MIN;
    uint32_t *slots = calloc(wanted, sizeof slots[0]);
    if (slots != NULL)
        *num = wanted;
    return slots;
}

static bool grow_slots(struct chain_table *t)
{
    uint32_t *slots = new_slots(&t->num_slots);
    if (slots == NULL)
        return false;
    free(t->slots);
    t->slots = slots;
    for (size_t i = 0; i < t->num; i++)
        slots[slot_of(t, t->entries[i].key)] = (uint32_t)i + 1;
    return true;
}

static bool grow_staple_slots(struct chain_table *t)
{
    uint32_t *slots = new_slots(&t->num_staple_slots);
    if (slots == NULL)
        return false;
    free(t->staple_slots);
    t->staple_slots = slots;
    for (size_t i = 0; i < t->num_staples; i++)
        slots[staple_slot(t, t->staples[i].chain, t->staples[i].text)] = (uint32_t)i + 1;
    return true;
}

/* ---- chains ---- */

uint32_t chain_table_find(const struct chain_table *t, const uint8_t (*sha256)[32], uint16_t num,
                          bool cut)
{
    uint64_t key[2];
    if (t->num_slots == 0)
        return CHAIN_NONE_KNOWN;
    key_of(key, sha256, num, cut);
    uint32_t slot = t->slots[slot_of(t, key)];
    return slot > 0 ? slot - 1 : CHAIN_NONE_KNOWN;
}

void chain_table_near(const struct chain_table *t, const uint8_t (*sha256)[32], uint16_t num,
                      bool cut, unsigned near)
{
    uint64_t key[2];
    if (t->num_slots == 0)
        return;
    key_of(key, sha256, num, cut);
    const uint32_t *slot = &t->slots[key[0] & (t->num_slots - 1)];
    if (near == 0)
        __builtin_prefetch(slot);
    else if (*slot != 0)
        __builtin_prefetch(&t->entries[*slot - 1]);
}

static uint32_t append(struct chain_table *t, const uint64_t key[2], uint16_t num, bool cut)
{
    if (!reserve((void **)&t->entries, &t->cap, t->num, 1, sizeof t->entries[0]) ||
        !reserve((void **)&t->certs, &t->certs_cap, t->num_certs, num, sizeof t->certs[0])) {
        t->bad = true;
        return CHAIN_NONE_KNOWN;
    }
    t->entries[t->num] = (struct chain_entry){.key = {key[0], key[1]},
                                              .first_cert = (uint32_t)t->num_certs,
                                              .num = num,
                                              .cut = cut,
                                              .first_s = INT64_MAX,
                                              .last_s = INT64_MIN};
    t->num_certs += num;
    return (uint32_t)t->num++;
}

uint32_t chain_table_add(struct chain_table *t, struct cert_table *certs,
                         const uint8_t (*sha256)[32], uint16_t num, bool cut)
{
    uint64_t key[2];
    key_of(key, sha256, num, cut);
    if (2 * t->num >= t->num_slots && !grow_slots(t)) {
        t->bad = true;
        return CHAIN_NONE_KNOWN;
    }
    size_t slot = slot_of(t, key);
    if (t->slots[slot] != 0)
        return t->slots[slot] - 1;
    uint32_t index = append(t, key, num, cut);
    if (index == CHAIN_NONE_KNOWN)
        return index;
    t->slots[slot] = index + 1;
    for (size_t i = 0; i < num; i++)
        t->certs[t->entries[index].first_cert + i] = cert_table_find(certs, sha256[i]);
    return index;
}

void chain_table_seen(struct chain_table *t, uint32_t chain, int64_t start_s)
{
    struct chain_entry *e = &t->entries[chain];
    e->first_s = start_s < e->first_s ? start_s : e->first_s;
    e->last_s = start_s > e->last_s ? start_s : e->last_s;
}

static uint32_t weigh(const struct chain_table *t, const struct chain_entry *e,
                      const struct cert_table *certs)
{
    uint32_t octets = 0;
    for (size_t i = 0; i < e->num; i++) {
        const struct cert_entry *cert = &certs->entries[t->certs[e->first_cert + i]];
        if (cert->state == CERT_UNSEEN || e->cut)
            return CHAIN_OCTETS_UNKNOWN;
        octets += cert->der_len;
    }
    return octets;
}

void chain_table_weigh(struct chain_table *t, const struct cert_table *certs)
{
    for (size_t i = 0; i < t->num; i++)
        t->entries[i].octets = weigh(t, &t->entries[i], certs);
}

uint64_t chain_table_octets(const struct chain_table *t)
{
    return t->num * sizeof t->entries[0] + t->num_staples * sizeof t->staples[0] +
           (t->num_slots + t->num_staple_slots + t->num_certs) * sizeof t->slots[0] +
           t->num_spans * sizeof t->spans[0] + word_tally_octets(&t->responses);
}

/* ---- OCSP responses ---- */

static void add_staple(struct chain_table *t, uint32_t chain, uint32_t text, int64_t first_s,
                       int64_t last_s)
{
    if (text == WORD_NONE || (2 * t->num_staples >= t->num_staple_slots && !grow_staple_slots(t)) ||
        !reserve((void **)&t->staples, &t->staples_cap, t->num_staples, 1, sizeof t->staples[0])) {
        t->bad = true;
        return;
    }
    size_t slot = staple_slot(t, chain, text);
    if (t->staple_slots[slot] == 0) {
        t->staples[t->num_staples++] = (struct staple_entry){
            .chain = chain, .text = text, .first_s = first_s, .last_s = last_s};
        t->staple_slots[slot] = (uint32_t)t->num_staples;
    }
    struct staple_entry *e = &t->staples[t->staple_slots[slot] - 1];
    e->first_s = first_s < e->first_s ? first_s : e->first_s;
    e->last_s = last_s > e->last_s ? last_s : e->last_s;
}

void chain_table_staple(struct chain_table *t, uint32_t chain, struct bytes response,
                        int64_t start_s)
{
    add_staple(t, chain, word_tally_add(&t->responses, response, 0), start_s, start_s);
}

uint32_t chain_table_response(const struct chain_table *t, uint32_t chain, struct bytes response)
{
    uint32_t text = word_tally_find(&t->responses, response);
    if (text == WORD_NONE || t->num_staple_slots == 0)
        return CHAIN_NONE_KNOWN;
    uint32_t slot = t->staple_slots[staple_slot(t, chain, text)];
    return slot > 0 ? slot - 1 : CHAIN_NONE_KNOWN;
}

/* ---- judgements ---- */

void chain_table_judged(struct chain_table *t, struct span_list *out,
                        const struct chain_span *spans, size_t num)
{
    if (!reserve((void **)&t->spans, &t->spans_cap, t->num_spans, num, sizeof t->spans[0])) {
        t->bad = true;
        return;
    }
    *out = (struct span_list){(uint32_t)t->num_spans, (uint32_t)num};
    memcpy(&t->spans[t->num_spans], spans, num * sizeof spans[0]);
    t->num_spans += num;
}

const struct chain_span *span_at(const struct chain_table *t, const struct span_list *spans,
                                 int64_t time_s)
{
    for (uint32_t i = 0; i < spans->num; i++)
        if (time_s < t->spans[spans->first + i].until_s)
            return &t->spans[spans->first + i];
    return NULL;
}

/* ---- merging ---- */

static uint32_t merge_chain(struct chain_table *into, const struct chain_table *from,
                            const struct chain_entry *theirs, const uint32_t *certs)
{
    if (2 * into->num >= into->num_slots && !grow_slots(into)) {
        into->bad = true;
        return CHAIN_NONE_KNOWN;
    }
    size_t slot = slot_of(into, theirs->key);
    if (into->slots[slot] == 0) {
        uint32_t index = append(into, theirs->key, theirs->num, theirs->cut);
        if (index == CHAIN_NONE_KNOWN)
            return index;
        into->slots[slot] = index + 1;
        for (size_t i = 0; i < theirs->num; i++)
            into->certs[into->entries[index].first_cert + i] =
                certs[from->certs[theirs->first_cert + i]];
    }
    struct chain_entry *ours = &into->entries[into->slots[slot] - 1];
    ours->first_s = theirs->first_s < ours->first_s ? theirs->first_s : ours->first_s;
    ours->last_s = theirs->last_s > ours->last_s ? theirs->last_s : ours->last_s;
    return into->slots[slot] - 1;
}

void chain_table_merge(struct chain_table *into, const struct chain_table *from,
                       const uint32_t *certs)
{
    uint32_t *indexes = malloc((from->num + 1) * sizeof indexes[0]);
    into->bad |= from->bad || indexes == NULL;
    for (size_t i = 0; !into->bad && i < from->num; i++)
        indexes[i] = merge_chain(into, from, &from->entries[i], certs);
    for (size_t i = 0; !into->bad && i < from->num_staples; i++) {
        const struct staple_entry *theirs = &from->staples[i];
        struct bytes text = from->responses.words[theirs->text].text;
        add_staple(into, indexes[theirs->chain], word_tally_add(&into->responses, text, 0),
                   theirs->first_s, theirs->last_s);
    }
    free(indexes);
}
