#include "tools/partial.h"

#include <errno.h>
#include <openssl/bytestring.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/dataset_copy.h"
#include "core/dataset_salvage.h"
#include "tools/walk.h"

enum { KEY_HEAD = 24, KEY_TAIL = 16 }; /* octets of a key that stay: what tells how long it is */

/* ---- certificates ---- */

int reduced_cert_next(struct cbor_reader *r, struct reduced_cert *out)
{
    if (cbor_at_end(r))
        return 0;
    if (cbor_get_array(r, 3) != 3)
        cbor_fail(r);
    cbor_get_exactly(r, out->sha256, sizeof out->sha256);
    cbor_get_exactly(r, out->spki_sha256, sizeof out->spki_sha256);
    out->der = cbor_get_bytes(r, DATASET_ITEM_MAX);
    return r->bad ? -EBADMSG : 1;
}

bool reduced_cert_facts(struct cert_facts *out, const struct reduced_cert *cert)
{
    bool parsed = cert_parse(out, cert->der);
    memcpy(out->sha256, cert->sha256, sizeof out->sha256);
    memcpy(out->spki_sha256, cert->spki_sha256, sizeof out->spki_sha256);
    return parsed;
}

/* where a view of der begins in it */
static size_t place_of(struct bytes view, struct bytes der)
{
    return (size_t)(view.data - der.data);
}

static bool zero_signature(uint8_t *out, struct bytes der, const struct cert_facts *f)
{
    size_t at = place_of(f->tbs, der) + f->tbs.len;
    CBS rest, signature;
    CBS_init(&rest, der.data + at, der.len - at);
    if (!CBS_get_asn1(&rest, NULL, CBS_ASN1_SEQUENCE) ||
        !CBS_get_asn1(&rest, &signature, CBS_ASN1_BITSTRING) || CBS_len(&signature) < 1)
        return false;
    memset(out + (CBS_data(&signature) + 1 - der.data), 0, CBS_len(&signature) - 1);
    return true;
}

static bool same(struct bytes a, struct bytes b)
{
    return bytes_equal(a, b);
}

/* whether two parses say the same, but for keys, signatures and hashes */
static bool facts_alike(const struct cert_facts *a, const struct cert_facts *b)
{
    return a->version == b->version && same(a->serial, b->serial) && same(a->issuer, b->issuer) &&
           same(a->subject, b->subject) && same(a->issuer_org, b->issuer_org) &&
           same(a->issuer_cn, b->issuer_cn) && same(a->subject_org, b->subject_org) &&
           same(a->subject_cn, b->subject_cn) && a->has_validity == b->has_validity &&
           a->not_before == b->not_before && a->not_after == b->not_after &&
           a->key_type == b->key_type && a->curve == b->curve && a->key_bits == b->key_bits &&
           a->sig_alg == b->sig_alg && same(a->sig_alg_oid, b->sig_alg_oid) &&
           a->has_basic_constraints == b->has_basic_constraints && a->is_ca == b->is_ca &&
           a->has_path_len == b->has_path_len && a->path_len == b->path_len &&
           a->has_key_usage == b->has_key_usage && a->has_eku == b->has_eku &&
           a->key_usage == b->key_usage && a->eku == b->eku && a->must_staple == b->must_staple &&
           a->has_ocsp == b->has_ocsp && a->has_ca_issuers == b->has_ca_issuers &&
           a->is_precert == b->is_precert && same(a->name_constraints, b->name_constraints) &&
           same(a->ski, b->ski) && same(a->aki, b->aki) && same(a->sct_list, b->sct_list) &&
           a->self_issued == b->self_issued && same(a->san, b->san);
}

