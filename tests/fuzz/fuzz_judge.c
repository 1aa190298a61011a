/*
 * fuzz_judge: whatever is sent, the verdict is one of those there are, points into what was sent,
 * and is the same the second time.
 *
 * Input      an octet of time (weeks around 2026-01-01); then certificates, each behind its length
 *            in 2 octets, big end first. The first bit of the length: into the pool.
 */
#include <stdlib.h>

#include "core/judge.h"

enum { CERTS_MAX = 160, WEEK_S = 7 * 86400, POOL_BIT = 0x8000 };

#define FUZZ_TIME INT64_C(1767225600)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char roots[] =
#include "tests/data/chains/roots.inc"
    ;

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check(const struct chain_verdict *v, const struct chain_path *path, size_t num,
                  const struct trust_store *store, const struct judge_pool *pool)
{
    must(v->outcome < NUM_CHAIN_OUTCOMES && v->flags < 1u << NUM_CHAIN_FLAGS);
    must(v->fault_at >= -1 && v->fault_at < (int)num && v->from < v->until);
    must((v->outcome == CHAIN_NONE) == (num == 0));
    must(v->outcome != CHAIN_VALID || v->fault_at == -1);
    must(path->num_links <= JUDGE_PATH_MAX && path->fault_link < path->num_links);
    must((path->num_links == 0) == (v->outcome <= CHAIN_UNPARSABLE));
    for (size_t i = 0; i < path->num_links; i++)
        switch ((enum chain_origin)path->links[i].origin) {
        case CHAIN_SENT: must(path->links[i].at < num); break;
        case CHAIN_STORE: must(path->links[i].at < trust_store_facts(store)->num_roots); break;
        case CHAIN_POOL: must(path->links[i].at < judge_pool_num(pool)); break;
        }
    for (size_t i = 0; i < JUDGE_SENT_MAX; i++)
        must((path->sent_flags[i] & ~v->flags) == 0 && (i < num || path->sent_flags[i] == 0));
}

static size_t take_certs(struct bytes *sent, struct judge_pool *pool, struct bytes in)
{
    size_t num = 0;
    while (in.len >= 2 && num < CERTS_MAX) {
        unsigned head = (unsigned)in.data[0] << 8 | in.data[1];
        size_t len = head & (POOL_BIT - 1u);
        in = bytes_of(in.data + 2, in.len - 2);
        struct bytes der = bytes_of(in.data, len < in.len ? len : in.len);
        if (head & POOL_BIT)
            judge_pool_add(pool, der);
        else
            sent[num++] = der;
        in = bytes_of(in.data + der.len, in.len - der.len);
    }
    judge_pool_seal(pool);
    return num;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct trust_store *store;
    char err[TRUST_STORE_ERR_MAX];
    struct bytes sent[CERTS_MAX];
    struct chain_verdict v, again;
    struct chain_path path;
    if (len == 0)
        return 0;
    must(trust_store_read(&store, err, bytes_text(roots), "roots", 0) == 0);
    struct judge_pool *pool = judge_pool_new();
    size_t num = take_certs(sent, pool, bytes_of(data + 1, len - 1));
    struct judge *j = judge_new(store, pool);
    int64_t time_s = FUZZ_TIME + ((int64_t)data[0] - 128) * WEEK_S;
    must(judge_chain(j, &v, &path, sent, num, time_s) == 0);
    check(&v, &path, num, store, pool);
    must(judge_chain(j, &again, NULL, sent, num, time_s) == 0);
    must(again.outcome == v.outcome && again.flags == v.flags && again.fault_at == v.fault_at &&
         again.from == v.from && again.until == v.until);
    if (v.until != INT64_MAX) { /* taken once, at another time in between */
        must(judge_at(j, &again, NULL, v.until) == 0 && again.from <= v.until);
        must(judge_at(j, &again, NULL, time_s) == 0);
        must(again.outcome == v.outcome && again.flags == v.flags && again.until == v.until);
    }
    judge_free(j);
    judge_pool_free(pool);
    trust_store_free(store);
    return 0;
}
