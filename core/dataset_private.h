/*
 * dataset_private: what the parts of the dataset share and others do not need.
 *
 * Layout     the keys of every item; doc/format.md says the same in CDDL. Keys are stored: append
 *            only.
 */
#ifndef MXSWEEP_CORE_DATASET_PRIVATE_H
#define MXSWEEP_CORE_DATASET_PRIVATE_H

#include "core/cbor.h"
#include "core/dataset_on.h"
#include "core/permutation.h"

#define DATASET_MAGIC "mxsweep dataset"

enum { HASH_LEN = 32 };

enum item_key { ITEM_KIND = 0, ITEM_PREVIOUS = 1 };

/* item_begin writes the head of a map with num_more keys beside kind and previous; item_open reads
 * them and leaves map at the next key. */
void item_begin(struct cbor_writer *w, enum dataset_kind kind, const uint8_t previous[HASH_LEN],
                uint64_t num_more);
struct cbor_map item_open(struct cbor_reader *r, enum dataset_kind *kind,
                          const uint8_t **previous);

/* dataset_fail writes a text to err and returns rc. */
int dataset_fail(char err[DATASET_ERR_MAX], int rc, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- header ---- */

/* a header that was read, with all that it points to */
struct header_store;

int header_encode(struct cbor_writer *w, const struct dataset_header *h);

/* header_next_part makes the header of the part after that of h: a view of the same things. */
void header_next_part(struct dataset_header *next, const struct dataset_header *h);

/* header_decode copies what it needs of payload. err as in dataset.h, without the file's name. */
int header_decode(struct header_store **out, struct bytes payload, char err[DATASET_ERR_MAX]);
void header_free(struct header_store *store);
const struct dataset_header *header_of(const struct header_store *store);

/* ---- the positions of a shard: slot s is position s * num_shards + shard ---- */

struct shard_space {
    uint64_t num_slots;
    uint32_t num_shards, shard;
    bool has_ports;   /* there are several: records say theirs */
    bool streamed;
};

struct shard_space shard_space_of(const struct dataset_header *h);

static inline uint64_t slot_position(const struct shard_space *s, uint64_t slot)
{
    return slot * s->num_shards + s->shard;
}

/* shard_slot gives the slot of a position of this shard; false: it is none. */
bool shard_slot(const struct shard_space *s, uint64_t *slot, uint64_t position);

/* ---- the other items ---- */

void trailer_encode(struct cbor_writer *w, const uint8_t previous[HASH_LEN],
                    const struct dataset_trailer *t);
void event_encode(struct cbor_writer *w, const uint8_t previous[HASH_LEN], uint64_t at_us,
                  const char *what, const struct dataset_pair *details, size_t num_details);
void index_encode(struct cbor_writer *w, const uint8_t previous[HASH_LEN],
                  const struct dataset_index_entry *entries, size_t num);

/* ---- reading from a descriptor of the caller's ---- */

/* as dataset_open; fd stays the caller's and outlives the reader */
int reader_open(struct dataset_reader **out, char err[DATASET_ERR_MAX], int fd, const char *path);

/* reader_place tells where the frame begins that comes next, and the hash of the one before it. */
uint64_t reader_place(const struct dataset_reader *r, uint8_t previous[HASH_LEN]);

/* reader_tail_is_torn tells whether what dataset_next could not read is the end of a write that
 * was cut short: no longer than one frame, and with no frames of ours behind (dataset_search.h
 * says what is believed). 1, 0, or a negative errno; *len: octets of it. */
int reader_tail_is_torn(struct dataset_reader *r, uint64_t *len);


#endif
