#include "tests/core/golden.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the sweep ---- */

static void make_space(struct golden *g)
{
    static const char *const lines[] = {
        "198.51.100.0/29",
        "203.0.113.7,mx.example.com,pool-a",
        "198.51.100.3,mx2.example.com",
        "2001:db8::/126,,six",
    };
    static const uint16_t ports[] = {25, 587};
    char err[256];
    struct target_list *list = target_list_new();
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        int rc = target_list_add(list, err, sizeof err, lines[i], strlen(lines[i]), "golden", i);
        assert(rc == 0);
        (void)rc;
    }
    int rc = target_space_build(&g->space, &g->counts, list, NULL, NULL, NULL, ports, 2);
    assert(rc == 0 && g->space.count == 28);
    (void)rc;
    target_list_free(list);
}

void golden_init(struct golden *g)
{
    *g = (struct golden){0};
    make_space(g);
    g->libraries[0] = (struct dataset_pair){bytes_text("libuv"), bytes_text("1.44.2")};
    g->libraries[1] = (struct dataset_pair){bytes_text("zstd"), bytes_text("1.5.4")};
    g->options[0] = (struct dataset_pair){bytes_text("rate"), bytes_text("1000/s")};
    g->options[1] = (struct dataset_pair){bytes_text("ehlo-name"), bytes_of("\xff\x00", 2)};
    g->sources[0] = addr_v4(0xc0000201);
    g->sources[1] = (struct addr){UINT64_C(0x20010db800000000), 1};
    g->ehlo_names[0] = bytes_text("scan.example.org");
    g->ehlo_names[1] = bytes_text("scan6.example.org");
    g->hellos[0] = (struct dataset_hello){bytes_text("plain"), bytes_text("t13i0301_a_b"), {1, 2},
                                          bytes_of("\x01\x00\x00\x02hi", 6)};
    g->hellos[1] = (struct dataset_hello){bytes_text("sni"), bytes_text("t13d0301_a_b"), {3, 4},
                                          bytes_of("\x01\x00\x00\x03hey", 7)};
    g->header = (struct dataset_header){
        .id = "golden-file-one", .start_us = 1767225600123456, .tool = bytes_text("mxsweep golden"),
        .libraries = g->libraries, .num_libraries = 2, .options = g->options, .num_options = 2,
        .sources = g->sources, .num_sources = 2, .ehlo_names = g->ehlo_names, .num_ehlo_names = 2,
        .seed = 0x123456789abcdef0, .num_shards = 2, .shard = 1, .record_mode = RECORD_RESPONSIVE,
        .space = &g->space, .counts = g->counts, .include_special = true, .has_blocklist = true,
        .blocklist_sha256 = {0xb1}, .hellos = g->hellos, .num_hellos = 2,
        .user_metadata = bytes_text("{\"campaign\": 7}"),
    };
    permutation_init(&g->perm, g->space.count, g->header.seed);
    for (size_t i = 0; i < GOLDEN_CERTS; i++) {
        for (size_t j = 0; j < sizeof g->certs[i]; j++)
            g->certs[i][j] = (uint8_t)(i * 37 + j * j);
        g->ders[i] = bytes_of(g->certs[i], sizeof g->certs[i] - i);
        SHA256(g->ders[i].data, g->ders[i].len, g->hashes[i]);
    }
}

void golden_cleanup(struct golden *g)
{
    target_space_cleanup(&g->space);
}

/* a session that went all the way */
static void make_done(struct golden *g, struct record *r, uint64_t slot)
{
    r->stage = STAGE_DONE;
    r->cause = CAUSE_OK;
    r->smtp_code = 250;
    for (size_t i = 0; i < GOLDEN_TIMINGS; i++)
        r->timing_us[i] = (uint32_t)(1000 * (i + 1) + 77 * slot);
    r->text[TEXT_GREETING] = bytes_text("220 mx ESMTP\r\n");
    r->text[TEXT_EHLO] = bytes_text("250-mx\r\n250 STARTTLS\r\n");
    r->text[TEXT_STARTTLS] = bytes_text("220 go\r\n");
    r->text[TEXT_EHLO_TLS] = bytes_text("250 mx\r\n");
    r->has_tls = r->handshake_done = true;
    r->hello = (uint8_t)(slot % 2);
    r->version = 0x0304;
    r->suite = 0x1301;
    r->group = 29;
    r->sigscheme = 0x0804;
    r->chain = (const uint8_t(*)[32])g->hashes;
    r->num_chain = (uint16_t)(slot % 3 + 1);
}

