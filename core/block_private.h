/*
 * block_private: what encoder and decoder of blocks share: the keys of a block and the rows behind
 * it.
 *
 * Slots      a position of the shard, divided by the number of shards: see struct shard_space.
 */
#ifndef MXSWEEP_CORE_BLOCK_PRIVATE_H
#define MXSWEEP_CORE_BLOCK_PRIVATE_H

#include "core/block_intern.h"
#include "core/dataset_private.h"
#include "core/dataset_runs.h"

/* stored; kind and previous are 0 and 1 */
enum block_key {
    BLOCK_BASE = 2,         /* us; the first start counts from it */
    BLOCK_RUNS = 3,         /* slots done: gap, count, gap, count, ... */
    BLOCK_NUM_RECORDS = 4,
    BLOCK_CERTS = 5,
    BLOCK_TEXTS = 6,
    BLOCK_CHAINS = 7,
    BLOCK_SHAPES = 8,
    BLOCK_RECORDS = 9,
    BLOCK_STARTS = 10,      /* column */
    BLOCK_TIMINGS = 11,     /* timing => column */
    BLOCK_CONNECTS = 12,
    BLOCK_UNRECORDED = 13,
    BLOCK_CONSUMED = 14,    /* streamed, as the next: lines, hash */
    BLOCK_SKIPPED = 15,     /* slots done that hold no target */
    BLOCK_TLS = 16,         /* tls_key => column */
    BLOCK_REDUCED = 17,     /* of a partial (core/block_reduce.h), as the next */
    BLOCK_VERDICTS = 18
};

enum row_key {
    ROW_SLOT = 0,           /* from the row before; of the first, from the first slot done */
    ROW_SHAPE = 1,
    ROW_TEXTS = 2,          /* text => index */
    ROW_CHAIN = 3,
    ROW_ADDR = 4,
    ROW_PORT = 5,           /* only if the sweep has several */
    ROW_ATTEMPTS = 6,
    ROW_HOST = 7,           /* streamed, as the next: index into the texts */
    ROW_TAG = 8
};

enum tls_key {
    TLS_OCTETS_IN = 0,
    TLS_OCTETS_OUT = 1
};

enum connect_key {
    CONNECT_NUM = 0,
    CONNECT_SLOTS = 1,
    CONNECT_SHAPES = 2,
    CONNECT_STARTS = 3,
    CONNECT_CONNECT = 4,    /* columns of timings; absent if all are */
    CONNECT_TOTAL = 5,
    CONNECT_ADDRS = 6       /* streamed: IPv4, four octets each */
};

#define START_MAX (UINT64_C(1) << 62)   /* us */
#define NONE_ID UINT32_MAX              /* no text, no chain */

/* rows of one host name have the same slot, and are in the order of their addresses, the one
 * without first */
struct block_row {
    uint64_t slot, start_us;
    struct addr addr;       /* zero unless has_addr */
    uint32_t timing_us[NUM_TIMINGS];
    uint32_t text[NUM_TEXTS];
    uint32_t tls_in, tls_out;
    uint32_t shape, chain;
    uint32_t host, tag;     /* streamed: texts */
    uint32_t attempts;      /* the first of them */
    uint32_t group;         /* writing: rows that were added together */
    uint16_t port;
    uint8_t num_attempts;
    bool has_addr;
};

struct block_connect {
    uint64_t slot, start_us;
    uint32_t connect_us, total_us;
    uint32_t shape;
    uint32_t v4;            /* streamed: the address */
};

/* -1, 0, 1: the order of rows */
static inline int row_order(const struct block_row *a, const struct block_row *b)
{
    if (a->slot != b->slot)
        return a->slot < b->slot ? -1 : 1;
    if (a->has_addr != b->has_addr)
        return a->has_addr ? 1 : -1;
    return addr_cmp(a->addr, b->addr);
}

/* ---- targets ---- */

/* what positions lead to; of a streamed sweep only ports are known */
struct due {
    const struct target_space *space;
    struct permutation perm;
    bool streamed, has_names;
    uint32_t *hints;        /* segment of each 2^hint_shift-th address; NULL: search all */
    size_t num_hints;
    unsigned hint_shift;
};

