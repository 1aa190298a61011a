#include "core/group_class.h"

#include "core/names.h"

struct range {
    uint16_t first, last;
    unsigned bits;
};

/* the first that holds a group tells; versions are those in which the RFCs let it be chosen */
static const struct range ranges[] = {
    {1, 22, GROUP_TLS12},                                 /* sect*, secp160k1 to secp256k1 */
    {23, 25, GROUP_TLS12 | GROUP_TLS13},                  /* secp256r1, secp384r1, secp521r1 */
    {26, 28, GROUP_TLS12},                                /* brainpool: RFC 7027 */
    {29, 30, GROUP_TLS12 | GROUP_TLS13},                  /* x25519, x448 */
    {31, 33, GROUP_TLS13},                                /* brainpool: RFC 8734 */
    {34, 40, GROUP_TLS12 | GROUP_TLS13},                  /* GC*: RFC 9189, 9367 */
    {41, 41, GROUP_TLS13},                                /* curveSM2 */
    {256, 260, GROUP_TLS12 | GROUP_TLS13 | GROUP_FF},     /* ffdhe* */
    {512, 514, GROUP_TLS13 | GROUP_PQ},                   /* ML-KEM alone */
    {4587, 4590, GROUP_TLS13 | GROUP_PQ},                 /* hybrids */
    {25497, 25498, GROUP_TLS13 | GROUP_PQ | GROUP_DRAFT}, /* Kyber */
    {65281, 65282, GROUP_TLS12 | GROUP_EXPLICIT},
};

unsigned group_class(uint16_t group)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (group >= ranges[i].first && group <= ranges[i].last)
            return ranges[i].bits;
    return 0;
}

size_t group_select(uint16_t out[GROUPS_MAX], unsigned all_of, unsigned none_of)
{
    size_t num = 0;
    uint16_t group;
    for (size_t i = 0; num < GROUPS_MAX && tls_group_at(&group, i); i++) {
        unsigned bits = group_class(group);
        if ((bits & all_of) == all_of && !(bits & none_of))
            out[num++] = group;
    }
    return num;
}
