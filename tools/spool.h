/*
 * spool: texts of any length that are kept in a temporary file and had back by their place.
 *
 * Promise    memory is one buffer, whatever is written.
 * Ownership  the caller's storage; _cleanup closes. The folder outlives it.
 * Errors     as spill.h.
 */
#ifndef MXSWEEP_TOOLS_SPOOL_H
#define MXSWEEP_TOOLS_SPOOL_H

#include "core/json.h"
#include "tools/spill.h"

enum { SPOOL_BUFFER_LEN = 1 << 18, SPOOL_TEXT_MAX = (1 << 24) - 1 };

struct spool {
    const char *folder;
    int fd; /* -1: none so far */
    uint64_t file_len;
    struct json buffer; /* what comes behind it in the file */
};

void spool_init(struct spool *s, const char *folder);
void spool_cleanup(struct spool *s);

/* spool_add keeps a text of at most SPOOL_TEXT_MAX octets and says where. */
int spool_add(struct spool *s, char err[SPILL_ERR_MAX], uint64_t *place, struct bytes text);

/* spool_put appends the text at a place, a JSON value, to out. */
int spool_put(const struct spool *s, char err[SPILL_ERR_MAX], struct json *out, uint64_t place);

#endif
