/*
 * parts: a sweep in parts, for tests: the golden sweep, on a layer that may fail, rotated as often
 * as one likes; and what its parts must say together.
 *
 * Ownership  the caller's storage; parts_cleanup removes the files.
 */
#ifndef MXSWEEP_TESTS_CORE_PARTS_H
#define MXSWEEP_TESTS_CORE_PARTS_H

#include "tests/core/golden.h"
#include "tests/core/layer.h"

enum { SLOTS = 14, PARTS_MAX = 20, PART_PATH_LEN = 160 };

struct parts {
    struct golden golden;
    const char *name;
    struct layer layer;
    struct dataset_writer *w;
    bool gives_up; /* does not try again what failed, but goes on in the same part */
    size_t num_failed;
    struct {
        size_t num_ops;
        uint64_t positions;
    } sealed[64];
    size_t num_sealed; /* what was durable when */
};

/* names in the test's own folder; the text lives until the next call */
const char *part_path(const char *name, uint32_t part);
bool part_exists(const char *name, uint32_t part);
void parts_remove(const char *name);

/* parts_init begins with no file there. parts_create makes the first; parts_begin insists on it. */
void parts_init(struct parts *s, const char *name);
void parts_cleanup(struct parts *s);
int parts_create(struct parts *s);
void parts_begin(struct parts *s);

/* parts_visit does what is not done (found: NULL: nothing is), up to slot `end`: a block for every
 * `block_len` slots and a part for every `part_len` blocks (0: one part). What fails is tried
 * again; after each failure all that there is can be read. */
void parts_visit(struct parts *s, const struct dataset_found *found, uint64_t end, size_t block_len,
                 size_t part_len);
int parts_finish(struct parts *s, enum dataset_reason reason);

/* parts_go_on resumes by the name of one of the parts; parts_tell writes the event that a scanner
 * writes then; parts_complete does the rest, to the end. */
void parts_go_on(struct parts *s, struct dataset_found *found, uint32_t named);
void parts_tell(struct parts *s);
void parts_complete(struct parts *s, uint32_t named);

/* parts_make leaves four parts, of which the last is not complete: 10 slots are done. */
void parts_make(struct parts *s, const char *name);

/* what a sweep in one file says: its records, sorted. The caller's to free. */
char *parts_whole_records(void);

/* parts_chain insists that all parts are ended, all but the last with: goes on. Their number. */
uint32_t parts_chain(const char *name);

/* parts_assert_whole insists on that, and on the records. */
void parts_assert_whole(const char *name, const char *want);

/* the last trailer of a file that ends with one */
struct dataset_trailer last_trailer(const char *path);

/* octets of a file's header */
size_t header_len(const char *path);

#endif
