#include "core/cbs.h"
#include "core/suite_class.h"
#include "scanner/session/flight_private.h"
#include "scanner/session/hello.h"

enum { SENTINEL_LEN = 8, SESSION_ID_MAX = 32 };
enum {
    EXT_EXTENDED_MASTER_SECRET = 23,
    EXT_SESSION_TICKET = 35,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_KEY_SHARE = 51,
    EXT_RENEGOTIATION_INFO = 0xff01
};
enum { TLS12 = 0x0303, TLS13 = 0x0304 };

/* ---- ServerHello ---- */

static bool read_key_share(struct flight *f, CBS ext)
{
    return CBS_get_u16(&ext, &f->group);   /* a ServerHello's key is of no interest */
}

static bool read_supported_versions(struct flight *f, CBS ext)
{
    return CBS_get_u16(&ext, &f->version) && CBS_len(&ext) == 0;
}

static bool read_extension(struct flight *f, uint16_t type, CBS ext)
{
    if (f->num_exts < FLIGHT_EXTS_MAX)
        f->exts[f->num_exts++] = type;
    switch (type) {
    case EXT_EXTENDED_MASTER_SECRET: f->ems = true; return true;
    case EXT_SESSION_TICKET:         f->ticket = true; return true;
    case EXT_RENEGOTIATION_INFO:     f->secure_renegotiation = true; return true;
    case EXT_SUPPORTED_VERSIONS:     return read_supported_versions(f, ext);
    case EXT_KEY_SHARE:              return read_key_share(f, ext);
    default:                         return true;
    }
}

static bool read_extensions(struct flight *f, CBS body)
{
    CBS exts, ext;
    uint16_t type;
    if (CBS_len(&body) == 0)
        return true;
    if (!CBS_get_u16_length_prefixed(&body, &exts) || CBS_len(&body) != 0)
        return false;
    while (CBS_len(&exts) > 0)
        if (!CBS_get_u16(&exts, &type) || !CBS_get_u16_length_prefixed(&exts, &ext) ||
            !read_extension(f, type, ext))
            return false;
    return true;
}

static void read_sentinel(struct flight *f, const CBS *random)
{
    const uint8_t *end = CBS_data(random) + HELLO_RANDOM_LEN - SENTINEL_LEN;
    if (f->version >= TLS13 || memcmp(end, "DOWNGRD", SENTINEL_LEN - 1) != 0)
        return;
    f->downgrade_12 = end[SENTINEL_LEN - 1] == 1;
    f->downgrade_11 = end[SENTINEL_LEN - 1] == 0;
}

static bool read_hello(struct flight *f, bool *retry, CBS body)
{
    CBS random, session_id;
    if (!CBS_get_u16(&body, &f->version) || !CBS_get_bytes(&body, &random, HELLO_RANDOM_LEN) ||
        !CBS_get_u8_length_prefixed(&body, &session_id) || CBS_len(&session_id) > SESSION_ID_MAX ||
        !CBS_get_u16(&body, &f->suite) || !CBS_get_u8(&body, &f->compression) ||
        f->version >> 8 != 3 || !read_extensions(f, body))
        return false;
    *retry = hello_random_is_retry(CBS_data(&random));
    read_sentinel(f, &random);
    return f->version >> 8 == 3 && (!*retry || f->version >= TLS13);
}

static void forget_hello(struct flight *f)
{
    f->version = f->suite = f->group = 0;
    f->compression = f->num_exts = 0;
    memset(f->exts, 0, sizeof f->exts);
    f->ems = f->secure_renegotiation = f->ticket = f->downgrade_12 = f->downgrade_11 = false;
}

bool flight_read_hello(struct flight *f, bool *retry, struct bytes body)
{
    if (read_hello(f, retry, cbs_of(body)))
        return true;
    forget_hello(f);
    return false;
}

/* ---- ServerKeyExchange ---- */

enum flight_exchange flight_exchange_of(uint16_t suite)
{
    unsigned bits = suite_class(suite);
    if (bits & (SUITE_DHE | SUITE_ECDHE | SUITE_ANON))
        return FLIGHT_EXCHANGE_REQUIRED;
    return bits & SUITE_STATIC_RSA ? FLIGHT_EXCHANGE_OPTIONAL : FLIGHT_EXCHANGE_NONE;
}