/* writes der with zeros to out (as long); false: it would say something else then */
static bool reduce(uint8_t *out, struct bytes der, struct cert_facts *f)
{
    struct cert_facts again;
    if (!cert_parse(f, der) || f->tbs.len == 0 || f->key.len == 0)
        return false;
    memcpy(out, der.data, der.len);
    size_t key = place_of(f->key, der);
    if (f->key_type == CERT_KEY_EC)
        memset(out + key + 1, 0, f->key.len - 1);
    else if (f->key.len > KEY_HEAD + KEY_TAIL)
        memset(out + key + KEY_HEAD, 0, f->key.len - KEY_HEAD - KEY_TAIL);
    return zero_signature(out, der, f) && cert_parse(&again, bytes_of(out, der.len)) &&
           facts_alike(f, &again);
}

/* ---- verdicts ---- */

int partial_verdict_next(struct cbor_reader *r, struct partial_verdict *out, size_t num_chains)
{
    if (cbor_at_end(r))
        return 0;
    size_t num = cbor_get_array(r, 1 + 3 * PARTIAL_SPANS_MAX);
    if (num < 4 || num % 3 != 1 || num_chains == 0)
        cbor_fail(r);
    out->chain = (uint32_t)cbor_get_uint(r, num_chains - (num_chains > 0));
    out->num = num / 3;
    int64_t before = INT64_MIN;
    for (size_t i = 0; !r->bad && i < out->num; i++) {
        out->spans[i] = (struct chain_span){.outcome = (uint8_t)cbor_get_uint(r, UINT8_MAX)};
        out->spans[i].flags = (uint32_t)cbor_get_uint(r, UINT32_MAX);
        out->spans[i].until_s = cbor_get_int(r);
        if (out->spans[i].outcome >= NUM_CHAIN_OUTCOMES || out->spans[i].until_s <= before)
            cbor_fail(r);
        before = out->spans[i].until_s;
    }
    if (before != INT64_MAX)
        cbor_fail(r);
    return r->bad ? -EBADMSG : 1;
}

static void put_verdict(struct cbor_writer *w, uint32_t chain, const struct chain_span *spans,
                        size_t num)
{
    cbor_put_array(w, 1 + 3 * num);
    cbor_put_uint(w, chain);
    for (size_t i = 0; i < num; i++) {
        cbor_put_uint(w, spans[i].outcome);
        cbor_put_uint(w, spans[i].flags);
        cbor_put_int(w, spans[i].until_s);
    }
}

/* ---- the event ---- */

#define DETAIL_FILE  "file"
#define DETAIL_STORE "trust-store"

static bool read_hex(uint8_t out[32], struct bytes hex)
{
    static const char digits[] = "0123456789abcdef";
    if (hex.len != 64)
        return false;
    for (size_t i = 0; i < hex.len; i++) {
        const char *digit = memchr(digits, hex.data[i], sizeof digits - 1);
        if (digit == NULL)
            return false;
        out[i / 2] = (uint8_t)(out[i / 2] << 4 | (digit - digits));
    }
    return true;
}

bool partial_origin_read(struct partial_origin *out, const struct dataset_event_view *event)
{
    bool has_store = false;
    *out = (struct partial_origin){.file = {NULL, 0}};
    if (!bytes_equal(event->what, bytes_text(DATASET_EVENT_REDUCED)))
        return false;
    for (size_t i = 0; i < event->num_details; i++) {
        const struct dataset_pair *d = &event->details[i];
        if (bytes_equal(d->key, bytes_text(DETAIL_FILE)))
            out->file = d->value;
        if (bytes_equal(d->key, bytes_text(DETAIL_STORE)))
            has_store = read_hex(out->store_sha256, d->value);
    }
    return has_store && out->file.len > 0;
}

/* ---- writing ---- */

struct writing {
    const struct catalog *c;
    bool *whole;  /* by certificate: kept so */
    bool *closed; /* by chain: nothing can change its verdict, and it is not written yet */
    struct dataset_writer *to;
    struct block *reduced; /* as it was written */
    struct cbor_writer item, certs, verdicts;
    bool *keep; /* by certificate of the block */
    size_t keep_cap;
    uint8_t *der;
    size_t der_cap;
};

/* no certificate of others can change how it is judged: a pool is asked for what is incomplete only
 * (core/judge.h) */
