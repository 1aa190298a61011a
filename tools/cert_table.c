#include "tools/cert_table.h"

#include <stdlib.h>

enum { CAP_MIN = 64 };

void cert_table_init(struct cert_table *t)
{
    *t = (struct cert_table){0};
    word_tally_init(&t->issuers);
    word_tally_init(&t->algorithms);
    name_hashes_init(&t->names);
}

void cert_table_cleanup(struct cert_table *t)
{
    free(t->entries);
    free(t->slots);
    free(t->key_slots);
    word_tally_cleanup(&t->issuers);
    word_tally_cleanup(&t->algorithms);
    name_hashes_cleanup(&t->names);
    cert_table_init(t);
}

void cert_table_clear(struct cert_table *t)
{
    struct word_tally issuers = t->issuers, algorithms = t->algorithms;
    word_tally_init(&t->issuers);
    word_tally_init(&t->algorithms);
    cert_table_cleanup(t);
    t->issuers = issuers;
    t->algorithms = algorithms;
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
        *entry = (struct cert_entry){.state = CERT_UNSEEN,
                                     .curve = WORD_NONE,
                                     .sig_alg = WORD_NONE,
                                     .issuer = WORD_NONE,
                                     .key = CERT_NONE};
        memcpy(entry->sha256, sha256, 32);
        t->slots[slot] = (uint32_t)t->num;
    }
    return t->slots[slot] - 1;
}

uint32_t cert_table_has(const struct cert_table *t, const uint8_t sha256[32])
{
    uint32_t slot = t->num_slots > 0 ? t->slots[slot_of(t, sha256)] : 0;
    return slot > 0 ? slot - 1 : CERT_NONE;
}

uint64_t cert_table_octets(const struct cert_table *t)
{
    return t->num * sizeof t->entries[0] + t->num_slots * sizeof t->slots[0] +
           t->num_key_slots * sizeof t->key_slots[0] + t->names.num * sizeof t->names.list[0];
}

/* ---- keys ---- */

/* the slot of a key: that of its first certificate, or an empty one */
static size_t key_slot_of(const struct cert_table *t, const uint8_t spki_sha256[32])
{
    size_t i = hash_of(spki_sha256) & (t->num_key_slots - 1);
    while (t->key_slots[i] != 0 &&
           memcmp(t->entries[t->key_slots[i] - 1].spki_sha256, spki_sha256, 32) != 0)
        i = (i + 1) & (t->num_key_slots - 1);
    return i;
}

static bool grow_key_slots(struct cert_table *t)
{
    size_t num_old = t->num_key_slots, num = num_old > 0 ? 2 * num_old : CAP_MIN;
    uint32_t *old = t->key_slots, *slots = calloc(num, sizeof slots[0]);
    if (slots == NULL)
        return false;
    t->key_slots = slots;
    t->num_key_slots = num;
    for (size_t i = 0; i < num_old; i++)
        if (old[i] != 0)
            slots[key_slot_of(t, t->entries[old[i] - 1].spki_sha256)] = old[i];
    free(old);
    return true;
}

/* numbers the key of a certificate whose facts have just come */
static void number_key(struct cert_table *t, uint32_t index)
{
    struct cert_entry *entry = &t->entries[index];
    if (2 * t->num_keys >= t->num_key_slots && !grow_key_slots(t)) {
        t->bad = true;
        return;
    }
    size_t slot = key_slot_of(t, entry->spki_sha256);
    if (t->key_slots[slot] == 0) {
        t->key_slots[slot] = index + 1;
        entry->key = (uint32_t)t->num_keys++;
    } else {
        entry->key = t->entries[t->key_slots[slot] - 1].key;
    }
}

/* ---- facts ---- */

static uint32_t algorithm(struct cert_table *t, const char *name)
{
    return name != NULL ? word_tally_add(&t->algorithms, bytes_text(name), 0) : WORD_NONE;
}

/* the word of another table, in ours */
static uint32_t same_word(struct word_tally *into, const struct word_tally *from, uint32_t word)
{
    return word != WORD_NONE ? word_tally_add(into, from->words[word].text, 0) : WORD_NONE;
}

static void take_facts(struct cert_table *t, struct cert_entry *entry, const struct cert_facts *f)
{
    memcpy(entry->spki_sha256, f->spki_sha256, 32);
    entry->has_validity = f->has_validity;
    entry->not_before = f->not_before;
    entry->not_after = f->not_after;
    entry->key_type = (uint8_t)f->key_type;
    entry->key_bits = f->key_bits;
    entry->curve = algorithm(t, f->curve);
    entry->sig_alg = algorithm(t, f->sig_alg);
    entry->self_issued = f->self_issued;
    entry->is_ca = f->is_ca;
    entry->must_staple = f->must_staple;
    entry->has_scts = f->sct_list.len > 0;
    entry->issuer =
        word_tally_add(&t->issuers, f->issuer_org.len > 0 ? f->issuer_org : f->issuer_cn, 0);
    leaf_names_take(&entry->names, &t->names, f);
}

uint32_t cert_table_take(struct cert_table *t, const uint8_t sha256[32], size_t der_len,
                         const struct cert_facts *facts)
{
    uint32_t index = cert_table_find(t, sha256);
    if (index == CERT_NONE || t->entries[index].state != CERT_UNSEEN)
        return index;
    struct cert_entry *entry = &t->entries[index];
    entry->der_len = (uint32_t)der_len;
    entry->state = facts != NULL ? CERT_PARSED : CERT_UNPARSABLE;
    if (facts != NULL) {
        take_facts(t, entry, facts);
        number_key(t, index);
    }
    t->bad |= t->issuers.bad | t->algorithms.bad | t->names.bad;
    return index;
}

uint32_t cert_table_learn(struct cert_table *t, const uint8_t sha256[32], struct bytes der)
{
    uint32_t index = cert_table_has(t, sha256);
    struct cert_facts facts;
    if (index != CERT_NONE && t->entries[index].state != CERT_UNSEEN)
        return index;
    bool parsed = cert_parse(&facts, der);
    return cert_table_take(t, sha256, der.len, parsed ? &facts : NULL);
}

/* takes the facts that the other table has of a certificate */
static void take_theirs(struct cert_table *into, uint32_t index, const struct cert_table *from,
                        const struct cert_entry *theirs)
{
    struct cert_entry *ours = &into->entries[index];
    *ours = *theirs;
    ours->key = CERT_NONE;
    ours->issuer = same_word(&into->issuers, &from->issuers, theirs->issuer);
    ours->curve = same_word(&into->algorithms, &from->algorithms, theirs->curve);
    ours->sig_alg = same_word(&into->algorithms, &from->algorithms, theirs->sig_alg);
    leaf_names_copy(&ours->names, &into->names, &theirs->names, &from->names);
    if (theirs->state == CERT_PARSED)
        number_key(into, index);
}

void cert_table_merge(struct cert_table *into, uint32_t *indexes, const struct cert_table *from)
{
    for (size_t i = 0; i < from->num; i++) {
        const struct cert_entry *theirs = &from->entries[i];
        indexes[i] = cert_table_find(into, theirs->sha256);
        if (indexes[i] == CERT_NONE)
            break;
        if (into->entries[indexes[i]].state == CERT_UNSEEN && theirs->state != CERT_UNSEEN)
            take_theirs(into, indexes[i], from, theirs);
    }
    into->bad |= from->bad | into->issuers.bad | into->algorithms.bad | into->names.bad;
}
