/* fuzz_block: the block decoder, on three sweeps: of 1,000 IPv4 addresses and two ports, shard 0 of
 * 2; of four host names; and one that is streamed, with two ports. A block that is taken gives
 * records of its own sweep, and accounts for each position that it marks done. */
#include "core/block_private.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_names(const struct record *r, const struct dataset_header *h)
{
    bool has_addr = record_has_addr(r);
    if (h->streamed && !has_addr && r->host.len == 0)
        abort();
    if (r->host.len > TARGET_HOST_MAX || r->tag.len > TARGET_TAG_MAX ||
        r->num_attempts > RECORD_ATTEMPTS_MAX)
        abort();
    for (size_t i = 0; i < r->num_attempts; i++)
        if (r->attempts[i].start_us > r->start_us || r->attempts[i].stage == 0 ||
            r->attempts[i].cause == 0)
            abort();
}

static void check_record(const struct block *b, const struct dataset_header *h, size_t i)
{
    struct record r;
    block_record(b, &r, i);
    if (r.position >= dataset_num_positions(h) || r.position % h->num_shards != h->shard ||
        r.port == 0 || r.stage == 0 || r.cause == 0 || r.num_chain > RECORD_CHAIN_MAX ||
        r.source != 0)
        abort();
    check_names(&r, h);
    size_t octets = 0;
    for (size_t t = 0; t < NUM_TEXTS; t++)
        if (r.text[t].len > 0)
            octets += r.text[t].data[0] + r.text[t].data[r.text[t].len - 1];
    for (size_t c = 0; c < r.num_chain; c++)
        octets += r.chain[c][31];
    for (size_t c = 0; c < r.host.len; c++)
        octets += r.host.data[c];
    if (octets > (size_t)-2)
        abort();
}

/* how many positions the records have: several of a host name are next to each other */
static uint64_t num_record_positions(const struct block *b)
{
    uint64_t num = 0, before = UINT64_MAX;
    for (size_t i = 0; i < block_num_records(b); i++) {
        struct record r;
        block_record(b, &r, i);
        num += i == 0 || r.position != before;
        before = r.position;
    }
    return num;
}

static void check_tables(const struct block *b)
{
    size_t num;
    uint64_t done = 0, lines;
    uint8_t sha256[32];
    const struct dataset_run *runs = block_runs(b, &num);
    for (size_t i = 0; i < num; i++)
        done += runs[i].count;
    for (size_t i = 0; i < block_num_certs(b); i++)
        block_cert(b, i, sha256);
    const struct block_unrecorded *u = block_unrecorded(b, &num);
    for (size_t i = 0; i < num; i++)
        done -= u[i].count;
    if (done != num_record_positions(b) + block_num_skipped(b))
        abort();
    if (block_consumed(b, &lines, sha256) && lines == 0)
        abort();
}

static void check_block(const struct dataset_header *h, struct bytes payload)
{
    char err[DATASET_ERR_MAX] = "";
    struct block *b = block_new(h);
    int rc = block_decode(b, payload, err);
    if (rc != 0 && (err[0] == '\0' || block_num_records(b) != 0))
        abort();
    for (size_t i = 0; rc == 0 && i < block_num_records(b); i++)
        check_record(b, h, i);
    if (rc == 0)
        check_tables(b);
    struct shard_space shard = shard_space_of(h);
    struct block_summary sum;
    struct run_set done;
    run_set_init(&done, h->num_shards);
    if (rc == 0 && (block_summarise(&sum, &done, payload, &shard) != 0 ||
                    sum.num_records != block_num_records(b)))
        abort();
    run_set_cleanup(&done);
    block_free(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t nothing[1];
    struct bytes texts[5] = {{nothing, 0}, bytes_text("a.example"), bytes_text("b.example"),
                             bytes_text("c.example"), bytes_text("d.example")};
    struct target_segment segment = {.first = addr_v4(0x0a000000),
                                     .last = addr_v4(0x0a000000 + 999)};
    struct target_segment named[4];
    for (uint32_t i = 0; i < 4; i++)
        named[i] = (struct target_segment){.host = 1 + i, .named = true};
    struct target_space addrs = {.segments = &segment, .num_segments = 1, .texts = texts,
                                 .num_texts = 1, .ports = {25, 587}, .num_ports = 2};
    struct target_space names = {.segments = named, .num_segments = 4, .texts = texts,
                                 .num_texts = 5, .ports = {25}, .num_ports = 1};
    struct target_space lines = {.ports = {25, 587}, .num_ports = 2};
    if (target_space_seal(&addrs) != 0 || target_space_seal(&names) != 0)
        abort();
    const struct dataset_header headers[] = {
        {.seed = 7, .num_shards = 2, .space = &addrs},
        {.seed = 42, .num_shards = 1, .space = &names},
        {.num_shards = 1, .space = &lines, .streamed = true},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        check_block(&headers[i], bytes_of(data, len));
    return 0;
}
