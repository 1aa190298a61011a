/*
 * stream_lines: cuts octets into lines as they come, and keeps the digest of the lines so far.
 *
 * Promise    any split of the octets gives the same lines and digests. Memory is that of the
 *            struct: a line of more than STREAM_LINE_KEPT octets is passed over, and given cut to
 *            so many, which is too long for line_check.
 * Ownership  the caller's storage, no cleanup. A line lives as long as the octets it was cut from,
 *            and until the next call.
 */
#ifndef MXSWEEP_SCANNER_STREAM_LINES_H
#define MXSWEEP_SCANNER_STREAM_LINES_H

#include <openssl/sha.h>

#include "core/lines.h"

enum { STREAM_LINE_KEPT = LINE_MAX_LEN + 2 }; /* a line, a CR, and one that is too many */

struct stream_lines {
    uint64_t num;                /* lines that have ended */
    SHA256_CTX whole;            /* of their octets */
    SHA256_CTX begun;            /* of those and the octets of the line that has not ended */
    bool is_begun;               /* there are such octets, */
    char kept[STREAM_LINE_KEPT]; /* and here are the first of them */
    size_t kept_len;
};

void stream_lines_init(struct stream_lines *s);

/* stream_lines_next cuts the next line off the octets, without its LF, and says in *used how many
 * octets it took. False: none ends there, and all octets were taken. */
bool stream_lines_next(struct stream_lines *s, struct bytes *line, size_t *used, const char *data,
                       size_t len);

/* stream_lines_end, at the end of the octets, makes a line of those that no LF ended. False: there
 * are none. */
bool stream_lines_end(struct stream_lines *s, struct bytes *line);

/* stream_lines_digest gives the SHA-256 of the lines that have ended, with their ends. */
void stream_lines_digest(const struct stream_lines *s, uint8_t sha256[32]);

#endif
