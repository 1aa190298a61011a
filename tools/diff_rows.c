#include "tools/diff_rows.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cert.h"
#include "core/extensions.h"
#include "tools/greeting.h"

enum { LEAVES_MIN = 1024, HALF = 16, HEX_MAX = 8 * 65 };

void diff_rows_init(struct diff_rows *s, struct text_store *texts)
{
    *s = (struct diff_rows){.texts = texts};
}

void diff_rows_cleanup(struct diff_rows *s)
{
    free(s->leaves);
    free(s->slots);
    free(s->greetings);
    free(s->replies);
    free(s->chains);
    *s = (struct diff_rows){0};
}

static int no_memory(char err[DIFF_ERR_MAX])
{
    snprintf(err, DIFF_ERR_MAX, "no memory for the comparison");
    return -ENOMEM;
}

/* a text that there is: one of no octets has a digest too */
static int put(struct diff_rows *s, char err[DIFF_ERR_MAX], struct text_ref *out, struct bytes text)
{
    return text_store_put(s->texts, err, out, text);
}

/* writes digests in hex, with blanks between them, as many as fit */
static size_t write_hex(char out[HEX_MAX], const uint8_t (*digests)[32], size_t num)
{
    size_t len = 0;
    for (size_t i = 0; i < num && len + 65 <= HEX_MAX; i++) {
        if (i > 0)
            out[len++] = ' ';
        for (size_t k = 0; k < 32; k++) {
            static const char hex[] = "0123456789abcdef";
            out[len++] = hex[digests[i][k] >> 4];
            out[len++] = hex[digests[i][k] & 15];
        }
    }
    return len;
}

static int put_hex(struct diff_rows *s, char err[DIFF_ERR_MAX], struct text_ref *out,
                   const uint8_t (*digests)[32], size_t num)
{
    char text[HEX_MAX];
    return put(s, err, out, bytes_of(text, write_hex(text, digests, num)));
}

/* ---- certificates ---- */

static size_t slot_of(const struct diff_rows *s, const uint8_t *sha256)
{
    size_t i;
    memcpy(&i, sha256, sizeof i);
    for (i &= s->num_slots - 1; s->slots[i] != 0; i = (i + 1) & (s->num_slots - 1))
        if (memcmp(s->leaves[s->slots[i] - 1].sha256, sha256, HALF) == 0)
            break;
    return i;
}

static bool grow_slots(struct diff_rows *s)
{
    size_t num = s->num_slots > 0 ? 2 * s->num_slots : 2 * LEAVES_MIN;
    uint32_t *slots = calloc(num, sizeof slots[0]);
    if (slots == NULL)
        return false;
    free(s->slots);
    s->slots = slots;
    s->num_slots = num;
    for (size_t i = 0; i < s->num_leaves; i++)
        s->slots[slot_of(s, s->leaves[i].sha256)] = (uint32_t)i + 1;
    return true;
}

static bool grow_leaves(struct diff_rows *s)
{
    size_t cap = s->cap_leaves > 0 ? s->cap_leaves + s->cap_leaves / 2 : LEAVES_MIN;
    struct leaf_facts *leaves = realloc(s->leaves, cap * sizeof leaves[0]);
    if (leaves == NULL)
        return false;
    s->leaves = leaves;
    s->cap_leaves = cap;
    return true;
}

static int learn(struct diff_rows *s, char err[DIFF_ERR_MAX], const uint8_t sha256[32],
                 struct bytes der)
{
    struct cert_facts facts;
    if ((2 * s->num_leaves >= s->num_slots && !grow_slots(s)) ||
        (s->num_leaves == s->cap_leaves && !grow_leaves(s)))
        return no_memory(err);
    size_t slot = slot_of(s, sha256);
    if (s->slots[slot] != 0)
        return 0;
    struct leaf_facts *leaf = &s->leaves[s->num_leaves];
    *leaf = (struct leaf_facts){.key = {0, 0}};
    memcpy(leaf->sha256, sha256, HALF);
    if (cert_parse(&facts, der)) {
        const uint8_t(*key)[32] = (const uint8_t(*)[32])facts.spki_sha256;
        struct bytes issuer = facts.issuer_org.len > 0 ? facts.issuer_org : facts.issuer_cn;
        int rc = put_hex(s, err, &leaf->key, key, 1);
        if (rc == 0)
            rc = put(s, err, &leaf->issuer, issuer);
        if (rc != 0)
            return rc;
    }
    s->slots[slot] = (uint32_t)++s->num_leaves;
    return 0;
}

/* ---- blocks ---- */

static bool clear(struct row_memo **memo, size_t *cap, size_t num)
{
    if (num > *cap) {
        free(*memo);
        *memo = malloc(num * sizeof **memo);
        *cap = *memo != NULL ? num : 0;
    }
    if (num > 0 && *memo != NULL)
        memset(*memo, 0, num * sizeof **memo);
    return num <= *cap;
}

int diff_rows_begin(struct diff_rows *s, char err[DIFF_ERR_MAX], const struct block *block)
{
    size_t texts = block_num_texts(block), certs = block_num_certs(block);
    if (!clear(&s->greetings, &s->cap_greetings, texts) ||
        !clear(&s->replies, &s->cap_replies, texts) ||
        !clear(&s->chains, &s->cap_chains, block_num_chains(block)))
        return no_memory(err);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < certs; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(block, i, sha256);
        rc = learn(s, err, sha256, der);
    }
    return rc;
}

/* ---- fields ---- */