void due_init(struct due *d, const struct dataset_header *h, const struct target_space *space);

/* due_hint makes due_at fast where there are many segments; without memory it stays as it is.
 * due_cleanup frees what it made. */
void due_hint(struct due *d);
void due_cleanup(struct due *d);
struct target due_at(const struct due *d, uint64_t position);

/* due_of is the second half of due_at, of a sweep that is not streamed: index is the permutation's.
 * Segments are more than fit into a cache: who knows indices ahead brings near what it will look
 * at, the hint first. */
struct target due_of(const struct due *d, uint64_t index);
void due_near_hint(const struct due *d, uint64_t index);
void due_near_segment(const struct due *d, uint64_t index);

/* due_holds tells whether a record of that port, address (NULL: none) and cause may be about the
 * target: the address is the target's or, of a host name or a stream, any, and there if the cause
 * has one. has_host: it says a host name (streamed). */
bool due_holds(const struct due *d, const struct target *t, uint16_t port, const struct addr *addr,
               uint8_t cause, bool has_host);

/* ---- shapes: what the sessions of many targets have in common ---- */

struct block_shape {
    uint8_t stage, cause, source;
    uint16_t smtp_code;
    int32_t errnum;
    uint32_t early_len, not_tls_len;
    bool has_tls, handshake_done;
    uint8_t hello, num_alerts;
    uint16_t version, suite, group, sigscheme;
    uint16_t tls_known, tls_flags, retry_group;
    uint32_t ticket_lifetime_s;
    uint8_t compression, flights, num_server_exts;
    uint16_t server_exts[RECORD_EXTS_MAX];
    struct alert alerts[RECORD_ALERTS_MAX];
};

void shape_put(struct cbor_writer *w, const struct record *r);
void shape_get(struct cbor_reader *r, struct block_shape *out);
void shape_apply(struct record *r, const struct block_shape *shape);

/* ---- a block that is being built ---- */

struct slot_run {
    uint64_t first, count;
};

struct block_consumed {
    uint64_t lines;   /* of the stream; 0: not said yet */
    uint8_t sha256[HASH_LEN];
    bool is_new;      /* not in a block yet */
};

struct block_certs {
    struct cbor_writer items;   /* [hash, DER], one after the other */
    size_t num;
    uint8_t (*written)[HASH_LEN];   /* of the file: the last one with these first 16 bits */
};

struct block_builder {
    struct shard_space shard;
    struct due due;
    size_t num_sources;         /* indices that a record may have: at least one */
    struct intern texts, chains, shapes;   /* chains: cut, then hashes; shapes: encoded */
    struct block_certs certs;
    struct cbor_writer scratch;
    struct block_row *rows;
    size_t num_rows, rows_cap;
    struct block_connect *connects;
    size_t num_connects, connects_cap;
    uint64_t *counted;          /* slots without a record */
    size_t num_counted, counted_cap;
    struct slot_run *skipped;   /* slots without a target */
    size_t num_skipped, skipped_cap;
    struct attempt *attempts;
    size_t num_attempts, attempts_cap;
    uint32_t num_groups;
    struct block_consumed consumed;
    uint64_t unrecorded[NUM_STAGES][NUM_CAUSES];
    size_t size, bound;         /* octets when encoded: about, and at most */
    size_t strings;             /* octets of tables, in both */
    uint64_t num_certs_written;
};

/* space outlives the builder. id: of the dataset, keys its tables. */
int block_builder_init(struct block_builder *b, const struct dataset_header *h,
                       const struct target_space *space);
void block_builder_cleanup(struct block_builder *b);
void block_builder_reset(struct block_builder *b);   /* an empty block of the same file */

/* as dataset_add_all, dataset_add_cert, dataset_count and dataset_skip */
int block_builder_add(struct block_builder *b, const struct record *const *records,
                      const struct bytes *const *ders, size_t num);
int block_builder_add_cert(struct block_builder *b, struct bytes der);
int block_builder_count(struct block_builder *b, uint64_t position, enum stage stage,
                        enum cause cause);
int block_builder_skip(struct block_builder *b, uint64_t position);

