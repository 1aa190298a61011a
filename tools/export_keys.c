#include "tools/export_keys.h"

#include <errno.h>
#include <stdlib.h>

#include "tools/cert_json.h"

enum { CAP_MIN = 1024 };
#define NO_KEY UINT64_MAX

struct export_key {
    uint64_t place;           /* of what describes it, in the spool */
    uint64_t targets, leaves; /* that sent it, anywhere and as the leaf */
    uint64_t last;            /* number of the record that was counted last */
    uint32_t certs;
};

void export_keys_init(struct export_keys *k, const char *folder)
{
    *k = (struct export_keys){.keys = NULL};
    hash_index_init(&k->certs);
    hash_index_init(&k->spkis);
    spool_init(&k->spool, folder);
    json_init(&k->scratch);
}

void export_keys_cleanup(struct export_keys *k)
{
    hash_index_cleanup(&k->certs);
    hash_index_cleanup(&k->spkis);
    spool_cleanup(&k->spool);
    json_cleanup(&k->scratch);
    free(k->keys);
    k->keys = NULL;
}

/* ---- keys ---- */

static void put_hex(struct json *j, const char *key, struct bytes octets)
{
    json_key(j, key);
    json_hex(j, octets.data, octets.len);
}

static void put_key(struct json *j, const struct cert_facts *f)
{
    struct bytes modulus, exponent;
    const char *type = cert_key_type_name(f->key_type);
    put_hex(j, "spki_sha256", bytes_of(f->spki_sha256, 32));
    json_add_string(j, "type", type != NULL ? type : "unknown");
    if (f->key_bits > 0)
        json_add_uint(j, "bits", f->key_bits);
    json_add_string(j, "curve", f->curve);
    if (cert_json_rsa(&modulus, &exponent, f)) {
        put_hex(j, "modulus", modulus);
        put_hex(j, "exponent", exponent);
    } else {
        put_hex(j, "key", f->key);
    }
}

static int grow(struct export_keys *k)
{
    size_t cap = k->cap > 0 ? 2 * k->cap : CAP_MIN;
    struct export_key *keys = realloc(k->keys, cap * sizeof *keys);
    if (keys == NULL)
        return -ENOMEM;
    k->keys = keys;
    k->cap = cap;
    return 0;
}

static int add_key(struct export_keys *k, char err[SPILL_ERR_MAX], const struct cert_facts *f,
                   uint64_t *index)
{
    if (hash_index_get(&k->spkis, index, f->spki_sha256))
        return 0;
    int rc = k->num == k->cap ? grow(k) : 0;
    *index = k->num;
    if (rc == 0)
        rc = hash_index_put(&k->spkis, f->spki_sha256, *index);
    if (rc != 0)
        return hash_index_error(err, SPILL_ERR_MAX, rc);
    struct export_key *key = &k->keys[k->num++];
    *key = (struct export_key){.certs = 0};
    json_reset(&k->scratch);
    put_key(&k->scratch, f);
    if (k->scratch.bad)
        return hash_index_error(err, SPILL_ERR_MAX, -ENOMEM);
    return spool_add(&k->spool, err, &key->place, bytes_of(k->scratch.text, k->scratch.len));
}

static int add_cert(struct export_keys *k, char err[SPILL_ERR_MAX], const uint8_t sha256[32],
                    struct bytes der)
{
    struct cert_facts facts;
    uint64_t index = NO_KEY;
    if (hash_index_get(&k->certs, &index, sha256))
        return 0;
    bool parsed = cert_parse(&facts, der);
    int rc = parsed ? add_key(k, err, &facts, &index) : 0;
    if (rc != 0)
        return rc;
    if (parsed)
        k->keys[index].certs++;
    rc = hash_index_put(&k->certs, sha256, index);
    return rc != 0 ? hash_index_error(err, SPILL_ERR_MAX, rc) : 0;
}

int export_keys_certs(struct export_keys *k, char err[SPILL_ERR_MAX], const struct block *b)
{
    size_t num = block_num_certs(b);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < num; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(b, i, sha256);
        rc = add_cert(k, err, sha256, der);
    }
    return rc;
}

/* ---- counts ---- */

void export_keys_count(struct export_keys *k, const struct record *r)
{
    k->records++;
    for (size_t i = 0; i < r->num_chain; i++) {
        uint64_t index;
        if (!hash_index_get(&k->certs, &index, r->chain[i]) || index == NO_KEY)
            continue;
        struct export_key *key = &k->keys[index];
        key->leaves += i == 0;
        key->targets += key->last != k->records; /* once, however often it is in the chain */
        key->last = k->records;
    }
}

int export_keys_put(const struct export_keys *k, char err[SPILL_ERR_MAX], struct json *out,
                    size_t i)
{
    const struct export_key *key = &k->keys[i];
    json_object(out);
    int rc = spool_put(&k->spool, err, out, key->place);
    json_add_uint(out, "certificates", key->certs);
    json_add_uint(out, "targets", key->targets);
    json_add_uint(out, "targets_leaf", key->leaves);
    json_object_end(out);
    json_newline(out);
    return rc;
}
