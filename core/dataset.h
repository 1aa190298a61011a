/*
 * dataset: the file of one sweep: a sequence of zstd frames, each one CBOR item (doc/format.md).
 *
 * What       header, blocks, events, trailer, index. Writer and reader know nothing of time: it is
 *            an argument. A long sweep may be several files, its parts: each is complete in itself.
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
    DATASET_FORMAT = 2,               /* version that this code writes; it reads all up to it */
    DATASET_BLOCK_TARGET = 1 << 20,   /* octets, unpacked, at which a block is due to be sealed */
    DATASET_ITEM_MAX = 16 << 20,      /* octets of an item before compression, at most */
    DATASET_BLOCK_ROWS_MAX = 1 << 18, /* positions, texts, chains, ... of a block, at most, each */
    DATASET_DETAILS_MAX = 32,         /* pairs of an event */
    DATASET_SAMPLE_ALL = 1000000,     /* a sample_ppm that leaves nothing out */
    DATASET_ERR_MAX = 512
};

#define DATASET_STREAM_POSITIONS_MAX (UINT64_C(1) << 48)   /* of a streamed sweep: lines x ports */

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
    uint8_t id[16];       /* random: names the file; of a further part, it follows from the id of
                             the part before */
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
    uint32_t part;              /* which of the shard's files this is, from 0 */
    enum record_mode record_mode;
    bool streamed;       /* targets come line by line from a list that is not held: position is
                            line (from 0) x number of ports + index of the port; space has ports
                            and no segments */
    uint32_t sample_ppm; /* for information: targets of a million that were drawn; 0: all */
    uint64_t limit;      /* only the positions below it belong to the sweep; 0: all. Not streamed:
                            there, lines that are not drawn are skipped */
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

/* dataset_num_positions returns how many positions the sweep has, over all shards; of a stream,
 * whose end is not known, how many there may be: DATASET_STREAM_POSITIONS_MAX. */
uint64_t dataset_num_positions(const struct dataset_header *header);

/* positions FIRST, FIRST + step, ..., `count` of them; step is the header's num_shards */
struct dataset_run {
    uint64_t first, count;
};

enum dataset_reason { /* stored */
    DATASET_COMPLETE = 1,
    DATASET_STOPPED = 2,
    DATASET_LIMIT = 3,
    DATASET_FAULT = 4,
    DATASET_ROTATED = 5 /* the sweep goes on in the next part */
};

/* ---- writing ---- */

struct dataset_writer;

/* dataset_create makes path (it must not exist: -EEXIST), locks it, and writes and syncs the header
 * (its format and sweep_id are those of this code and of dataset_sweep_id, whatever the caller put
 * there). If that fails, no file is left behind. header->space outlives the writer; the rest is
 * not used after the call. */
int dataset_create(struct dataset_writer **out, char err[DATASET_ERR_MAX], const char *path,
                   const struct dataset_header *header);

/* what dataset_resume found, in all parts */
struct dataset_found {
    const struct dataset_header *header; /* of the last part; lives as long as the writer */
    const struct dataset_run *done;      /* sorted, disjoint; lives as long as the writer */
    size_t num_done;
    uint64_t num_done_positions;
    uint64_t torn_bytes; /* of the tail that was dropped: less than one block */
    bool finished;       /* every position of this shard is done; streamed: the last trailer says
                            that the stream was */
    bool ended;              /* the file ends with a trailer that says complete, nothing behind it
                                is torn; finished and not ended: only the end is left to write */
    uint64_t consumed_lines; /* streamed: as dataset_consumed said last; 0: it did not */
    uint8_t consumed_sha256[32];
};

/* dataset_resume opens path for appending: locks it (-EAGAIN: another writer has it), reads and
 * checks all of it, and goes on after the last whole frame. The file is not changed until something
 * is written: that cuts a torn tail off first.
 * path may be any part of a sweep: all of them must be beside each other, under the names that they
 * were given. The first is locked, all are read, and what comes goes to the last; those before it
 * are not changed. A part that was only begun when its writer was stopped is removed once something
 * is written. */
int dataset_resume(struct dataset_writer **out, struct dataset_found *found,
                   char err[DATASET_ERR_MAX], const char *path);

/* dataset_add takes one finished target into the current block and marks its position done. ders
 * are the certificates of record->chain, in its order; they are written unless the file has them
 * already. A connect-stage record without texts and earlier attempts goes to the columns, unless
 * its target is a host name; its address and port follow from its position and are not stored, of
 * a streamed sweep an IPv4 address without host and tag is. host and tag follow from the position;
 * of a streamed sweep they are stored. Nothing of record is kept. 0, or negative with nothing
 * changed:
 *   -ENOBUFS  the block is full to the brim: seal, then add again
 *   -E2BIG    not even an empty block can hold it
 *   -EINVAL   a bug of the caller: a position of no target of this shard, a hash that is not its
 *             certificate's, an outcome, a source or a number out of range, an address that is not
 *             the target's, or none where there is one
 *   -ENOMEM */
