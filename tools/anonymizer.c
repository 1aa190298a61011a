#include "tools/anonymizer.h"

#include <errno.h>
#include <openssl/aes.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/export_fields.h"
#include "tools/export_pick.h"

enum { BLOCK_LEN = 16, HALF_BITS = 26, NUM_ROUNDS = 8, FILE_MAX = 2 * ANONYMIZER_KEY_LEN + 3 };
#define HALF_MASK ((UINT64_C(1) << HALF_BITS) - 1)

struct anonymizer {
    AES_KEY aes; /* of addresses, as Crypto-PAn has it */
    uint8_t pad[BLOCK_LEN];
    AES_KEY position;
    uint8_t names[SHA256_DIGEST_LENGTH]; /* key of texts and hashes */
    struct pick pick;                    /* the fields that stay; numbers are enum export_hide */
};

/* ---- keys ---- */

static void derive(uint8_t out[SHA256_DIGEST_LENGTH], const uint8_t key[ANONYMIZER_KEY_LEN],
                   const char *what)
{
    unsigned len;
    HMAC(EVP_sha256(), key, ANONYMIZER_KEY_LEN, (const uint8_t *)what, strlen(what), out, &len);
}

static bool pick_fields(struct pick *p)
{
    const struct export_field *f;
    pick_init(p);
    for (size_t i = 0; (f = export_field_at(i)) != NULL; i++)
        if (!export_field_has_fields(i) && f->hide != HIDE_DROP &&
            !pick_add(p, bytes_text(f->path), (uint16_t)f->hide))
            return false;
    return true;
}

struct anonymizer *anonymizer_new(const uint8_t key[ANONYMIZER_KEY_LEN])
{
    uint8_t position[SHA256_DIGEST_LENGTH];
    struct anonymizer *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    AES_set_encrypt_key(key, 128, &a->aes);
    AES_encrypt(key + BLOCK_LEN, a->pad, &a->aes);
    derive(position, key, "mxstat positions");
    AES_set_encrypt_key(position, 128, &a->position);
    derive(a->names, key, "mxstat names");
    OPENSSL_cleanse(position, sizeof position);
    if (pick_fields(&a->pick))
        return a;
    anonymizer_free(a);
    return NULL;
}

void anonymizer_free(struct anonymizer *a)
{
    if (a == NULL)
        return;
    OPENSSL_cleanse(a, sizeof *a);
    free(a);
}

