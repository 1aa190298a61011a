#include "core/record_json.h"

#include <stdio.h>

#include "core/anomalies.h"
#include "core/audit.h"
#include "core/cert_request.h"
#include "core/extensions.h"
#include "core/names.h"
#include "core/server_print.h"
#include "core/times.h"

enum { US_PER_MS = 1000, PREFIX_LEN = 4 };

/* ---- fields ---- */

/* a code point by its name or in hex; absent if it is 0 */
static void put_code(struct json *j, const char *key, uint16_t code, const char *name)
{
    char hex[8];
    if (code == 0)
        return;
    if (name == NULL)
        snprintf(hex, sizeof hex, "0x%04x", code);
    json_add_string(j, key, name != NULL ? name : hex);
}

/* Linux's name of an error, or its number where it has none */
static void put_errno(struct json *j, int32_t errnum)
{
    if (errnum == 0)
        return;
    const char *name = strerrorname_np(errnum);
    json_key(j, "errno");
    if (name != NULL)
        json_string(j, name);
    else
        json_int(j, errnum);
}

/* ---- replies to EHLO ---- */

/* takes one line off *text, its end included */
static struct bytes take_line(struct bytes *text)
{
    const uint8_t *end = memchr(text->data, '\n', text->len);
    size_t len = end != NULL ? (size_t)(end - text->data) + 1 : text->len;
    struct bytes line = bytes_of(text->data, len);
    *text = bytes_of(text->data + len, text->len - len);
    return line;
}

static bool ends_with_crlf(struct bytes line)
{
    return line.len >= 2 && memcmp(line.data + line.len - 2, "\r\n", 2) == 0;
}

/* the text of a line: no code and separator, no line end */
static struct bytes line_text(struct bytes line)
{
    while (line.len > 0 && (line.data[line.len - 1] == '\n' || line.data[line.len - 1] == '\r'))
        line.len--;
    bool coded = line.len >= PREFIX_LEN && reply_code(line) != 0 &&
                 (line.data[3] == '-' || line.data[3] == ' ');
    return coded ? bytes_of(line.data + PREFIX_LEN, line.len - PREFIX_LEN) : line;
}

/* tells whether line is what its text stands for in a reply of code 250 */
static bool is_plain(struct bytes line, struct bytes text, bool last)
{
    return ends_with_crlf(line) && line.len == PREFIX_LEN + text.len + 2 &&
           memcmp(line.data, last ? "250 " : "250-", PREFIX_LEN) == 0;
}

static void put_lines(struct json *j, const char *key, const char *raw_key, struct bytes reply)
{
    if (reply.len == 0)
        return;
    bool plain = true;
    json_key(j, key);
    json_array(j);
    for (struct bytes rest = reply; rest.len > 0;) {
        struct bytes line = take_line(&rest), text = line_text(line);
        json_octets(j, text);
        plain = plain && is_plain(line, text, rest.len == 0);
    }
    json_array_end(j);
    if (!plain)
        json_add_octets(j, raw_key, reply);
}

/* the keywords of a that are not among those of b; STARTTLS has a word of its own */
static void put_difference(struct json *j, const char *key, const struct extensions *a,
                           const struct extensions *b)
{
    bool any = false;
    for (size_t i = 0; i < a->num; i++) {
        struct bytes word = bytes_of(a->list[i].text, a->list[i].len);
        if (word.len == 0 || extensions_has(b, word) || bytes_equal(word, bytes_text("STARTTLS")))
            continue;
        if (!any) {
            json_key(j, key);
            json_array(j);
            any = true;
        }
        json_octets(j, word);
    }
    if (any)
        json_array_end(j);
}

