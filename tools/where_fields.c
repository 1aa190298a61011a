#include <stdio.h>

#include "core/names.h"
#include "core/times.h"
#include "tools/where_private.h"

/* ---- what a row has ---- */

static bool have_text(struct where_value *out, struct bytes text)
{
    out->text = text;
    return text.len > 0;
}

static bool have_number(struct where_value *out, bool there, int64_t number)
{
    out->number = number;
    return there;
}

static bool have_name(struct where_value *out, const char *name)
{
    return have_text(out, bytes_text(name));
}

/* a code point by its name, or in hex, as it is exported; 0: none */
static bool have_code(struct where_value *out, const struct where_row *r, uint16_t code,
                      const char *name)
{
    if (!r->record->has_tls || code == 0)
        return false;
    if (name != NULL)
        return have_name(out, name);
    snprintf(out->scratch, sizeof out->scratch, "0x%04x", code);
    return have_name(out, out->scratch);
}

static bool get_position(struct where_value *out, const struct where_row *row)
{
    return have_number(out, true, (int64_t)row->record->position);
}

static bool get_addr(struct where_value *out, const struct where_row *row)
{
    out->range = (struct addr_range){row->record->addr, row->record->addr};
    return record_has_addr(row->record);
}

static bool get_port(struct where_value *out, const struct where_row *row)
{
    return have_number(out, true, row->record->port);
}

static bool get_host(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->host);
}

static bool get_tag(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->tag);
}

/* `::` stands for an address that the kernel chose, in a merged file */
static bool get_source(struct where_value *out, const struct where_row *row)
{
    uint8_t i = row->record->source;
    if (i >= row->header->num_sources ||
        addr_cmp(row->header->sources[i], (struct addr){0, 0}) == 0)
        return false;
    out->range = (struct addr_range){row->header->sources[i], row->header->sources[i]};
    return true;
}

static bool get_start(struct where_value *out, const struct where_row *row)
{
    return have_number(out, true, time_after(row->header->start_us, row->record->start_us));
}

static bool get_attempts(struct where_value *out, const struct where_row *row)
{
    return have_number(out, row->record->num_attempts > 0, 0);
}

static bool get_attempts_count(struct where_value *out, const struct where_row *row)
{
    return have_number(out, true, row->record->num_attempts);
}

static bool get_stage(struct where_value *out, const struct where_row *row)
{
    return have_name(out, stage_slug(row->record->stage));
}

static bool get_cause(struct where_value *out, const struct where_row *row)
{
    return have_name(out, cause_slug(row->record->cause));
}

static bool get_smtp_code(struct where_value *out, const struct where_row *row)
{
    return have_number(out, row->record->smtp_code != 0, row->record->smtp_code);
}

static bool get_enhanced_code(struct where_value *out, const struct where_row *row)
{
    return record_enhanced_code(out->scratch, row->record) && have_name(out, out->scratch);
}

static bool get_errno(struct where_value *out, const struct where_row *row)
{
    int32_t errnum = row->record->errnum;
    const char *name = strerrorname_np(errnum);
    if (errnum == 0)
        return false;
    if (name != NULL)
        return have_name(out, name);
    snprintf(out->scratch, sizeof out->scratch, "%d", errnum);
    return have_name(out, out->scratch);
}

static bool get_greeting(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->text[TEXT_GREETING]);
}

static bool get_ehlo(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->text[TEXT_EHLO]);
}

static bool get_helo(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->text[TEXT_HELO]);
}

static bool get_starttls_reply(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->text[TEXT_STARTTLS]);
}

static bool get_ehlo_tls(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->text[TEXT_EHLO_TLS]);
}

static bool get_early_plaintext(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->text[TEXT_EARLY]);
}

static bool get_not_tls(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->record->text[TEXT_NOT_TLS]);
}

static bool get_tls(struct where_value *out, const struct where_row *row)
{
    return have_number(out, row->record->has_tls, 0);
}

static bool get_tls_handshake_done(struct where_value *out, const struct where_row *row)
{
    return have_number(out, row->record->has_tls, row->record->handshake_done);
}

static bool get_tls_version(struct where_value *out, const struct where_row *row)
{
    return have_code(out, row, row->record->version, tls_version_name(row->record->version));
}

static bool get_tls_suite(struct where_value *out, const struct where_row *row)
{
    return have_code(out, row, row->record->suite, tls_suite_name(row->record->suite));
}

static bool get_tls_group(struct where_value *out, const struct where_row *row)
{
    return have_code(out, row, row->record->group, tls_group_name(row->record->group));
}

static bool get_tls_sigscheme(struct where_value *out, const struct where_row *row)
{
    return have_code(out, row, row->record->sigscheme, tls_sigscheme_name(row->record->sigscheme));
}

static bool get_tls_hello(struct where_value *out, const struct where_row *row)
{
    bool known = row->record->has_tls && row->record->hello < row->header->num_hellos;
    return known && have_text(out, row->header->hellos[row->record->hello].name);
}

static bool get_chain(struct where_value *out, const struct where_row *row)
{
    return have_number(out, row->record->num_chain > 0, 0);
}

static bool get_chain_length(struct where_value *out, const struct where_row *row)
{
    return have_number(out, row->record->num_chain > 0, row->record->num_chain);
}

static bool have_timing(struct where_value *out, const struct where_row *row, enum timing which)
{
    uint32_t us = row->record->timing_us[which];
    return have_number(out, us != TIMING_ABSENT, us);
}

