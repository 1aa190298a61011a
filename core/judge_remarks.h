/*
 * judge_remarks: what is remarkable about a chain though it need not make it invalid. Private to
 * judge.
 */
#ifndef MXSWEEP_CORE_JUDGE_REMARKS_H
#define MXSWEEP_CORE_JUDGE_REMARKS_H

#include "core/judge_path.h"

/* a certificate as sent */
struct sent {
    struct judge_cert *cert; /* NULL: cannot be read */
    uint8_t sha256[32];
    bool is_duplicate; /* of one before it */
};

/* remark_links returns flags of each link of the path, remark_sent those of each certificate as
 * sent. */
void remark_links(uint32_t flags[JUDGE_PATH_MAX], const struct search *s);
void remark_sent(uint32_t flags[JUDGE_SENT_MAX], const struct search *s, const struct sent *sent,
                 size_t num_sent);

#endif