/* what EHLO inside TLS changed; not known unless both replies list keywords */
static void put_keywords(struct json *j, const struct record *r)
{
    struct extensions before, after;
    if (reply_code(r->text[TEXT_EHLO_TLS]) != 250)
        return;
    extensions_read(&after, r->text[TEXT_EHLO_TLS]);
    json_add_bool(j, "starttls_again", extensions_offer(&after, "STARTTLS"));
    if (reply_code(r->text[TEXT_EHLO]) != 250)
        return;
    extensions_read(&before, r->text[TEXT_EHLO]);
    put_difference(j, "keywords_added", &after, &before);
    put_difference(j, "keywords_removed", &before, &after);
}

static void put_anomalies(struct json *j, const struct record *r)
{
    uint32_t found = anomalies_of(r);
    if (found == 0)
        return;
    json_key(j, "anomalies");
    json_array(j);
    for (unsigned i = 0; i < NUM_ANOMALIES; i++)
        if ((found & 1U << i) != 0)
            json_string(j, anomaly_slug((enum anomaly)i));
    json_array_end(j);
}

/* ---- TLS ---- */

static void put_alerts(struct json *j, const struct record *r)
{
    if (r->num_alerts == 0)
        return;
    json_key(j, "alerts");
    json_array(j);
    for (size_t i = 0; i < r->num_alerts; i++) {
        const struct alert *a = &r->alerts[i];
        const char *name = tls_alert_name(a->number);
        json_object(j);
        json_add_string(j, "dir", a->sent ? "sent" : "received");
        json_add_uint(j, "level", a->level);
        json_add_uint(j, "number", a->number);
        json_add_string(j, "name", name);
        json_add_string(j, "during", stage_slug(a->during));
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_flags(struct json *j, const struct record *r)
{
    static const char *const slugs[NUM_TLS_FLAGS] = {
#define X(NAME, slug) slug,
        TLS_FLAGS(X)
#undef X
    };
    for (unsigned i = 0; i < NUM_TLS_FLAGS; i++) {
        if ((r->tls_known & 1U << i) == 0)
            continue;
        json_add_bool(j, slugs[i], (r->tls_flags & 1U << i) != 0);
    }
}

static void put_server_extensions(struct json *j, const struct record *r)
{
    /* no ServerHello: not known; and there may be none in one */
    if (r->num_server_exts == 0 && (r->tls_known & TLS_FLAG_COMPRESSION) == 0)
        return;
    json_key(j, "server_extensions");
    json_array(j);
    for (size_t i = 0; i < r->num_server_exts; i++)
        json_uint(j, r->server_exts[i]);
    json_array_end(j);
}

/* that ALPN is known says that all extensions came: the ServerHello's, and in TLS 1.3
 * EncryptedExtensions'; not so in datasets of older versions */
static void put_fingerprint(struct json *j, const struct record *r)
{
    char text[SERVER_PRINT_MAX];
    if (r->version == 0 || (r->tls_known & TLS_FLAG_ALPN) == 0)
        return;
    server_print(text, r->version, r->suite, r->server_exts, r->num_server_exts);
    json_add_string(j, "fingerprint", text);
}

/* the names that have a text; and how many there are */
static void put_ca_names(struct json *j, struct bytes names)
{
    struct bytes name;
    uint8_t text[CERT_NAME_TEXT_MAX];
    uint64_t num = 0;
    json_key(j, "ca_names");
    json_array(j);
    for (; cert_request_ca_next(&names, &name); num++) {
        size_t len = cert_name_text(text, name);
        if (len > 0)
            json_octets(j, bytes_of(text, len));
    }
    json_array_end(j);
    json_add_uint(j, "num_ca_names", num);
}

static void put_certificate_request(struct json *j, const struct record *r)
{
    struct bytes body = r->text[TEXT_CERT_REQUEST];
    struct cert_request request;
    if (body.len == 0)
        return;
    json_key(j, "certificate_request");
    json_object(j);
    json_add_base64(j, "body", body);
    if (cert_request_read(&request, body, r->version)) {
        put_ca_names(j, request.ca_names);
        if (request.cut)
            json_add_bool(j, "cut", true);
    }
    json_object_end(j);
}

/* what the handshake showed beside the parameters that were agreed on */
static void put_shown(struct json *j, const struct record *r)
{
    put_flags(j, r);
    if ((r->tls_flags & TLS_FLAG_TICKET) != 0)
        json_add_uint(j, "ticket_lifetime_s", r->ticket_lifetime_s);
    put_code(j, "retry_group", r->retry_group, tls_group_name(r->retry_group));
    if (r->compression != 0)
        json_add_uint(j, "compression", r->compression);
    put_server_extensions(j, r);
    put_fingerprint(j, r);
    json_add_base64(j, "ocsp_staple", r->text[TEXT_OCSP]);
    json_add_base64(j, "sct_list", r->text[TEXT_SCT]);
    put_certificate_request(j, r);
    if (r->flights != 0)
        json_add_uint(j, "flights", r->flights);
    if (r->tls_in == 0 && r->tls_out == 0)
        return;
    json_key(j, "octets");
    json_object(j);
    json_add_uint(j, "in", r->tls_in);
    json_add_uint(j, "out", r->tls_out);
    json_object_end(j);
}

static void put_tls(struct json *j, const struct dataset_header *header, const struct record *r,
                    bool shown)
{
    if (!r->has_tls)
        return;
    json_key(j, "tls");
    json_object(j);
    json_add_bool(j, "handshake_done", r->handshake_done);
    put_code(j, "version", r->version, tls_version_name(r->version));
    put_code(j, "suite", r->suite, tls_suite_name(r->suite));
    put_code(j, "group", r->group, tls_group_name(r->group));
    put_code(j, "sigscheme", r->sigscheme, tls_sigscheme_name(r->sigscheme));
    if (r->hello < header->num_hellos)
        json_add_octets(j, "hello", header->hellos[r->hello].name);
    put_alerts(j, r);
    if (shown)
        put_shown(j, r);
    json_object_end(j);
}

static void put_chain(struct json *j, const struct record *r)
{
    if (r->num_chain == 0)
        return;
    json_key(j, "chain");
    json_array(j);
    for (size_t i = 0; i < r->num_chain; i++)
        json_hex(j, r->chain[i], 32);
    json_array_end(j);
    if (r->chain_cut)
        json_add_bool(j, "chain_cut", true);
}

/* ---- the record ---- */

/* `::` stands for an address that the kernel chose, in a merged file */
static void put_source(struct json *j, const struct dataset_header *header, const struct record *r)
{
    char text[ADDR_TEXT_MAX];
    if (r->source >= header->num_sources ||
        addr_cmp(header->sources[r->source], (struct addr){0, 0}) == 0)
        return;
    addr_format(text, header->sources[r->source]);
    json_add_string(j, "source", text);
}

static void put_target(struct json *j, const struct dataset_header *header, const struct record *r)
{
    char text[ADDR_TEXT_MAX], start[TIME_TEXT_MAX];
    json_add_uint(j, "position", r->position);
    if (record_has_addr(r)) {
        addr_format(text, r->addr);
        json_add_string(j, "addr", text);
    }
    json_add_uint(j, "port", r->port);
    json_add_octets(j, "host", r->host);
    json_add_octets(j, "tag", r->tag);
    put_source(j, header, r);
    time_rfc3339(start, time_after(header->start_us, r->start_us));
    json_add_string(j, "start", start);
}

static void put_attempts(struct json *j, const struct dataset_header *header,
                         const struct record *r)
{
    if (r->num_attempts == 0)
        return;
    json_key(j, "attempts");
    json_array(j);
    for (const struct attempt *a = r->attempts; a < r->attempts + r->num_attempts; a++) {
        char start[TIME_TEXT_MAX];
        time_rfc3339_ms(start, time_after(header->start_us, a->start_us));
        json_object(j);
        json_add_string(j, "start", start);
        json_add_string(j, "stage", stage_slug(a->stage));
        json_add_string(j, "cause", cause_slug(a->cause));
        if (a->smtp_code != 0)
            json_add_uint(j, "smtp_code", a->smtp_code);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_outcome(struct json *j, const struct record *r)
{
    char enhanced[12];
    json_add_string(j, "stage", stage_slug(r->stage));
    json_add_string(j, "cause", cause_slug(r->cause));
    if (r->smtp_code != 0)
        json_add_uint(j, "smtp_code", r->smtp_code);
    if (record_enhanced_code(enhanced, r))
        json_add_string(j, "enhanced_code", enhanced);
    put_errno(j, r->errnum);
}

/* us as ms with three decimals; a record has eight, and printf takes its time */
static void put_ms(struct json *j, uint32_t us)
{
    char text[16];
    uint32_t ms = us / US_PER_MS, rest = us % US_PER_MS;
    size_t at = sizeof text;
    for (int i = 0; i < 3; i++, rest /= 10)
        text[--at] = (char)('0' + rest % 10);
    text[--at] = '.';
    do
        text[--at] = (char)('0' + ms % 10);
    while ((ms /= 10) > 0);
    json_raw(j, bytes_of(text + at, sizeof text - at));
}

static void put_timings(struct json *j, const struct record *r)
{
    static const char *const slugs[NUM_TIMINGS] = {
#define X(NAME, slug) slug,
        TIMINGS(X)
#undef X
    };
    bool any = false;
    for (size_t i = 0; i < NUM_TIMINGS; i++) {
        if (r->timing_us[i] == TIMING_ABSENT)
            continue;
        if (!any) {
            json_key(j, "ms");
            json_object(j);
            any = true;
        }
        json_key(j, slugs[i]);
        put_ms(j, r->timing_us[i]);
    }
    if (any)
        json_object_end(j);
}

static void put_stray(struct json *j, const struct record *r)
{
    json_add_octets(j, "early_plaintext", r->text[TEXT_EARLY]);
    if (r->early_len > r->text[TEXT_EARLY].len)
        json_add_uint(j, "early_plaintext_len", r->early_len);
    json_add_octets(j, "not_tls", r->text[TEXT_NOT_TLS]);
    if (r->not_tls_len > r->text[TEXT_NOT_TLS].len)
        json_add_uint(j, "not_tls_len", r->not_tls_len);
}

/* octets that are no findings, of a writer that is not ours, are shown as they are */
static void put_audit(struct json *j, const struct record *r)
{
    struct audit audit;
    if (r->text[TEXT_AUDIT].len == 0)
        return;
    if (!audit_decode(&audit, r->text[TEXT_AUDIT])) {
        json_add_base64(j, "audit_raw", r->text[TEXT_AUDIT]);
        return;
    }
    json_key(j, "audit");
    audit_json(j, &audit);
}

void record_json_members(struct json *j, const struct dataset_header *header,
                         const struct record *r, unsigned left_out)
{
    put_target(j, header, r);
    put_attempts(j, header, r);
    put_outcome(j, r);
    json_add_octets(j, "greeting", r->text[TEXT_GREETING]);
    put_lines(j, "ehlo", "ehlo_raw", r->text[TEXT_EHLO]);
    json_add_octets(j, "helo", r->text[TEXT_HELO]);
    json_add_octets(j, "starttls_reply", r->text[TEXT_STARTTLS]);
    put_stray(j, r);
    put_tls(j, header, r, (left_out & RECORD_JSON_SHOWN) == 0);
    if ((left_out & RECORD_JSON_EHLO_TLS) == 0)
        put_lines(j, "ehlo_tls", "ehlo_tls_raw", r->text[TEXT_EHLO_TLS]);
    if ((left_out & RECORD_JSON_KEYWORDS) == 0)
        put_keywords(j, r);
    if ((left_out & RECORD_JSON_ANOMALIES) == 0)
        put_anomalies(j, r);
    put_chain(j, r);
    put_audit(j, r);
    put_timings(j, r);
}

void record_json(struct json *j, const struct dataset_header *header, const struct record *r)
{
    json_object(j);
    record_json_members(j, header, r, 0);
    json_object_end(j);
    json_newline(j);
}
