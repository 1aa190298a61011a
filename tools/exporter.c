#include "tools/exporter.h"

#include <errno.h>
#include <stdlib.h>

#include "core/block_reduce.h"
#include "core/record_json.h"
#include "tools/cert_json.h"
#include "tools/export_csv.h"
#include "tools/export_fields.h"
#include "tools/zgrab2_json.h"

enum { CHUNK_LEN = 256 << 10 }; /* octets that are written at once, about */

struct exporter {
    const struct export_plan *plan;
    struct new_file *file;
    struct json out, line,
        hidden; /* what is to be written; a record; what may be published of it */
    struct export_certs certs;
    struct export_keys keys;
    bool unwanted[NUM_TEXTS]; /* texts that no column shows */
    bool unwanted_chain;
    unsigned left_out;   /* other parts of a line that no column shows: enum record_json_part */
    struct order *order; /* in which the records of a block are written */
    size_t order_cap;
    int rc; /* of certificates that could not be had back */
    char *err;
};

static export_cert_json *cert_json_of(const struct export_plan *p)
{
    static export_cert_json *const native[] = {
        [CHAINS_NONE] = NULL,
        [CHAINS_REF] = NULL,
        [CHAINS_PARSED] = cert_json_parsed,
        [CHAINS_PEM] = cert_json_pem,
    };
    static export_cert_json *const zgrab2[] = {
        [CHAINS_NONE] = NULL,
        [CHAINS_REF] = NULL,
        [CHAINS_PARSED] = zgrab2_cert_parsed,
        [CHAINS_PEM] = zgrab2_cert_raw,
    };
    return p->format == EXPORT_ZGRAB2 ? zgrab2[p->chains] : native[p->chains];
}

bool exporter_reads_certs(const struct export_plan *plan)
{
    return plan->format == EXPORT_KEYS || cert_json_of(plan) != NULL;
}

/* the fields of tls behind alerts: they are in the order of a line */
static bool wants_shown(const struct export_columns *c)
{
    const struct export_field *f;
    bool behind = false;
    for (size_t i = 0; (f = export_field_at(i)) != NULL; i++) {
        behind |= strcmp(f->path, "tls.ems") == 0;
        if (behind && strncmp(f->path, "tls.", 4) == 0 && export_columns_want(c, f->path))
            return true;
    }
    return false;
}

static unsigned parts_unwanted(const struct export_columns *c)
{
    static const struct {
        enum record_json_part part;
        const char *paths[3];
    } parts[] = {
        {RECORD_JSON_EHLO_TLS, {"ehlo_tls", "ehlo_tls_raw"}},
        {RECORD_JSON_KEYWORDS, {"starttls_again", "keywords_added", "keywords_removed"}},
        {RECORD_JSON_ANOMALIES, {"anomalies"}},
    };
    unsigned unwanted = wants_shown(c) ? 0 : RECORD_JSON_SHOWN;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        bool wanted = false;
        for (size_t k = 0; k < 3 && parts[i].paths[k] != NULL; k++)
            wanted |= export_columns_want(c, parts[i].paths[k]);
        unwanted |= wanted ? 0 : (unsigned)parts[i].part;
    }
    return unwanted;
}