/* block_builder_has_positions tells whether there is anything to seal. */
bool block_builder_has_positions(const struct block_builder *b);

/* what a block holds, told without decoding all of it */
struct block_summary {
    uint64_t num_records, num_positions, first_position;
    struct block_consumed consumed;
};

/* block_builder_encode writes the block as an item. -EINVAL: a position twice; -ENOMEM. */
int block_builder_encode(struct block_builder *b, struct cbor_writer *w,
                         struct block_summary *summary, const uint8_t previous[HASH_LEN]);

/* ---- reading ---- */

/* block_summarise reads only what a resumed writer needs of a block, and adds its runs to done.
 * -EBADMSG, -ENOMEM. */
int block_summarise(struct block_summary *out, struct run_set *done, struct bytes payload,
                    const struct shard_space *shard);

/* ---- a decoded block ---- */

struct block_chain {
    size_t first;   /* in hashes */
    uint16_t num;
    bool cut;
};

struct block_cert {
    const uint8_t *sha256;
    struct bytes der;
};

/* one array of a block, its memory kept from block to block */
struct block_table {
    void *items;
    size_t num, cap;
};

struct block {
    const struct dataset_header *header;
    struct due due;
    struct shard_space shard;
    bool defers_certs;
    struct block_table payload;      /* octets: what texts and certificates point into */
    struct block_table certs;        /* struct block_cert */
    struct block_table texts;        /* struct bytes */
    struct block_table chains;       /* struct block_chain */
    struct block_table hashes;       /* uint8_t[HASH_LEN] */
    struct block_table shapes;       /* struct block_shape */
    struct block_table rows;         /* struct block_row */
    struct block_table connects;     /* struct block_connect */
    struct block_table attempts;     /* struct attempt */
    struct block_table runs;         /* struct dataset_run */
    struct block_table unrecorded;   /* struct block_unrecorded */
    struct block_table column;       /* uint64_t: the column being read */
    uint64_t base_us, num_positions, num_records, num_counted, num_skipped;
    struct block_consumed consumed;
    struct bytes reduced, verdicts;
};

/* ---- decoding: parts of block_decode ---- */

/* block_room makes room for num items; what was there stays. r is bad if there is no memory. */
bool block_room(struct cbor_reader *r, struct block_table *t, size_t num, size_t size);

/* block_table_begin reads the head of an array of at most DATASET_BLOCK_ROWS_MAX items, and makes
 * room for them. */
size_t block_table_begin(struct cbor_reader *r, struct block_table *t, size_t size);

/* the values of the keys BLOCK_RECORDS, BLOCK_STARTS, BLOCK_TIMINGS, BLOCK_TLS, BLOCK_CONNECTS */
void block_get_rows(struct cbor_reader *r, struct block *b);
void block_get_starts(struct cbor_reader *r, struct block *b);
void block_get_timings(struct cbor_reader *r, struct block *b);
void block_get_tls(struct cbor_reader *r, struct block *b);
void block_get_connects(struct cbor_reader *r, struct block *b);

/* ---- the tables by their types ---- */

static inline struct block_cert *certs_of(const struct block *b)
{
    return b->certs.items;
}

static inline struct bytes *texts_of(const struct block *b)
{
    return b->texts.items;
}

static inline struct block_chain *chains_of(const struct block *b)
{
    return b->chains.items;
}

static inline struct block_shape *shapes_of(const struct block *b)
{
    return b->shapes.items;
}

static inline struct block_row *rows_of(const struct block *b)
{
    return b->rows.items;
}

static inline struct block_connect *connects_of(const struct block *b)
{
    return b->connects.items;
}

static inline struct attempt *attempts_of(const struct block *b)
{
    return b->attempts.items;
}

static inline struct dataset_run *runs_of(const struct block *b)
{
    return b->runs.items;
}

static inline struct block_unrecorded *unrecorded_of(const struct block *b)
{
    return b->unrecorded.items;
}

static inline uint64_t *column_of(const struct block *b)
{
    return b->column.items;
}

static inline uint8_t (*hashes_of(const struct block *b))[HASH_LEN]
{
    return b->hashes.items;
}

#endif