static bool is_closed(const struct chain_table *t, const struct chain_entry *e)
{
    if (e->spans.num == 0 || e->spans.num > PARTIAL_SPANS_MAX)
        return false;
    for (uint32_t i = 0; i < e->spans.num; i++)
        if (t->spans[e->spans.first + i].outcome == CHAIN_INCOMPLETE)
            return false;
    return true;
}

static int plan(struct writing *w)
{
    const struct chain_table *t = &w->c->chains;
    const struct cert_table *certs = &w->c->certs;
    w->whole = calloc(certs->num + 1, sizeof w->whole[0]);
    w->closed = calloc(t->num + 1, sizeof w->closed[0]);
    if (w->whole == NULL || w->closed == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < t->num; i++)
        w->closed[i] = is_closed(t, &t->entries[i]);
    for (size_t i = 0; i < t->num_staples; i++) /* judged by leaf and issuer */
        w->closed[t->staples[i].chain] = false;
    for (size_t i = 0; i < certs->num; i++)
        w->whole[i] = certs->entries[i].state != CERT_PARSED || certs->entries[i].is_ca;
    for (size_t i = 0; i < t->num; i++) {
        const struct chain_entry *e = &t->entries[i];
        for (size_t k = 0; !w->closed[i] && k < e->num; k++)
            w->whole[t->certs[e->first_cert + k]] = true;
    }
    return 0;
}

static bool make_room(struct writing *w, size_t num_certs)
{
    if (num_certs <= w->keep_cap)
        return true;
    free(w->keep);
    w->keep = malloc(num_certs * sizeof w->keep[0]);
    w->keep_cap = w->keep != NULL ? num_certs : 0;
    return w->keep != NULL;
}

static int reduce_cert(struct writing *w, const uint8_t sha256[32], struct bytes der, bool *keep)
{
    struct cert_facts facts;
    uint32_t index = cert_table_has(&w->c->certs, sha256);
    *keep = index == CERT_NONE || w->whole[index];
    if (*keep)
        return 0;
    if (der.len > w->der_cap) {
        free(w->der);
        w->der = malloc(der.len);
        w->der_cap = w->der != NULL ? der.len : 0;
        if (w->der == NULL)
            return -ENOMEM;
    }
    *keep = !reduce(w->der, der, &facts);
    if (*keep)
        return 0;
    cbor_put_array(&w->certs, 3);
    cbor_put_bytes(&w->certs, bytes_of(sha256, 32));
    cbor_put_bytes(&w->certs, bytes_of(facts.spki_sha256, 32));
    cbor_put_bytes(&w->certs, bytes_of(w->der, der.len));
    return 0;
}

/* the verdict of each chain comes in the first block that has it */
static void put_verdicts(struct writing *w, const struct block *block)
{
    const struct chain_table *t = &w->c->chains;
    size_t num_chains = block_num_chains(block);
    for (size_t i = 0; i < num_chains; i++) {
        uint16_t num;
        bool cut;
        const uint8_t(*sha256)[32] = block_chain(block, i, &num, &cut);
        uint32_t chain = chain_table_find(t, sha256, num, cut);
        if (chain == CHAIN_NONE_KNOWN || !w->closed[chain])
            continue;
        const struct span_list *spans = &t->entries[chain].spans;
        put_verdict(&w->verdicts, (uint32_t)i, &t->spans[spans->first], spans->num);
        w->closed[chain] = false;
    }
}

static int write_block(struct writing *w, char err[PARTIAL_ERR_MAX], const struct walk *from)
{
    size_t num_certs = block_num_certs(from->block);
    int rc = make_room(w, num_certs) ? 0 : -ENOMEM;
    cbor_writer_reset(&w->item);
    cbor_writer_reset(&w->certs);
    cbor_writer_reset(&w->verdicts);
    for (size_t i = 0; rc == 0 && i < num_certs; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(from->block, i, sha256);
        rc = reduce_cert(w, sha256, der, &w->keep[i]);
    }
    put_verdicts(w, from->block);
    if (rc == 0 && (w->certs.bad || w->verdicts.bad))
        rc = -ENOMEM;
    if (rc == 0)
        rc = block_reduce(&w->item, from->item.payload, w->keep,
                          bytes_of(w->certs.data, w->certs.len),
                          bytes_of(w->verdicts.data, w->verdicts.len));
    struct bytes item = bytes_of(w->item.data, w->item.len);
    if (rc == 0)
        rc = block_decode_view(w->reduced, item, err);
    else
        snprintf(err, PARTIAL_ERR_MAX, "%.400s: no memory to reduce a block", from->path);
    return rc == 0 ? dataset_copy_block(w->to, err, item, w->reduced) : rc;
}