/* a handshake that an alert ended, plaintext before it, chain cut */
static void make_alert(struct golden *g, struct record *r)
{
    make_done(g, r, 0);
    r->stage = STAGE_HANDSHAKE;
    r->cause = CAUSE_ALERT_RECEIVED;
    r->smtp_code = 220;
    r->timing_us[TIMING_HANDSHAKE] = r->timing_us[TIMING_EHLO_TLS] = TIMING_ABSENT;
    r->text[TEXT_EHLO_TLS] = bytes_of(NULL, 0);
    r->text[TEXT_EARLY] = bytes_of("250 in\0jected\xff\r\n", 16);
    r->early_len = 5000;
    r->handshake_done = false;
    r->group = r->sigscheme = 0;
    r->num_alerts = 2;
    r->alerts[0] = (struct alert){false, 1, 112, STAGE_HANDSHAKE};
    r->alerts[1] = (struct alert){true, 2, 40, STAGE_EHLO_TLS};
    r->num_chain = GOLDEN_CERTS;
    r->chain_cut = true;
}

static void make_not_tls(struct record *r)
{
    r->stage = STAGE_HANDSHAKE;
    r->cause = CAUSE_NOT_TLS;
    r->errnum = 104;
    r->timing_us[TIMING_CONNECT] = 0;
    r->timing_us[TIMING_TOTAL] = UINT32_MAX - 1;
    r->text[TEXT_HELO] = bytes_text("250 hello\r\n");
    r->text[TEXT_NOT_TLS] = bytes_text("HTTP/1.0 400\r\n");
    r->not_tls_len = 14;
    r->has_tls = true;
}

static void make_connect(struct record *r, uint64_t slot)
{
    r->stage = STAGE_CONNECT;
    r->cause = slot % 2 == 0 ? CAUSE_TIMEOUT : CAUSE_REFUSED;
    r->errnum = slot % 2 == 0 ? 0 : 111;
    r->source = (uint8_t)(slot % 2);
    r->timing_us[TIMING_TOTAL] = (uint32_t)(10000000 + slot);
    if (slot == 6)
        r->timing_us[TIMING_TOTAL] = TIMING_ABSENT;
}

void golden_record(struct golden *g, struct record *r, uint64_t slot)
{
    record_init(r);
    r->position = slot * g->header.num_shards + g->header.shard;
    struct target t = target_space_at(&g->space, permutation_at(&g->perm, r->position));
    r->addr = t.addr;
    r->port = t.port;
    r->host = t.host;
    r->tag = t.tag;
    r->start_us = 1000000 + slot * 1500 - (slot % 4) * 2000;
    if (slot % 7 == 5)
        make_alert(g, r);
    else if (slot % 7 == 3)
        make_not_tls(r);
    else if (slot % 3 == 0)
        make_connect(r, slot);
    else
        make_done(g, r, slot);
}

/* the order in which the slots end: not that of visits. 100: seal; 101: event */
static const uint8_t steps[GOLDEN_STEPS] = {1, 0, 3, 2, 5, 4, 100, 101, 7, 6, 10, 8, 100, 9, 12,
    11, 13};

int golden_step(struct golden *g, struct dataset_writer *w, size_t i, char err[DATASET_ERR_MAX])
{
    static const struct dataset_pair details[] = {{{(const uint8_t *)"rate", 4},
                                                   {(const uint8_t *)"50/s", 4}}};
    struct record r;
    if (steps[i] == 100)
        return dataset_seal(w, err);
    if (steps[i] == 101)
        return dataset_event(w, err, 1234567, "rate", details, 1);
    golden_record(g, &r, steps[i]);
    if (r.stage == STAGE_CONNECT && steps[i] > 8)
        return dataset_count(w, r.position, STAGE_CONNECT, (enum cause)r.cause);
    return dataset_add(w, &r, g->ders);
}

int golden_write(struct golden *g, const char *path, char err[DATASET_ERR_MAX])
{
    struct dataset_writer *w;
    int rc = dataset_create(&w, err, path, &g->header);
    for (size_t i = 0; i < GOLDEN_STEPS && rc == 0; i++)
        rc = golden_step(g, w, i, err);
    return rc == 0 ? dataset_finish(w, err, 9876543, DATASET_COMPLETE) : rc;
}

