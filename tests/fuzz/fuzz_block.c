/* fuzz_block: the block decoder, on a sweep of 1,000 IPv4 addresses and two ports, shard 0 of 2. A
 * block that is taken gives records of its own sweep, each position once. */
#include "core/block_private.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_record(const struct block *b, const struct dataset_header *h, size_t i)
{
    struct record r;
    block_record(b, &r, i);
    if (r.position >= h->space->count || r.position % h->num_shards != h->shard || r.port == 0 ||
        r.stage == 0 || r.cause == 0 || r.num_chain > RECORD_CHAIN_MAX)
        abort();
    size_t octets = 0;
    for (size_t t = 0; t < NUM_TEXTS; t++)
        if (r.text[t].len > 0)
            octets += r.text[t].data[0] + r.text[t].data[r.text[t].len - 1];
    for (size_t c = 0; c < r.num_chain; c++)
        octets += r.chain[c][31];
    if (octets > (size_t)-2)
        abort();
}

static void check_tables(const struct block *b)
{
    size_t num, done = 0;
    uint8_t sha256[32];
    const struct dataset_run *runs = block_runs(b, &num);
    for (size_t i = 0; i < num; i++)
        done += runs[i].count;
    for (size_t i = 0; i < block_num_certs(b); i++)
        block_cert(b, i, sha256);
    const struct block_unrecorded *u = block_unrecorded(b, &num);
    for (size_t i = 0; i < num; i++)
        done -= u[i].count;
    if (done != block_num_records(b))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t nothing[1];
    char err[DATASET_ERR_MAX] = "";
    struct bytes no_text = {nothing, 0};
    struct target_segment segment = {addr_v4(0x0a000000), addr_v4(0x0a000000 + 999), 0, 0, 0};
    struct target_space space = {.segments = &segment, .num_segments = 1, .texts = &no_text,
                                 .num_texts = 1, .ports = {25, 587}, .num_ports = 2,
                                 .num_addrs = 1000, .count = 2000};
    const struct dataset_header h = {.seed = 7, .num_shards = 2, .space = &space};
    struct block *b = block_new(&h);
    int rc = block_decode(b, bytes_of(data, len), err);
    if (rc != 0 && (err[0] == '\0' || block_num_records(b) != 0))
        abort();
    for (size_t i = 0; rc == 0 && i < block_num_records(b); i++)
        check_record(b, &h, i);
    if (rc == 0)
        check_tables(b);
    struct shard_space shard = shard_space_of(&h);
    struct block_summary sum;
    struct run_set done;
    run_set_init(&done, h.num_shards);
    if (rc == 0 && (block_summarise(&sum, &done, bytes_of(data, len), &shard) != 0 ||
                    sum.num_records != block_num_records(b)))
        abort();
    run_set_cleanup(&done);
    block_free(b);
    return 0;
}
