/*
 * dataset: the file of one sweep: a sequence of zstd frames, each one CBOR item (doc/format.md).
 *
 * Parts      header, blocks, events, trailer, index. Writer and reader know nothing of time: it is
 *            an argument.
 * Promise    whatever happens, the file is readable to its last sealed block. The header is durable
 *            when dataset_create returns, a block when dataset_seal returns. Nothing read is
 *            trusted: every length, count, reference and depth is checked before use; memory is
 *            bounded by DATASET_ITEM_MAX per item.
 * Errors     negative errno-like, and err (when there is one) says "FILE: what, where, mend". A
 *            damaged file is -EBADMSG, a truncated one -ENODATA, a newer format -EPROTONOSUPPORT,
 *            no dataset at all -EILSEQ. err is written only then.
 */
#ifndef MXSWEEP_CORE_DATASET_H
#define MXSWEEP_CORE_DATASET_H

#include "core/record.h"
#include "core/targets.h"

enum {
    DATASET_FORMAT = 1,               /* version that this code writes; it reads all up to it */
    DATASET_BLOCK_TARGET = 1 << 20,   /* octets, unpacked, at which a block is due to be sealed */
    DATASET_ITEM_MAX = 16 << 20,      /* octets of an item before compression, at most */
    DATASET_BLOCK_ROWS_MAX = 1 << 18, /* positions, texts, chains, ... of a block, at most, each */
    DATASET_DETAILS_MAX = 16,         /* pairs of an event */
    DATASET_ERR_MAX = 512
};

enum record_mode { RECORD_ALL = 0, RECORD_RESPONSIVE = 1 }; /* stored */

/* a hello that sessions may send; records name it by its index */
struct dataset_hello {
    struct bytes name;  /* "plain", "sni", ... */
    struct bytes ja4;   /* JA4 fingerprint, text */
    uint8_t sha256[32]; /* of the hello with random, session id and key shares zeroed */
    struct bytes body;  /* the handshake message itself, so normalised */
};

struct dataset_pair {
    struct bytes key, value;
};

/* Ownership: a view; written from the caller's memory, read into memory of the reader. */
struct dataset_header {
    unsigned format;
    uint8_t id[16];       /* random: names the file */
    uint8_t sweep_id[32]; /* SHA-256 over what the shards of one sweep share: targets,
                             ports, seed, number of shards, digests */
    int64_t start_us;     /* UTC, since 1970 */
    struct bytes tool;    /* "mxsweep 0.1.0" */
    const struct dataset_pair *libraries; /* name, version */
    size_t num_libraries;
    const struct dataset_pair *options; /* option, value in effect, as text */
    size_t num_options;
    const struct addr *sources; /* vantage: source addresses; none: the kernel chose */
    size_t num_sources;
    const struct bytes *ehlo_names; /* one for all, or one for each source */
    size_t num_ehlo_names;
    uint64_t seed;
    uint32_t num_shards, shard; /* shard < num_shards */
    enum record_mode record_mode;
    const struct target_space *space;
    struct target_counts counts;
    bool include_special;
    bool has_blocklist, has_allowlist;
    uint8_t blocklist_sha256[32], allowlist_sha256[32]; /* of the files' octets, in order */
    const struct dataset_hello *hellos;
    size_t num_hellos;
    struct bytes user_metadata; /* JSON text as given; empty: none */
};

/* dataset_sweep_id computes header->sweep_id from the other fields. */
void dataset_sweep_id(struct dataset_header *header);

/* positions FIRST, FIRST + step, ..., `count` of them; step is the header's num_shards */
struct dataset_run {
    uint64_t first, count;
};

enum dataset_reason { /* stored */
    DATASET_COMPLETE = 1,
    DATASET_STOPPED = 2,
    DATASET_LIMIT = 3,
    DATASET_FAULT = 4
};

/* ---- writing ---- */

struct dataset_writer;

