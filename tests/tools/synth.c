#include "tests/tools/synth.h"

#include <errno.h>
#include <openssl/bytestring.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/permutation.h"

/* Not assert: a test must fail with NDEBUG too. */
static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "synth: %s\n", what);
    abort();
}

/* ---- certificates ---- */

static const uint8_t OID_CN[] = {0x55, 4, 3}, OID_O[] = {0x55, 4, 10};
static const uint8_t OID_RSA[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1};
static const uint8_t OID_RSA_SHA256[] = {0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11};
static const uint8_t OID_EC[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1};
static const uint8_t OID_P256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static const uint8_t OID_P384[] = {0x2b, 0x81, 4, 0, 0x22};
static const uint8_t OID_ED25519[] = {0x2b, 0x65, 0x70};

static void put_oid(CBB *out, const uint8_t *oid, size_t len)
{
    CBB child;
    must(CBB_add_asn1(out, &child, CBS_ASN1_OBJECT) && CBB_add_bytes(&child, oid, len) &&
             CBB_flush(out),
         "oid");
}

static void put_attribute(CBB *name, const uint8_t oid[3], const char *value)
{
    CBB set, pair, text;
    if (value == NULL)
        return;
    must(CBB_add_asn1(name, &set, CBS_ASN1_SET) && CBB_add_asn1(&set, &pair, CBS_ASN1_SEQUENCE),
         "attribute");
    put_oid(&pair, oid, 3);
    must(CBB_add_asn1(&pair, &text, CBS_ASN1_UTF8STRING) &&
             CBB_add_bytes(&text, (const uint8_t *)value, strlen(value)) && CBB_flush(name),
         "attribute");
}

static void put_name(CBB *out, const char *org, const char *cn)
{
    CBB name;
    must(CBB_add_asn1(out, &name, CBS_ASN1_SEQUENCE), "name");
    put_attribute(&name, OID_O, org);
    put_attribute(&name, OID_CN, cn);
    must(CBB_flush(out), "name");
}

static void put_time(CBB *out, int64_t s)
{
    char text[32];
    time_t t = (time_t)s;
    struct tm tm;
    CBB child;
    gmtime_r(&t, &tm);
    size_t len = strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm);
    must(CBB_add_asn1(out, &child, CBS_ASN1_GENERALIZEDTIME) &&
             CBB_add_bytes(&child, (const uint8_t *)text, len) && CBB_flush(out),
         "time");
}

/* octets that differ from key to key, the first of them positive and not 0 */
static void put_key_octets(CBB *out, uint32_t number, size_t len, uint8_t first)
{
    must(CBB_add_u8(out, first), "key");
    for (size_t i = 1; i < len; i++) {
        uint8_t octet = (uint8_t)(number >> 8 * (i % 4) ^ i);
        must(CBB_add_u8(out, octet), "key");
    }
}

static void put_rsa(CBB *bits, uint32_t number, size_t len)
{
    CBB key, integer;
    must(CBB_add_asn1(bits, &key, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&key, &integer, CBS_ASN1_INTEGER) && CBB_add_u8(&integer, 0),
         "RSA");
    put_key_octets(&integer, number, len, 0xc1);
    must(CBB_add_asn1_uint64(&key, 65537) && CBB_flush(bits), "RSA");
}

static void put_spki(CBB *out, enum synth_key type, uint32_t number)
{
    CBB spki, algorithm, bits, null;
    must(CBB_add_asn1(out, &spki, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&spki, &algorithm, CBS_ASN1_SEQUENCE),
         "SPKI");
    switch (type) {
    case SYNTH_RSA_2048:
    case SYNTH_RSA_4096:
        put_oid(&algorithm, OID_RSA, sizeof OID_RSA);
        must(CBB_add_asn1(&algorithm, &null, CBS_ASN1_NULL), "SPKI");
        break;
    case SYNTH_P256:
        put_oid(&algorithm, OID_EC, sizeof OID_EC);
        put_oid(&algorithm, OID_P256, sizeof OID_P256);
        break;
    case SYNTH_P384:
        put_oid(&algorithm, OID_EC, sizeof OID_EC);
        put_oid(&algorithm, OID_P384, sizeof OID_P384);
        break;
    case SYNTH_ED25519: put_oid(&algorithm, OID_ED25519, sizeof OID_ED25519); break;
    }
    must(CBB_add_asn1(&spki, &bits, CBS_ASN1_BITSTRING) && CBB_add_u8(&bits, 0), "SPKI");
    switch (type) {
    case SYNTH_RSA_2048: put_rsa(&bits, number, 256); break;
    case SYNTH_RSA_4096: put_rsa(&bits, number, 512); break;
    case SYNTH_P256: put_key_octets(&bits, number, 65, 4); break;
    case SYNTH_P384: put_key_octets(&bits, number, 97, 4); break;
    case SYNTH_ED25519: put_key_octets(&bits, number, 32, 7); break;
    }
    must(CBB_flush(out), "SPKI");
}

