/* rote_hellos: ClientHellos written by hand, for tests of the farm's servers by rote. */
#ifndef MXSWEEP_TESTS_FARM_ROTE_HELLOS_H
#define MXSWEEP_TESTS_FARM_ROTE_HELLOS_H

#include <openssl/bytestring.h>

#include "core/bytes.h"

enum { HELLO_LIST_MAX = 12, HELLO_OCTETS_MAX = 20000 };

/* lists end at the first 0 */
struct hello_spec {
    uint16_t version;
    uint16_t suites[HELLO_LIST_MAX];
    uint16_t groups[HELLO_LIST_MAX], shares[HELLO_LIST_MAX], versions[HELLO_LIST_MAX];
    const char *host;
    bool deflate, plain; /* plain: no extensions */
    size_t padding;
    size_t record; /* octets of a record's payload; 0: one record for all */
};

static inline size_t hello_count(const uint16_t list[HELLO_LIST_MAX])
{
    size_t num = 0;
    while (num < HELLO_LIST_MAX && list[num] != 0)
        num++;
    return num;
}

static inline void hello_put_list(CBB *out, uint16_t type, const uint16_t *list, size_t num,
                                  bool short_len)
{
    CBB body, items;
    if (num == 0)
        return;
    CBB_add_u16(out, type);
    CBB_add_u16_length_prefixed(out, &body);
    if (short_len)
        CBB_add_u8_length_prefixed(&body, &items);
    else
        CBB_add_u16_length_prefixed(&body, &items);
    for (size_t i = 0; i < num; i++)
        CBB_add_u16(&items, list[i]);
    CBB_flush(out);
}

static inline void hello_put_shares(CBB *out, const uint16_t *list, size_t num)
{
    CBB body, items, share;
    CBB_add_u16(out, 51);
    CBB_add_u16_length_prefixed(out, &body);
    CBB_add_u16_length_prefixed(&body, &items);
    for (size_t i = 0; i < num; i++) {
        CBB_add_u16(&items, list[i]);
        CBB_add_u16_length_prefixed(&items, &share);
        CBB_add_u8(&share, 9);
    }
    CBB_flush(out);
}

static inline void hello_put_host(CBB *out, const char *host)
{
    CBB body, items, name;
    CBB_add_u16(out, 0);
    CBB_add_u16_length_prefixed(out, &body);
    CBB_add_u16_length_prefixed(&body, &items);
    CBB_add_u8(&items, 0);
    CBB_add_u16_length_prefixed(&items, &name);
    CBB_add_bytes(&name, (const uint8_t *)host, strlen(host));
    CBB_flush(out);
}

static inline void hello_put_extensions(CBB *out, const struct hello_spec *h)
{
    static const uint16_t schemes[] = {0x0403, 0x0804, 0x0401};
    CBB padding;
    uint8_t *at;
    if (h->host != NULL)
        hello_put_host(out, h->host);
    hello_put_list(out, 10, h->groups, hello_count(h->groups), false);
    hello_put_list(out, 13, schemes, 3, false);
    hello_put_list(out, 43, h->versions, hello_count(h->versions), true);
    if (hello_count(h->versions) > 0)
        hello_put_shares(out, h->shares, hello_count(h->shares));
    CBB_add_u16(out, 23);
    CBB_add_u16(out, 0);
    if (h->padding == 0)
        return;
    CBB_add_u16(out, 21);
    CBB_add_u16_length_prefixed(out, &padding);
    CBB_add_space(&padding, &at, h->padding);
    memset(at, 0, h->padding);
    CBB_flush(out);
}

/* hello_message writes the handshake message and returns its octets. */
static inline size_t hello_message(uint8_t out[HELLO_OCTETS_MAX], const struct hello_spec *h)
{
    static const uint8_t random[32] = "a ClientHello by hand, no random";
    CBB cbb, body, id, suites, compressions, extensions;
    size_t len = 0;
    CBB_init_fixed(&cbb, out, HELLO_OCTETS_MAX);
    CBB_add_u8(&cbb, 1);
    CBB_add_u24_length_prefixed(&cbb, &body);
    CBB_add_u16(&body, h->version);
    CBB_add_bytes(&body, random, sizeof random);
    CBB_add_u8_length_prefixed(&body, &id);
    CBB_add_bytes(&id, (const uint8_t *)"session", 7);
    CBB_add_u16_length_prefixed(&body, &suites);
    for (size_t i = 0; i < hello_count(h->suites); i++)
        CBB_add_u16(&suites, h->suites[i]);
    CBB_add_u8_length_prefixed(&body, &compressions);
    if (h->deflate)
        CBB_add_u8(&compressions, 1);
    CBB_add_u8(&compressions, 0);
    if (!h->plain) {
        CBB_add_u16_length_prefixed(&body, &extensions);
        hello_put_extensions(&extensions, h);
    }
    return CBB_finish(&cbb, NULL, &len) ? len : 0;
}

/* hello_records writes the hello in records and returns their octets. */
static inline size_t hello_records(uint8_t out[HELLO_OCTETS_MAX], const struct hello_spec *h)
{
    static uint8_t message[HELLO_OCTETS_MAX];
    size_t left = hello_message(message, h), len = 0, each = h->record == 0 ? 16384 : h->record;
    for (size_t at = 0; left > 0; left -= each < left ? each : left) {
        size_t n = each < left ? each : left;
        const uint8_t header[] = {22, 3, 1, (uint8_t)(n >> 8), (uint8_t)n};
        memcpy(out + len, header, sizeof header);
        memcpy(out + len + sizeof header, message + at, n);
        len += sizeof header + n;
        at += n;
    }
    return len;
}

#endif