/* dataset_create makes path (it must not exist: -EEXIST), locks it, and writes and syncs the header
 * (its format and sweep_id are those of this code and of dataset_sweep_id, whatever the caller put
 * there). If that fails, no file is left behind. header->space outlives the writer; the rest is
 * not used after the call. */
int dataset_create(struct dataset_writer **out, char err[DATASET_ERR_MAX], const char *path,
                   const struct dataset_header *header);

/* what dataset_resume found */
struct dataset_found {
    const struct dataset_header *header; /* lives as long as the writer */
    const struct dataset_run *done;      /* sorted, disjoint; lives as long as the writer */
    size_t num_done;
    uint64_t num_done_positions;
    uint64_t torn_bytes; /* of the tail that was dropped: less than one block */
    bool finished;       /* every position of this shard is done */
};

/* dataset_resume opens path for appending: locks it (-EAGAIN: another writer has it), reads and
 * checks all of it, and goes on after the last whole frame. The file is not changed until something
 * is written: that cuts a torn tail off first. */
int dataset_resume(struct dataset_writer **out, struct dataset_found *found,
                   char err[DATASET_ERR_MAX], const char *path);

/* dataset_add takes one finished target into the current block and marks its position done. ders
 * are the certificates of record->chain, in its order; they are written unless the file has them
 * already. A connect-stage record without texts goes to the columns; its address and port follow
 * from its position and are not stored. Nothing of record is kept. 0, or negative with nothing
 * changed:
 *   -ENOBUFS  the block is full to the brim: seal, then add again
 *   -E2BIG    not even an empty block can hold it
 *   -EINVAL   a bug of the caller: a position of no target of this shard, a hash that is not its
 *             certificate's, an outcome or a number out of range
 *   -ENOMEM */
int dataset_add(struct dataset_writer *w, const struct record *record, const struct bytes *ders);

/* dataset_count marks a position done without a record of its own (--record responsive): only
 * counted by outcome. Errors as dataset_add. */
int dataset_count(struct dataset_writer *w, uint64_t position, enum stage stage, enum cause cause);

/* dataset_pending returns about how many octets, before compression, are not sealed yet; 0: nothing
 * to seal. */
size_t dataset_pending(const struct dataset_writer *w);

/* dataset_seal writes the current block as one frame, with one append, and syncs. After an error
 * the block is still there and the file is cut back to the last sealed frame: call again, or give
 * up. Nothing to seal: 0, and nothing is written. -EINVAL: a position was added twice. */
int dataset_seal(struct dataset_writer *w, char err[DATASET_ERR_MAX]);

/* dataset_event writes and syncs an event: what happened to the sweep, at_us from the start, with
 * details in pairs (at most DATASET_DETAILS_MAX; what and keys are UTF-8). What is pending stays
 * pending. */
int dataset_event(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t at_us,
                  const char *what, const struct dataset_pair *details, size_t num_details);

/* dataset_finish seals what is pending, writes trailer and index, syncs and closes. w is freed in
 * any case; after an error the file ends with its last sealed block and can be resumed. */
int dataset_finish(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t end_us,
                   enum dataset_reason reason);

/* dataset_abandon closes without sealing what is pending or writing a trailer. NULL is allowed. */
void dataset_abandon(struct dataset_writer *w);

/* figures for summary and benchmarks: of what is sealed, in the whole file; certificates: written
 * by this writer */
struct dataset_totals {
    uint64_t records, positions, blocks, bytes, certificates;
};
void dataset_writer_totals(const struct dataset_writer *w, struct dataset_totals *out);

/* ---- reading ---- */

struct dataset_reader;

enum dataset_kind { /* stored */
                    DATASET_HEADER = 0,
                    DATASET_BLOCK = 1,
                    DATASET_EVENT = 2,
                    DATASET_TRAILER = 3,
                    DATASET_INDEX = 4
};

/* one frame as it lies in the file, its place in the chain of hashes checked; the payload
 * decompressed. Everything after this can be done by another thread. */