/* ---- a dataset as text ---- */

static void put_bytes(FILE *f, const char *name, struct bytes b)
{
    fprintf(f, " %s=", name);
    for (size_t i = 0; i < b.len; i++)
        if (b.data[i] > ' ' && b.data[i] < 0x7f && b.data[i] != '\\')
            fputc(b.data[i], f);
        else
            fprintf(f, "\\x%02X", b.data[i]);
}

static void put_hex(FILE *f, const char *name, const uint8_t *data, size_t len)
{
    fprintf(f, " %s=", name);
    for (size_t i = 0; i < len; i++)
        fprintf(f, "%02x", data[i]);
}

static void put_num(FILE *f, const char *name, uint64_t value)
{
    fprintf(f, " %s=%llu", name, (unsigned long long)value);
}

static void put_addr(FILE *f, const char *name, struct addr a)
{
    char text[ADDR_TEXT_MAX];
    addr_format(text, a);
    fprintf(f, " %s=%s", name, text);
}

static void dump_space(FILE *f, const struct target_space *s)
{
    for (size_t i = 0; i < s->num_ports; i++)
        put_num(f, "port", s->ports[i]);
    for (size_t i = 0; i < s->num_segments; i++) {
        fprintf(f, "\nsegment");
        if (s->segments[i].named) {
            fprintf(f, " named");
        } else {
            put_addr(f, "first", s->segments[i].first);
            put_addr(f, "last", s->segments[i].last);
        }
        put_bytes(f, "host", s->texts[s->segments[i].host]);
        put_bytes(f, "tag", s->texts[s->segments[i].tag]);
        put_num(f, "before", s->segments[i].before);
    }
    put_num(f, "count", s->count);
}

static void dump_header(FILE *f, const struct dataset_header *h)
{
    fprintf(f, "header format=%u start_us=%lld", h->format, (long long)h->start_us);
    put_hex(f, "id", h->id, sizeof h->id);
    put_hex(f, "sweep_id", h->sweep_id, sizeof h->sweep_id);
    put_bytes(f, "tool", h->tool);
    for (size_t i = 0; i < h->num_libraries; i++) {
        put_bytes(f, "library", h->libraries[i].key);
        put_bytes(f, "version", h->libraries[i].value);
    }
    for (size_t i = 0; i < h->num_options; i++) {
        put_bytes(f, "option", h->options[i].key);
        put_bytes(f, "value", h->options[i].value);
    }
    for (size_t i = 0; i < h->num_sources; i++)
        put_addr(f, "source", h->sources[i]);
    for (size_t i = 0; i < h->num_ehlo_names; i++)
        put_bytes(f, "ehlo_name", h->ehlo_names[i]);
    put_num(f, "seed", h->seed);
    put_num(f, "num_shards", h->num_shards);
    put_num(f, "shard", h->shard);
    put_num(f, "record_mode", h->record_mode);
    if (h->streamed)
        fprintf(f, " streamed");
    if (h->limit > 0)
        put_num(f, "limit", h->limit);
    if (h->sample_ppm > 0)
        put_num(f, "sample_ppm", h->sample_ppm);
    dump_space(f, h->space);
    put_num(f, "given", h->counts.given);
    put_num(f, "special", h->counts.special);
    put_num(f, "blocked", h->counts.blocked);
    put_num(f, "not_allowed", h->counts.not_allowed);
    put_num(f, "left", h->counts.left);
    put_num(f, "include_special", h->include_special);
    if (h->has_blocklist)
        put_hex(f, "blocklist", h->blocklist_sha256, 32);
    if (h->has_allowlist)
        put_hex(f, "allowlist", h->allowlist_sha256, 32);
    for (size_t i = 0; i < h->num_hellos; i++) {
        put_bytes(f, "hello", h->hellos[i].name);
        put_bytes(f, "ja4", h->hellos[i].ja4);
        put_hex(f, "sha256", h->hellos[i].sha256, 32);
        put_bytes(f, "body", h->hellos[i].body);
    }
    put_bytes(f, "user_metadata", h->user_metadata);
    fputc('\n', f);
}