static void put_algorithm(CBB *out)
{
    CBB algorithm, null;
    must(CBB_add_asn1(out, &algorithm, CBS_ASN1_SEQUENCE), "algorithm");
    put_oid(&algorithm, OID_RSA_SHA256, sizeof OID_RSA_SHA256);
    must(CBB_add_asn1(&algorithm, &null, CBS_ASN1_NULL) && CBB_flush(out), "algorithm");
}

static void put_tbs(CBB *out, const struct synth_cert *c)
{
    CBB tbs, version, validity;
    must(CBB_add_asn1(out, &tbs, CBS_ASN1_SEQUENCE) &&
             CBB_add_asn1(&tbs, &version, CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0) &&
             CBB_add_asn1_uint64(&version, 2) && CBB_add_asn1_uint64(&tbs, 1 + c->key_number),
         "tbs");
    put_algorithm(&tbs);
    put_name(&tbs, c->issuer_org, c->issuer_cn);
    must(CBB_add_asn1(&tbs, &validity, CBS_ASN1_SEQUENCE), "validity");
    put_time(&validity, c->not_before);
    put_time(&validity, c->not_after);
    put_name(&tbs, NULL, c->subject_cn);
    put_spki(&tbs, c->key, c->key_number);
    must(CBB_flush(out), "tbs");
}

size_t synth_der(uint8_t out[SYNTH_DER_MAX], const struct synth_cert *c)
{
    CBB cbb, cert, signature;
    size_t len = 0;
    if (c->der.len > 0) {
        must(c->der.len <= SYNTH_DER_MAX, "certificate");
        memcpy(out, c->der.data, c->der.len);
        return c->der.len;
    }
    if (c->garbage)
        return (size_t)snprintf((char *)out, SYNTH_DER_MAX, "garbage %u", c->key_number);
    must(CBB_init_fixed(&cbb, out, SYNTH_DER_MAX) && CBB_add_asn1(&cbb, &cert, CBS_ASN1_SEQUENCE),
         "certificate");
    put_tbs(&cert, c);
    put_algorithm(&cert);
    must(CBB_add_asn1(&cert, &signature, CBS_ASN1_BITSTRING) && CBB_add_u8(&signature, 0) &&
             CBB_add_u64(&signature, 42) && CBB_finish(&cbb, NULL, &len),
         "certificate");
    return len;
}

/* ---- records ---- */

static void put_text(struct record *r, enum text which, const char *text)
{
    if (text != NULL)
        r->text[which] = bytes_text(text);
}

/* the phases that a session of this end had finished */
static void put_timings(struct record *r, const struct synth_class *c)
{
    static const struct {
        enum stage stage;
        enum timing timing;
    } phases[] = {{STAGE_CONNECT, TIMING_CONNECT},     {STAGE_GREETING, TIMING_GREETING},
                  {STAGE_EHLO, TIMING_EHLO},           {STAGE_STARTTLS, TIMING_STARTTLS},
                  {STAGE_HANDSHAKE, TIMING_HANDSHAKE}, {STAGE_EHLO_TLS, TIMING_EHLO_TLS}};
    bool answered = c->cause == CAUSE_REJECTED || c->cause == CAUSE_THROTTLED;
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (c->stage > phases[i].stage || (c->stage == phases[i].stage && answered && i > 0))
            r->timing_us[phases[i].timing] = 1000 * (uint32_t)(i + 1);
    if (c->connect_us > 0)
        r->timing_us[TIMING_CONNECT] = c->connect_us;
    r->timing_us[TIMING_TOTAL] = 100000;
}

