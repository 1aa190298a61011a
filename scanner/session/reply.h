/*
 * reply: reads one SMTP reply (RFC 5321, 4.2), octet by octet, bounded.
 *
 * What       a pure counter: it keeps no text. The caller stores the octets that it consumed.
 * Promise    any split gives the same answer. Lines end in LF, CR LF counts too; NULs and 8-bit
 *            octets in the text are let through. All lines carry the same code. Limits below are a
 *            result, not a crash.
 */
#ifndef MXSWEEP_SCANNER_SESSION_REPLY_H
#define MXSWEEP_SCANNER_SESSION_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    REPLY_LINE_MAX = 2048,    /* octets of a line, its end included; RFC 5321: 512 */
    REPLY_LINES_MAX = 128,    /* lines of a reply */
    REPLY_MAX = 16384         /* octets of a reply */
};

enum reply_status { REPLY_MORE, REPLY_DONE, REPLY_BAD, REPLY_TOO_LONG };

struct smtp_reply {
    uint16_t code;            /* of the first line, once its three digits are there */
    uint16_t line_code;       /* of the line being read */
    uint16_t line_len, num_lines;
    uint32_t len;             /* octets so far */
    bool last;                /* the line being read has no hyphen */
};

void smtp_reply_init(struct smtp_reply *r);

/* smtp_reply_feed reads on; *used is how many octets it took: all with REPLY_MORE, up to the end of
 * the reply with REPLY_DONE, up to and with the offending octet otherwise. */
enum reply_status smtp_reply_feed(struct smtp_reply *r, size_t *used, const uint8_t *in,
                                  size_t in_len);

#endif
