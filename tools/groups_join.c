#include "tools/cluster.h"
#include "tools/greeting.h"
#include "tools/groups.h"

/* What is joined to a record: place, software, leaf. */

static void join_mta(struct joined *out, const struct rules *rules, const struct record *r)
{
    struct bytes texts[NUM_RULE_FIELDS] = {
        [RULE_GREETING] = r->text[TEXT_GREETING], [RULE_EHLO] = r->text[TEXT_EHLO]};
    struct rule_match match;
    if (rules == NULL || !rules_match(rules, &match, texts))
        return;
    out->mta = match.name + 1;
    out->mta_version = match.version;
}

static uint64_t first_of(const uint8_t sha256[32])
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | sha256[i];
    return number != 0 ? number : 1;
}

static uint64_t cluster_of(const struct record *r, const struct cert_entry *leaf)
{
    struct extensions offered;
    char text[GREETING_TEMPLATE_MAX];
    struct bytes greeting = r->text[TEXT_GREETING], ehlo = r->text[TEXT_EHLO];
    uint64_t hash = 0, keywords = 0;
    if (greeting.len > 0)
        hash = cluster_greeting(bytes_of(text, greeting_template(text, greeting)));
    if (reply_code(ehlo) == 250) {
        extensions_read(&offered, ehlo);
        keywords = cluster_keywords(&offered);
    }
    return cluster_number(cluster_key_of(leaf->spki_sha256, hash, keywords));
}

/* of L */
static void join_leaf(struct joined *out, const struct group_setup *setup, const struct record *r)
{
    if (setup->catalog == NULL || !r->handshake_done || r->num_chain == 0)
        return;
    const struct cert_table *certs = &setup->catalog->certs;
    uint32_t index = cert_table_has(certs, r->chain[0]);
    if (index == CERT_NONE || certs->entries[index].state != CERT_PARSED)
        return;
    const struct cert_entry *leaf = &certs->entries[index];
    if (leaf->issuer != WORD_NONE && certs->issuers.words[leaf->issuer].text.len > 0)
        out->issuer = leaf->issuer + 1;
    out->key = first_of(leaf->spki_sha256);
    if (setup->dimensions & 1U << DIMENSION_CLUSTER)
        out->cluster = cluster_of(r, leaf);
}

void join(struct joined *out, const struct group_setup *setup, const struct dataset_header *header,
          const struct record *r)
{
    struct geo_place place = {.as_number = 0};
    if (setup->geo != NULL && record_has_addr(r))
        geo_find(setup->geo, &place, r->addr);
    join_placed(out, setup, header, r, &place);
}

void join_placed(struct joined *out, const struct group_setup *setup,
                 const struct dataset_header *header, const struct record *r,
                 const struct geo_place *place)
{
    *out = (struct joined){.place = *place, .weight = 1};
    bool has_addr = record_has_addr(r);
    if (setup->weights != NULL)
        out->weight = has_addr ? weights_find(setup->weights, r->addr) : 0;
    if (out->weight == 0)
        return;
    if (setup->where != NULL || setup->dimensions & 1U << DIMENSION_MTA)
        join_mta(out, setup->mta, r);
    if (setup->dimensions & GROUPS_OF_LEAVES)
        join_leaf(out, setup, r);
    if (setup->where == NULL)
        return;
    struct where_row row = {
        .header = header,
        .record = r,
        .country = bytes_text(out->place.country),
        .as_name = out->place.as_name,
        .as_number = out->place.as_number,
        .mta_version = out->mta_version,
    };
    if (out->mta > 0)
        row.mta = bytes_text(rules_name(setup->mta, out->mta - 1));
    if (where_eval(setup->where, &row) != ANSWER_YES)
        out->weight = 0;
}
