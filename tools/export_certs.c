#include "tools/export_certs.h"

#include <errno.h>
void export_certs_init(struct export_certs *c, export_cert_json *json, const char *folder)
{
    *c = (struct export_certs){.json = json};
    hash_index_init(&c->index);
    spool_init(&c->spool, folder);
    json_init(&c->scratch);
}

void export_certs_cleanup(struct export_certs *c)
{
    hash_index_cleanup(&c->index);
    spool_cleanup(&c->spool);
    json_cleanup(&c->scratch);
}

static int add(struct export_certs *c, char err[SPILL_ERR_MAX], const uint8_t sha256[32],
               struct bytes der)
{
    uint64_t place;
    if (hash_index_get(&c->index, &place, sha256))
        return 0;
    json_reset(&c->scratch);
    c->json(&c->scratch, sha256, der);
    if (c->scratch.bad)
        return hash_index_error(err, SPILL_ERR_MAX, -ENOMEM);
    int rc = spool_add(&c->spool, err, &place, bytes_of(c->scratch.text, c->scratch.len));
    if (rc != 0)
        return rc;
    rc = hash_index_put(&c->index, sha256, place);
    return rc != 0 ? hash_index_error(err, SPILL_ERR_MAX, rc) : 0;
}

int export_certs_add(struct export_certs *c, char err[SPILL_ERR_MAX], const struct block *b)
{
    size_t num = c->json != NULL ? block_num_certs(b) : 0;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < num; i++) {
        uint8_t sha256[32];
        struct bytes der = block_cert(b, i, sha256);
        rc = add(c, err, sha256, der);
    }
    return rc;
}

bool export_certs_put(const struct export_certs *c, int *rc, char err[SPILL_ERR_MAX],
                      struct json *out, const uint8_t sha256[32])
{
    uint64_t place;
    if (!hash_index_get(&c->index, &place, sha256))
        return false;
    *rc = spool_put(&c->spool, err, out, place);
    return true;
}
