#include <stdio.h>

#include "core/audit.h"
#include "core/dh_primes.h"
#include "core/names.h"
#include "core/outcome.h"
#include "core/suite_class.h"

enum { SSL2_KIND_BITS = 16, HEX_LEN = 8 };

static void put_text(struct json *j, const char *key, const char *text)
{
    json_add_string(j, key, text != NULL ? text : "unknown");
}

static void put_number(struct json *j, const char *key, uint64_t value)
{
    if (value == 0)
        return;
    json_add_uint(j, key, value);
}

static const char *name_or_hex(char hex[HEX_LEN], uint16_t code, const char *name)
{
    snprintf(hex, HEX_LEN, "0x%04x", code);
    return name != NULL ? name : hex;
}

/* a code point by its name or in hex; absent if it is 0 */
static void put_code(struct json *j, const char *key, uint16_t code, const char *name)
{
    char hex[HEX_LEN];
    if (code != 0)
        put_text(j, key, name_or_hex(hex, code, name));
}

static void put_tri(struct json *j, const char *key, uint8_t value)
{
    put_text(j, key, tri_slug(value));
}

static void put_kinds(struct json *j, const char *key, unsigned bits)
{
    json_key(j, key);
    json_array(j);
    for (unsigned i = 0; i < NUM_AUDIT_KINDS; i++)
        if (bits >> i & 1)
            json_string(j, audit_kind_slug(i));
    json_array_end(j);
}

static void put_head(struct json *j, const struct audit *a)
{
    put_kinds(j, "asked", a->asked);
    put_kinds(j, "finished", a->finished);
    json_add_uint(j, "connections", a->num_connections);
    put_number(j, "malformed", a->num_malformed);
    if (a->stopped_cause == CAUSE_NONE)
        return;
    json_key(j, "stopped");
    json_object(j);
    put_text(j, "stage", stage_slug(a->stopped_stage));
    put_text(j, "cause", cause_slug(a->stopped_cause));
    json_object_end(j);
}

static void put_ssl2_kinds(struct json *j, uint16_t bits)
{
    if (bits == 0)
        return;
    json_key(j, "ssl2_kinds");
    json_array(j);
    for (unsigned i = 0; i < SSL2_KIND_BITS; i++)
        if ((bits >> i & 1) && ssl2_kind_name(i) != NULL)
            json_string(j, ssl2_kind_name(i));
    json_array_end(j);
}

static void put_versions(struct json *j, const struct audit *a)
{
    json_key(j, "versions");
    json_object(j);
    for (unsigned i = 0; i < NUM_AUDIT_VERSIONS; i++)
        put_tri(j, audit_version_slug(i), a->version[i]);
    json_object_end(j);
    put_tri(j, "fallback_scsv", a->fallback);
    put_tri(j, "compression", a->compression);
}

static void put_dh_prime(struct json *j, uint8_t prime)
{
    if (prime != DH_PRIME_NONE)
        put_text(j, "dh_prime", dh_prime_slug(prime));
}

static void put_dh(struct json *j, const struct audit *a)
{
    if (a->num_dh == 0)
        return;
    json_key(j, "dh");
    json_array(j);
    for (size_t i = 0; i < a->num_dh; i++) {
        json_object(j);
        put_code(j, "suite", a->dh[i].suite, tls_suite_name(a->dh[i].suite));
        put_number(j, "dh_bits", a->dh[i].bits);
        put_dh_prime(j, a->dh[i].prime);
        json_object_end(j);
    }
    json_array_end(j);
}

static void put_legacy(struct json *j, const struct audit *a)
{
    json_key(j, "legacy");
    json_object(j);
    for (unsigned i = 0; i < NUM_AUDIT_CLASSES; i++) {
        const struct audit_proof *proof = &a->class[i];
        json_key(j, audit_class_slug(i));
        json_object(j);
        put_tri(j, "accepted", proof->accepted);
        put_code(j, "version", proof->version, tls_version_name(proof->version));
        put_code(j, "suite", proof->suite, tls_suite_name(proof->suite));
        json_object_end(j);
    }
    json_object_end(j);
}

