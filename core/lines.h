/*
 * lines: text files of one item a line, and errors that say where and how to mend it.
 *
 * Form       UTF-8 with or without a byte order mark, LF or CRLF; blanks around the item do not
 *            count; a `#` at the beginning or behind a blank starts a comment.
 * Promise    memory is bounded, whatever the file; a line over LINE_MAX_LEN octets or with a NUL in
 *            it is an error.
 * Errors     negative errno-like, with "SOURCE:LINE: what, mend" in err, always NUL-terminated and
 *            printable.
 */
#ifndef MXSWEEP_CORE_LINES_H
#define MXSWEEP_CORE_LINES_H

#include "core/addr.h"
#include "core/bytes.h"

enum { LINE_MAX_LEN = 1024 }; /* octets, comment included, line end not */

/* line_sink takes one line, as target_list_add does: 0 to go on, or negative with err set. */
typedef int line_sink(void *ctx, char *err, size_t err_len, const char *line, size_t line_len,
                      const char *source, uint64_t line_no);

/* lines_load gives every line of a file ("-": standard input) to sink, and stops at the first that
 * it refuses. sha256 (may be NULL) takes the digest of the file's octets. */
int lines_load(const char *path, uint8_t sha256[32], char *err, size_t err_len, line_sink *sink,
               void *ctx);

/* line_check tells whether a line is within its bounds: 0, or -EINVAL with err set. */
int line_check(char *err, size_t err_len, const char *line, size_t line_len, const char *source,
               uint64_t line_no);

/* line_strip returns the item of a line: no byte order mark (line 1), blanks, line end or comment;
 * maybe empty. */
struct bytes line_strip(const char *line, size_t line_len, uint64_t line_no);

/* line_error writes "SOURCE:LINE: MESSAGE" ("SOURCE: MESSAGE" if line_no is 0), what is not
 * printable ASCII as \xHH, and returns code. Cut if it does not fit. */
int line_error(char *err, size_t err_len, int code, const char *source, uint64_t line_no,
               const char *format, ...) __attribute__((format(printf, 6, 7)));

/* line_range reads an item as addr_range_parse does: 0, or -EINVAL with err set. */
int line_range(struct addr_range *out, char *err, size_t err_len, struct bytes item,
               const char *source, uint64_t line_no);

#endif
