#include "core/suite_class.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/names.h"

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool has(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* kx is what stands between TLS_ and _WITH_ */
static unsigned exchange_class(const char *kx)
{
    unsigned bits = 0;
    if (has(kx, "EXPORT"))
        bits |= SUITE_EXPORT;
    if (has(kx, "PSK") || has(kx, "SRP") || has(kx, "KRB5") || has(kx, "ECCPWD"))
        bits |= SUITE_SHARED_KEY;
    if (starts(kx, "GOST"))
        bits |= SUITE_GOST;
    if (starts(kx, "ECDH"))
        bits |= SUITE_CURVE;
    if (has(kx, "_anon"))
        return bits | SUITE_ANON;
    if (starts(kx, "ECDHE"))
        return bits | SUITE_ECDHE;
    if (starts(kx, "DHE") || has(kx, "PSK_DHE"))
        return bits | SUITE_DHE;
    if (starts(kx, "DH_") || starts(kx, "ECDH_"))
        return bits | SUITE_STATIC_DH;
    if (starts(kx, "RSA") && !(bits & SUITE_SHARED_KEY))
        return bits | SUITE_STATIC_RSA;
    return bits;
}

static unsigned cipher_class(const char *cipher)
{
    unsigned bits = 0;
    if (has(cipher, "NULL"))
        bits |= SUITE_NULL;
    if (starts(cipher, "RC4"))
        bits |= SUITE_RC4;
    if (starts(cipher, "3DES"))
        bits |= SUITE_3DES;
    if (starts(cipher, "DES"))
        bits |= SUITE_DES;
    if (starts(cipher, "RC2") || starts(cipher, "IDEA"))
        bits |= SUITE_OLD_CIPHER;
    if (has(cipher, "_CBC"))
        bits |= SUITE_CBC;
    if (has(cipher, "_GCM") || has(cipher, "_CCM") || has(cipher, "POLY1305") ||
        has(cipher, "_MGM") || has(cipher, "AEGIS"))
        bits |= SUITE_AEAD;
    return bits;
}

/* names without _WITH_ are of TLS 1.3; RFC 9150's have a hash for a cipher */
static unsigned tls13_class(const char *cipher)
{
    return SUITE_TLS13 | (starts(cipher, "SHA") ? SUITE_NULL : cipher_class(cipher));
}

unsigned suite_class(uint16_t suite)
{
    char kx[32];
    const char *name = tls_suite_name(suite);
    if (name == NULL)
        return 0;
    if (suite == 0 || has(name, "_SCSV"))
        return SUITE_SIGNAL;
    name += strlen("TLS_");   /* or SSL_ */
    const char *with = strstr(name, "_WITH_");
    if (with == NULL)
        return tls13_class(name);
    size_t kx_len = (size_t)(with - name) < sizeof kx ? (size_t)(with - name) : sizeof kx - 1;
    memcpy(kx, name, kx_len);
    kx[kx_len] = '\0';
    const char *cipher = with + strlen("_WITH_");
    if (has(cipher, "_MGM"))   /* RFC 9367: of TLS 1.3 though named in the old manner */
        return tls13_class(cipher);
    return exchange_class(kx) | cipher_class(cipher);
}

static unsigned tier(unsigned bits)
{
    static const unsigned weakest_first[] = {
        SUITE_NULL, SUITE_ANON, SUITE_EXPORT, SUITE_DES, SUITE_RC4, SUITE_OLD_CIPHER, SUITE_3DES,
    };
    enum { NUM = sizeof weakest_first / sizeof weakest_first[0] };
    for (unsigned i = 0; i < NUM; i++)
        if (bits & weakest_first[i])
            return i;
    return NUM + (bits & SUITE_TLS13 ? 2 : bits & SUITE_AEAD ? 1 : 0);
}

unsigned suite_rank(uint16_t suite)
{
    unsigned bits = suite_class(suite);
    const char *name = tls_suite_name(suite);
    unsigned ephemeral = bits & (SUITE_DHE | SUITE_ECDHE | SUITE_ANON) ? 1 : 0;
    unsigned longer = name != NULL && has(name, "256_") ? 1 : 0;
    return tier(bits) << 2 | ephemeral << 1 | longer;
}

/* ranks are told from names, which takes long beside a comparison */
struct ranked {
    unsigned rank;
    uint16_t suite;
};

static int compare_strength(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (x->suite > y->suite) - (x->suite < y->suite);
}

size_t suite_select(uint16_t out[SUITES_MAX], unsigned any_of, unsigned none_of)
{
    struct ranked list[SUITES_MAX];
    size_t num = 0;
    uint16_t suite;
    for (size_t i = 0; num < SUITES_MAX && tls_suite_at(&suite, i); i++) {
        unsigned bits = suite_class(suite);
        if (bits & any_of && !(bits & (none_of | SUITE_SIGNAL)))
            list[num++] = (struct ranked){suite_rank(suite), suite};
    }
    qsort(list, num, sizeof list[0], compare_strength);
    for (size_t i = 0; i < num; i++)
        out[i] = list[i].suite;
    return num;
}

size_t suite_all_legacy(uint16_t out[SUITES_MAX])
{
    return suite_select(out, ~0U, SUITE_TLS13);
}

size_t suite_all_tls13(uint16_t out[SUITES_MAX])
{
    return suite_select(out, SUITE_TLS13, 0);
}

const char *ssl2_kind_name(unsigned bit)
{
    switch (bit) {
#define X(number, code, name) case number: return name;
    SSL2_KINDS(X)
#undef X
    default: return NULL;
    }
}
