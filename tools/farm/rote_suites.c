#include "tools/farm/rote_suites.h"

struct range {
    uint16_t first, last;
    uint8_t kx; /* enum rote_kx */
};

/* all that is in no range here has no ServerKeyExchange */
static const struct range exchanges[] = {
    {0x0003, 0x0003, ROTE_KX_RSA_EXPORT},  {0x0006, 0x0006, ROTE_KX_RSA_EXPORT},
    {0x0008, 0x0008, ROTE_KX_RSA_EXPORT},  {0x0011, 0x0016, ROTE_KX_DHE},
    {0x0017, 0x001b, ROTE_KX_DH_ANON},     {0x0032, 0x0033, ROTE_KX_DHE},
    {0x0034, 0x0034, ROTE_KX_DH_ANON},     {0x0038, 0x0039, ROTE_KX_DHE},
    {0x003a, 0x003a, ROTE_KX_DH_ANON},     {0x0040, 0x0040, ROTE_KX_DHE},
    {0x0044, 0x0045, ROTE_KX_DHE},         {0x0046, 0x0046, ROTE_KX_DH_ANON},
    {0x0060, 0x0062, ROTE_KX_RSA_EXPORT},  {0x0063, 0x0063, ROTE_KX_DHE},
    {0x0064, 0x0064, ROTE_KX_RSA_EXPORT},  {0x0065, 0x0067, ROTE_KX_DHE},
    {0x006a, 0x006b, ROTE_KX_DHE},         {0x006c, 0x006d, ROTE_KX_DH_ANON},
    {0x0087, 0x0088, ROTE_KX_DHE},         {0x0089, 0x0089, ROTE_KX_DH_ANON},
    {0x0099, 0x009a, ROTE_KX_DHE},         {0x009b, 0x009b, ROTE_KX_DH_ANON},
    {0x009e, 0x009f, ROTE_KX_DHE},         {0x00a2, 0x00a3, ROTE_KX_DHE},
    {0x00a6, 0x00a7, ROTE_KX_DH_ANON},     {0x00bd, 0x00be, ROTE_KX_DHE},
    {0x00bf, 0x00bf, ROTE_KX_DH_ANON},     {0x00c3, 0x00c4, ROTE_KX_DHE},
    {0x00c5, 0x00c5, ROTE_KX_DH_ANON},     {0x1301, 0x1307, ROTE_KX_TLS13},
    {0xc006, 0xc00a, ROTE_KX_ECDHE_ECDSA}, {0xc010, 0xc014, ROTE_KX_ECDHE_RSA},
    {0xc015, 0xc019, ROTE_KX_ECDH_ANON},   {0xc023, 0xc024, ROTE_KX_ECDHE_ECDSA},
    {0xc027, 0xc028, ROTE_KX_ECDHE_RSA},   {0xc02b, 0xc02c, ROTE_KX_ECDHE_ECDSA},
    {0xc02f, 0xc030, ROTE_KX_ECDHE_RSA},   {0xc042, 0xc045, ROTE_KX_DHE},
    {0xc046, 0xc047, ROTE_KX_DH_ANON},     {0xc048, 0xc049, ROTE_KX_ECDHE_ECDSA},
    {0xc04c, 0xc04d, ROTE_KX_ECDHE_RSA},   {0xc052, 0xc053, ROTE_KX_DHE},
    {0xc056, 0xc057, ROTE_KX_DHE},         {0xc05a, 0xc05b, ROTE_KX_DH_ANON},
    {0xc05c, 0xc05d, ROTE_KX_ECDHE_ECDSA}, {0xc060, 0xc061, ROTE_KX_ECDHE_RSA},
    {0xc072, 0xc073, ROTE_KX_ECDHE_ECDSA}, {0xc076, 0xc077, ROTE_KX_ECDHE_RSA},
    {0xc07c, 0xc07d, ROTE_KX_DHE},         {0xc080, 0xc081, ROTE_KX_DHE},
    {0xc084, 0xc085, ROTE_KX_DH_ANON},     {0xc086, 0xc087, ROTE_KX_ECDHE_ECDSA},
    {0xc08a, 0xc08b, ROTE_KX_ECDHE_RSA},   {0xc09e, 0xc09f, ROTE_KX_DHE},
    {0xc0a2, 0xc0a3, ROTE_KX_DHE},         {0xc0ac, 0xc0af, ROTE_KX_ECDHE_ECDSA},
    {0xcca8, 0xcca8, ROTE_KX_ECDHE_RSA},   {0xcca9, 0xcca9, ROTE_KX_ECDHE_ECDSA},
    {0xccaa, 0xccaa, ROTE_KX_DHE},
};

