#include "tools/aggregate_private.h"

#include <stdlib.h>

/* ---- tables of a block ---- */

/* returns an array of num zeroed items in place of one of *cap; NULL without memory, or for none */
static void *cleared(void *array, size_t *cap, size_t num, size_t size)
{
    if (num > *cap) {
        free(array);
        array = calloc(num, size);
        *cap = array != NULL ? num : 0;
    } else if (num > 0) {
        memset(array, 0, num * size);
    }
    return array;
}

bool texts_clear(struct block_scratch *s, const struct block *block)
{
    size_t num_texts = block_num_texts(block), num_chains = block_num_chains(block);
    s->texts = cleared(s->texts, &s->texts_cap, num_texts, sizeof s->texts[0]);
    s->chains = cleared(s->chains, &s->chains_cap, num_chains, sizeof s->chains[0]);
    return s->texts_cap >= num_texts && s->chains_cap >= num_chains;
}

struct text_facts *text_of(struct adding *add, uint32_t id)
{
    if (id == UINT32_MAX)
        return NULL;
    struct text_facts *facts = &add->a->scratch->texts[id];
    if (facts->read & ROLE_CODE)
        return facts;
    facts->read |= ROLE_CODE;
    facts->code = reply_code(block_text(add->block, id));
    return facts;
}

uint16_t code_of(struct adding *add, uint32_t text_id)
{
    const struct text_facts *facts = text_of(add, text_id);
    return facts != NULL ? facts->code : 0;
}

const struct name_question *name_of(struct adding *add, uint32_t text_id)
{
    struct text_facts *facts = text_of(add, text_id);
    struct name_ref ref;
    if (facts == NULL)
        return NULL;
    if (facts->read & ROLE_NAME)
        return &facts->name;
    facts->read |= ROLE_NAME;
    if (name_ref_parse(&ref, first_word(block_text(add->block, text_id)))) {
        name_question_of(&facts->name, &ref);
        facts->greeting_name = (uint8_t)classify_name(&facts->domain, &ref);
    }
    return &facts->name;
}

/* the anomalies of one text, in a record that has nothing else */
static uint32_t anomalies_in(enum text which, struct bytes text)
{
    struct record r;
    record_init(&r);
    r.text[which] = text;
    return anomalies_of(&r);
}

const struct text_facts *greeting_of(struct adding *add, uint32_t text_id)
{
    struct text_facts *facts = text_of(add, text_id);
    if (facts == NULL || facts->read & ROLE_GREETING)
        return facts;
    struct bytes text = block_text(add->block, text_id);
    facts->read |= ROLE_GREETING;
    facts->enhanced = enhanced_of(text);
    if (memchr(text.data, '*', text.len) != NULL)
        facts->anomalies |= anomalies_in(TEXT_GREETING, text);
    name_of(add, text_id);
    return facts;
}

const struct text_facts *ehlo_of(struct adding *add, uint32_t text_id)
{
    struct text_facts *facts = text_of(add, text_id);
    if (facts == NULL || facts->read & ROLE_EHLO)
        return facts;
    struct bytes text = block_text(add->block, text_id);
    struct ehlo_table *t = &add->a->ehlo;
    facts->read |= ROLE_EHLO;
    facts->class = facts->code == 250 ? ehlo_table_add(t, text) : EHLO_NONE;
    facts->anomalies |= facts->class != EHLO_NONE ? t->facts[facts->class].anomalies
                                                  : anomalies_in(TEXT_EHLO, text);
    return facts;
}

/* a reply that refuses: which rule says why */
const struct text_facts *refusal_of(struct adding *add, uint32_t text_id)
{
    struct text_facts *facts = text_of(add, text_id);
    struct rule_match match;
    if (facts == NULL || facts->read & ROLE_REFUSAL)
        return facts;
    facts->read |= ROLE_REFUSAL;
    struct bytes texts[NUM_RULE_FIELDS] = {[RULE_REPLY] = block_text(add->block, text_id)};
    const struct rules *rules = add->a->setup.rejection;
    if (rules != NULL && rules_match(rules, &match, texts))
        facts->refusal = match.name + 1;
    return facts;
}

/* the catalog is larger than any cache: what a chain leads to is asked for a while ahead */
enum { NEAR_SLOT = 24, NEAR_ENTRY = 12 };

static void near(struct adding *add, size_t i, unsigned near)
{
    uint16_t num;
    bool cut;
    if (i >= block_num_chains(add->block))
        return;
    const uint8_t(*chain)[32] = block_chain(add->block, i, &num, &cut);
    chain_table_near(&add->a->catalog->chains, chain, num, cut, near);
}

static void resolve(struct adding *add, size_t i)
{
    const struct catalog *c = add->a->catalog;
    struct chain_facts *facts = &add->a->scratch->chains[i];
    uint16_t num;
    bool cut;
    const uint8_t(*chain)[32] = block_chain(add->block, i, &num, &cut);
    facts->length = cut ? CHAIN_CUT : num;
    facts->leaf = CERT_NONE;
    facts->octets = OCTETS_UNKNOWN;
    facts->chain = chain_table_find(&c->chains, chain, num, cut);
    if (facts->chain == CHAIN_NONE_KNOWN)
        return;
    const struct chain_entry *e = &c->chains.entries[facts->chain];
    facts->octets = e->octets != CHAIN_OCTETS_UNKNOWN ? e->octets : OCTETS_UNKNOWN;
    facts->leaf = c->chains.certs[e->first_cert];
    __builtin_prefetch(&c->certs.entries[facts->leaf]);
    __builtin_prefetch(&c->certs.entries[facts->leaf].names);
    __builtin_prefetch(&add->a->leaves[facts->leaf]);
    __builtin_prefetch(&c->chains.spans[e->spans.first]);
    __builtin_prefetch(&add->a->of_span[e->spans.first]);
}

void resolve_chains(struct adding *add)
{
    size_t num = block_num_chains(add->block);
    for (size_t i = 0; i < NEAR_SLOT; i++)
        near(add, i, 0);
    for (size_t i = 0; i < NEAR_ENTRY; i++)
        near(add, i, 1);
    for (size_t i = 0; i < num; i++) {
        near(add, i + NEAR_SLOT, 0);
        near(add, i + NEAR_ENTRY, 1);
        resolve(add, i);
    }
}

const struct chain_facts *chain_of(struct adding *add, const struct record *r)
{
    return r->chain_id != UINT32_MAX ? &add->a->scratch->chains[r->chain_id] : NULL;
}
