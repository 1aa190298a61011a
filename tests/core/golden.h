/*
 * golden: the sweep behind the golden files, always the same; and a dataset as text, every field
 * of it.
 */
#ifndef MXSWEEP_TESTS_CORE_GOLDEN_H
#define MXSWEEP_TESTS_CORE_GOLDEN_H

#include "core/dataset_private.h"

enum {
    GOLDEN_CERTS = 5,
    GOLDEN_STEPS = 17,
    GOLDEN_TIMINGS = TIMING_SERVER_HELLO,   /* that there were when golden-1 and golden-2 were made,
                                               and texts */
    GOLDEN_TEXTS = TEXT_OCSP
};

struct golden {
    struct target_space space;
    struct target_counts counts;
    struct dataset_pair libraries[2], options[2];
    struct addr sources[2];
    struct bytes ehlo_names[2];
    struct dataset_hello hellos[2];
    struct dataset_header header;
    struct permutation perm;
    uint8_t certs[GOLDEN_CERTS][48], hashes[GOLDEN_CERTS][32];
    struct bytes ders[GOLDEN_CERTS];
};

void golden_init(struct golden *g);
void golden_cleanup(struct golden *g);

/* golden_record makes the record of slot i of the shard; ders of g go with it. */
void golden_record(struct golden *g, struct record *r, uint64_t slot);

/* golden_step does step i < GOLDEN_STEPS of the sweep: a record, a seal, an event. Its slots are
 * all of the shard's. */
int golden_step(struct golden *g, struct dataset_writer *w, size_t i, char err[DATASET_ERR_MAX]);

/* golden_write makes the whole file. */
int golden_write(struct golden *g, const char *path, char err[DATASET_ERR_MAX]);

/* dump_dataset reads path to its end and returns all that it says as text (the caller frees it);
 * *rc is what dataset_next said last, or dataset_open. */
char *dump_dataset(const char *path, int *rc);

/* slurp returns the octets of a file, the caller's to free; spill writes them. Both end the test
 * on failure. */
uint8_t *slurp(const char *path, size_t *len);
void spill(const char *path, const void *data, size_t len);

/* golden_path writes a name in the test's own folder of temporary files. */
void golden_path(char out[128], const char *name);

#endif
