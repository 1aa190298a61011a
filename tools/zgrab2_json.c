#include "tools/zgrab2_json.h"

#include <stdio.h>

#include "core/names.h"
#include "core/times.h"

enum { TLS_1_2 = 0x0303, TLS_1_3 = 0x0304, ALERT_CLOSE_NOTIFY = 0 };

/* ---- how it ended ---- */

/* by cause; what is not here is unknown-error */
static const char *const connect_status[NUM_CAUSES] = {
    [CAUSE_REFUSED] = "connection-refused", [CAUSE_TIMEOUT] = "connection-timeout",
    [CAUSE_RESET] = "connection-closed",    [CAUSE_CLOSED] = "connection-closed",
    [CAUSE_BLOCKED] = "blocklisted-target",
};
static const char *const session_status[NUM_CAUSES] = {
    [CAUSE_OK] = "success",
    [CAUSE_NOT_OFFERED] = "success", /* zgrab2 asks for TLS only where it is offered */
    [CAUSE_TIMEOUT] = "io-timeout",
    [CAUSE_RESET] = "connection-closed",
    [CAUSE_CLOSED] = "connection-closed",
    [CAUSE_REJECTED] = "application-error",
    [CAUSE_THROTTLED] = "application-error",
    [CAUSE_MALFORMED] = "protocol-error",
    [CAUSE_TOO_LONG] = "protocol-error",
    [CAUSE_EARLY_PLAINTEXT] = "protocol-error",
};

static const char *status_of(const struct record *r)
{
    if (r->stage == STAGE_HANDSHAKE && r->cause != CAUSE_OK)
        return "handshake-error";
    if (r->handshake_done && (r->cause == CAUSE_REJECTED || r->cause == CAUSE_THROTTLED))
        return "post-tls-application-error";
    const char *status = r->cause >= NUM_CAUSES      ? NULL
                         : r->stage == STAGE_CONNECT ? connect_status[r->cause]
                                                     : session_status[r->cause];
    return status != NULL ? status : "unknown-error";
}

/* ---- code points ---- */

static void put_version(struct json *j, const char *key, uint16_t version)
{
    const char *name = tls_version_name(version);
    json_key(j, key);
    json_object(j);
    json_add_string(j, "name", name != NULL ? name : "unknown");
    json_add_uint(j, "value", version);
    json_object_end(j);
}

static void put_named(struct json *j, const char *key, unsigned code, int digits, const char *name)
{
    char hex[8];
    snprintf(hex, sizeof hex, "0x%0*X", digits, code);
    json_key(j, key);
    json_object(j);
    json_add_string(j, "hex", hex);
    json_add_string(j, "name", name != NULL ? name : "unknown");
    json_add_uint(j, "value", code);
    json_object_end(j);
}

/* ---- TLS ---- */

static void put_flag(struct json *j, const char *key, const struct record *r, enum tls_flag flag)
{
    if ((r->tls_known & flag) == 0)
        return;
    json_add_bool(j, key, (r->tls_flags & flag) != 0);
}

/* what TLS 1.3 says in extensions, its ServerHello being one of TLS 1.2 otherwise */
static void put_tls13(struct json *j, const struct record *r)
{
    if (r->version < TLS_1_3)
        return;
    json_key(j, "supported_versions");
    json_object(j);
    put_version(j, "selected_version", r->version);
    json_object_end(j);
    if (r->group != 0)
        put_named(j, "key_share", r->group, 4, tls_group_name(r->group));
}

static void put_server_hello(struct json *j, const struct record *r)
{
    if (r->version == 0 || r->suite == 0)
        return;
    json_key(j, "server_hello");
    json_object(j);
    put_version(j, "version", r->version >= TLS_1_3 ? TLS_1_2 : r->version);
    put_named(j, "cipher_suite", r->suite, 4, tls_suite_name(r->suite));
    if ((r->tls_known & TLS_FLAG_COMPRESSION) != 0)
        put_named(j, "compression_method", r->compression, 2,
                  r->compression == 0   ? "NULL"
                  : r->compression == 1 ? "DEFLATE"
                                        : NULL);
    put_flag(j, "ocsp_stapling", r, TLS_FLAG_OCSP);
    put_flag(j, "ticket", r, TLS_FLAG_TICKET);
    put_flag(j, "secure_renegotiation", r, TLS_FLAG_SECURE_RENEGOTIATION);
    put_flag(j, "extended_master_secret", r, TLS_FLAG_EMS);
    put_tls13(j, r);
    json_object_end(j);
}