void synth_record(struct record *r, const struct synth_class *c, uint64_t position)
{
    record_init(r);
    r->position = position;
    r->start_us = position * SYNTH_SPREAD_US;
    r->stage = (uint8_t)c->stage;
    r->cause = (uint8_t)c->cause;
    put_text(r, TEXT_GREETING, c->greeting);
    put_text(r, TEXT_EHLO, c->ehlo);
    put_text(r, TEXT_HELO, c->helo);
    put_text(r, TEXT_STARTTLS, c->starttls);
    put_text(r, TEXT_EHLO_TLS, c->ehlo_tls);
    put_timings(r, c);
    r->has_tls = c->stage >= STAGE_HANDSHAKE;
    r->handshake_done = c->handshake_done;
    r->version = c->version;
    r->suite = c->suite;
    r->group = c->group;
    r->sigscheme = c->sigscheme;
    r->source = c->source;
    r->tls_known = c->tls_known;
    r->tls_flags = c->tls_flags;
    r->ticket_lifetime_s = c->ticket_lifetime_s;
    r->text[TEXT_OCSP] = c->ocsp;
    r->text[TEXT_AUDIT] = c->audit;
    r->text[TEXT_EARLY] = c->early;
    r->early_len = (uint32_t)c->early.len;
    if (c->tag != NULL)
        r->tag = bytes_text(c->tag);
    if (c->host != NULL)
        r->host = bytes_text(c->host);
    if (c->attempt.stage != STAGE_NONE) {
        r->num_attempts = 1;
        r->attempts[0] = c->attempt;
    }
    if (c->alert != 0) {
        r->num_alerts = 1;
        r->alerts[0] = (struct alert){c->cause == CAUSE_ALERT_SENT, 2, c->alert, STAGE_HANDSHAKE};
    }
}

/* ---- datasets ---- */

uint64_t synth_count(const struct synth *s)
{
    uint64_t count = 0;
    for (size_t i = 0; i < s->num_classes; i++)
        count += s->classes[i].count;
    return count;
}

/* Deals classes out by position: a fixed stride through all targets, which has no factor in common
 * with their number. */
static const struct synth_class *class_of(const struct synth *s, uint64_t count, uint64_t position)
{
    static const uint64_t strides[] = {7919, 104729, 15485863, 1};
    uint64_t stride = 1;
    for (size_t i = 0; i < sizeof strides / sizeof strides[0]; i++)
        if (count % strides[i] != 0 || strides[i] == 1) {
            stride = strides[i];
            break;
        }
    uint64_t at = position * stride % count;
    size_t i = 0;
    while (at >= s->classes[i].count)
        at -= s->classes[i++].count;
    return &s->classes[i];
}

static void make_space(struct target_space *space, uint64_t count)
{
    char line[64], last[ADDR_TEXT_MAX], err[256];
    static const uint16_t port = 25;
    struct target_counts counts;
    struct target_list *list = target_list_new();
    addr_format(last, addr_v4(0x0a000000 + (uint32_t)(count - 1)));
    snprintf(line, sizeof line, "10.0.0.0-%s", last);
    must(list != NULL &&
             target_list_add(list, err, sizeof err, line, strlen(line), "synth", 1) == 0,
         "targets");
    must(target_space_build(space, &counts, list, NULL, NULL, NULL, &port, 1) == 0, "space");
    target_list_free(list);
}

struct writing {
    struct dataset_writer *w;
    const struct synth *s;
    const struct target_space *space;
    struct permutation order;
    struct dataset_found found; /* of a resumed file */
};

static bool is_done(const struct dataset_found *f, uint64_t position)
{
    for (size_t i = 0; i < f->num_done; i++) {
        const struct dataset_run *run = &f->done[i];
        uint64_t distance = (position - run->first) / f->header->num_shards;
        if (position >= run->first && distance < run->count)
            return true;
    }
    return false;
}

/* the target at a position; a stream has one port, and so one position a line */
static void take_target(struct record *r, const struct writing *to, const struct synth_class *c)
{
    struct target t = {.addr = addr_v4(0x0a000000 + (uint32_t)r->position), .port = 25};
    if (!to->s->streamed)
        t = target_space_at(to->space, permutation_at(&to->order, r->position));
    if (to->s->streamed && c->network != 0)
        t.addr = addr_v4(c->network + (uint32_t)(r->position % 100));
    r->addr = t.addr;
    r->port = t.port;
}

