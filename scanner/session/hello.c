#include "scanner/session/hello.h"

#include <openssl/bytestring.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

enum { CLIENT_HELLO = 1, SERVER_HELLO = 2 };
enum {
    EXT_SERVER_NAME = 0,
    EXT_SIGNATURE_ALGORITHMS = 13,
    EXT_ALPN = 16,
    EXT_SUPPORTED_VERSIONS = 43,
    EXT_KEY_SHARE = 51
};

static bool open_message(CBS *body, struct bytes message, uint8_t want)
{
    CBS all;
    uint8_t type;
    CBS_init(&all, message.data, message.len);
    return CBS_get_u8(&all, &type) && type == want && CBS_get_u24_length_prefixed(&all, body) &&
           CBS_len(&all) == 0;
}

bool extension_next(struct bytes *exts, uint16_t *type, struct bytes *value)
{
    CBS left, ext;
    uint16_t t;
    CBS_init(&left, exts->data, exts->len);
    if (!CBS_get_u16(&left, &t) || !CBS_get_u16_length_prefixed(&left, &ext))
        return false;
    *type = t;
    *value = bytes_of(CBS_data(&ext), CBS_len(&ext));
    *exts = bytes_of(CBS_data(&left), CBS_len(&left));
    return true;
}

bool hello_random_is_retry(const uint8_t random[HELLO_RANDOM_LEN])
{
    static const uint8_t retry[HELLO_RANDOM_LEN] = {
        0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
        0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
        0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    return memcmp(random, retry, sizeof retry) == 0;
}

bool server_hello_read(struct server_hello *out, struct bytes message)
{
    struct server_hello h;
    CBS body, random, session_id, exts;
    struct bytes left, value;
    uint16_t type;
    if (!open_message(&body, message, SERVER_HELLO) || !CBS_get_u16(&body, &h.version) ||
        !CBS_get_bytes(&body, &random, HELLO_RANDOM_LEN) ||
        !CBS_get_u8_length_prefixed(&body, &session_id) || !CBS_get_u16(&body, &h.suite) ||
        !CBS_get_u8(&body, &h.compression))
        return false;
    if (CBS_len(&body) == 0)
        CBS_init(&exts, NULL, 0);
    else if (!CBS_get_u16_length_prefixed(&body, &exts))
        return false;
    h.random = CBS_data(&random);
    h.exts = left = bytes_of(CBS_data(&exts), CBS_len(&exts));
    while (left.len > 0) {
        if (!extension_next(&left, &type, &value))
            return false;
        if (type == EXT_SUPPORTED_VERSIONS && value.len >= 2)
            h.version = (uint16_t)(value.data[0] << 8 | value.data[1]);
    }
    h.retry = h.version >= 0x0304 && hello_random_is_retry(h.random);
    *out = h;
    return true;
}

struct client_hello {
    uint16_t version;
    CBS random, session_id, suites, exts;
};

static bool read_client_hello(struct client_hello *h, struct bytes message)
{
    CBS body, compression;
    if (!open_message(&body, message, CLIENT_HELLO) || !CBS_get_u16(&body, &h->version) ||
        !CBS_get_bytes(&body, &h->random, HELLO_RANDOM_LEN) ||
        !CBS_get_u8_length_prefixed(&body, &h->session_id) ||
        !CBS_get_u16_length_prefixed(&body, &h->suites) ||
        !CBS_get_u8_length_prefixed(&body, &compression))
        return false;
    CBS_init(&h->exts, NULL, 0);
    return CBS_len(&body) == 0 ||
           (CBS_get_u16_length_prefixed(&body, &h->exts) && CBS_len(&body) == 0);
}

/* zeroes what part views of message */
static void zero(uint8_t *message, const CBS *part)
{
    if (CBS_len(part) > 0)
        memset(message + (CBS_data(part) - message), 0, CBS_len(part));
}

/* zeroes the keys of a list of (group, key), or with names the names of a list of (type, name) */
static bool zero_list(uint8_t *message, CBS ext, size_t head_len)
{
    CBS list, value;
    if (!CBS_get_u16_length_prefixed(&ext, &list))
        return false;
    while (CBS_len(&list) > 0) {
        if (!CBS_skip(&list, head_len) || !CBS_get_u16_length_prefixed(&list, &value))
            return false;
        zero(message, &value);
    }
    return true;
}

bool client_hello_normalise(uint8_t *message, size_t len)
{
    struct client_hello h;
    CBS ext;
    uint16_t type;
    if (!read_client_hello(&h, bytes_of(message, len)))
        return false;
    zero(message, &h.random);
    zero(message, &h.session_id);
    while (CBS_len(&h.exts) > 0) {
        if (!CBS_get_u16(&h.exts, &type) || !CBS_get_u16_length_prefixed(&h.exts, &ext))
            return false;
        if (type == EXT_KEY_SHARE && !zero_list(message, ext, 2))
            return false;
        if (type == EXT_SERVER_NAME && !zero_list(message, ext, 1))
            return false;
    }
    return true;
}

/* ---- JA4 ---- */

enum { CODES_MAX = 512 };   /* code points of one list; more than a hello of any client */

struct codes {
    uint16_t code[CODES_MAX];
    size_t num;
};

/* RFC 8701: 0x0A0A, 0x1A1A, ... 0xFAFA */
static bool is_grease(uint16_t code)
{
    return (code & 0x0f0f) == 0x0a0a && code >> 8 == (code & 0xff);
}

static bool add_code(struct codes *list, uint16_t code)
{
    if (is_grease(code))
        return true;
    if (list->num == CODES_MAX)
        return false;
    list->code[list->num++] = code;
    return true;
}

static bool read_codes(struct codes *list, CBS cbs)
{
    uint16_t code;
    while (CBS_len(&cbs) > 0)
        if (!CBS_get_u16(&cbs, &code) || !add_code(list, code))
            return false;
    return true;
}

static int compare_codes(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return (x > y) - (x < y);
}

static void sort_codes(struct codes *list)
{
    qsort(list->code, list->num, sizeof list->code[0], compare_codes);
}

/* hashes "first,second,..." behind the separator */
static void hash_codes(SHA256_CTX *sha, const char *separator, const struct codes *list)
{
    char hex[6];
    for (size_t i = 0; i < list->num; i++) {
        SHA256_Update(sha, i == 0 ? separator : ",", i == 0 ? strlen(separator) : 1);
        SHA256_Update(sha, hex, (size_t)snprintf(hex, sizeof hex, "%04x", list->code[i]));
    }
}

static void hash_end(char out[13], SHA256_CTX *sha, bool empty)
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_Final(digest, sha);
    for (size_t i = 0; i < 6; i++)
        snprintf(out + 2 * i, 3, "%02x", empty ? 0 : digest[i]);
}