/* suites whose hash or AEAD came with TLS 1.2 */
static const struct range only_tls12[] = {
    {0x003b, 0x0040, 0}, {0x0067, 0x006d, 0}, {0x009c, 0x00b9, 0}, {0x00ba, 0x00c5, 0},
    {0xc023, 0xc032, 0}, {0xc037, 0xc038, 0}, {0xc03a, 0xc0af, 0}, {0xcca8, 0xccae, 0},
};

static const struct range *find(const struct range *ranges, size_t num, uint16_t suite)
{
    for (size_t i = 0; i < num; i++)
        if (ranges[i].first <= suite && suite <= ranges[i].last)
            return &ranges[i];
    return NULL;
}

enum rote_kx rote_suite_kx(uint16_t suite)
{
    const struct range *r = find(exchanges, sizeof exchanges / sizeof exchanges[0], suite);
    return r == NULL ? ROTE_KX_STATIC : (enum rote_kx)r->kx;
}

bool rote_suite_fits(uint16_t suite, enum rote_version version)
{
    bool is_new = find(only_tls12, sizeof only_tls12 / sizeof only_tls12[0], suite) != NULL;
    bool is_13 = rote_suite_kx(suite) == ROTE_KX_TLS13;
    bool is_curve = suite >> 8 == 0xc0 && suite < 0xc01a;
    switch (version) {
    case ROTE_SSL3: return !is_new && !is_13 && !is_curve;
    case ROTE_TLS10:
    case ROTE_TLS11: return !is_new && !is_13;
    case ROTE_TLS12: return !is_13;
    case ROTE_TLS13: return is_13;
    case ROTE_SSL2:
    case NUM_ROTE_VERSIONS: break;
    }
    return false;
}

uint16_t rote_suite_export_bits(uint16_t suite)
{
    switch (suite) {
    case 0x0003:
    case 0x0006:
    case 0x0008:
    case 0x000b:
    case 0x000e:
    case 0x0011:
    case 0x0014:
    case 0x0017:
    case 0x0019: return 512;
    case 0x0060:
    case 0x0061:
    case 0x0062:
    case 0x0063:
    case 0x0064:
    case 0x0065: return 1024;
    default: return 0;
    }
}

/* ---- groups ---- */

static const struct group {
    uint16_t id, share_len;
    const char *name;
} groups[] = {
    {19, 49, "secp192r1"},
    {21, 57, "secp224r1"},
    {22, 65, "secp256k1"},
    {23, 65, "p256"},
    {24, 97, "p384"},
    {25, 133, "p521"},
    {26, 65, "brainpool256"},
    {27, 97, "brainpool384"},
    {28, 129, "brainpool512"},
    {29, 32, "x25519"},
    {30, 56, "x448"},
    {256, 256, "ffdhe2048"},
    {257, 384, "ffdhe3072"},
    {258, 512, "ffdhe4096"},
    {259, 768, "ffdhe6144"},
    {260, 1024, "ffdhe8192"},
    {0x11eb, 1153, "p256mlkem768"},
    {0x11ec, 1120, "x25519mlkem768"},
    {0x11ed, 1665, "p384mlkem1024"},
    {0x6399, 1120, "x25519kyber768"},
};

size_t rote_group_share_len(uint16_t group)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (groups[i].id == group)
            return groups[i].share_len;
    return 0;
}

bool rote_group_is_pq(uint16_t group)
{
    return (group >= 0x11eb && group <= 0x11ed) || group == 0x6399;
}

uint16_t rote_group_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
        if (strlen(groups[i].name) == len && memcmp(groups[i].name, name, len) == 0)
            return groups[i].id;
    return 0;
}