struct dataset_item {
    enum dataset_kind kind;
    uint64_t offset, frame_len; /* octets in the file */
    uint64_t number;            /* of the frame, from 0 */
    struct bytes payload;       /* CBOR; lives until the next dataset_next */
};

/* dataset_open opens path and reads its header. */
int dataset_open(struct dataset_reader **out, char err[DATASET_ERR_MAX], const char *path);
void dataset_close(struct dataset_reader *r);
const struct dataset_header *
dataset_reader_header(const struct dataset_reader *r); /* lives as long as r */

/* dataset_next reads the next frame after the header: 1 and *item, 0 at an orderly or early end of
 * whole frames, negative if what comes is damaged (-EBADMSG) or torn (-ENODATA). It does not go
 * past damage: called again, it says the same. */
int dataset_next(struct dataset_reader *r, struct dataset_item *item, char err[DATASET_ERR_MAX]);

/* dataset_reader_finished tells, once dataset_next has returned 0, whether the file ends with a
 * trailer (an index after it counts): false means that its writer stopped without one. */
bool dataset_reader_finished(const struct dataset_reader *r);

/* a decoded block; reused from block to block. It keeps a copy of the payload; views into it live
 * until the next decode or block_free. The header outlives it. One thread at a time; any number of
 * blocks share a header. */
struct block;
struct block *block_new(const struct dataset_header *header); /* NULL: no memory */
void block_free(struct block *b);

/* block_decode checks the whole of payload and resolves its tables; positions get their targets
 * from the header. -EBADMSG or -ENOMEM; the block is then empty. That a chain's certificates came
 * in this block or an earlier one is not checked: that takes the whole file. */
int block_decode(struct block *b, struct bytes payload, char err[DATASET_ERR_MAX]);

size_t block_num_records(const struct block *b);
/* block_record fills *out with record i < block_num_records: those in full first, then those from
 * the columns; each group in the order of positions. */
void block_record(const struct block *b, struct record *out, size_t i);

size_t block_num_texts(const struct block *b);
struct bytes block_text(const struct block *b, size_t i);
size_t block_num_chains(const struct block *b);
/* block_chain returns the certificates' hashes of chain i and, in *num, how many. */
const uint8_t (*block_chain(const struct block *b, size_t i, uint16_t *num, bool *cut))[32];
size_t block_num_certs(const struct block *b); /* certificates whose octets are in this block */
struct bytes block_cert(const struct block *b, size_t i,
                        uint8_t sha256[32]); /* its hash is checked */
/* block_runs returns the positions that this block marks done; sorted, disjoint. */
const struct dataset_run *block_runs(const struct block *b, size_t *num);

/* outcomes of positions that have no record of their own */
struct block_unrecorded {
    uint8_t stage, cause;
    uint64_t count;
};
const struct block_unrecorded *block_unrecorded(const struct block *b, size_t *num);

struct dataset_trailer {
    uint64_t end_us; /* offset from the start */
    enum dataset_reason reason;
    uint64_t records, positions, blocks; /* in the whole file so far */
};
int dataset_trailer_decode(struct dataset_trailer *out, struct bytes payload,
                           char err[DATASET_ERR_MAX]);

struct dataset_event_view {
    uint64_t at_us;
    struct bytes what;
    struct dataset_pair details[DATASET_DETAILS_MAX];
    size_t num_details;
};
int dataset_event_decode(struct dataset_event_view *out, struct bytes payload,
                         char err[DATASET_ERR_MAX]);

/* one block of the file as the index has it */
struct dataset_index_entry {
    uint64_t offset, frame_len, payload_len;
    uint64_t records, first_position;
};

/* dataset_index_decode checks the whole index, says in *num how many blocks it lists, and writes
 * the first max of them to out (NULL with max 0: only count). */
int dataset_index_decode(struct dataset_index_entry *out, size_t max, size_t *num,
                         struct bytes payload, char err[DATASET_ERR_MAX]);

#endif