struct ja4 {
    struct codes suites, exts, schemes;
    unsigned num_exts;      /* server name and ALPN counted, though not hashed */
    uint16_t version;
    bool server_name;
    char alpn[3];
};

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* first and last character of the first protocol; of its hex form where one of the two is no letter
 * or digit */
static bool read_alpn(struct ja4 *j, CBS ext)
{
    CBS list, name;
    if (!CBS_get_u16_length_prefixed(&ext, &list) || !CBS_get_u8_length_prefixed(&list, &name))
        return false;
    if (CBS_len(&name) == 0)
        return true;
    uint8_t first = CBS_data(&name)[0], last = CBS_data(&name)[CBS_len(&name) - 1];
    bool plain = is_alnum(first) && is_alnum(last);
    j->alpn[0] = plain ? (char)first : "0123456789abcdef"[first >> 4];
    j->alpn[1] = plain ? (char)last : "0123456789abcdef"[last & 15];
    return true;
}

static bool read_versions(struct ja4 *j, CBS ext)
{
    CBS list;
    struct codes versions = {.num = 0};
    if (!CBS_get_u8_length_prefixed(&ext, &list) || !read_codes(&versions, list))
        return false;
    j->version = 0;
    for (size_t i = 0; i < versions.num; i++)
        j->version = versions.code[i] > j->version ? versions.code[i] : j->version;
    return true;
}

static bool read_schemes(struct ja4 *j, CBS ext)
{
    CBS list;
    return CBS_get_u16_length_prefixed(&ext, &list) && read_codes(&j->schemes, list);
}

static bool read_extension(struct ja4 *j, uint16_t type, CBS ext)
{
    if (is_grease(type))
        return true;
    j->num_exts++;
    switch (type) {
    case EXT_SERVER_NAME:          j->server_name = true; return true;
    case EXT_ALPN:                 return read_alpn(j, ext);
    case EXT_SUPPORTED_VERSIONS:   return add_code(&j->exts, type) && read_versions(j, ext);
    case EXT_SIGNATURE_ALGORITHMS: return add_code(&j->exts, type) && read_schemes(j, ext);
    default:                       return add_code(&j->exts, type);
    }
}

static const char *version_digits(uint16_t version)
{
    switch (version) {
    case 0x0304: return "13";
    case 0x0303: return "12";
    case 0x0302: return "11";
    case 0x0301: return "10";
    case 0x0300: return "s3";
    default:     return "00";
    }
}

bool client_hello_ja4(char out[JA4_LEN + 1], struct bytes message)
{
    struct client_hello h;
    CBS ext;
    uint16_t type;
    if (!read_client_hello(&h, message))
        return false;
    struct ja4 j = {.version = h.version, .alpn = "00"};
    if (!read_codes(&j.suites, h.suites))
        return false;
    while (CBS_len(&h.exts) > 0)
        if (!CBS_get_u16(&h.exts, &type) || !CBS_get_u16_length_prefixed(&h.exts, &ext) ||
            !read_extension(&j, type, ext))
            return false;
    sort_codes(&j.suites);
    sort_codes(&j.exts);

    char suites[13], exts[13];
    SHA256_CTX sha;
    SHA256_Init(&sha);
    hash_codes(&sha, "", &j.suites);
    hash_end(suites, &sha, j.suites.num == 0);
    SHA256_Init(&sha);
    hash_codes(&sha, "", &j.exts);
    hash_codes(&sha, "_", &j.schemes);
    hash_end(exts, &sha, j.exts.num == 0);
    unsigned num_suites = j.suites.num < 99 ? (unsigned)j.suites.num : 99;
    snprintf(out, JA4_LEN + 1, "t%s%c%02u%02u%s_%s_%s", version_digits(j.version),
             j.server_name ? 'd' : 'i', num_suites, j.num_exts < 99 ? j.num_exts : 99, j.alpn,
             suites, exts);
    return true;
}