static int digit_of(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* the key that a file of so many octets holds */
static bool read_key(uint8_t key[ANONYMIZER_KEY_LEN], const uint8_t *data, size_t len)
{
    if (len == ANONYMIZER_KEY_LEN) {
        memcpy(key, data, len);
        return true;
    }
    while (len > 0 && (data[len - 1] == '\n' || data[len - 1] == '\r'))
        len--;
    if (len != 2 * ANONYMIZER_KEY_LEN)
        return false;
    for (size_t i = 0; i < ANONYMIZER_KEY_LEN; i++) {
        int high = digit_of(data[2 * i]), low = digit_of(data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        key[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool is_one_octet(const uint8_t key[ANONYMIZER_KEY_LEN])
{
    for (size_t i = 1; i < ANONYMIZER_KEY_LEN; i++)
        if (key[i] != key[0])
            return false;
    return true;
}

struct anonymizer *anonymizer_open(char err[ANONYMIZER_ERR_MAX], const char *path)
{
    uint8_t data[FILE_MAX], key[ANONYMIZER_KEY_LEN];
    static const char mend[] = "make one with: head -c 32 /dev/urandom >KEYFILE";
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        snprintf(err, ANONYMIZER_ERR_MAX, "%.256s: %s; %s", path, strerror(errno), mend);
        return NULL;
    }
    size_t len = fread(data, 1, sizeof data, file);
    bool read = ferror(file) == 0;
    fclose(file);
    struct anonymizer *a = NULL;
    if (!read || !read_key(key, data, len))
        snprintf(err, ANONYMIZER_ERR_MAX,
                 "%.256s: no key: expected are 32 octets, or 64 hex digits; %s", path, mend);
    else if (is_one_octet(key))
        snprintf(err, ANONYMIZER_ERR_MAX, "%.256s: no key: all of it is one octet; %s", path, mend);
    else if ((a = anonymizer_new(key)) == NULL)
        snprintf(err, ANONYMIZER_ERR_MAX, "no memory for the key");
    OPENSSL_cleanse(data, sizeof data);
    OPENSSL_cleanse(key, sizeof key);
    return a;
}

/* ---- names ---- */

static uint64_t load64(const uint8_t octets[8])
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value = value << 8 | octets[i];
    return value;
}

static void store64(uint8_t octets[8], uint64_t value)
{
    for (size_t i = 8; i-- > 0; value >>= 8)
        octets[i] = (uint8_t)value;
}

/* the bit that a prefix of num bits is followed by in the pad of its own: block's first bits are
 * the prefix, the rest the key's pad */
static uint64_t bit_after(const struct anonymizer *a, uint64_t hi, uint64_t lo, unsigned num)
{
    uint8_t block[BLOCK_LEN];
    uint64_t pad_hi = load64(a->pad), pad_lo = load64(a->pad + 8);
    uint64_t mask_hi = num == 0 ? 0 : num >= 64 ? UINT64_MAX : ~(UINT64_MAX >> num);
    uint64_t mask_lo = num <= 64 ? 0 : ~(UINT64_MAX >> (num - 64));
    store64(block, (hi & mask_hi) | (pad_hi & ~mask_hi));
    store64(block + 8, (lo & mask_lo) | (pad_lo & ~mask_lo));
    AES_encrypt(block, block, &a->aes);
    return block[0] >> 7;
}

struct addr anonymizer_addr(const struct anonymizer *a, struct addr addr)
{
    bool v4 = addr_is_v4(addr);
    unsigned bits = v4 ? 32 : 128;
    uint64_t hi = v4 ? addr.lo << 32 : addr.hi, lo = v4 ? 0 : addr.lo;
    uint64_t out_hi = hi, out_lo = lo;
    for (unsigned i = 0; i < bits; i++) {
        uint64_t bit = bit_after(a, hi, lo, i);
        if (i < 64)
            out_hi ^= bit << (63 - i);
        else
            out_lo ^= bit << (127 - i);
    }
    return v4 ? addr_v4((uint32_t)(out_hi >> 32)) : (struct addr){out_hi, out_lo};
}

uint64_t anonymizer_position(const struct anonymizer *a, uint64_t position)
{
    uint64_t left = position >> HALF_BITS & HALF_MASK, right = position & HALF_MASK;
    for (unsigned round = 0; round < NUM_ROUNDS; round++) {
        uint8_t block[BLOCK_LEN] = {(uint8_t)round};
        store64(block + 8, right);
        AES_encrypt(block, block, &a->position);
        uint64_t next = left ^ (load64(block) & HALF_MASK);
        left = right;
        right = next;
    }
    return left << HALF_BITS | right;
}

void anonymizer_sha256(const struct anonymizer *a, uint8_t out[32], struct bytes hash)
{
    unsigned len;
    HMAC(EVP_sha256(), a->names, sizeof a->names, hash.data, hash.len, out, &len);
}

static void hex(char *out, const uint8_t *octets, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[octets[i] >> 4];
        out[2 * i + 1] = digits[octets[i] & 15];
    }
}

void anonymizer_text(const struct anonymizer *a, char out[ANONYMIZER_TEXT_LEN], struct bytes text)
{
    uint8_t digest[32];
    anonymizer_sha256(a, digest, text);
    hex(out, digest, ANONYMIZER_TEXT_LEN / 2);
}

/* ---- a line ---- */

static struct bytes inside(struct bytes string)
{
    return string.len >= 2 ? bytes_of(string.data + 1, string.len - 2) : string;
}

static void put_string(struct json *out, const char *text, size_t len)
{
    json_text(out, bytes_of(text, len));
}

static void put_addr(const struct anonymizer *a, struct json *out, struct bytes text)
{
    struct addr addr;
    char name[ADDR_TEXT_MAX];
    if (addr_parse(&addr, (const char *)text.data, text.len))
        put_string(out, name, addr_format(name, anonymizer_addr(a, addr)));
}

static void put_position(const struct anonymizer *a, struct json *out, struct bytes number)
{
    uint64_t position = 0;
    for (size_t i = 0; i < number.len && position < ANONYMIZER_POSITIONS; i++)
        position = position * 10 + (uint64_t)(number.data[i] - '0');
    if (position < ANONYMIZER_POSITIONS)
        json_uint(out, anonymizer_position(a, position));
}

/* "2026-11-26T06:15:28.000000Z": the time of day is zeros */
static void put_day(struct json *out, struct bytes moment)
{
    char day[32];
    size_t len = moment.len < sizeof day ? moment.len : sizeof day;
    memcpy(day, moment.data, len);
    for (size_t i = 0; i < len; i++)
        if (i > 10 && day[i] >= '0' && day[i] <= '9')
            day[i] = '0';
    put_string(out, day, len);
}

static void put_text(const struct anonymizer *a, struct json *out, struct bytes text)
{
    char name[ANONYMIZER_TEXT_LEN];
    anonymizer_text(a, name, text);
    put_string(out, name, sizeof name);
}

static void put_sha256(const struct anonymizer *a, struct json *out, struct bytes hash)
{
    uint8_t digest[32];
    anonymizer_sha256(a, digest, hash);
    json_hex(out, digest, sizeof digest);
}

static void put_value(const void *context, struct json *out, struct bytes value, uint16_t hide)
{
    const struct anonymizer *a = context;
    switch ((enum export_hide)hide) {
    case HIDE_NOT: json_raw(out, value); break;
    case HIDE_DROP: break;
    case HIDE_ADDR: put_addr(a, out, inside(value)); break;
    case HIDE_POSITION: put_position(a, out, value); break;
    case HIDE_DAY: put_day(out, inside(value)); break;
    case HIDE_TEXT: put_text(a, out, inside(value)); break;
    case HIDE_SHA256: put_sha256(a, out, inside(value)); break;
    }
}

void anonymizer_line(const struct anonymizer *a, struct json *out, struct bytes line)
{
    pick_object(&a->pick, out, line, put_value, a);
}