static void put_key_exchange(struct json *j, const struct record *r)
{
    if (r->version >= TLS_1_3 || r->group == 0)
        return;
    const char *name = tls_group_name(r->group);
    json_key(j, "server_key_exchange");
    json_object(j);
    json_key(j, "ecdh_params");
    json_object(j);
    json_key(j, "curve_id");
    json_object(j);
    json_add_string(j, "name", name != NULL ? name : "unknown");
    json_add_uint(j, "id", r->group);
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
}

static void put_ticket(struct json *j, const struct record *r)
{
    if ((r->tls_flags & TLS_FLAG_TICKET) == 0 || r->ticket_lifetime_s == 0)
        return;
    json_key(j, "session_ticket");
    json_object(j);
    json_add_uint(j, "lifetime_hint", r->ticket_lifetime_s);
    json_object_end(j);
}

/* the last alert that says more than goodbye */
static void put_alert(struct json *j, const struct record *r)
{
    for (size_t i = r->num_alerts; i-- > 0;)
        if (!r->alerts[i].sent && r->alerts[i].number != ALERT_CLOSE_NOTIFY) {
            json_add_uint(j, "alert", r->alerts[i].number);
            return;
        }
}

struct certs {
    zgrab2_put_cert *put;
    void *context;
};

static void put_certificates(struct json *j, const struct record *r, const struct certs *c)
{
    if (r->num_chain == 0 || c->put == NULL)
        return;
    json_key(j, "server_certificates");
    json_object(j);
    json_key(j, "certificate");
    c->put(c->context, j, r, 0);
    if (r->num_chain > 1) {
        json_key(j, "chain");
        json_array(j);
        for (size_t i = 1; i < r->num_chain; i++)
            c->put(c->context, j, r, i);
        json_array_end(j);
    }
    json_object_end(j);
}

static void put_tls(struct json *j, const struct record *r, const struct certs *c)
{
    if (!r->has_tls)
        return;
    json_key(j, "tls");
    json_object(j);
    json_key(j, "handshake_log");
    json_object(j);
    put_server_hello(j, r);
    put_certificates(j, r, c);
    put_key_exchange(j, r);
    put_ticket(j, r);
    put_alert(j, r);
    json_object_end(j);
    json_add_bool(j, "handshake_completed_successfully", r->handshake_done);
    json_object_end(j);
}

/* ---- the line ---- */

static void put_result(struct json *j, const struct record *r, const struct certs *c)
{
    if (r->text[TEXT_GREETING].len == 0)
        return; /* zgrab2 has none without a banner */
    json_key(j, "result");
    json_object(j);
    json_add_text(j, "banner", r->text[TEXT_GREETING]);
    json_add_text(j, "helo", r->text[TEXT_HELO]);
    json_add_text(j, "ehlo", r->text[TEXT_EHLO]);
    json_add_text(j, "starttls", r->text[TEXT_STARTTLS]);
    put_tls(j, r, c);
    json_object_end(j);
}

/* in words, where the status is no success */
static void put_error(struct json *j, const struct record *r, const char *status)
{
    char text[128];
    if (strcmp(status, "success") == 0)
        return;
    if (r->smtp_code != 0 && (r->cause == CAUSE_REJECTED || r->cause == CAUSE_THROTTLED))
        snprintf(text, sizeof text, "%s: %s: SMTP code %u", stage_slug(r->stage),
                 cause_slug(r->cause), r->smtp_code);
    else
        snprintf(text, sizeof text, "%s: %s", stage_slug(r->stage), cause_slug(r->cause));
    json_add_string(j, "error", text);
}

static void put_response(struct json *j, const struct dataset_header *header,
                         const struct record *r, const struct certs *c)
{
    char start[TIME_TEXT_MAX];
    const char *status = status_of(r);
    json_add_string(j, "status", status);
    json_add_string(j, "protocol", "smtp");
    json_add_uint(j, "port", r->port);
    put_result(j, r, c);
    time_rfc3339_s(start, time_after(header->start_us, r->start_us));
    json_add_string(j, "timestamp", start);
    put_error(j, r, status);
}

void zgrab2_json(struct json *j, const struct dataset_header *header, const struct record *r,
                 zgrab2_put_cert *put_cert, void *context)
{
    char addr[ADDR_TEXT_MAX];
    const struct certs c = {put_cert, context};
    json_object(j);
    if (record_has_addr(r)) {
        addr_format(addr, r->addr);
        json_add_string(j, "ip", addr);
    }
    json_add_text(j, "domain", r->host);
    json_key(j, "data");
    json_object(j);
    json_key(j, "smtp");
    json_object(j);
    put_response(j, header, r, &c);
    json_object_end(j);
    json_object_end(j);
    json_object_end(j);
    json_newline(j);
}
