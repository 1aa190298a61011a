/*
 * texts: what the farm's servers say: greetings and replies in the manner of the MTAs that people
 * run.
 *
 * Ownership  the caller's storage. Replies are CR LF terminated; FLAG_LF_ONLY and the like are
 * applied here.
 */
#ifndef MXSWEEP_TOOLS_FARM_TEXTS_H
#define MXSWEEP_TOOLS_FARM_TEXTS_H

#include "core/addr.h"
#include "tools/farm/behaviour.h"

enum { REPLY_TEXT_MAX = 2048 };

/* who speaks, to whom */
struct speaker {
    const struct behaviour *behaviour;
    struct addr addr;
    int64_t now_s;      /* the date in greetings, s since 1970-01-01 UTC */
    const char *client; /* as it called itself in EHLO, printable; may be empty */
};

/* which reply is wanted */
enum reply_kind {
    REPLY_GREETING,
    REPLY_EHLO,
    REPLY_EHLO_TLS,
    REPLY_HELO,
    REPLY_STARTTLS,
    REPLY_QUIT,
    REPLY_THROTTLED,
    REPLY_OK,
    REPLY_BAD_SEQUENCE,
    REPLY_UNKNOWN
};

/* text_reply writes the reply that a server gives when it keeps to the straight path, and returns
 * its octets. */
size_t text_reply(uint8_t out[REPLY_TEXT_MAX], const struct speaker *who, enum reply_kind kind);

#endif
