#include "tests/core/golden2.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "golden2: %s\n", what);
    abort();
}

/* ---- the sweeps ---- */

static void make_space(struct golden2 *g)
{
    static const char *const lines[] = {
        "192.0.2.0/29",
        "mx.example.com,,pool-a",
        "mx2.example.com",
        "198.51.100.1,mx.example.com",
    };
    static const uint16_t ports[] = {25, 465};
    char err[256] = "";
    struct target_list *list = target_list_new();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        must(target_list_add(list, err, sizeof err, lines[i], strlen(lines[i]), "golden", i) == 0,
             err);
    must(target_space_build(&g->space, &g->header.counts, list, NULL, NULL, NULL, ports, 2) == 0,
         "space");
    target_list_free(list);
}

void golden2_init(struct golden2 *g, bool streamed)
{
    *g = (struct golden2){
        .source = addr_v4(0xc0000263),
        .ehlo_name = {(const uint8_t *)"scan.example.org", 16},
    };
    g->header = (struct dataset_header){
        .id = "golden-file-two", .start_us = 1782864000000001, .tool = bytes_text("mxsweep golden"),
        .sources = &g->source, .num_sources = 1, .ehlo_names = &g->ehlo_name, .num_ehlo_names = 1,
        .seed = 8, .num_shards = 1, .space = &g->space,
    };
    if (streamed) {
        g->space = (struct target_space){.ports = {25, 587}, .num_ports = 2};
        g->header.id[14] = 's';
        g->header.streamed = true;
        g->header.sample_ppm = 500000;
        g->header.num_shards = 2;
        g->header.shard = 1;
    } else {
        make_space(g);
        g->header.limit = g->space.count - 2;
        g->header.sample_ppm = 900000;
        permutation_init(&g->perm, g->space.count, g->header.seed);
    }
    for (size_t i = 0; i < sizeof g->cert; i++)
        g->cert[i] = (uint8_t)(i * 7 + 1);
    g->der = bytes_of(g->cert, sizeof g->cert);
    SHA256(g->cert, sizeof g->cert, g->hash[0]);
}

void golden2_cleanup(struct golden2 *g)
{
    target_space_cleanup(&g->space);
}

struct addr golden2_addr(const char *text)
{
    struct addr a = {0, 0};
    must(addr_parse(&a, text, strlen(text)), text);
    return a;
}

uint64_t golden2_position(const struct golden2 *g, const char *addr, const char *host,
                          uint16_t port)
{
    uint64_t index;
    must(addr == NULL
             ? target_space_find_name(&g->space, &index, bytes_text(host), port)
             : target_space_find(&g->space, &index, golden2_addr(addr), port, bytes_text(host)),
         "no such target");
    return permutation_find(&g->perm, index);
}

/* ---- records ---- */

static void make_done(const struct golden2 *g, struct record *r)
{
    for (size_t i = 0; i < GOLDEN_TIMINGS; i++)
        r->timing_us[i] = (uint32_t)(1000 * i + 5);
    r->smtp_code = 250;
    r->text[TEXT_GREETING] = bytes_text("220 mx ESMTP\r\n");
    r->text[TEXT_EHLO] = bytes_text("250-mx\r\n250 STARTTLS\r\n");
    r->text[TEXT_STARTTLS] = bytes_text("220 go\r\n");
    r->text[TEXT_EHLO_TLS] = bytes_text("250 mx\r\n");
    r->has_tls = r->handshake_done = true;
    r->version = 0x0304;
    r->suite = 0x1301;
    r->chain = (const uint8_t(*)[32])g->hash;
    r->num_chain = 1;
}

void golden2_record(const struct golden2 *g, struct record *r, uint64_t position, enum stage stage,
                    enum cause cause)
{
    record_init(r);
    r->position = position;
    r->start_us = 5000000 + position * 1000;
    r->stage = (uint8_t)stage;
    r->cause = (uint8_t)cause;
    r->timing_us[TIMING_TOTAL] = 3000000;
    if (stage == STAGE_DONE)
        make_done(g, r);
    if (stage == STAGE_GREETING) {
        r->smtp_code = 421;
        r->text[TEXT_GREETING] = bytes_text("421 4.7.0 too many\r\n");
    }
    r->port = g->space.ports[position % g->space.num_ports];
    if (g->header.streamed)
        return;
    struct target t = target_space_at(&g->space, permutation_at(&g->perm, position));
    r->port = t.port;
    r->addr = t.addr;
    r->host = t.host;
    r->tag = t.tag;
}

static void add_attempts(struct record *r, size_t num)
{
    static const struct attempt attempts[RECORD_ATTEMPTS_MAX] = {
        {4000000, STAGE_CONNECT, CAUSE_TIMEOUT, 0},
        {1000000, STAGE_GREETING, CAUSE_THROTTLED, 421},
        {0, STAGE_STARTTLS, CAUSE_THROTTLED, 454},
    };
    r->num_attempts = (uint8_t)num;
    for (size_t i = 0; i < num; i++) {
        r->attempts[i] = attempts[i];
        r->attempts[i].start_us = r->start_us - attempts[i].start_us;
    }
}

struct writing {
    const struct golden2 *g;
    struct dataset_writer *w;
    bool taken[64];   /* positions: each once */
};

