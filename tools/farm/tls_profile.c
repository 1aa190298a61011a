#include "tools/farm/tls_profile.h"

#include "tools/farm/rote_suites.h"

#define GCM 0xc02b, 0xc02f, 0xc02c, 0xc030
#define CBC 0xc009, 0xc013, 0xc00a, 0xc014
#define USUAL                                                                                      \
    {                                                                                              \
        29, 23, 24                                                                                 \
    } /* X25519, P-256, P-384 */

static const struct tls_profile_facts profiles[NUM_TLS_PROFILES] = {
    [TLS_ANY] = {0x0301, 0x0304, {GCM, CBC}, USUAL},
    [TLS_13] = {0x0304, 0x0304, {GCM}, USUAL},
    [TLS_13_P256] = {0x0304, 0x0304, {GCM}, {23}},
    [TLS_13_P384] = {0x0304, 0x0304, {GCM}, {24}},
    [TLS_13_P521] = {0x0304, 0x0304, {GCM}, {25}},
    [TLS_12] = {0x0303, 0x0303, {GCM}, USUAL},
    [TLS_12_RSA] = {0x0303, 0x0303, {0x009c, 0x009d}, USUAL},
    [TLS_12_RSA_CBC] = {0x0303, 0x0303, {0x0035, 0x002f}, USUAL},
    [TLS_12_CBC] = {0x0303, 0x0303, {0xc014, 0xc013}, USUAL},
    [TLS_12_CHACHA] = {0x0303, 0x0303, {0xcca8}, USUAL},
    [TLS_12_P256] = {0x0303, 0x0303, {GCM}, {23}},
    [TLS_11] = {0x0302, 0x0302, {CBC}, USUAL},
    [TLS_10] = {0x0301, 0x0301, {CBC, 0x002f}, USUAL},
};

const struct tls_profile_facts *tls_profile_facts(enum tls_profile profile)
{
    return &profiles[profile];
}

bool tls_profile_has(enum tls_profile profile, enum key_kind key, uint16_t suite, uint16_t version)
{
    const struct tls_profile_facts *p = &profiles[profile];
    bool rsa = key == KEY_RSA2048 || key == KEY_RSA4096;
    bool signs = rote_suite_kx(suite) == ROTE_KX_ECDHE_ECDSA ? !rsa : rsa;
    if (!signs || version < p->min || version > p->max ||
        !rote_suite_fits(suite, (enum rote_version)(ROTE_SSL3 + version - 0x0300)))
        return false;
    for (size_t i = 0; i < PROFILE_SUITES_MAX; i++)
        if (p->suites[i] == suite)
            return true;
    return false;
}