#define X(NAME, slug)                                                                              \
    static bool get_ms_##NAME(struct where_value *out, const struct where_row *row)                \
    {                                                                                              \
        return have_timing(out, row, TIMING_##NAME);                                               \
    }
TIMINGS(X)
#undef X

/* ---- what is joined to it ---- */

static bool get_country(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->country);
}

static bool get_as(struct where_value *out, const struct where_row *row)
{
    return have_number(out, row->as_number != 0, row->as_number);
}

static bool get_as_name(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->as_name);
}

static bool get_mta(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->mta);
}

static bool get_mta_version(struct where_value *out, const struct where_row *row)
{
    return have_text(out, row->mta_version);
}

/* ---- what a field can be ---- */

static bool is_slug(struct bytes text, const char *(*slug)(unsigned), unsigned num)
{
    for (unsigned i = 1; i < num; i++)
        if (bytes_equal(text, bytes_text(slug(i))))
            return true;
    return false;
}

static bool can_be_stage(struct bytes text)
{
    return is_slug(text, stage_slug, NUM_STAGES);
}

static bool can_be_cause(struct bytes text)
{
    return is_slug(text, cause_slug, NUM_CAUSES);
}

static bool can_be_country(struct bytes text)
{
    return text.len == 2 && text.data[0] >= 'A' && text.data[0] <= 'Z' && text.data[1] >= 'A' &&
           text.data[1] <= 'Z';
}

static bool is_hex_code(struct bytes text)
{
    return text.len == 6 && memcmp(text.data, "0x", 2) == 0;
}

static bool is_name(struct bytes text, const char *(*name)(uint16_t))
{
    for (unsigned code = 1; code <= UINT16_MAX; code++) {
        const char *known = name((uint16_t)code);
        if (known != NULL && bytes_equal(text, bytes_text(known)))
            return true;
    }
    return is_hex_code(text);
}

static bool can_be_version(struct bytes text)
{
    return is_name(text, tls_version_name);
}

static bool can_be_suite(struct bytes text)
{
    return is_name(text, tls_suite_name);
}

static bool can_be_group(struct bytes text)
{
    return is_name(text, tls_group_name);
}

static bool can_be_sigscheme(struct bytes text)
{
    return is_name(text, tls_sigscheme_name);
}

/* ---- the table ---- */

static const struct where_field fields[] = {
    {"position", WHERE_NUMBER, get_position, NULL},
    {"addr", WHERE_ADDR, get_addr, NULL},
    {"port", WHERE_NUMBER, get_port, NULL},
    {"host", WHERE_TEXT, get_host, NULL},
    {"tag", WHERE_TEXT, get_tag, NULL},
    {"source", WHERE_ADDR, get_source, NULL},
    {"start", WHERE_TIME, get_start, NULL},
    {"attempts", WHERE_GROUP, get_attempts, NULL},
    {"attempts.count", WHERE_NUMBER, get_attempts_count, NULL},
    {"stage", WHERE_TEXT, get_stage, can_be_stage},
    {"cause", WHERE_TEXT, get_cause, can_be_cause},
    {"smtp_code", WHERE_NUMBER, get_smtp_code, NULL},
    {"enhanced_code", WHERE_TEXT, get_enhanced_code, NULL},
    {"errno", WHERE_TEXT, get_errno, NULL},
    {"greeting", WHERE_TEXT, get_greeting, NULL},
    {"ehlo", WHERE_TEXT, get_ehlo, NULL},
    {"helo", WHERE_TEXT, get_helo, NULL},
    {"starttls_reply", WHERE_TEXT, get_starttls_reply, NULL},
    {"ehlo_tls", WHERE_TEXT, get_ehlo_tls, NULL},
    {"early_plaintext", WHERE_TEXT, get_early_plaintext, NULL},
    {"not_tls", WHERE_TEXT, get_not_tls, NULL},
    {"tls", WHERE_GROUP, get_tls, NULL},
    {"tls.handshake_done", WHERE_BOOL, get_tls_handshake_done, NULL},
    {"tls.version", WHERE_TEXT, get_tls_version, can_be_version},
    {"tls.suite", WHERE_TEXT, get_tls_suite, can_be_suite},
    {"tls.group", WHERE_TEXT, get_tls_group, can_be_group},
    {"tls.sigscheme", WHERE_TEXT, get_tls_sigscheme, can_be_sigscheme},
    {"tls.hello", WHERE_TEXT, get_tls_hello, NULL},
    {"chain", WHERE_GROUP, get_chain, NULL},
    {"chain.length", WHERE_NUMBER, get_chain_length, NULL},
    {"country", WHERE_TEXT, get_country, can_be_country},
    {"as", WHERE_NUMBER, get_as, NULL},
    {"as_name", WHERE_TEXT, get_as_name, NULL},
    {"asn", WHERE_NUMBER, get_as, NULL}, /* as they are exported */
    {"as_org", WHERE_TEXT, get_as_name, NULL},
    {"mta", WHERE_TEXT, get_mta, NULL},
    {"mta_version", WHERE_TEXT, get_mta_version, NULL},
#define X(NAME, slug) {"ms." slug, WHERE_DURATION, get_ms_##NAME, NULL},
    TIMINGS(X)
#undef X
};

const struct where_field *where_field_find(struct bytes name)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (bytes_equal(name, bytes_text(fields[i].name)))
            return &fields[i];
    return NULL;
}