static void put_pq(struct json *j, const struct audit *a)
{
    json_key(j, "pq");
    json_object(j);
    for (unsigned i = 0; i < NUM_AUDIT_HYBRIDS; i++)
        put_tri(j, audit_hybrid_slug(i), a->hybrid[i]);
    put_tri(j, "large_hello_intolerant", a->large_intolerant);
    json_object_end(j);
}

static void put_resume(struct json *j, const struct audit *a)
{
    json_key(j, "resume");
    json_object(j);
    put_tri(j, "ticket", a->ticket);
    put_tri(j, "resumed", a->resumed);
    put_code(j, "version", a->resumed_version, tls_version_name(a->resumed_version));
    json_object_end(j);
}

static void put_sni(struct json *j, const struct audit *a)
{
    static const char *const keys[] = {
#define X(index, NAME, slug) [index] = "leaf_" slug,
        AUDIT_LEAVES(X)
#undef X
    };
    json_key(j, "sni");
    json_object(j);
    for (size_t i = 0; i < NUM_AUDIT_LEAVES; i++) {
        if (!a->leaf[i].known)
            continue;
        json_key(j, keys[i]);
        json_hex(j, a->leaf[i].sha256, sizeof a->leaf[i].sha256);
    }
    put_tri(j, "other_leaf", a->other_leaf);
    put_tri(j, "name_refused", a->name_refused);
    json_object_end(j);
}

static void put_list(struct json *j, const struct audit_list *list,
                     const char *(*name_of)(uint16_t))
{
    json_object(j);
    put_code(j, "version", list->version, tls_version_name(list->version));
    put_text(j, "order", audit_order_slug(list->order));
    json_add_bool(j, "complete", list->complete);
    json_key(j, "accepted");
    json_array(j);
    for (size_t i = 0; i < list->num; i++) {
        char hex[HEX_LEN];
        json_string(j, name_or_hex(hex, list->value[i], name_of(list->value[i])));
    }
    json_array_end(j);
    json_object_end(j);
}

static void put_lists(struct json *j, const char *key, const struct audit_list *lists, size_t num,
                      const char *(*name_of)(uint16_t))
{
    json_key(j, key);
    json_array(j);
    for (size_t i = 0; i < num; i++)
        put_list(j, &lists[i], name_of);
    json_array_end(j);
}

static void put_explain(struct json *j, const struct audit_reply *e)
{
    json_key(j, "explain");
    json_object(j);
    put_text(j, "reply", audit_reply_slug(e->kind));
    put_code(j, "offered", e->offered, tls_version_name(e->offered));
    put_code(j, "version", e->version, tls_version_name(e->version));
    put_code(j, "suite", e->suite, tls_suite_name(e->suite));
    put_code(j, "group", e->group, tls_group_name(e->group));
    put_number(j, "dh_bits", e->dh_bits);
    put_dh_prime(j, e->dh_prime);
    if (e->alert_level != 0) {
        json_key(j, "alert");
        json_object(j);
        put_number(j, "level", e->alert_level);
        json_add_uint(j, "number", e->alert_number);
        if (tls_alert_name(e->alert_number) != NULL)
            put_text(j, "name", tls_alert_name(e->alert_number));
        json_object_end(j);
    }
    json_object_end(j);
}

void audit_json(struct json *j, const struct audit *a)
{
    json_object(j);
    put_head(j, a);
    if (a->asked & AUDIT_BIT_VERSIONS)
        put_versions(j, a);
    put_ssl2_kinds(j, a->ssl2_kinds);
    if (a->asked & AUDIT_BIT_LEGACY)
        put_legacy(j, a);
    put_dh(j, a);
    if (a->asked & AUDIT_BIT_PQ)
        put_pq(j, a);
    if (a->asked & AUDIT_BIT_RESUME)
        put_resume(j, a);
    if (a->asked & AUDIT_BIT_SNI)
        put_sni(j, a);
    if (a->asked & AUDIT_BIT_SUITES)
        put_lists(j, "suites", a->suites, a->num_suites, tls_suite_name);
    if (a->asked & AUDIT_BIT_GROUPS)
        put_lists(j, "groups", a->groups, a->num_groups, tls_group_name);
    if (a->asked & AUDIT_BIT_EXPLAIN)
        put_explain(j, &a->explain);
    json_object_end(j);
}
