/* trust_store as judges see it. Private to trust_store and judge. */
#ifndef MXSWEEP_CORE_TRUST_STORE_PRIVATE_H
#define MXSWEEP_CORE_TRUST_STORE_PRIVATE_H

#include "core/judge_cert.h"
#include "core/trust_store.h"

struct trust_store {
    struct trust_store_facts facts;
    struct judge_cert *roots; /* in the order of the file */
    uint32_t *by_subject;     /* indexes of roots by subject_hash, then in the order of the file */
};

/* trust_store_find returns how many certificates have a subject of that hash, and points *indexes
 * to their indexes. */
size_t trust_store_find(const struct trust_store *store, const uint32_t **indexes,
                        uint32_t subject_hash);

#endif
