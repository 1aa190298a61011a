#include "tools/aggregate_private.h"

#include <stdio.h>
#include <strings.h>

/* ---- names ---- */

struct bytes first_word(struct bytes reply)
{
    size_t start = reply.len < 4 ? reply.len : 4;
    while (start < reply.len && reply.data[start] == ' ')
        start++;
    size_t end = start;
    while (end < reply.len && reply.data[end] > ' ')
        end++;
    return bytes_of(reply.data + start, end - start);
}

static bool is_private(const struct name_ref *ref)
{
    /* RFC 2606, 6761, 6762, 8375, ICANN's "internal", and what home and office networks call
     * themselves */
    static const char *const labels[] = {
        "local", "localhost", "localdomain", "internal", "intranet", "lan",     "home",
        "corp",  "private",   "domain",      "invalid",  "test",     "example", "arpa"};
    const char *dot = memrchr(ref->host, '.', ref->len);
    if (dot == NULL || dot == ref->host)
        return false;
    struct bytes last = bytes_of(dot + 1, (size_t)(ref->host + ref->len - dot - 1));
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (labels[i][0] == (char)*last.data && bytes_equal(last, bytes_text(labels[i])))
            return true;
    return false;
}

/* FNV-1a of the last two labels */
static uint64_t domain_of(const struct name_ref *ref)
{
    size_t start = ref->len, dots = 0;
    while (start > 0 && dots < 2)
        dots += ref->host[--start] == '.';
    start += dots == 2;
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = start; i < ref->len; i++)
        h = (h ^ (uint8_t)ref->host[i]) * UINT64_C(0x100000001b3);
    return h | 1;
}

enum greeting_name classify_name(uint64_t *domain, const struct name_ref *ref)
{
    if (ref->is_addr)
        return GREETING_ADDRESS;
    struct bytes host = bytes_of(ref->host, ref->len);
    if (bytes_equal(host, bytes_text("localhost")) ||
        bytes_equal(host, bytes_text("localhost.localdomain")))
        return GREETING_LOCALHOST;
    if (memchr(ref->host, '.', ref->len) == NULL)
        return GREETING_BARE;
    if (is_private(ref))
        return GREETING_PRIVATE;
    *domain = domain_of(ref);
    return GREETING_FQDN;
}

uint64_t network_key(struct addr addr)
{
    struct addr network = addr_network(addr, 24, 48);
    return addr_is_v4(addr) ? network.lo & UINT32_MAX : network.hi | 1; /* the last bit is free */
}

/* ---- codes ---- */

uint32_t enhanced_key(unsigned class, unsigned subject, unsigned detail)
{
    return class << 20 | subject << 10 | detail;
}

/* reads a number of at most 3 digits */
static bool take_number(const uint8_t **at, const uint8_t *end, unsigned *number)
{
    size_t digits = 0;
    *number = 0;
    while (*at < end && **at >= '0' && **at <= '9' && digits < 3) {
        *number = 10 * *number + (unsigned)(**at - '0');
        ++*at;
        digits++;
    }
    return digits > 0;
}

/* of the first line: "554 5.7.1 no" */
uint32_t enhanced_of(struct bytes reply)
{
    struct bytes word = first_word(reply);
    const uint8_t *at = word.data, *end = word.data + word.len;
    unsigned n[3];
    for (size_t i = 0; i < 3; i++) {
        if (i > 0 && (at == end || *at++ != '.'))
            return 0;
        if (!take_number(&at, end, &n[i]))
            return 0;
    }
    bool good = at == end && (n[0] == 2 || n[0] == 4 || n[0] == 5);
    return good ? enhanced_key(n[0], n[1], n[2]) : 0;
}

/* ---- what is no SMTP ---- */

static enum not_smtp protocol_of(struct bytes text)
{
    static const struct {
        const char *begin;
        enum not_smtp protocol;
    } begins[] = {
        {"SSH-", NOT_SMTP_SSH},       {"HTTP/", NOT_SMTP_HTTP}, {"<!DOCTYPE", NOT_SMTP_HTTP},
        {"<html", NOT_SMTP_HTTP},     {"* OK", NOT_SMTP_IMAP},  {"* BYE", NOT_SMTP_IMAP},
        {"* PREAUTH", NOT_SMTP_IMAP}, {"+OK", NOT_SMTP_POP3},   {"-ERR", NOT_SMTP_POP3}};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        size_t len = strlen(begins[i].begin);
        if (text.len >= len && strncasecmp((const char *)text.data, begins[i].begin, len) == 0)
            return begins[i].protocol;
    }
    if (text.len >= 3 && text.data[0] >= 20 && text.data[0] <= 23 && text.data[1] == 3)
        return NOT_SMTP_TLS; /* a record: alert, handshake */
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < ' ' && memchr("\t\r\n", text.data[i], 3) == NULL)
            return NOT_SMTP_BINARY;
    return NOT_SMTP_TEXT;
}

enum not_smtp not_smtp_of(const struct record *r, bool greeted)
{
    struct bytes text = r->text[TEXT_GREETING];
    if (greeted)
        return NOT_SMTP_GREETED;
    if (text.len > 0)
        return protocol_of(text);
    return r->cause == CAUSE_TIMEOUT                             ? NOT_SMTP_SILENT
           : r->cause == CAUSE_CLOSED || r->cause == CAUSE_RESET ? NOT_SMTP_CLOSED
                                                                 : NOT_SMTP_OTHER_END;
}

/* ---- delays ---- */

const char *greet_delay_label(unsigned delay)
{
    static const char *const labels[NUM_GREET_DELAYS] = {
        "unknown",    "up to 0.1 s", "up to 0.5 s", "up to 1 s",  "1 to 2 s",
        "2 to 3 s",   "3 to 4 s",    "4 to 5 s",    "5 to 6 s",   "6 to 7 s",
        "7 to 8 s",   "8 to 9 s",    "9 to 10 s",   "10 to 15 s", "15 to 20 s",
        "20 to 25 s", "25 to 30 s",  "30 to 45 s",  "45 to 60 s", "over 60 s"};
    return labels[delay];
}