static int take_greeting(struct diff_rows *s, char err[DIFF_ERR_MAX], struct text_ref *out,
                         const struct block *block, uint32_t id)
{
    struct row_memo *memo = id != UINT32_MAX ? &s->greetings[id] : NULL;
    if (memo == NULL)
        return 0;
    if (!memo->done) {
        char text[GREETING_TEMPLATE_MAX];
        size_t len = greeting_template(text, block_text(block, id));
        int rc = put(s, err, &memo->refs[0], bytes_of(text, len));
        if (rc != 0)
            return rc;
        memo->done = true;
    }
    *out = memo->refs[0];
    return 0;
}

static int compare_keywords(const void *a, const void *b)
{
    const struct keyword *one = a, *other = b;
    size_t len = one->len < other->len ? one->len : other->len;
    int order = memcmp(one->text, other->text, len);
    return order != 0 ? order : one->len - other->len;
}

/* the keywords in the order of the alphabet; "?" for what is none */
static int put_keywords(struct diff_rows *s, char err[DIFF_ERR_MAX], struct text_ref *out,
                        struct bytes reply)
{
    struct extensions k;
    char text[EXTENSIONS_MAX * (KEYWORD_MAX + 1)];
    size_t len = 0;
    extensions_read(&k, reply);
    qsort(k.list, k.num, sizeof k.list[0], compare_keywords);
    for (size_t i = 0; i < k.num; i++) {
        const struct keyword *word = &k.list[i];
        if (i > 0)
            text[len++] = ' ';
        if (word->len == 0)
            text[len++] = '?';
        memcpy(text + len, word->text, word->len);
        len += word->len;
    }
    return put(s, err, out, bytes_of(text, len));
}

/* keywords are known of an answer of 250 */
static int take_reply(struct diff_rows *s, char err[DIFF_ERR_MAX], struct text_ref *out,
                      const struct block *block, uint32_t id)
{
    struct row_memo *memo = id != UINT32_MAX ? &s->replies[id] : NULL;
    if (memo == NULL)
        return 0;
    if (!memo->done) {
        struct bytes reply = block_text(block, id);
        int rc = reply_code(reply) == 250 ? put_keywords(s, err, &memo->refs[0], reply) : 0;
        if (rc != 0)
            return rc;
        memo->done = true;
    }
    *out = memo->refs[0];
    return 0;
}

/* the leaf, and what was sent behind it */
static int take_chain(struct diff_rows *s, char err[DIFF_ERR_MAX], struct diff_row *row,
                      const struct record *r)
{
    if (r->num_chain == 0 || r->chain_id == UINT32_MAX)
        return 0;
    struct row_memo *memo = &s->chains[r->chain_id];
    if (!memo->done) {
        int rc = put_hex(s, err, &memo->refs[0], r->chain, 1);
        if (rc == 0)
            rc = put_hex(s, err, &memo->refs[1], r->chain + 1, r->num_chain - 1u);
        if (rc != 0)
            return rc;
        memo->done = true;
    }
    row->fields[DIFF_LEAF] = memo->refs[0];
    row->fields[DIFF_CHAIN] = memo->refs[1];
    size_t slot = s->num_slots > 0 ? slot_of(s, r->chain[0]) : 0;
    if (s->num_slots == 0 || s->slots[slot] == 0)
        return 0;
    row->fields[DIFF_KEY] = s->leaves[s->slots[slot] - 1].key;
    row->fields[DIFF_ISSUER] = s->leaves[s->slots[slot] - 1].issuer;
    return 0;
}

static int take_target(struct diff_rows *s, char err[DIFF_ERR_MAX], struct diff_row *row,
                       const struct record *r)
{
    row->has_addr = record_has_addr(r);
    if (row->has_addr)
        row->addr = r->addr;
    row->port = r->port;
    if (r->host.len == 0)
        return 0;
    uint8_t sha256[32];
    SHA256(r->host.data, r->host.len, sha256);
    memcpy(row->host_digest, sha256, sizeof row->host_digest);
    return put(s, err, &row->host, r->host);
}

static void take_numbers(struct diff_row *row, const struct record *r)
{
    row->fields[DIFF_OUTCOME].digest = (uint64_t)r->stage << 8 | r->cause;
    row->fields[DIFF_SMTP_CODE].digest = r->smtp_code;
    if (!r->has_tls || !r->handshake_done)
        return;
    row->fields[DIFF_VERSION].digest = r->version;
    row->fields[DIFF_SUITE].digest = r->suite;
    row->fields[DIFF_GROUP].digest = r->group;
}

int diff_rows_make(struct diff_rows *s, char err[DIFF_ERR_MAX], struct diff_row *out,
                   const struct block *block, const struct record *r)
{
    struct diff_row row;
    memset(&row, 0, sizeof row);
    take_numbers(&row, r);
    int rc = take_target(s, err, &row, r);
    if (rc == 0)
        rc = take_greeting(s, err, &row.fields[DIFF_GREETING], block, r->text_id[TEXT_GREETING]);
    if (rc == 0)
        rc = take_reply(s, err, &row.fields[DIFF_EHLO], block, r->text_id[TEXT_EHLO]);
    if (rc == 0)
        rc = take_reply(s, err, &row.fields[DIFF_EHLO_TLS], block, r->text_id[TEXT_EHLO_TLS]);
    if (rc == 0)
        rc = take_chain(s, err, &row, r);
    if (rc == 0)
        *out = row;
    return rc;
}