int dataset_add(struct dataset_writer *w, const struct record *record, const struct bytes *ders);

/* dataset_add_all takes the records of one host name: one for each address (at most
 * RECORD_NAME_ADDRS_MAX; one of them may have none), all of the same position, into the same block.
 * All or nothing; errors as dataset_add. ders[i] are those of records[i]. */
int dataset_add_all(struct dataset_writer *w, const struct record *const *records,
                    const struct bytes *const *ders, size_t num);

/* dataset_add_cert takes a certificate into the current block, unless the file has it already: for
 * whoever adds records without ders (a NULL in dataset_add and in dataset_add_all), and sees to it
 * that each certificate that a chain names is there before, or that an event says that it is lost.
 * Errors as dataset_add. */
int dataset_add_cert(struct dataset_writer *w, struct bytes der);

/* dataset_count marks a position done without a record of its own (--record responsive): only
 * counted by outcome. Errors as dataset_add. */
int dataset_count(struct dataset_writer *w, uint64_t position, enum stage stage, enum cause cause);

/* dataset_skip marks a position of a streamed sweep done that holds no target: a blank line, a
 * comment, one that cannot be read or is not drawn, another port. Errors as dataset_add. */
int dataset_skip(struct dataset_writer *w, uint64_t position);

/* dataset_consumed says how many lines of the stream were read so far, and the SHA-256 of their
 * octets, line ends included: kept in the next block that is sealed, for whoever resumes. Fewer
 * than were said before: ignored. */
void dataset_consumed(struct dataset_writer *w, uint64_t lines, const uint8_t sha256[32]);

/* dataset_stream_end says how many lines the stream had: a trailer that says complete has it. */
void dataset_stream_end(struct dataset_writer *w, uint64_t lines);

/* dataset_pending returns about how many octets, before compression, are not sealed yet; 0: nothing
 * to seal. */
size_t dataset_pending(const struct dataset_writer *w);

/* dataset_seal writes the current block as one frame, with one append, and syncs. After an error
 * the block is still there and the file is cut back to the last sealed frame: call again, or give
 * up. Nothing to seal: 0, and nothing is written. -EINVAL: a position was added twice. */
int dataset_seal(struct dataset_writer *w, char err[DATASET_ERR_MAX]);

/* what happened, where a reader must understand it (doc/format.md, "Repaired files") */
#define DATASET_EVENT_REPAIRED "repaired"

/* dataset_event writes and syncs an event: what happened to the sweep, at_us from the start, with
 * details in pairs (at most DATASET_DETAILS_MAX; what and keys are UTF-8). What is pending stays
 * pending. */
int dataset_event(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t at_us,
                  const char *what, const struct dataset_pair *details, size_t num_details);

/* dataset_rotate seals what is pending, makes the next part, with the same header but for its id
 * and number, ends this one (at_us from the start), and goes on in the next: there, certificates
 * are written again. On an error nothing is lost, and w goes on in the part that it was in: call
 * again, or do not. -EEXIST: the next part's name is taken. */
int dataset_rotate(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t at_us);

/* dataset_can_rotate: -EEXIST if the next part's name is taken, 0, or -ENOMEM. */
int dataset_can_rotate(const struct dataset_writer *w, char err[DATASET_ERR_MAX]);

/* dataset_part_path returns the name of a part of the sweep whose first part is `first`: that
 * itself, or with the part's number before ".mxs.zst", or before the last dot of another name, or
 * at its end. The caller frees it; NULL: no memory. */
char *dataset_part_path(const char *first, uint32_t part);

/* the part that is written */
struct dataset_part {
    const char *path; /* lives until the next rotation */
    uint32_t number;
    uint64_t blocks, bytes; /* sealed */
};
void dataset_writer_part(const struct dataset_writer *w, struct dataset_part *out);

/* dataset_end seals what is pending, writes trailer and index, and syncs. After an error the file
 * ends with its last sealed block: call again, or give up. Nothing is added after it. */
int dataset_end(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t end_us,
                enum dataset_reason reason);

/* dataset_finish does dataset_end, unless that was done, and closes. w is freed in any case; after
 * an error the file can be resumed. */
int dataset_finish(struct dataset_writer *w, char err[DATASET_ERR_MAX], uint64_t end_us,
                   enum dataset_reason reason);

/* dataset_abandon closes without sealing what is pending or writing a trailer. NULL is allowed. */
void dataset_abandon(struct dataset_writer *w);

