#include "tests/core/block_bench.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

/* ---- sweeps ---- */

static void init(struct bench *b)
{
    *b = (struct bench){.texts = {{(const uint8_t *)"", 0}}};
    b->space = (struct target_space){.segments = b->segments, .texts = b->texts, .num_texts = 1,
                                     .ports = {25}, .num_ports = 1};
    b->header = (struct dataset_header){.format = DATASET_FORMAT, .seed = 42, .num_shards = 1,
                                        .space = &b->space, .sources = b->sources,
                                        .num_sources = 256};
}

static void seal(struct bench *b)
{
    assert_int_equal(target_space_seal(&b->space), 0);
    permutation_init(&b->perm, b->space.count, b->header.seed);
}

void bench_init(struct bench *b, uint64_t num)
{
    init(b);
    b->segments[0].first = addr_v4(0x0a000000);
    b->segments[0].last = addr_add(b->segments[0].first, num - 1);
    b->space.num_segments = 1;
    seal(b);
}

void bench_init_names(struct bench *b)
{
    static const char *const names[BENCH_NAMES] = {"a.example", "b.example", "c.example",
                                                   "d.example"};
    init(b);
    for (uint32_t i = 0; i < BENCH_NAMES; i++) {
        b->texts[1 + i] = bytes_text(names[i]);
        b->segments[i] = (struct target_segment){.host = 1 + i, .named = true};
    }
    b->space.num_segments = BENCH_NAMES;
    b->space.num_texts = 1 + BENCH_NAMES;
    seal(b);
}

void bench_init_stream(struct bench *b)
{
    init(b);
    b->space.ports[1] = 587;
    b->space.num_ports = 2;
    b->header.streamed = true;
}

/* ---- blocks ---- */

static void put_hex(struct cbor_writer *w, const struct bench *b, const char *hex)
{
    for (; *hex != '\0'; hex++) {
        uint8_t octets[32] = {0};
        unsigned octet;
        if (*hex == ' ')
            continue;
        if (*hex == '@') {
            uint64_t slot = (uint64_t)(*++hex - '0');
            struct addr a = addr_add(b->segments[0].first, permutation_at(&b->perm, slot));
            cbor_put_bytes(w, bytes_of(octets, addr_to_bytes(octets, a)));
            continue;
        }
        if (*hex == '#') {
            cbor_put_bytes(w, bytes_of(octets, 32));
            continue;
        }
        assert_int_equal(sscanf(hex++, "%2x", &octet), 1);
        octets[0] = (uint8_t)octet;
        cbor_put_raw(w, bytes_of(octets, 1));
    }
}

void bench_put_block(struct cbor_writer *w, const struct bench *b, const char *hex)
{
    struct cbor_writer body;
    unsigned items = 0;
    cbor_writer_init(&body, 16384);
    put_hex(&body, b, hex);
    struct cbor_reader r = cbor_reader_of(bytes_of(body.data, body.len));
    for (; r.at < r.end && !r.bad; items++)
        cbor_skip(&r);
    cbor_put_map(w, items / 2);   /* what is bad is the last value */
    cbor_put_raw(w, bytes_of(body.data, body.len));
    cbor_writer_cleanup(&body);
}

void bench_check(struct block *out, const struct bench *b, const struct bench_case *c)
{
    char err[DATASET_ERR_MAX] = "";
    struct cbor_writer w;
    cbor_writer_init(&w, 16384);
    bench_put_block(&w, b, c->hex);
    for (size_t cut = 0; c->good && cut < w.len; cut++)
        assert_int_equal(block_decode(out, bytes_of(w.data, cut), err), -EBADMSG);
    int rc = block_decode(out, bytes_of(w.data, w.len), err);
    if (rc != (c->good ? 0 : -EBADMSG))
        fail_msg("%s: %d %s", c->name, rc, err);
    if (rc != 0)
        assert_int_equal(block_num_records(out), 0);
    cbor_writer_cleanup(&w);
}
