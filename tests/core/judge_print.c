/*
 * judge_print: judges the chains of a list and prints the verdicts, for test_judge_openssl.py.
 *
 * Usage      judge_print < LIST. A line of LIST: ID TIME STORE POOL HOST CHAIN, with - for no pool
 *            or no host. STORE is a PEM file; POOL and CHAIN hold certificates in DER, each behind
 *            its length in 4 octets, big end first.
 * Output     ID OUTCOME FAULT_AT FLAGS PATH NAME_MATCH, a line each. A path is a list of origin and
 *            index: s0,s1,r3.
 */
#include <stdio.h>
#include <stdlib.h>

#include "core/judge.h"
#include "core/name_match.h"

enum { FILE_LEN_MAX = 1 << 20, CERTS_MAX = 256, LINE_MAX_LEN = 4096 };

static void die(const char *what, const char *which)
{
    fprintf(stderr, "judge_print: %s: %s\n", which, what);
    exit(1);
}

static size_t load(struct bytes *certs, uint8_t *buf, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        die("cannot be opened", path);
    size_t len = fread(buf, 1, FILE_LEN_MAX, f), num = 0;
    fclose(f);
    for (size_t at = 0; at + 4 <= len; num++) {
        size_t cert_len = (size_t)buf[at] << 24 | (size_t)buf[at + 1] << 16 |
                          (size_t)buf[at + 2] << 8 | buf[at + 3];
        if (cert_len > len - at - 4 || num == CERTS_MAX)
            die("is cut off, or has too many", path);
        certs[num] = bytes_of(buf + at + 4, cert_len);
        at += 4 + cert_len;
    }
    return num;
}

static struct judge_pool *load_pool(const char *path)
{
    static uint8_t buf[FILE_LEN_MAX];
    struct bytes certs[CERTS_MAX];
    if (strcmp(path, "-") == 0)
        return NULL;
    struct judge_pool *pool = judge_pool_new();
    size_t num = load(certs, buf, path);
    for (size_t i = 0; i < num; i++)
        judge_pool_add(pool, certs[i]);
    judge_pool_seal(pool);
    return pool;
}

static void print_flags(uint32_t flags)
{
    const char *separator = "";
    if (flags == 0)
        printf("-");
    for (unsigned bit = 0; bit < NUM_CHAIN_FLAGS; bit++)
        if (flags >> bit & 1) {
            printf("%s%s", separator, chain_flag_words(bit)->slug);
            separator = ",";
        }
}

static void print_path(const struct chain_path *path)
{
    if (path->num_links == 0)
        printf("-");
    for (size_t i = 0; i < path->num_links; i++)
        printf("%s%c%u", i > 0 ? "," : "", "srp"[path->links[i].origin], path -> links[i].at);
}

static const char *match(const char *host, struct bytes leaf)
{
    struct name_ref ref;
    struct cert_facts facts;
    if (strcmp(host, "-") == 0 || !cert_parse(&facts, leaf))
        return "-";
    if (!name_ref_parse(&ref, bytes_text(host)))
        return "bad-reference";
    return name_match_slug(name_match(&ref, NULL, &facts));
}

static void judge_one(const char *id, long long time_s, const char *store_path,
                      const char *pool_path, const char *host, const char *chain_path)
{
    static uint8_t buf[FILE_LEN_MAX];
    struct bytes sent[CERTS_MAX];
    struct trust_store *store;
    struct chain_verdict v;
    struct chain_path path;
    char err[TRUST_STORE_ERR_MAX];
    size_t num = load(sent, buf, chain_path);
    if (trust_store_open(&store, err, store_path) < 0)
        die(err, id);
    struct judge_pool *pool = load_pool(pool_path);
    struct judge *j = judge_new(store, pool);
    if (j == NULL || judge_chain(j, &v, &path, sent, num, time_s) < 0)
        die("no memory", id);
    printf("%s %s %d ", id, chain_outcome_words(v.outcome)->slug, v.fault_at);
    print_flags(v.flags);
    printf(" ");
    print_path(&path);
    printf(" %s\n", num == 0 ? "-" : match(host, sent[0]));
    judge_free(j);
    judge_pool_free(pool);
    trust_store_free(store);
}

int main(void)
{
    char line[LINE_MAX_LEN], id[256], store[512], pool[512], host[512], chain[512];
    long long time_s;
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (sscanf(line, "%255s %lld %511s %511s %511s %511s", id, &time_s, store, pool, host,
                   chain) != 6)
            die("not a line of six words", line);
        judge_one(id, time_s, store, pool, host, chain);
    }
    return 0;
}
