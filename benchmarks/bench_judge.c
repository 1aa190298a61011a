/*
 * bench_judge: what judging costs: distinct chains per second on one processor.
 *
 * Input      from one key each: leaves that all differ, below one intermediate and one root, as a
 *            sweep of a CA's customers gives them. RSA-2048 throughout; P-256 throughout; RSA with
 *            the intermediate missing and completed from a pool.
 * Output     name  chains  chains/s  ns/chain
 * Usage      bench_judge [CHAINS]
 */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "benchmarks/bench_key.h"
#include "core/judge.h"

enum { DEFAULT_CHAINS = 20000, DISTINCT_MAX = 4000, DAY_S = 86400 };

#define BENCH_TIME INT64_C(1767225600) /* 2026-01-01 */

struct authority {
    X509 *cert;
    EVP_PKEY *key;
};

static void must(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "bench_judge: %s failed\n", what);
    exit(1);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, &ctx, nid, value);
    must(extension != NULL && X509_add_ext(cert, extension, -1), "an extension");
    X509_EXTENSION_free(extension);
}

static X509 *make_cert(const char *name, EVP_PKEY *key, const struct authority *issuer, bool is_ca,
                       unsigned serial)
{
    X509 *cert = X509_new();
    X509 *signer = issuer->cert != NULL ? issuer->cert : cert;
    must(X509_set_version(cert, 2) && ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) &&
             X509_set_pubkey(cert, key) &&
             ASN1_TIME_set(X509_getm_notBefore(cert), BENCH_TIME - 30 * DAY_S) != NULL &&
             ASN1_TIME_set(X509_getm_notAfter(cert), BENCH_TIME + 60 * DAY_S) != NULL &&
             X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_UTF8,
                                        (const uint8_t *)name, -1, -1, 0) &&
             X509_set_issuer_name(cert, X509_get_subject_name(signer)),
         "a certificate");
    add_extension(cert, signer, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "CA:FALSE");
    add_extension(cert, signer, NID_key_usage,
                  is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
    add_extension(cert, signer, NID_subject_key_identifier, "hash");
    if (issuer->cert != NULL)
        add_extension(cert, signer, NID_authority_key_identifier, "keyid");
    if (!is_ca) {
        add_extension(cert, signer, NID_ext_key_usage, "serverAuth,clientAuth");
        add_extension(cert, signer, NID_subject_alt_name, "DNS:mx.example.com,DNS:example.com");
        add_extension(cert, signer, NID_info_access, "OCSP;URI:http://ocsp.example.com/");
    }
    must(X509_sign(cert, issuer->key, EVP_sha256()) > 0, "signing");
    return cert;
}

static struct bytes der_of(X509 *cert)
{
    uint8_t *der = NULL;
    int len = i2d_X509(cert, &der);
    must(len > 0, "encoding");
    return bytes_of(der, (size_t)len);
}

static struct trust_store *store_of(X509 *root)
{
    struct trust_store *store;
    char err[TRUST_STORE_ERR_MAX];
    const uint8_t *pem = NULL;
    size_t len = 0;
    BIO *bio = BIO_new(BIO_s_mem());
    must(PEM_write_bio_X509(bio, root) && BIO_mem_contents(bio, &pem, &len), "PEM");
    must(trust_store_read(&store, err, bytes_of(pem, len), "bench", 0) == 0, "the store");
    BIO_free(bio);
    return store;
}

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

struct bench {
    struct authority root, sub;
    EVP_PKEY *leaf_key;
    struct trust_store *store;
    struct bytes sub_der, *leaves;
    size_t num_leaves;
};

static void set_up(struct bench *b, bool is_rsa, size_t num)
{
    struct authority self = {NULL, bench_key_new(is_rsa)};
    b->root = (struct authority){make_cert("Root", self.key, &self, true, 1), self.key};
    EVP_PKEY *sub_key = bench_key_new(is_rsa);
    b->sub = (struct authority){make_cert("Sub", sub_key, &b->root, true, 2), sub_key};
    b->leaf_key = bench_key_new(is_rsa);
    b->store = store_of(b->root.cert);
    b->sub_der = der_of(b->sub.cert);
    b->num_leaves = num < DISTINCT_MAX ? num : DISTINCT_MAX;
    b->leaves = calloc(b->num_leaves, sizeof *b->leaves);
    must(b->leaves != NULL, "memory");
    for (size_t i = 0; i < b->num_leaves; i++) {
        char name[64];
        snprintf(name, sizeof name, "mx%zu.example.com", i);
        X509 *leaf = make_cert(name, b->leaf_key, &b->sub, false, (unsigned)i + 10);
        b->leaves[i] = der_of(leaf);
        X509_free(leaf);
    }
}

static void tear_down(struct bench *b)
{
    for (size_t i = 0; i < b->num_leaves; i++)
        OPENSSL_free((void *)(uintptr_t)b->leaves[i].data);
    free(b->leaves);
    OPENSSL_free((void *)(uintptr_t)b->sub_der.data);
    trust_store_free(b->store);
    X509_free(b->root.cert);
    X509_free(b->sub.cert);
    EVP_PKEY_free(b->root.key);
    EVP_PKEY_free(b->sub.key);
    EVP_PKEY_free(b->leaf_key);
}

/* run judges num chains; a leaf comes again only after DISTINCT_MAX others, and no leaf is kept. */
static void run(const struct bench *b, const char *name, size_t num, size_t chain_len,
                const struct judge_pool *pool, enum chain_outcome want)
{
    struct judge *j = judge_new(b->store, pool);
    must(j != NULL, "a judge");
    double start_s = now_s();
    for (size_t i = 0; i < num; i++) {
        struct bytes sent[2] = {b->leaves[i % b->num_leaves], b->sub_der};
        struct chain_verdict v;
        must(judge_chain(j, &v, NULL, sent, chain_len, BENCH_TIME) == 0 && v.outcome == want,
             "a verdict");
    }
    double seconds = now_s() - start_s;
    printf("%-24s %9zu %12.0f chains/s %9.1f ns/chain\n", name, num, (double)num / seconds,
           seconds * 1e9 / (double)num);
    judge_free(j);
}

int main(int argc, char **argv)
{
    size_t num = argc > 1 ? strtoul(argv[1], NULL, 10) : DEFAULT_CHAINS;
    struct bench b;
    must(num > 0, "reading the number of chains");
    set_up(&b, true, num);
    run(&b, "judge-rsa-2048", num, 2, NULL, CHAIN_VALID);
    struct judge_pool *pool = judge_pool_new();
    must(pool != NULL && judge_pool_add(pool, b.sub_der) == 1, "the pool");
    judge_pool_seal(pool);
    run(&b, "judge-rsa-2048-pool", num, 1, pool, CHAIN_INCOMPLETE);
    judge_pool_free(pool);
    tear_down(&b);
    set_up(&b, false, num);
    run(&b, "judge-p256", num, 2, NULL, CHAIN_VALID);
    tear_down(&b);
    return 0;
}