static void add_one(struct writing *to, const struct synth_class *c, uint64_t position)
{
    uint8_t der[SYNTH_CHAIN_MAX][SYNTH_DER_MAX], sha256[SYNTH_CHAIN_MAX][32];
    struct bytes ders[SYNTH_CHAIN_MAX];
    struct record r;
    if (c->counted) {
        must(dataset_count(to->w, position, c->stage, c->cause) == 0, "dataset_count");
        return;
    }
    synth_record(&r, c, position);
    r.start_us += to->s->early_us;
    take_target(&r, to, c);
    while (r.num_chain < SYNTH_CHAIN_MAX && c->chain[r.num_chain] != NULL) {
        size_t i = r.num_chain++;
        ders[i] = bytes_of(der[i], synth_der(der[i], c->chain[i]));
        SHA256(der[i], ders[i].len, sha256[i]);
    }
    r.chain = (const uint8_t(*)[32])sha256;
    char err[DATASET_ERR_MAX] = "";
    int rc = dataset_add(to->w, &r, ders);
    if (rc == -ENOBUFS) {
        must(dataset_seal(to->w, err) == 0, err);
        rc = dataset_add(to->w, &r, ders);
    }
    must(rc == 0, "dataset_add");
}

static void add_position(struct writing *to, uint64_t count, uint64_t position)
{
    const struct synth *s = to->s;
    if (s->blank_every > 0 && position % s->blank_every == 0)
        must(dataset_skip(to->w, position) == 0, "dataset_skip");
    else
        add_one(to, class_of(s, count, position), position);
}

/* the next block, of a stream with the lines read so far */
static void seal(struct writing *to, uint64_t lines)
{
    char err[DATASET_ERR_MAX] = "";
    uint8_t sha256[32] = {(uint8_t)lines};
    if (to->s->streamed)
        dataset_consumed(to->w, lines, sha256);
    must(dataset_seal(to->w, err) == 0, err);
}

static void write_blocks(struct writing *to, const struct synth *s, uint32_t num_shards)
{
    uint64_t count = synth_count(s), in_block = 0;
    for (uint64_t p = s->shard; p + s->leave_out < count; p += num_shards) {
        if (is_done(&to->found, p))
            continue;
        add_position(to, count, p);
        if (++in_block % (s->block_len > 0 ? s->block_len : 1 << 17) == 0)
            seal(to, p + 1);
    }
    seal(to, count);
    if (s->streamed)
        dataset_stream_end(to->w, count);
}

void synth_write(const char *path, const struct synth *s)
{
    static const struct bytes ehlo_name = {(const uint8_t *)"synth.invalid", 13};
    static const struct dataset_hello hello = {.name = {(const uint8_t *)"plain", 5},
                                               .ja4 = {(const uint8_t *)"t13i", 4}};
    char err[DATASET_ERR_MAX] = "";
    struct target_space space;
    struct writing to = {.s = s, .space = &space};
    uint32_t num_shards = s->num_shards > 0 ? s->num_shards : 1;
    if (s->streamed)
        space = (struct target_space){.ports = {25}, .num_ports = 1};
    else
        make_space(&space, synth_count(s));
    permutation_init(&to.order, synth_count(s), s->seed);
    struct dataset_header h = {
        .format = DATASET_FORMAT,
        .start_us = (s->start_s != 0 ? s->start_s : SYNTH_START_S) * 1000000 - (int64_t)s->early_us,
        .tool = bytes_text("synth 1"),
        .ehlo_names = &ehlo_name,
        .num_ehlo_names = 1,
        .sources = s->sources,
        .num_sources = s->num_sources,
        .seed = s->seed,
        .num_shards = num_shards,
        .shard = s->shard,
        .streamed = s->streamed,
        .space = &space,
        .hellos = &hello,
        .num_hellos = 1,
    };
    uint8_t digest[32]; /* the id: of the path, so that no two files have the same */
    SHA256((const uint8_t *)path, strlen(path), digest);
    memcpy(h.id, digest, sizeof h.id);
    dataset_sweep_id(&h);
    if (s->resume) {
        must(dataset_resume(&to.w, &to.found, err, path) == 0, err);
        must(dataset_event(to.w, err, s->early_us, "resumed", NULL, 0) == 0, err);
    } else {
        remove(path);
        must(dataset_create(&to.w, err, path, &h) == 0, err);
    }
    write_blocks(&to, s, num_shards);
    uint64_t end_us = synth_count(s) * SYNTH_SPREAD_US + s->early_us;
    if (s->reason != 0)
        must(dataset_finish(to.w, err, end_us, s->reason) == 0, err);
    else
        dataset_abandon(to.w);
    target_space_cleanup(&space);
}