static uint16_t count_bits(const CBS *number)
{
    const uint8_t *at = CBS_data(number), *end = at + CBS_len(number);
    while (at < end && *at == 0)
        at++;
    if (at == end)
        return 0;
    unsigned bits = (unsigned)(end - at) * 8;
    for (unsigned top = *at; !(top & 0x80); top <<= 1)
        bits--;
    return (uint16_t)bits;
}

static bool get_number(CBS *from, CBS *number)
{
    return CBS_get_u16_length_prefixed(from, number) && count_bits(number) > 0;
}

static bool read_dh(struct flight *f, CBS *body)
{
    CBS p, g, ys;
    if (!get_number(body, &p) || !get_number(body, &g) || !get_number(body, &ys))
        return false;
    f->dh_bits = count_bits(&p);
    f->dh_prime = dh_prime_find(f->dh_prime_sha256, bytes_of(CBS_data(&p), CBS_len(&p)));
    f->group = dh_prime_group(f->dh_prime);
    return true;
}

static bool read_rsa(struct flight *f, CBS *body)
{
    CBS modulus, exponent;
    if (!get_number(body, &modulus) || !get_number(body, &exponent))
        return false;
    f->rsa_bits = count_bits(&modulus);
    return true;
}

/* passes over num values with a length of one octet, none of them empty */
static bool skip_values(CBS *body, int num)
{
    CBS value;
    while (num-- > 0)
        if (!CBS_get_u8_length_prefixed(body, &value) || CBS_len(&value) == 0)
            return false;
    return true;
}

enum { CURVE_VALUES = 5 };   /* of a curve: a, b, base, order, cofactor */

/* RFC 4492, 5.4: m, then a trinomial (k) or a pentanomial (k1, k2, k3) */
static bool skip_char2(CBS *body)
{
    uint16_t m;
    uint8_t basis;
    if (!CBS_get_u16(body, &m) || !CBS_get_u8(body, &basis) || basis < 1 || basis > 2)
        return false;
    return skip_values(body, basis == 1 ? 1 : 3) && skip_values(body, CURVE_VALUES);
}

static bool read_curve(struct flight *f, CBS *body)
{
    if (!CBS_get_u8(body, &f->curve_type))
        return false;
    switch (f->curve_type) {
    case FLIGHT_CURVE_PRIME: return skip_values(body, 1 + CURVE_VALUES) && skip_values(body, 1);
    case FLIGHT_CURVE_CHAR2: return skip_char2(body) && skip_values(body, 1);
    case FLIGHT_CURVE_NAMED: return CBS_get_u16(body, &f->group) && skip_values(body, 1);
    default:                 return false;
    }
}

static bool read_signature(struct flight *f, CBS *body)
{
    CBS signature;
    if (f->version == TLS12 && !CBS_get_u16(body, &f->sigscheme))
        return false;
    return CBS_get_u16_length_prefixed(body, &signature);
}

static bool read_keys(struct flight *f, unsigned bits, CBS *body)
{
    if (bits & SUITE_CURVE)
        return read_curve(f, body);
    return bits & SUITE_STATIC_RSA ? read_rsa(f, body) : read_dh(f, body);
}

static bool read_exchange(struct flight *f, CBS body)
{
    CBS hint;
    unsigned bits = suite_class(f->suite);
    if (bits & SUITE_SHARED_KEY && !CBS_get_u16_length_prefixed(&body, &hint))
        return false;
    if (!read_keys(f, bits, &body))
        return false;
    if (!(bits & (SUITE_ANON | SUITE_SHARED_KEY)) && !read_signature(f, &body))
        return false;
    return CBS_len(&body) == 0;
}

static void forget_exchange(struct flight *f)
{
    f->group = f->dh_bits = f->rsa_bits = f->sigscheme = 0;
    f->curve_type = FLIGHT_CURVE_NONE;
    f->dh_prime = DH_PRIME_NONE;
    memset(f->dh_prime_sha256, 0, sizeof f->dh_prime_sha256);
}

bool flight_read_exchange(struct flight *f, struct bytes body)
{
    if (read_exchange(f, cbs_of(body)))
        return true;
    forget_exchange(f);
    return false;
}
