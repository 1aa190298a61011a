#include "tools/aggregate_private.h"

#include <stdlib.h>

#include "tools/greeting.h"

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

bool tables_clear(struct block_scratch *s, const struct block *block)
{
    size_t num_texts = block_num_texts(block), num_chains = block_num_chains(block);
    size_t num_shapes = block_num_shapes(block);
    s->named_word = bytes_of(NULL, 0);
    s->texts = cleared(s->texts, &s->texts_cap, num_texts, sizeof s->texts[0]);
    s->chains = cleared(s->chains, &s->chains_cap, num_chains, sizeof s->chains[0]);
    s->shapes = cleared(s->shapes, &s->shapes_cap, num_shapes, sizeof s->shapes[0]);
    return s->texts_cap >= num_texts && s->chains_cap >= num_chains && s->shapes_cap >= num_shapes;
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
    struct block_scratch *s = add->a->scratch;
    struct text_facts *facts = text_of(add, text_id);
    struct name_ref ref;
    if (facts == NULL)
        return NULL;
    if (facts->read & ROLE_NAME)
        return &facts->name;
    facts->read |= ROLE_NAME;
    struct bytes word = first_word(block_text(add->block, text_id));
    const struct text_facts *known = &s->texts[s->named];
    if (s->named_word.len > 0 && bytes_equal(word, s->named_word)) {
        facts->name = known->name;
        facts->greeting_name = known->greeting_name;
        facts->domain = known->domain;
    } else if (name_ref_parse(&ref, word)) {
        name_question_of(&facts->name, &ref);
        facts->greeting_name = (uint8_t)classify_name(&facts->domain, &ref);
    }
    s->named = text_id;
    s->named_word = word;
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

/* what a greeting has in common with those of servers that are set up alike */
const struct text_facts *template_of(struct adding *add, uint32_t text_id)
{
    struct text_facts *facts = text_of(add, text_id);
    char text[GREETING_TEMPLATE_MAX];
    if (facts == NULL || facts->read & ROLE_TEMPLATE)
        return facts;
    facts->read |= ROLE_TEMPLATE;
    struct bytes found = bytes_of(text, greeting_template(text, block_text(add->block, text_id)));
    facts->greeting = cluster_table_template(&add->a->clusters, found);
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
    facts->first_span = e->spans.first;
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

void chain_near(struct adding *add, uint32_t chain_id, unsigned near)
{
    const struct aggregate *a = add->a;
    const struct chain_facts *facts = &a->scratch->chains[chain_id];
    if (facts->leaf == CERT_NONE)
        return;
    const struct cert_entry *leaf = &a->catalog->certs.entries[facts->leaf];
    if (near == 0) {
        __builtin_prefetch(leaf);
        __builtin_prefetch(&leaf->names);
        __builtin_prefetch(&a->catalog->chains.entries[facts->chain].spans);
        __builtin_prefetch(&a->catalog->chains.spans[facts->first_span]);
        __builtin_prefetch((void *)&a->counts->of_span[facts->first_span]);
    } else if (leaf->state == CERT_PARSED) {
        __builtin_prefetch(&a->catalog->certs.names.list[leaf->names.first]);
        __builtin_prefetch(&a->counts->keys[leaf->key]);
    }
}

const struct chain_facts *chain_of(struct adding *add, const struct record *r)
{
    bool known = (add->needs & NEED_CERTS) != 0 && r->chain_id != UINT32_MAX;
    return known ? &add->a->scratch->chains[r->chain_id] : NULL;
}
