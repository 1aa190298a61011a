#include "core/addr.h"

#include <string.h>

static const struct addr v4_first = {0, 0xffff00000000ULL};
static const struct addr v4_last = {0, 0xffffffffffffULL};

/* reads 1 to max digits of a number of at most limit without leading zeros; returns how many, 0 if
 * there is none */
static size_t decimal(unsigned *out, const char *text, size_t len, size_t max, unsigned limit)
{
    unsigned value = 0;
    size_t n = 0;
    for (; n < len && text[n] >= '0' && text[n] <= '9'; n++) {
        if (n == max || (n == 1 && value == 0))
            return 0;
        value = value * 10 + (unsigned)(text[n] - '0');
    }
    if (n == 0 || value > limit)
        return 0;
    *out = value;
    return n;
}

/* reads a dotted quad that takes all of text */
static bool v4_parse(uint32_t *out, const char *text, size_t len)
{
    uint32_t value = 0;
    size_t at = 0;
    for (int i = 0; i < 4; i++) {
        unsigned octet;
        if (i > 0 && (at == len || text[at++] != '.'))
            return false;
        size_t n = decimal(&octet, text + at, len - at, 3, 255);
        if (n == 0)
            return false;
        at += n;
        value = value << 8 | octet;
    }
    if (at != len)
        return false;
    *out = value;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* reads 1 to 4 hex digits; returns how many, 0 if there are none or more */
static size_t group_parse(uint16_t *out, const char *text, size_t len)
{
    unsigned value = 0;
    size_t n = 0;
    for (; n < len && hex_digit(text[n]) >= 0; n++) {
        if (n == 4)
            return 0;
        value = value << 4 | (unsigned)hex_digit(text[n]);
    }
    *out = (uint16_t)value;
    return n;
}

/* reads groups with colons between them into words[0..room); returns how many, or room + 1 if text
 * is no such list. A dotted quad may stand for the last two where quad says so. */
static unsigned groups_parse(uint16_t *words, unsigned room, bool quad, const char *text,
                             size_t len)
{
    const unsigned bad = room + 1;
    unsigned num = 0;
    size_t at = 0;
    while (at < len) {
        uint32_t v4;
        if (quad && room - num >= 2 && v4_parse(&v4, text + at, len - at)) {
            words[num] = (uint16_t)(v4 >> 16);
            words[num + 1] = (uint16_t)v4;
            return num + 2;
        }
        size_t n = num < room ? group_parse(&words[num], text + at, len - at) : 0;
        if (n == 0)
            return bad;
        num++;
        at += n;
        if (at < len && (text[at++] != ':' || at == len)) /* a colon, and something behind it */
            return bad;
    }
    return num;
}

static const char *find_gap(const char *text, size_t len)
{
    for (size_t i = 0; i + 1 < len; i++)
        if (text[i] == ':' && text[i + 1] == ':')
            return text + i;
    return NULL;
}

static bool v6_parse(struct addr *out, const char *text, size_t len)
{
    uint16_t words[8] = {0}, tail[8];
    const char *gap = find_gap(text, len);
    if (gap == NULL) {
        if (groups_parse(words, 8, true, text, len) != 8)
            return false;
    } else { /* RFC 4291, 2.2: "::" stands for one group or more */
        size_t head_len = (size_t)(gap - text);
        unsigned head = groups_parse(words, 7, false, text, head_len);
        if (head > 7)
            return false;
        unsigned num = groups_parse(tail, 7 - head, true, gap + 2, len - head_len - 2);
        if (num > 7 - head)
            return false;
        memcpy(words + 8 - num, tail, num * sizeof *tail);
    }
    struct addr a = {0, 0};
    for (int i = 0; i < 4; i++) {
        a.hi = a.hi << 16 | words[i];
        a.lo = a.lo << 16 | words[4 + i];
    }
    *out = a;
    return true;
}

bool addr_parse(struct addr *out, const char *text, size_t len)
{
    if (len >= ADDR_TEXT_MAX)
        return false;
    if (memchr(text, ':', len) != NULL)
        return v6_parse(out, text, len);
    uint32_t v4;
    if (!v4_parse(&v4, text, len))
        return false;
    *out = addr_v4(v4);
    return true;
}

/* a word whose upper bits (0 to 64; more is 64) are ones */
static uint64_t upper_ones(unsigned bits)
{
    if (bits >= 64)
        return UINT64_MAX;
    return bits == 0 ? 0 : UINT64_MAX << (64 - bits);
}

static struct addr mask_of(unsigned bits)
{
    return (struct addr){upper_ones(bits), upper_ones(bits > 64 ? bits - 64 : 0)};
}

struct prefix {
    struct addr addr;
    unsigned len; /* of 128 */
};

/* reads "ADDR/LEN", host bits or not; slash points into text. NULL, or what is wrong. */
static const char *prefix_parse(struct prefix *out, const char *text, size_t len, const char *slash)
{
    size_t addr_len = (size_t)(slash - text);
    const char *digits = slash + 1;
    size_t digits_len = len - addr_len - 1;
    if (!addr_parse(&out->addr, text, addr_len))
        return "no address before the slash";
    bool v4 = memchr(text, ':', addr_len) == NULL;
    unsigned limit = v4 ? 32 : 128;
    if (digits_len == 0 || decimal(&out->len, digits, digits_len, 3, limit) != digits_len)
        return v4 ? "the prefix length must be 0 to 32" : "the prefix length must be 0 to 128";
    if (v4)
        out->len += 96;
    return NULL;
}

static struct addr_range prefix_range(struct prefix p)
{
    struct addr mask = mask_of(p.len);
    return (struct addr_range){{p.addr.hi & mask.hi, p.addr.lo & mask.lo},
                               {p.addr.hi | ~mask.hi, p.addr.lo | ~mask.lo}};
}

static const char no_range[] =
    "no address, prefix or range (192.0.2.1, 192.0.2.0/24, 192.0.2.5-192.0.2.40, or IPv6)";

/* reads any of the three forms; NULL, or what is wrong */
static const char *range_parse(struct addr_range *r, const char *text, size_t len)
{
    const char *slash = memchr(text, '/', len), *dash = memchr(text, '-', len);
    if (slash != NULL) {
        struct prefix p;
        const char *wrong = prefix_parse(&p, text, len, slash);
        if (wrong != NULL)
            return wrong;
        *r = prefix_range(p);
        if (addr_cmp(r->first, p.addr) != 0)
            return "host bits are set behind the prefix length";
        return NULL;
    }
    if (dash == NULL) {
        if (!addr_parse(&r->first, text, len))
            return no_range;
        r->last = r->first;
        return NULL;
    }
    size_t first_len = (size_t)(dash - text);
    if (!addr_parse(&r->first, text, first_len) ||
        !addr_parse(&r->last, dash + 1, len - first_len - 1))
        return no_range;
    if (addr_is_v4(r->first) != addr_is_v4(r->last))
        return "the range begins in one address family and ends in the other; use two lines";
    if (addr_cmp(r->first, r->last) > 0)
        return "the range ends before it begins; swap its ends";
    return NULL;
}

bool addr_range_parse(struct addr_range *out, const char **why, const char *text, size_t len)
{
    struct addr_range r;
    const char *wrong = range_parse(&r, text, len);
    if (wrong == NULL && addr_cmp(r.first, v4_first) < 0 && addr_cmp(r.last, v4_last) >= 0)
        wrong = "it covers all IPv4 addresses (::ffff:0:0/96) too; the IPv6 Internet is 2000::/3";
    if (wrong != NULL) {
        if (why != NULL)
            *why = wrong;
        return false;
    }
    *out = r;
    return true;
}

static size_t decimal_format(char *out, unsigned value) /* value < 1000 */
{
    size_t n = 0;
    if (value >= 100)
        out[n++] = (char)('0' + value / 100);
    if (value >= 10)
        out[n++] = (char)('0' + value / 10 % 10);
    out[n++] = (char)('0' + value % 10);
    return n;
}

size_t addr_prefix_meant(char out[ADDR_PREFIX_TEXT_MAX], const char *text, size_t len)
{
    struct prefix p;
    const char *slash = memchr(text, '/', len);
    if (slash == NULL || prefix_parse(&p, text, len, slash) != NULL)
        return 0;
    struct addr first = prefix_range(p).first;
    if (addr_cmp(first, p.addr) == 0)
        return 0;
    if (addr_is_v4(p.addr) && p.len < 96) /* ::ffff:1.2.3.4/80: there is no telling */
        return 0;
    size_t n = addr_format(out, first);
    out[n++] = '/';
    n += decimal_format(out + n, addr_is_v4(first) ? p.len - 96 : p.len);
    out[n] = '\0';
    return n;
}

static size_t v4_format(char *out, uint32_t v4)
{
    size_t n = 0;
    for (int shift = 24; shift >= 0; shift -= 8) {
        n += decimal_format(out + n, v4 >> shift & 255);
        if (shift > 0)
            out[n++] = '.';
    }
    return n;
}

static size_t group_format(char *out, unsigned word)
{
    size_t n = 0;
    for (int shift = 12; shift >= 0; shift -= 4)
        if (word >> shift != 0 || shift == 0)
            out[n++] = "0123456789abcdef"[word >> shift & 15];
    return n;
}

/* RFC 5952, 4.2: the first of the longest runs of at least two zero groups */
static unsigned zero_run(unsigned *run_len, const unsigned words[8])
{
    unsigned best = 8, best_len = 1;
    for (unsigned i = 0; i < 8; i++) {
        unsigned end = i;
        while (end < 8 && words[end] == 0)
            end++;
        if (end - i > best_len) {
            best = i;
            best_len = end - i;
        }
    }
    *run_len = best_len;
    return best;
}

static size_t v6_format(char *out, struct addr a)
{
    unsigned words[8], run_len;
    for (unsigned i = 0; i < 4; i++) {
        words[i] = (unsigned)(a.hi >> (48 - 16 * i)) & 0xffff;
        words[4 + i] = (unsigned)(a.lo >> (48 - 16 * i)) & 0xffff;
    }
    unsigned run = zero_run(&run_len, words);
    size_t n = 0;
    for (unsigned i = 0; i < 8;) {
        if (i == run) {
            out[n++] = ':';
            i += run_len;
            if (i == 8)
                out[n++] = ':';
            continue;
        }
        if (i > 0)
            out[n++] = ':';
        n += group_format(out + n, words[i++]);
    }
    return n;
}

size_t addr_format(char out[ADDR_TEXT_MAX], struct addr a)
{
    size_t n = addr_is_v4(a) ? v4_format(out, (uint32_t)a.lo) : v6_format(out, a);
    out[n] = '\0';
    return n;
}

bool addr_from_bytes(struct addr *out, const uint8_t *octets, size_t len)
{
    struct addr a = {0, 0};
    if (len != 4 && len != 16)
        return false;
    for (size_t i = 0; i < len; i++) {
        a.hi = a.hi << 8 | a.lo >> 56;
        a.lo = a.lo << 8 | octets[i];
    }
    *out = len == 4 ? addr_v4((uint32_t)a.lo) : a;
    return true;
}

size_t addr_to_bytes(uint8_t out[16], struct addr a)
{
    size_t len = addr_is_v4(a) ? 4 : 16;
    for (size_t i = 0; i < len; i++) {
        unsigned shift = (unsigned)(len - 1 - i) * 8;
        out[i] = (uint8_t)(shift >= 64 ? a.hi >> (shift - 64) : a.lo >> shift);
    }
    return len;
}

uint64_t addr_distance(struct addr a, struct addr b)
{
    uint64_t lo = b.lo - a.lo;
    uint64_t hi = b.hi - a.hi - (b.lo < a.lo);
    return hi > 0 ? UINT64_MAX : lo;
}

uint64_t addr_range_count(struct addr_range r)
{
    uint64_t distance = addr_distance(r.first, r.last);
    return distance == UINT64_MAX ? distance : distance + 1;
}

struct addr addr_network(struct addr a, unsigned v4_len, unsigned v6_len)
{
    struct addr mask = mask_of(addr_is_v4(a) ? 96 + v4_len : v6_len);
    return (struct addr){a.hi & mask.hi, a.lo & mask.lo};
}