/* what came later than golden-1 and golden-2: only where it is there */
static void dump_shown(FILE *f, const struct record *r)
{
    const struct {
        const char *name;
        uint64_t value;
    } facts[] = {
        {"known", r->tls_known},
        {"flags", r->tls_flags},
        {"ticket_lifetime_s", r->ticket_lifetime_s},
        {"retry_group", r->retry_group},
        {"compression", r->compression},
        {"flights", r->flights},
        {"tls_in", r->tls_in},
        {"tls_out", r->tls_out},
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
        if (facts[i].value != 0)
            put_num(f, facts[i].name, facts[i].value);
    for (size_t i = 0; i < r->num_server_exts; i++)
        put_num(f, "server_ext", r->server_exts[i]);
    for (size_t i = GOLDEN_TIMINGS; i < NUM_TIMINGS; i++)
        if (r->timing_us[i] != TIMING_ABSENT)
            put_num(f, "timing", r->timing_us[i]);
    for (size_t i = GOLDEN_TEXTS; i < NUM_TEXTS; i++)
        if (r->text[i].len > 0)
            put_bytes(f, "text", r->text[i]);
}

static void dump_record(FILE *f, const struct record *r)
{
    fprintf(f, "record position=%llu stage=%s cause=%s", (unsigned long long)r->position,
            stage_slug(r->stage), cause_slug(r->cause));
    if (record_has_addr(r))
        put_addr(f, "addr", r->addr);
    put_num(f, "port", r->port);
    put_bytes(f, "host", r->host);
    put_bytes(f, "tag", r->tag);
    put_num(f, "start_us", r->start_us);
    put_num(f, "source", r->source);
    put_num(f, "smtp_code", r->smtp_code);
    put_num(f, "errno", (uint64_t)r->errnum);
    for (size_t i = 0; i < GOLDEN_TIMINGS; i++)
        put_num(f, "timing", r->timing_us[i]);
    for (size_t i = 0; i < GOLDEN_TEXTS; i++)
        put_bytes(f, "text", r->text[i]);
    put_num(f, "early_len", r->early_len);
    put_num(f, "not_tls_len", r->not_tls_len);
    if (r->has_tls) {
        put_num(f, "handshake_done", r->handshake_done);
        put_num(f, "hello", r->hello);
        put_num(f, "version", r->version);
        put_num(f, "suite", r->suite);
        put_num(f, "group", r->group);
        put_num(f, "sigscheme", r->sigscheme);
    }
    for (size_t i = 0; i < r->num_alerts; i++)
        fprintf(f, " alert=%d/%u/%u/%u", r->alerts[i].sent, r->alerts[i].level,
                r->alerts[i].number, r->alerts[i].during);
    for (size_t i = 0; i < r->num_chain; i++)
        put_hex(f, "cert", r->chain[i], 8);
    put_num(f, "chain_cut", r->chain_cut);
    for (size_t i = 0; i < r->num_attempts; i++)
        fprintf(f, " attempt=%llu/%s/%s/%u", (unsigned long long)r->attempts[i].start_us,
                stage_slug(r->attempts[i].stage), cause_slug(r->attempts[i].cause),
                r->attempts[i].smtp_code);
    dump_shown(f, r);
    fputc('\n', f);
}

static void dump_stream(FILE *f, const struct block *b)
{
    uint64_t lines;
    uint8_t sha256[32];
    if (block_num_skipped(b) > 0)
        put_num(f, "skipped", block_num_skipped(b));
    if (block_consumed(b, &lines, sha256)) {
        put_num(f, "consumed", lines);
        put_hex(f, "sha256", sha256, 8);
    }
}

static void dump_block(FILE *f, const struct block *b)
{
    struct record r;
    size_t num;
    fprintf(f, "block");
    const struct dataset_run *runs = block_runs(b, &num);
    for (size_t i = 0; i < num; i++)
        fprintf(f, " run=%llu+%llu", (unsigned long long)runs[i].first,
                (unsigned long long)runs[i].count);
    const struct block_unrecorded *u = block_unrecorded(b, &num);
    for (size_t i = 0; i < num; i++)
        fprintf(f, " unrecorded=%s/%s*%llu", stage_slug(u[i].stage), cause_slug(u[i].cause),
                (unsigned long long)u[i].count);
    for (size_t i = 0; i < block_num_certs(b); i++) {
        uint8_t sha256[32];
        put_hex(f, "der", block_cert(b, i, sha256).data, 4);
        put_hex(f, "sha256", sha256, 8);
    }
    dump_stream(f, b);
    fputc('\n', f);
    for (size_t i = 0; i < block_num_records(b); i++) {
        block_record(b, &r, i);
        dump_record(f, &r);
    }
}

static int dump_event(FILE *f, struct bytes payload, char err[DATASET_ERR_MAX])
{
    struct dataset_event_view e;
    int rc = dataset_event_decode(&e, payload, err);
    if (rc != 0)
        return rc;
    fprintf(f, "event at_us=%llu", (unsigned long long)e.at_us);
    put_bytes(f, "what", e.what);
    for (size_t i = 0; i < e.num_details; i++) {
        put_bytes(f, "key", e.details[i].key);
        put_bytes(f, "value", e.details[i].value);
    }
    fputc('\n', f);
    return 0;
}

static int dump_trailer(FILE *f, struct bytes payload, char err[DATASET_ERR_MAX])
{
    struct dataset_trailer t;
    int rc = dataset_trailer_decode(&t, payload, err);
    if (rc != 0)
        return rc;
    fprintf(f, "trailer end_us=%llu reason=%d records=%llu positions=%llu blocks=%llu",
            (unsigned long long)t.end_us, (int)t.reason, (unsigned long long)t.records,
            (unsigned long long)t.positions, (unsigned long long)t.blocks);
    if (t.has_lines)
        put_num(f, "lines", t.lines);
    fputc('\n', f);
    return 0;
}

/* offsets and sizes depend on the compressor: only what does not is said */
static int dump_index(FILE *f, struct bytes payload, char err[DATASET_ERR_MAX])
{
    struct dataset_index_entry entries[16];
    size_t num = 0;
    int rc = dataset_index_decode(entries, 16, &num, payload, err);
    if (rc != 0)
        return rc;
    fprintf(f, "index");
    for (size_t i = 0; i < num && i < 16; i++)
        fprintf(f, " block=%llu/%llu/%llu", (unsigned long long)entries[i].payload_len,
                (unsigned long long)entries[i].records,
                (unsigned long long)entries[i].first_position);
    fputc('\n', f);
    return 0;
}

static int dump_item(FILE *f, struct block *b, const struct dataset_item *item,
                     char err[DATASET_ERR_MAX])
{
    int rc = 0;
    switch (item->kind) {
    case DATASET_HEADER:  break;
    case DATASET_BLOCK:
        rc = block_decode(b, item->payload, err);
        if (rc == 0)
            dump_block(f, b);
        break;
    case DATASET_EVENT:   rc = dump_event(f, item->payload, err); break;
    case DATASET_TRAILER: rc = dump_trailer(f, item->payload, err); break;
    case DATASET_INDEX:   rc = dump_index(f, item->payload, err); break;
    }
    return rc;
}

char *dump_dataset(const char *path, int *rc)
{
    char err[DATASET_ERR_MAX] = "", *text = NULL;
    size_t len;
    struct dataset_reader *r = NULL;
    struct dataset_item item;
    FILE *f = open_memstream(&text, &len);
    *rc = dataset_open(&r, err, path);
    if (*rc == 0) {
        struct block *b = block_new(dataset_reader_header(r));
        dump_header(f, dataset_reader_header(r));
        while ((*rc = dataset_next(r, &item, err)) > 0) {
            *rc = dump_item(f, b, &item, err);
            if (*rc != 0)
                break;
        }
        if (*rc == 0)
            fprintf(f, "end finished=%d\n", dataset_reader_finished(r));
        block_free(b);
    }
    dataset_close(r);
    if (*rc < 0 && err[0] == '\0')
        abort();   /* an error says what is wrong */
    fclose(f);
    return text;
}

/* ---- files ---- */

uint8_t *slurp(const char *path, size_t *len)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        abort();
    }
    fseek(f, 0, SEEK_END);
    *len = (size_t)ftell(f);
    rewind(f);
    uint8_t *data = malloc(*len + 1);
    if (data == NULL || fread(data, 1, *len, f) != *len)
        abort();
    data[*len] = 0;
    fclose(f);
    return data;
}

void spill(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0) {
        perror(path);
        abort();
    }
}

void golden_path(char out[128], const char *name)
{
    const char *dir = getenv("TMPDIR");
    snprintf(out, 128, "%s/mxsweep-test-%ld-%s", dir != NULL ? dir : "/tmp", (long)getpid(), name);
}
