/*
 * bench_block: what blocks cost: octets per target in the file, and time to add, seal, decode.
 *
 * Input      from a seed: sessions that all share a chain, an EHLO text and a greeting, at 1,000
 *            starts/s, each phase with about 10 bits of noise; and connects that time out, at
 *            15,000 starts/s. Flushed every 5 s of the sweep's time.
 * Output     name  size  ops/s  ns/op, a line each; bytes lines: name  targets  octets/target
 * Usage      bench_block [TARGETS]
 */
#include "core/dataset.h"
#include "core/permutation.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { FLUSH_US = 5000000, NUM_CERTS = 3, CERT_LEN = 1100 };

struct bench {
    struct target_segment segment;
    struct bytes no_text;
    struct target_space space;
    struct dataset_header header;
    struct permutation perm;
    uint64_t random;
    uint8_t certs[NUM_CERTS][CERT_LEN], chain[NUM_CERTS][32];
    struct bytes ders[NUM_CERTS];
    char path[64], err[DATASET_ERR_MAX];
};

static uint64_t next_random(struct bench *b)
{
    b->random ^= b->random << 13;
    b->random ^= b->random >> 7;
    b->random ^= b->random << 17;
    return b->random;
}

static uint32_t noise(struct bench *b, uint32_t base, uint32_t range)
{
    return base + (uint32_t)(next_random(b) % range);
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void check(const struct bench *b, int rc)
{
    if (rc >= 0)
        return;
    fprintf(stderr, "bench_block: %s (%d)\n", b->err, rc);
    exit(1);
}

static void say(const char *name, uint64_t size, uint64_t ops, double seconds)
{
    printf("%-24s %9llu %12.0f ops/s %9.1f ns/op\n", name, (unsigned long long)size,
           (double)ops / seconds, seconds * 1e9 / (double)ops);
}

static void set_up(struct bench *b, uint64_t num)
{
    *b = (struct bench){.random = 0x9e3779b97f4a7c15U, .no_text = {(const uint8_t *)"", 0}};
    const uint32_t first = 0x0a000000;   /* 10.0.0.0 */
    b->segment = (struct target_segment){.first = addr_v4(first),
                                         .last = addr_v4(first + (uint32_t)num - 1)};
    b->space = (struct target_space){.segments = &b->segment, .num_segments = 1,
                                     .texts = &b->no_text, .num_texts = 1, .ports = {25},
                                     .num_ports = 1, .num_addrs = num, .count = num};
    b->header = (struct dataset_header){.tool = bytes_text("bench_block"), .seed = 1,
                                        .num_shards = 1, .space = &b->space};
    permutation_init(&b->perm, num, 1);
    for (size_t i = 0; i < NUM_CERTS; i++) {
        for (size_t j = 0; j < CERT_LEN; j++)
            b->certs[i][j] = (uint8_t)next_random(b);
        SHA256(b->certs[i], CERT_LEN, b->chain[i]);
        b->ders[i] = bytes_of(b->certs[i], CERT_LEN);
    }
    snprintf(b->path, sizeof b->path, "/tmp/bench_block-%ld.mxs.zst", (long)getpid());
}

static void target_of(struct bench *b, struct record *r, uint64_t position)
{
    record_init(r);
    r->position = position;
    r->addr = addr_add(b->segment.first, permutation_at(&b->perm, position));
    r->port = 25;
}

static void make_session(struct bench *b, struct record *r, uint64_t position)
{
    static const uint32_t base_us[] = {18000, 21000, 19000, 18500, 41000, 20000, 158000, 0};
    target_of(b, r, position);
    r->start_us = position * 1000 + noise(b, 0, 1000);
    r->stage = STAGE_DONE;
    r->cause = CAUSE_OK;
    r->smtp_code = 250;
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        r->timing_us[i] = noise(b, base_us[i], 1024);
    r->timing_us[TIMING_SERVER_HELLO] = r->timing_us[TIMING_HANDSHAKE];   /* in one read */
    r->tls_in = 3400;
    r->tls_out = 600;
    r->text[TEXT_GREETING] = bytes_text("220 mx.example.net ESMTP Postfix\r\n");
    r->text[TEXT_EHLO] = bytes_text("250-mx.example.net\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n"
                                    "250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n");
    r->text[TEXT_STARTTLS] = bytes_text("220 2.0.0 Ready to start TLS\r\n");
    r->text[TEXT_EHLO_TLS] = bytes_text("250-mx.example.net\r\n250-PIPELINING\r\n"
                                        "250-SIZE 10240000\r\n250 8BITMIME\r\n");
    r->has_tls = r->handshake_done = true;
    r->version = 0x0304;
    r->suite = 0x1302;
    r->group = 29;
    r->sigscheme = 0x0403;
    r->chain = (const uint8_t(*)[32])b->chain;
    r->num_chain = NUM_CERTS;
}

static void make_silent(struct bench *b, struct record *r, uint64_t position)
{
    target_of(b, r, position);
    r->start_us = position * 1000 / 15 + noise(b, 0, 66);
    r->stage = STAGE_CONNECT;
    r->cause = CAUSE_TIMEOUT;
    r->timing_us[TIMING_TOTAL] = noise(b, 10000000, 4000);
}

static void write_all(struct bench *b, const char *name, uint64_t num,
                      void (*make)(struct bench *, struct record *, uint64_t))
{
    struct dataset_writer *w = NULL;
    struct dataset_totals totals;
    struct record r;
    uint64_t sealed_us = 0;
    double making = 0, start = now_s();
    for (uint64_t p = 0; p < num; p++)
        make(b, &r, p);
    making = now_s() - start;
    start = now_s();
    check(b, dataset_create(&w, b->err, b->path, &b->header));
    for (uint64_t p = 0; p < num; p++) {
        make(b, &r, p);
        check(b, dataset_add(w, &r, b->ders));
        if (r.start_us - sealed_us < FLUSH_US && dataset_pending(w) < DATASET_BLOCK_TARGET)
            continue;
        sealed_us = r.start_us;
        check(b, dataset_seal(w, b->err));
    }
    check(b, dataset_seal(w, b->err));
    dataset_writer_totals(w, &totals);
    check(b, dataset_finish(w, b->err, sealed_us, DATASET_COMPLETE));
    say(name, num, num, now_s() - start - making);
    printf("%-24s %9llu %12.2f octets/target, %llu blocks\n", name, (unsigned long long)num,
           (double)totals.bytes / (double)num, (unsigned long long)totals.blocks);
}

static void read_all(struct bench *b, const char *name, uint64_t num)
{
    struct dataset_reader *reader = NULL;
    struct dataset_item item;
    struct record r;
    uint64_t seen = 0, sum = 0;
    double unpacking = 0, decoding = 0;
    check(b, dataset_open(&reader, b->err, b->path));
    struct block *block = block_new(dataset_reader_header(reader));
    for (;;) {
        double start = now_s();
        int rc = dataset_next(reader, &item, b->err);
        check(b, rc);
        unpacking += now_s() - start;
        if (rc == 0)
            break;
        if (item.kind != DATASET_BLOCK)
            continue;
        start = now_s();
        check(b, block_decode(block, item.payload, b->err));
        for (size_t i = 0; i < block_num_records(block); i++) {
            block_record(block, &r, i);
            sum += r.stage + r.timing_us[TIMING_TOTAL];
            seen++;
        }
        decoding += now_s() - start;
    }
    block_free(block);
    dataset_close(reader);
    if (seen != num || sum == 0) {
        fprintf(stderr, "bench_block: read %llu of %llu records\n", (unsigned long long)seen,
                (unsigned long long)num);
        exit(1);
    }
    char line[64];
    snprintf(line, sizeof line, "%s-unpack", name);
    say(line, num, num, unpacking);
    snprintf(line, sizeof line, "%s-decode", name);
    say(line, num, num, decoding);
}

int main(int argc, char **argv)
{
    uint64_t num = argc > 1 ? strtoull(argv[1], NULL, 10) : 200000;
    static struct bench b;
    if (num == 0 || num > 1 << 24) {
        fprintf(stderr, "usage: bench_block [TARGETS], up to 2^24\n");
        return 2;
    }
    set_up(&b, num);
    write_all(&b, "sessions", num, make_session);
    read_all(&b, "sessions", num);
    unlink(b.path);
    write_all(&b, "silent", num, make_silent);
    read_all(&b, "silent", num);
    unlink(b.path);
    return 0;
}