static void add(struct writing *to, struct record *r, const char *addr)
{
    if (addr != NULL)
        r->addr = golden2_addr(addr);
    must(dataset_add(to->w, r, &to->g->der) == 0, "dataset_add");
    to->taken[r->position] = true;
}

/* three records of one host name */
static void add_name(struct writing *to, uint64_t position, const char *host, const char *tag)
{
    static const char *const addrs[] = {"2001:db8::25", "203.0.113.9", "192.0.2.3"};
    static const enum stage stages[] = {STAGE_GREETING, STAGE_DONE, STAGE_CONNECT};
    static const enum cause causes[] = {CAUSE_THROTTLED, CAUSE_OK, CAUSE_TIMEOUT};
    struct record r[3];
    const struct record *records[3];
    const struct bytes *ders[3];
    for (size_t i = 0; i < 3; i++) {
        golden2_record(to->g, &r[i], position, stages[i], causes[i]);
        r[i].addr = golden2_addr(addrs[i]);
        if (host != NULL) {
            r[i].host = bytes_text(host);
            r[i].tag = bytes_text(tag);
        }
        records[i] = &r[i];
        ders[i] = &to->g->der;
    }
    add_attempts(&r[0], 2);
    must(dataset_add_all(to->w, records, ders, 3) == 0, "dataset_add_all");
    to->taken[position] = true;
}

static void write_names(struct writing *to, char err[DATASET_ERR_MAX])
{
    const struct golden2 *g = to->g;
    struct record r;
    add_name(to, golden2_position(g, NULL, "mx.example.com", 25), NULL, NULL);
    golden2_record(g, &r, golden2_position(g, NULL, "mx2.example.com", 25), STAGE_CONNECT,
                   CAUSE_NO_ADDRESS);
    add(to, &r, NULL);
    golden2_record(g, &r, golden2_position(g, "192.0.2.2", "", 465), STAGE_CONNECT, CAUSE_REFUSED);
    add_attempts(&r, 1);
    add(to, &r, NULL);
    golden2_record(g, &r, golden2_position(g, "198.51.100.1", "mx.example.com", 25), STAGE_DONE,
                   CAUSE_OK);
    add_attempts(&r, 3);
    add(to, &r, NULL);
    must(dataset_seal(to->w, err) == 0, err);
    golden2_record(g, &r, golden2_position(g, NULL, "mx2.example.com", 465), STAGE_CONNECT,
                   CAUSE_DNS_FAILURE);
    add_attempts(&r, 1);
    add(to, &r, NULL);
    uint64_t counted = golden2_position(g, NULL, "mx.example.com", 465);
    must(dataset_count(to->w, counted, STAGE_CONNECT, CAUSE_TIMEOUT) == 0, "dataset_count");
    to->taken[counted] = true;
    for (uint64_t p = 0; p < g->header.limit; p++) {
        golden2_record(g, &r, p, STAGE_CONNECT, CAUSE_TIMEOUT);
        if (!to->taken[p])
            add(to, &r, NULL);
    }
}

/* of shard 1 of 2, so of each line the second port: lines 0 to 11 */
static void write_stream(struct writing *to, char err[DATASET_ERR_MAX])
{
    static const uint8_t first[32] = {1, 2, 3}, second[32] = {4, 5, 6};
    const struct golden2 *g = to->g;
    struct record r;
    for (uint64_t line = 0; line < 4; line++) {
        golden2_record(g, &r, line * 2 + 1, STAGE_CONNECT,
                       line % 2 == 0 ? CAUSE_TIMEOUT : CAUSE_REFUSED);
        add(to, &r, line % 2 == 0 ? "192.0.2.200" : "8.8.8.8");
    }
    add_name(to, 9, "mx.example.com", "pool-a");
    must(dataset_skip(to->w, 13) == 0 && dataset_skip(to->w, 11) == 0 &&
             dataset_skip(to->w, 15) == 0, "dataset_skip");
    dataset_consumed(to->w, 8, first);
    must(dataset_seal(to->w, err) == 0, err);
    golden2_record(g, &r, 17, STAGE_CONNECT, CAUSE_DNS_FAILURE);
    r.host = bytes_text("mx2.example.com");
    add(to, &r, NULL);
    golden2_record(g, &r, 19, STAGE_CONNECT, CAUSE_TIMEOUT);
    r.tag = bytes_text("tagged");
    add(to, &r, "192.0.2.77");
    golden2_record(g, &r, 21, STAGE_CONNECT, CAUSE_TIMEOUT);
    add(to, &r, "2001:db8::7");
    must(dataset_count(to->w, 23, STAGE_CONNECT, CAUSE_REFUSED) == 0, "dataset_count");
    dataset_consumed(to->w, 12, second);
    dataset_stream_end(to->w, 12);
}

int golden2_write(struct golden2 *g, const char *path, char err[DATASET_ERR_MAX])
{
    struct writing to = {.g = g};
    int rc = dataset_create(&to.w, err, path, &g->header);
    if (rc != 0)
        return rc;
    if (g->header.streamed)
        write_stream(&to, err);
    else
        write_names(&to, err);
    return dataset_finish(to.w, err, 9999999, DATASET_COMPLETE);
}