/* what is long, or takes its time, is not made into JSON only to be left out of it */
static void find_unwanted(struct exporter *e, const struct export_columns *c)
{
    static const struct {
        enum text text;
        const char *path, *raw_path;
    } texts[] = {
        {TEXT_OCSP, "tls.ocsp_staple", NULL},
        {TEXT_SCT, "tls.sct_list", NULL},
        {TEXT_CERT_REQUEST, "tls.certificate_request", NULL},
        {TEXT_AUDIT, "audit", "audit_raw"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        e->unwanted[texts[i].text] =
            !export_columns_want(c, texts[i].path) &&
            (texts[i].raw_path == NULL || !export_columns_want(c, texts[i].raw_path));
    e->left_out = parts_unwanted(c);
    e->unwanted_chain = !export_columns_want(c, "chain") && !export_columns_want(c, "chain_cut") &&
                        !export_columns_want(c, "certs");
}

struct exporter *exporter_new(const struct export_plan *plan, struct new_file *out)
{
    struct exporter *e = calloc(1, sizeof *e);
    if (e == NULL)
        return NULL;
    e->plan = plan;
    e->file = out;
    json_init(&e->out);
    json_init(&e->line);
    json_init(&e->hidden);
    export_certs_init(&e->certs, cert_json_of(plan), plan->folder);
    export_keys_init(&e->keys, plan->folder);
    if (plan->columns != NULL)
        find_unwanted(e, plan->columns);
    if (plan->format == EXPORT_CSV)
        csv_header(&e->out, plan->columns);
    return e;
}

void exporter_free(struct exporter *e)
{
    if (e == NULL)
        return;
    json_cleanup(&e->out);
    json_cleanup(&e->line);
    json_cleanup(&e->hidden);
    export_certs_cleanup(&e->certs);
    export_keys_cleanup(&e->keys);
    free(e->order);
    free(e);
}

/* ---- a record ---- */

static void put_cert(struct exporter *e, struct json *j, const uint8_t sha256[32])
{
    bool there = e->certs.json != NULL && export_certs_put(&e->certs, &e->rc, e->err, j, sha256);
    if (there)
        return;
    if (e->plan->format == EXPORT_ZGRAB2) {
        zgrab2_cert_ref(j, sha256, bytes_of(NULL, 0));
        return;
    }
    json_object(j);
    json_key(j, "sha256");
    json_hex(j, sha256, 32);
    json_object_end(j);
}

static void put_zgrab2_cert(void *context, struct json *j, const struct record *r, size_t i)
{
    put_cert(context, j, r->chain[i]);
}

static void put_certs(struct exporter *e, struct json *j, const struct record *r)
{
    if (e->certs.json == NULL || r->num_chain == 0)
        return;
    json_key(j, "certs");
    json_array(j);
    for (size_t i = 0; i < r->num_chain; i++)
        put_cert(e, j, r->chain[i]);
    json_array_end(j);
}

static void put_place(struct json *j, const struct geo_place *place)
{
    if (place->country[0] != '\0') {
        json_key(j, "country");
        json_string(j, place->country);
    }
    if (place->as_number != 0) {
        json_key(j, "asn");
        json_uint(j, place->as_number);
    }
    if (place->as_name.len > 0) {
        json_key(j, "as_org");
        json_octets(j, place->as_name);
    }
}

static void put_line(struct exporter *e, struct json *j, const struct dataset_header *header,
                     const struct record *r, const struct geo_place *place)
{
    struct record shown = *r;
    for (size_t i = 0; i < NUM_TEXTS; i++)
        if (e->unwanted[i])
            shown.text[i] = bytes_of(NULL, 0);
    if (e->plan->chains == CHAINS_NONE || e->unwanted_chain)
        shown.num_chain = 0;
    json_object(j);
    record_json_members(j, header, &shown, e->left_out);
    put_place(j, place);
    put_certs(e, j, &shown);
    json_object_end(j);
}

static struct bytes text_of(const struct json *j)
{
    return bytes_of(j->text, j->len);
}

/* the line of a record, made over: what may be published of it, the fields that are wanted */
static void put_made_over(struct exporter *e, struct bytes line)
{
    const struct export_plan *p = e->plan;
    if (p->anonymizer != NULL) {
        json_reset(&e->hidden);
        anonymizer_line(p->anonymizer, &e->hidden, line);
        line = text_of(&e->hidden);
    }
    if (p->format == EXPORT_CSV) {
        csv_row(&e->out, p->columns, line);
        return;
    }
    if (p->columns != NULL)
        pick_object(&p->columns->pick, &e->out, line, NULL, NULL);
    else
        json_raw(&e->out, line);
    json_newline(&e->out);
}

static void put_record(struct exporter *e, const struct dataset_header *header,
                       const struct record *r, const struct geo_place *place)
{
    const struct export_plan *p = e->plan;
    if (p->format == EXPORT_KEYS) {
        export_keys_count(&e->keys, r);
    } else if (p->format == EXPORT_ZGRAB2) {
        zgrab2_json(&e->out, header, r, p->chains == CHAINS_NONE ? NULL : put_zgrab2_cert, e);
    } else if (p->format == EXPORT_JSONL && p->columns == NULL && p->anonymizer == NULL) {
        put_line(e, &e->out, header, r, place);
        json_newline(&e->out);
    } else {
        json_reset(&e->line);
        put_line(e, &e->line, header, r, place);
        put_made_over(e, text_of(&e->line));
        e->out.bad |= e->line.bad || e->hidden.bad;
    }
}

/* ---- a block ---- */

static int flush(struct exporter *e)
{
    if (e->out.bad) {
        snprintf(e->err, SPILL_ERR_MAX, "no memory for the records");
        return -ENOMEM;
    }
    bool good = new_file_write(e->file, e->err, text_of(&e->out));
    json_reset(&e->out);
    return good ? 0 : -EIO;
}

static bool find_mta(const struct rules *rules, struct rule_match *out, const struct record *r)
{
    const struct bytes texts[NUM_RULE_FIELDS] = {
        [RULE_GREETING] = r->text[TEXT_GREETING], [RULE_EHLO] = r->text[TEXT_EHLO]};
    return rules_match(rules, out, texts);
}

static bool is_meant(const struct export_plan *p, const struct dataset_header *header,
                     const struct record *r, const struct geo_place *place)
{
    if (p->where == NULL)
        return true;
    struct rule_match mta;
    struct where_row row = {.header = header,
                            .record = r,
                            .country = bytes_text(place->country),
                            .as_name = place->as_name,
                            .as_number = place->as_number};
    if (p->mta != NULL && find_mta(p->mta, &mta, r)) {
        row.mta = bytes_text(rules_name(p->mta, mta.name));
        row.mta_version = mta.version;
    }
    return where_eval(p->where, &row) == ANSWER_YES;
}

static int export_record(struct exporter *e, const struct walk *w, size_t i)
{
    struct record r;
    struct geo_place place = {.as_number = 0};
    block_record(w->block, &r, i);
    if (e->plan->geo != NULL && record_has_addr(&r))
        geo_find(e->plan->geo, &place, r.addr);
    if (!is_meant(e->plan, w->header, &r, &place))
        return 0;
    put_record(e, w->header, &r, &place);
    if (e->rc != 0)
        return e->rc;
    return e->out.len >= CHUNK_LEN ? flush(e) : 0;
}

struct order {
    uint64_t key;
    size_t i;
};

static int compare_order(const void *a, const void *b)
{
    const struct order *x = a, *y = b;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : (x->i > y->i) - (x->i < y->i);
}

/* Neighbours in a block are neighbours in the order of visits, which the sweep's seed tells: an
 * anonymous export has them in another. */
static int shuffle(struct exporter *e, const struct block *b, size_t num)
{
    if (num > e->order_cap) {
        struct order *order = realloc(e->order, num * sizeof *order);
        if (order == NULL)
            return -ENOMEM;
        e->order = order;
        e->order_cap = num;
    }
    for (size_t i = 0; i < num; i++) {
        struct record r;
        block_record(b, &r, i);
        uint64_t position = r.position % ANONYMIZER_POSITIONS;
        e->order[i] = (struct order){anonymizer_position(e->plan->anonymizer, position), i};
    }
    qsort(e->order, num, sizeof *e->order, compare_order);
    return 0;
}

int exporter_block(struct exporter *e, char err[SPILL_ERR_MAX], const struct walk *w)
{
    bool shuffled = e->plan->anonymizer != NULL;
    size_t num = block_num_records(w->block);
    e->err = err;
    if (e->plan->format == EXPORT_KEYS && block_reduced(w->block).len > 0) {
        snprintf(err, SPILL_ERR_MAX,
                 "%.300s: is a partial, in which most keys are zeros; name the dataset", w->path);
        return -EINVAL;
    }
    int rc = export_certs_add(&e->certs, err, w->block);
    if (rc == 0 && e->plan->format == EXPORT_KEYS)
        rc = export_keys_certs(&e->keys, err, w->block);
    if (rc == 0 && shuffled && (rc = shuffle(e, w->block, num)) != 0)
        snprintf(err, SPILL_ERR_MAX, "no memory for the records");
    for (size_t i = 0; rc == 0 && i < num; i++)
        rc = export_record(e, w, shuffled ? e->order[i].i : i);
    return rc;
}

int exporter_finish(struct exporter *e, char err[SPILL_ERR_MAX])
{
    int rc = 0;
    e->err = err;
    for (size_t i = 0; rc == 0 && i < e->keys.num; i++) {
        rc = export_keys_put(&e->keys, err, &e->out, i);
        if (rc == 0 && e->out.len >= CHUNK_LEN)
            rc = flush(e);
    }
    return rc == 0 ? flush(e) : rc;
}