static int write_origin(struct writing *w, char err[PARTIAL_ERR_MAX], const char *path,
                        const uint8_t store_sha256[32])
{
    char hex[65];
    for (size_t i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", store_sha256[i]);
    const struct dataset_pair details[] = {
        {bytes_text(DETAIL_FILE), bytes_text(path)},
        {bytes_text(DETAIL_STORE), bytes_text(hex)},
    };
    return dataset_event(w->to, err, 0, DATASET_EVENT_REDUCED, details, 2);
}

static int write_items(struct writing *w, char err[PARTIAL_ERR_MAX], struct walk *from)
{
    int rc;
    while ((rc = walk_next(from, err)) == 1) {
        if (from->item.kind == DATASET_BLOCK)
            rc = write_block(w, err, from);
        else if (from->item.kind == DATASET_EVENT)
            rc = dataset_copy_event(w->to, err, from->item.payload);
        if (rc < 0)
            return rc;
    }
    return rc;
}

static int finish(struct writing *w, char err[PARTIAL_ERR_MAX], const struct walk *from)
{
    struct dataset_writer *to = w->to;
    w->to = NULL;
    if (!from->has_trailer) {
        dataset_abandon(to);
        return 0;
    }
    if (from->trailer.has_lines)
        dataset_stream_end(to, from->trailer.lines);
    return dataset_finish(to, err, from->trailer.end_us, from->trailer.reason);
}

static int write_all(struct writing *w, char err[PARTIAL_ERR_MAX], struct new_file *out,
                     const char *path, const uint8_t store_sha256[32])
{
    struct salvage *head = NULL;
    struct walk from = {0};
    int rc = salvage_open(&head, err, path);
    if (rc == 0)
        rc = walk_open(&from, err, path);
    if (rc == 0)
        rc = dataset_copy_create(&w->to, err, out->path, salvage_header_item(head),
                                 salvage_header(head), &new_file_ops, out);
    w->reduced = rc == 0 ? block_new(salvage_header(head)) : NULL;
    if (rc == 0 && w->reduced == NULL) {
        snprintf(err, PARTIAL_ERR_MAX, "%.400s: no memory to reduce it", path);
        rc = -ENOMEM;
    }
    if (rc == 0)
        rc = write_origin(w, err, path, store_sha256);
    if (rc == 0)
        rc = write_items(w, err, &from);
    if (rc == 0)
        rc = finish(w, err, &from);
    dataset_abandon(w->to);
    block_free(w->reduced);
    walk_close(&from);
    salvage_close(head);
    return rc;
}

int partial_write(struct new_file *out, const char *path, const struct catalog *c,
                  const uint8_t store_sha256[32], char err[PARTIAL_ERR_MAX])
{
    struct writing w = {.c = c};
    cbor_writer_init(&w.item, DATASET_ITEM_MAX);
    cbor_writer_init(&w.certs, DATASET_ITEM_MAX);
    cbor_writer_init(&w.verdicts, DATASET_ITEM_MAX);
    int rc = plan(&w);
    if (rc == 0)
        rc = write_all(&w, err, out, path, store_sha256);
    else
        snprintf(err, PARTIAL_ERR_MAX, "no memory for the partial");
    cbor_writer_cleanup(&w.item);
    cbor_writer_cleanup(&w.certs);
    cbor_writer_cleanup(&w.verdicts);
    free(w.whole);
    free(w.closed);
    free(w.keep);
    free(w.der);
    return rc;
}
