/*
 * judge_pool: CA certificates seen in a dataset, with which chains that lack some are completed.
 *
 * Promise    what a pool holds depends on the set of certificates added, not on their order or
 *            number: of more than JUDGE_POOL_MAX, those with the smallest SHA-256 stay.
 * Use        add, then seal once, then look up: a sealed pool never changes and may be read by any
 *            number of threads.
 * Ownership  the caller's; octets added are copied. judge_pool_free after all judges that use it.
 * Errors     -ENOMEM.
 */
#ifndef MXSWEEP_CORE_JUDGE_POOL_H
#define MXSWEEP_CORE_JUDGE_POOL_H

#include "core/cert.h"

enum {
    JUDGE_POOL_MAX = 16384,    /* certificates */
    JUDGE_POOL_CERT_MAX = 8192 /* octets of one */
};

struct judge_pool;

struct judge_pool *judge_pool_new(void);       /* NULL: no memory */
void judge_pool_free(struct judge_pool *pool); /* NULL is allowed */

/* judge_pool_add takes a copy of der and returns 1; 0 if it can complete no chain: no certificate,
 * no CA, self-issued, or too long. Not after judge_pool_seal. */
int judge_pool_add(struct judge_pool *pool, struct bytes der);

/* judge_pool_seal makes the pool ready for look-ups. */
void judge_pool_seal(struct judge_pool *pool);

/* judge_pool_num returns how many there are in a sealed pool, judge_pool_der the i-th by SHA-256
 * within its subject. */
size_t judge_pool_num(const struct judge_pool *pool);
struct bytes judge_pool_der(const struct judge_pool *pool, size_t i);

/* judge_pool_ski returns the subject key identifier of the i-th; empty: it has none. */
struct bytes judge_pool_ski(const struct judge_pool *pool, size_t i);

/* judge_pool_find returns how many certificates have that subject (a Name, DER, the same octets),
 * and sets *first to the index of the first of them. */
size_t judge_pool_find(const struct judge_pool *pool, size_t *first, struct bytes subject);

/* a question to a pool and what it answered: which certificates have a subject. Sealed pools that
 * answer the same hold the same certificates of that subject, as far as SHA-256 tells. */
struct pool_question {
    uint8_t subject[16]; /* of the SHA-256 of its DER */
    uint8_t answer[16];  /* of that of the certificates' SHA-256, in order; zeros: there is none */
};

/* judge_pool_ask asks for a subject; judge_pool_holds tells whether the pool's answer is still that
 * of q. */
void judge_pool_ask(const struct judge_pool *pool, struct pool_question *q, struct bytes subject);
bool judge_pool_holds(const struct judge_pool *pool, const struct pool_question *q);

#endif
