#include "tools/cert_table.h"

#include <stdlib.h>

enum { CAP_MIN = 64 };

void cert_table_init(struct cert_table *t)
{
    *t = (struct cert_table){0};
    word_tally_init(&t->issuers);
}

void cert_table_cleanup(struct cert_table *t)
{
    free(t->entries);
    free(t->slots);
    word_tally_cleanup(&t->issuers);
    cert_table_init(t);
}

static uint64_t hash_of(const uint8_t sha256[32])
{
    uint64_t h;
    memcpy(&h, sha256, sizeof h);
    return h;
}

static size_t slot_of(const struct cert_table *t, const uint8_t sha256[32])
{
    size_t i = hash_of(sha256) & (t->num_slots - 1);
    while (t->slots[i] != 0 && memcmp(t->entries[t->slots[i] - 1].sha256, sha256, 32) != 0)
        i = (i + 1) & (t->num_slots - 1);
    return i;
}

static bool grow_slots(struct cert_table *t)
{
    size_t num_slots = t->num_slots > 0 ? 2 * t->num_slots : CAP_MIN;
    uint32_t *slots = calloc(num_slots, sizeof slots[0]);
    if (slots == NULL)
        return false;
    free(t->slots);
    t->slots = slots;
    t->num_slots = num_slots;
    for (size_t i = 0; i < t->num; i++)
        t->slots[slot_of(t, t->entries[i].sha256)] = (uint32_t)i + 1;
    return true;
}

static bool grow_entries(struct cert_table *t)
{
    size_t cap = t->cap > 0 ? 2 * t->cap : CAP_MIN;
    struct cert_entry *entries = realloc(t->entries, cap * sizeof entries[0]);
    if (entries == NULL)
        return false;
    t->entries = entries;
    t->cap = cap;
    return true;
}

uint32_t cert_table_find(struct cert_table *t, const uint8_t sha256[32])
{
    if (2 * t->num >= t->num_slots && !grow_slots(t)) {
        t->bad = true;
        return CERT_NONE;
    }
    size_t slot = slot_of(t, sha256);
    if (t->slots[slot] == 0) {
        if (t->num >= CERT_NONE - 1 || (t->num == t->cap && !grow_entries(t))) {
            t->bad = true;
            return CERT_NONE;
        }
        struct cert_entry *entry = &t->entries[t->num++];
        *entry = (struct cert_entry){.state = CERT_UNSEEN, .issuer = WORD_NONE};
        memcpy(entry->sha256, sha256, 32);
        t->slots[slot] = (uint32_t)t->num;
    }
    return t->slots[slot] - 1;
}

static void take_facts(struct cert_entry *entry, struct word_tally *issuers,
                       const struct cert_facts *f)
{
    memcpy(entry->spki_sha256, f->spki_sha256, 32);
    entry->has_validity = f->has_validity;
    entry->not_before = f->not_before;
    entry->not_after = f->not_after;
    entry->key_type = (uint8_t)f->key_type;
    entry->key_bits = f->key_bits;
    entry->curve = f->curve;
    entry->sig_alg = f->sig_alg;
    entry->self_issued = f->self_issued;
    entry->issuer =
        word_tally_add(issuers, f->issuer_org.len > 0 ? f->issuer_org : f->issuer_cn, 0);
}

uint32_t cert_table_learn(struct cert_table *t, const uint8_t sha256[32], struct bytes der)
{
    uint32_t index = cert_table_find(t, sha256);
    if (index == CERT_NONE || t->entries[index].state != CERT_UNSEEN)
        return index;
    struct cert_facts facts;
    bool parsed = cert_parse(&facts, der);
    struct cert_entry *entry = &t->entries[index];
    entry->state = parsed ? CERT_PARSED : CERT_UNPARSABLE;
    if (parsed)
        take_facts(entry, &t->issuers, &facts);
    t->bad |= t->issuers.bad;
    return index;
}

void cert_table_merge(struct cert_table *into, uint32_t *indexes, const struct cert_table *from)
{
    for (size_t i = 0; i < from->num; i++) {
        const struct cert_entry *theirs = &from->entries[i];
        indexes[i] = cert_table_find(into, theirs->sha256);
        if (indexes[i] == CERT_NONE)
            break;
        struct cert_entry *ours = &into->entries[indexes[i]];
        uint64_t targets = ours->targets + theirs->targets;
        uint64_t failed = ours->targets_failed + theirs->targets_failed;
        if (ours->state == CERT_UNSEEN && theirs->state != CERT_UNSEEN) {
            *ours = *theirs;
            if (theirs->issuer != WORD_NONE)
                ours->issuer =
                    word_tally_add(&into->issuers, from->issuers.words[theirs->issuer].text, 0);
        }
        ours->targets = targets;
        ours->targets_failed = failed;
    }
    into->bad |= from->bad | into->issuers.bad;
}
