/*
 * fuzz_audit: any octets as an encoded audit, and as the answers that a plan gets. What decodes
 * encodes again to what decodes the same; a plan ends within its budgets, and what it found can be
 * encoded.
 *
 * Input      the whole of it as an item; and: octets 0 and 1 which audits, 2 to 7 the first session,
 *            then the answers.
 */
#include <stdlib.h>

#include "core/json_valid.h"
#include "scanner/session/audit_plan.h"

enum { CONNECTIONS_MAX = 2000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_json(const struct audit *a)
{
    struct json j;
    json_init(&j);
    audit_json(&j, a);
    must(!j.bad && json_is_valid(bytes_of(j.text, j.len)));
    json_cleanup(&j);
}

/* encodes a, decodes that, encodes it again: the same octets */
static void check_encoding(const struct audit *a)
{
    struct cbor_writer w, again;
    struct audit back;
    cbor_writer_init(&w, AUDIT_ENCODED_MAX);
    cbor_writer_init(&again, AUDIT_ENCODED_MAX);
    audit_encode(&w, a);
    must(!w.bad && audit_decode(&back, bytes_of(w.data, w.len)));
    audit_encode(&again, &back);
    must(bytes_equal(bytes_of(w.data, w.len), bytes_of(again.data, again.len)));
    cbor_writer_cleanup(&w);
    cbor_writer_cleanup(&again);
    check_json(a);
}

/* ---- plans ---- */

struct octets {
    const uint8_t *at, *end;
};

static uint8_t take(struct octets *in)
{
    return in->at < in->end ? *in->at++ : 0;
}

/* often something that was offered, else anything */
static uint16_t take_code(struct octets *in, const uint16_t *offered, size_t num)
{
    uint8_t how = take(in);
    if (how < 0xe0 && num > 0)
        return offered[(how * 8U + take(in) % 8U) % num];
    return (uint16_t)(how << 8 | take(in));
}

static void answer_crafted(struct flight *f, struct octets *in, const struct crafted_hello *h)
{
    static const uint16_t versions[] = {0x0304, 0x0303, 0x0302, 0x0301, 0x0300, 0x0002};
    *f = (struct flight){.kind = (enum flight_kind)(take(in) % (FLIGHT_TOO_LONG + 1))};
    if (f->kind == FLIGHT_ALERT) {
        f->alert_level = (uint8_t)(1 + take(in) % 2);
        f->alert_number = take(in);
    } else if (f->kind <= FLIGHT_SSL2 && f->kind != FLIGHT_NOTHING) {
        f->version = take_code(in, versions, sizeof versions / sizeof *versions);
        f->suite = take_code(in, h->suites, h->num_suites);
        f->group = take_code(in, h->groups, h->num_groups);
        f->compression = take(in) % 3;
        f->dh_bits = (uint16_t)(take(in) * 64);
        f->dh_prime = (enum dh_prime)(take(in) % 18);
        f->ssl2_kinds = f->suite;
    }
}

static void answer(struct audit_answer *out, struct flight *f, struct record *r, struct octets *in,
                   enum audit_step step, const struct audit_connection *c)
{
    static const uint8_t leaf[2][32] = {{1}, {2}};
    uint8_t how = take(in);
    *out = (struct audit_answer){.stage = STAGE_HANDSHAKE, .cause = how % NUM_CAUSES};
    if (how >= 0xf0) /* came to no hello */
        return;
    if (step == AUDIT_CRAFTED) {
        answer_crafted(f, in, &c->hello);
        out->flight = f;
        return;
    }
    must(c->host == NULL || strlen(c->host) <= AUDIT_NAME_LEN_MAX);
    record_init(r);
    r->has_tls = true;
    r->cause = out->cause;
    r->handshake_done = take(in) & 1;
    r->tls_known = r->tls_flags = (uint16_t)(take(in) << 8 | take(in));
    out->record = r;
    out->leaf_sha256 = how & 1 ? leaf[how >> 1 & 1] : NULL;
}

static void take_first(struct record *r, struct octets *in)
{
    static const uint16_t versions[] = {0x0304, 0x0303, 0x0302, 0x0301, 0, 0x0300, 0x7777, 0x0002};
    uint8_t how = take(in);
    record_init(r);
    r->has_tls = (how & 0x0f) != 0;
    r->handshake_done = how >= 0x80;
    r->stage = r->handshake_done ? STAGE_DONE : STAGE_HANDSHAKE;
    r->cause = take(in) % NUM_CAUSES;
    r->version = versions[take(in) % 8];
    r->suite = (uint16_t)(take(in) << 8 | take(in));
    r->group = 0x11ec;
    r->tls_known = r->tls_flags = take(in);
    r->host = how & 0x40 ? bytes_text("mx.example.com") : bytes_of(NULL, 0);
}

static void check_budgets(const unsigned num[NUM_AUDIT_KINDS], const struct audit *a)
{
    unsigned suites = NUM_AUDIT_VERSIONS, groups = 2;
    for (size_t i = 0; i < a->num_suites; i++)
        suites += a->suites[i].num;
    for (size_t i = 0; i < a->num_groups; i++)
        groups += a->groups[i].num;
    must(num[AUDIT_KIND_VERSIONS] <= 6 && num[AUDIT_KIND_PQ] <= 2);
    must(num[AUDIT_KIND_RESUME] <= 1 && num[AUDIT_KIND_SNI] <= 2 && num[AUDIT_KIND_EXPLAIN] <= 1);
    must(num[AUDIT_KIND_LEGACY] <= 2 + NUM_AUDIT_CLASSES);
    must(num[AUDIT_KIND_SUITES] <= suites && num[AUDIT_KIND_GROUPS] <= groups);
}

static void check_plan(struct octets in)
{
    struct audit_plan p;
    struct audit_connection c;
    struct audit_answer a;
    struct record first, r;
    struct flight f;
    enum audit_step step;
    unsigned num[NUM_AUDIT_KINDS] = {0};
    unsigned audits = take(&in);
    uint8_t seed = take(&in);
    take_first(&first, &in);
    struct bytes greeting = bytes_of(in.at, (size_t)(in.end - in.at));
    audit_plan_init(&p, (uint16_t)audits, &first, greeting, NULL, seed);
    for (unsigned i = 0; (step = audit_plan_next(&p, &c)) != AUDIT_END; i++) {
        must(i < CONNECTIONS_MAX && c.kind < NUM_AUDIT_KINDS && (audits >> c.kind & 1));
        num[c.kind]++;
        answer(&a, &f, &r, &in, step, &c);
        audit_plan_take(&p, &a);
    }
    const struct audit *result = audit_plan_result(&p);
    must(audit_plan_next(&p, &c) == AUDIT_END);
    check_budgets(num, result);
    check_encoding(result);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct audit a;
    if (audit_decode(&a, bytes_of(data, len)))
        check_encoding(&a);
    if (len > 0)
        check_plan((struct octets){data, data + len});
    return 0;
}