/* figures for summary and benchmarks: of what is sealed, in all parts; certificates: written by
 * this writer */
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
 * whole frames, negative if what comes is the end of a write that was cut short, by a crash or a
 * power cut (-ENODATA), or damaged (-EBADMSG). It does not go past either: called again, it says
 * the same. */
int dataset_next(struct dataset_reader *r, struct dataset_item *item, char err[DATASET_ERR_MAX]);

/* dataset_reader_finished tells, once dataset_next has returned 0, whether the file ends with a
 * trailer (an index after it counts): false means that its writer stopped without one. */
bool dataset_reader_finished(const struct dataset_reader *r);

/* a frame as it lies in the file, its place in the chain of hashes not checked yet */
struct dataset_raw {
    uint64_t offset, number; /* as in struct dataset_item */
    uint8_t previous[32];    /* SHA-256 of the frame before it */
    struct bytes octets;     /* lives until the next dataset_next_raw */
};

/* dataset_next_raw does what can be done by one thread only, and dataset_unpack what is left of
 * dataset_next: any thread with an unpacker of its own. A reader is read either way, not both. The
 * order of frames is what dataset_unpack found once all before it were found good. -EBADMSG,
 * -ENODATA: dataset_next, from the start of the file, says what is wrong. The payload lives until
 * the next call. */
struct dataset_unpacker;
struct dataset_unpacker *dataset_unpacker_new(void); /* NULL: no memory */
void dataset_unpacker_free(struct dataset_unpacker *u);
int dataset_next_raw(struct dataset_reader *r, struct dataset_raw *raw, char err[DATASET_ERR_MAX]);
int dataset_unpack(struct dataset_unpacker *u, struct dataset_item *item,
                   const struct dataset_raw *raw);

/* dataset_reader_digest gives the SHA-256 of the last frame that was read: those of all before it
 * have gone into it. */
void dataset_reader_digest(const struct dataset_reader *r, uint8_t sha256[32]);

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

/* block_decode_view does the same without a copy: payload outlives what is asked of the block. */
int block_decode_view(struct block *b, struct bytes payload, char err[DATASET_ERR_MAX]);

/* block_defer_certs lets block_decode pass over the hashes of certificates: whoever reads their
 * octets asks block_cert_holds first. */
void block_defer_certs(struct block *b);

size_t block_num_records(const struct block *b);
/* block_record fills *out with record i < block_num_records: those in full first, then those from
 * the columns; each group in the order of positions. Those of a host name follow each other. */
void block_record(const struct block *b, struct record *out, size_t i);

/* block_glance tells of record i what whoever goes through them wants to bring near before its turn
 * comes; false if it is not one in full. */
struct block_glance {
    struct addr addr;  /* if has_addr */
    bool has_addr;
    uint32_t chain_id; /* as in struct record */
};
bool block_glance(const struct block *b, struct block_glance *out, size_t i);

/* block_num_shapes returns how many shapes there are: what the sessions of many targets have in
 * common, which is all of a record from stage to alerts. */
size_t block_num_shapes(const struct block *b);

/* block_num_in_full returns how many of the records are of the first group. */
size_t block_num_in_full(const struct block *b);

size_t block_num_texts(const struct block *b);
struct bytes block_text(const struct block *b, size_t i);
size_t block_num_chains(const struct block *b);
/* block_chain returns the certificates' hashes of chain i and, in *num, how many. */
const uint8_t (*block_chain(const struct block *b, size_t i, uint16_t *num, bool *cut))[32];
size_t block_num_certs(const struct block *b); /* certificates whose octets are in this block */
struct bytes block_cert(const struct block *b, size_t i,
                        uint8_t sha256[32]); /* its hash is checked, unless that is deferred */
bool block_cert_holds(const struct block *b, size_t i); /* checks it */
/* block_runs returns the positions that this block marks done; sorted, disjoint. */
const struct dataset_run *block_runs(const struct block *b, size_t *num);

/* outcomes of positions that have no record of their own */
struct block_unrecorded {
    uint8_t stage, cause;
    uint64_t count;
};
const struct block_unrecorded *block_unrecorded(const struct block *b, size_t *num);

/* block_num_skipped returns how many of the positions done hold no target (streamed). */
uint64_t block_num_skipped(const struct block *b);
/* block_consumed gives what dataset_consumed said before the block was sealed; false: nothing. */
bool block_consumed(const struct block *b, uint64_t *lines, uint8_t sha256[32]);

struct dataset_trailer {
    uint64_t end_us; /* offset from the start */
    enum dataset_reason reason;
    uint64_t records, positions, blocks; /* in the whole file so far */
    bool has_lines;
    uint64_t lines; /* of the whole stream, if has_lines */
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
