#include "tests/tools/synth_row.h"

#include <stdlib.h>

#include "core/names.h"

enum { WORD_MAX = 64 };

/* ---- small parsers ---- */

static bool take_uint(uint64_t *out, struct bytes cell)
{
    uint64_t value = 0;
    for (size_t i = 0; i < cell.len; i++) {
        unsigned digit = cell.data[i] - (unsigned)'0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    *out = value;
    return cell.len > 0;
}

static bool take_u32(uint32_t *out, struct bytes cell, uint32_t max)
{
    uint64_t value;
    if (!take_uint(&value, cell) || value > max)
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool take_days(int32_t *out, struct bytes cell)
{
    uint32_t value;
    bool minus = cell.len > 0 && cell.data[0] == '-';
    if (!take_u32(&value, minus ? bytes_of(cell.data + 1, cell.len - 1) : cell, 1000000))
        return false;
    *out = minus ? -(int32_t)value : (int32_t)value;
    return true;
}

static bool is_word(struct bytes cell, const char *word)
{
    return word != NULL && bytes_equal(cell, bytes_text(word));
}

/* the part before a separator; rest begins behind it */
static struct bytes next_part(struct bytes *rest, char separator)
{
    const uint8_t *at = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    size_t len = at != NULL ? (size_t)(at - rest->data) : rest->len;
    struct bytes part = bytes_of(rest->data, len);
    size_t passed = at != NULL ? len + 1 : len;
    *rest = bytes_of(rest->data + passed, rest->len - passed);
    return part;
}

/* a name of IANA's, or 0xHHHH */
static bool take_code(uint16_t *out, struct bytes cell, const char *(*name)(uint16_t))
{
    char hex[7] = "", *end = hex;
    if (cell.len == 6 && memcmp(cell.data, "0x", 2) == 0) {
        memcpy(hex, cell.data, cell.len);
        *out = (uint16_t)strtoul(hex, &end, 16);
        return *end == '\0';
    }
    for (unsigned code = 0; code <= UINT16_MAX; code++)
        if (is_word(cell, name((uint16_t)code))) {
            *out = (uint16_t)code;
            return true;
        }
    return false;
}

/* undoes \r \n \\ \xHH where they lie */
static bool unescape(struct bytes *cell, uint8_t *octets)
{
    size_t len = 0;
    for (size_t i = 0; i < cell->len; i++) {
        if (octets[i] != '\\') {
            octets[len++] = octets[i];
            continue;
        }
        char next = i + 1 < cell->len ? (char)octets[++i] : 0;
        if (next == 'x' && i + 2 < cell->len) {
            char hex[3] = {(char)octets[i + 1], (char)octets[i + 2], 0}, *end;
            octets[len++] = (uint8_t)strtoul(hex, &end, 16);
            i += 2;
            if (end != hex + 2)
                return false;
        } else if (next == 'r' || next == 'n' || next == '\\') {
            octets[len++] = next == 'r' ? '\r' : next == 'n' ? '\n' : '\\';
        } else {
            return false;
        }
    }
    cell->len = len;
    return true;
}

/* ---- outcomes ---- */

static bool take_stage_cause(enum stage *stage, enum cause *cause, struct bytes *rest)
{
    struct bytes s = next_part(rest, '/'), c = next_part(rest, '/');
    *stage = STAGE_NONE;
    *cause = CAUSE_NONE;
    for (unsigned i = 1; i < NUM_STAGES; i++)
        if (is_word(s, stage_slug(i)))
            *stage = (enum stage)i;
    for (unsigned i = 1; i < NUM_CAUSES; i++)
        if (is_word(c, cause_slug(i)))
            *cause = (enum cause)i;
    return *stage != STAGE_NONE && *cause != CAUSE_NONE;
}

static bool take_outcome(struct synth_row *r, struct bytes cell)
{
    return take_stage_cause(&r->stage, &r->cause, &cell) && cell.len == 0;
}

static bool take_attempts(struct synth_row *r, struct bytes cell)
{
    while (cell.len > 0) {
        struct bytes one = next_part(&cell, ';');
        enum stage stage;
        enum cause cause;
        uint32_t code = 0;
        if (r->num_attempts == RECORD_ATTEMPTS_MAX || !take_stage_cause(&stage, &cause, &one) ||
            (one.len > 0 && !take_u32(&code, one, 999)))
            return false;
        r->attempts[r->num_attempts++] = (struct attempt){
            .stage = (uint8_t)stage, .cause = (uint8_t)cause, .smtp_code = (uint16_t)code};
    }
    return true;
}

/* ---- audits ---- */

typedef const char *slug_of(unsigned index);

/* of the questions 0 to num - 1 those that are named are yes, the others no; "none": all no */
static bool take_set(uint8_t *answers, size_t step, unsigned num, slug_of *slug, struct bytes cell)
{
    struct bytes rest = is_word(cell, "none") ? bytes_of(NULL, 0) : cell;
    for (unsigned i = 0; i < num; i++)
        answers[i * step] = TRI_NO;
    while (rest.len > 0) {
        struct bytes one = next_part(&rest, '+');
        unsigned i = 0;
        while (i < num && !is_word(one, slug(i)))
            i++;
        if (i == num)
            return false;
        answers[i * step] = TRI_YES;
    }
    return true;
}

static const char *version_slug(unsigned index)
{
    return tls_version_name(audit_version_code((enum audit_version)index));
}

static void begin_audit(struct synth_row *r, enum audit_bit bit)
{
    if (!r->audited)
        audit_init(&r->audit);
    r->audited = true;
    r->audit.asked |= (uint16_t)bit;
    r->audit.finished |= (uint16_t)bit;
}

static bool take_versions(struct synth_row *r, struct bytes cell)
{
    begin_audit(r, AUDIT_BIT_VERSIONS);
    return take_set(r->audit.version, 1, NUM_AUDIT_VERSIONS, version_slug, cell);
}

static bool take_legacy(struct synth_row *r, struct bytes cell)
{
    begin_audit(r, AUDIT_BIT_LEGACY);
    return take_set(&r->audit.class[0].accepted, sizeof r->audit.class[0], NUM_AUDIT_CLASSES,
                    audit_class_slug, cell);
}

static bool take_hybrids(struct synth_row *r, struct bytes cell)
{
    begin_audit(r, AUDIT_BIT_PQ);
    return take_set(r->audit.hybrid, 1, NUM_AUDIT_HYBRIDS, audit_hybrid_slug, cell);
}

/* ---- columns ---- */

static bool take_chain(struct synth_row *r, struct bytes cell)
{
    r->chain_given = true;
    for (unsigned i = 0; i < NUM_SYNTH_CHAINS; i++)
        if (is_word(cell, synth_chain_slug(i))) {
            r->chain = (enum synth_chain)i;
            return true;
        }
    return false;
}

static bool take_key(struct synth_row *r, struct bytes cell)
{
    for (unsigned i = 0; i < NUM_SYNTH_KEYS; i++)
        if (is_word(cell, synth_key_slug(i))) {
            r->key = (enum synth_key_kind)i;
            return true;
        }
    return false;
}

static bool take_counted(struct synth_row *r, struct bytes cell)
{
    r->counted = is_word(cell, "no");
    return r->counted || is_word(cell, "yes");
}

static bool take_alert(struct synth_row *r, struct bytes cell)
{
    uint32_t value;
    if (!take_u32(&value, cell, UINT8_MAX))
        return false;
    r->alert = (uint8_t)value;
    return true;
}

static bool take_version(struct synth_row *r, struct bytes cell)
{
    return take_code(&r->version, cell, tls_version_name);
}

static bool take_suite(struct synth_row *r, struct bytes cell)
{
    return take_code(&r->suite, cell, tls_suite_name);
}

static bool take_group(struct synth_row *r, struct bytes cell)
{
    return take_code(&r->group, cell, tls_group_name);
}

static bool take_sigscheme(struct synth_row *r, struct bytes cell)
{
    return take_code(&r->sigscheme, cell, tls_sigscheme_name);
}

static bool take_count(struct synth_row *r, struct bytes cell)
{
    return take_uint(&r->count, cell);
}

static bool take_certs(struct synth_row *r, struct bytes cell)
{
    return take_uint(&r->certs, cell) && r->certs > 0;
}

static bool take_keys(struct synth_row *r, struct bytes cell)
{
    return take_uint(&r->keys, cell) && r->keys > 0;
}

static bool take_days_left(struct synth_row *r, struct bytes cell)
{
    return take_days(&r->days_left, cell);
}

static bool take_validity(struct synth_row *r, struct bytes cell)
{
    return take_days(&r->validity_days, cell);
}

static bool take_variants(struct synth_row *r, struct bytes cell)
{
    return take_uint(&r->variants, cell);
}

static bool take_weight(struct synth_row *r, struct bytes cell)
{
    return take_uint(&r->weight, cell);
}

static bool take_keywords(struct synth_row *r, struct bytes cell)
{
    r->keywords = cell;
    return true;
}

static bool take_keywords_tls(struct synth_row *r, struct bytes cell)
{
    r->keywords_tls = cell;
    return true;
}

static bool take_address(struct synth_row *r, struct bytes cell)
{
    r->address = cell;
    return cell.len < WORD_MAX;
}

static bool take_host(struct synth_row *r, struct bytes cell)
{
    r->host = cell;
    return cell.len <= TARGET_HOST_MAX;
}

static bool take_tag(struct synth_row *r, struct bytes cell)
{
    r->tag = cell;
    return cell.len <= TARGET_TAG_MAX;
}

/* the cell of a column whose escapes are undone */
static bool take_escaped(struct bytes *out, struct bytes cell, size_t max)
{
    *out = cell;
    return unescape(out, (uint8_t *)(uintptr_t)cell.data) && out->len <= max;
}

static bool take_issuer(struct synth_row *r, struct bytes cell)
{
    return take_escaped(&r->issuer, cell, SYNTH_NAME_MAX);
}

static bool take_name(struct synth_row *r, struct bytes cell)
{
    return take_escaped(&r->name, cell, SYNTH_NAME_MAX);
}

static bool take_cert_group(struct synth_row *r, struct bytes cell)
{
    r->cert_group = cell;
    return true;
}

static const struct {
    const char *name, *help;
    bool (*take)(struct synth_row *r, struct bytes cell);
} columns[] = {
    {"count", "targets of this row; the one column that must be there", take_count},
    {"outcome", "stage/cause, as in connect/timeout, greeting/rejected (done/ok)", take_outcome},
    {"recorded", "no: the target is only counted, without a record (yes)", take_counted},
    {"keywords", "those of the answer to EHLO, with ; between them", take_keywords},
    {"keywords_tls", "the same inside TLS", take_keywords_tls},
    {"variants", "values of {n} in texts: 0 to N - 1 in turn (each target has its own)",
     take_variants},
    {"version", "IANA name or 0xHHHH, like the next three (TLSv1.3)", take_version},
    {"suite", "(TLS_AES_128_GCM_SHA256; TLSv1.2: TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)",
     take_suite},
    {"group", "(x25519)", take_group},
    {"sigscheme", "(ecdsa_secp256r1_sha256)", take_sigscheme},
    {"alert", "number; of alert-received and alert-sent (40)", take_alert},
    {"chain", "what the server sends, see below (valid)", take_chain},
    {"key", "of the leaf: p256, p384, rsa1024, rsa2048, rsa4096, ed25519 (p256)", take_key},
    {"certs", "distinct leaves among the targets, in turn (1)", take_certs},
    {"keys", "distinct keys among those leaves, in turn (as certs)", take_keys},
    {"cert_group", "rows of the same word have the same leaves, as far as they are alike",
     take_cert_group},
    {"issuer", "organisation that issues (Synth)", take_issuer},
    {"name", "of the leaf (mx.example.com)", take_name},
    {"days_left", "from the sweep's start to the leaf's end (60)", take_days_left},
    {"validity_days", "from the leaf's first second to its last (90)", take_validity},
    {"versions", "audited: those that it takes, as SSLv3+TLSv1.0, or none", take_versions},
    {"legacy", "audited: classes of suites, as export+rc4, or none", take_legacy},
    {"hybrids", "audited: post-quantum groups, as x25519mlkem768, or none", take_hybrids},
    {"attempts", "earlier ones, oldest first: stage/cause/code;stage/cause", take_attempts},
    {"address", "prefix or range to take addresses from, in turn (10.0.0.0/8)", take_address},
    {"host", "host name of the targets (none)", take_host},
    {"tag", "tag of the targets (none)", take_tag},
    {"weight", "for --weights: of each target (1)", take_weight},
};
enum { NUM_COLUMNS = sizeof columns / sizeof columns[0] };

/* texts and timings come behind the columns above, by the names of core/record.h */
static const char *const text_names[] = {
#define X(NAME, slug) slug,
    TEXTS(X)
#undef X
};
static const char *const timing_names[] = {
#define X(NAME, slug) slug "_us",
    TIMINGS(X)
#undef X
};

static int column_number(struct bytes name)
{
    for (int i = 0; i < NUM_COLUMNS; i++)
        if (is_word(name, columns[i].name))
            return i;
    for (int i = 0; i < NUM_TEXTS; i++)
        if (i != TEXT_AUDIT && is_word(name, text_names[i]))
            return NUM_COLUMNS + i;
    for (int i = 0; i < NUM_TIMINGS; i++)
        if (is_word(name, timing_names[i]))
            return NUM_COLUMNS + NUM_TEXTS + i;
    return -1;
}

static bool take_cell(struct synth_row *r, int column, struct bytes cell)
{
    if (column < NUM_COLUMNS)
        return columns[column].take(r, cell);
    if (column < NUM_COLUMNS + NUM_TEXTS)
        return take_escaped(&r->text[column - NUM_COLUMNS], cell, SYNTH_TEXT_MAX);
    return take_u32(&r->timing_us[column - NUM_COLUMNS - NUM_TEXTS], cell, TIMING_ABSENT - 1);
}

bool synth_row_columns(struct synth_columns *out, char err[SYNTH_ERR_MAX],
                       const struct synth_table *t)
{
    bool has_count = false;
    for (size_t i = 0; i < t->num_columns; i++) {
        out->number[i] = column_number(t->columns[i]);
        if (out->number[i] < 0) {
            snprintf(err, SYNTH_ERR_MAX, "column %zu, %.*s: no such column, see --help", i + 1,
                     t->columns[i].len < WORD_MAX ? (int)t->columns[i].len : WORD_MAX,
                     (const char *)t->columns[i].data);
            return false;
        }
        has_count = has_count || out->number[i] == 0;
    }
    if (!has_count)
        snprintf(err, SYNTH_ERR_MAX, "there is no column count");
    return has_count;
}

/* what is left to say once all cells are read */
static const char *complete(struct synth_row *r)
{
    bool done = r->stage >= STAGE_EHLO_TLS;
    if (r->keys == 0 || r->keys > r->certs)
        r->keys = r->certs;
    if (!r->chain_given && !done)
        r->chain = SYNTH_CHAIN_NONE;
    if (r->chain != SYNTH_CHAIN_NONE && r->stage < STAGE_HANDSHAKE)
        return "a chain needs a handshake: another outcome";
    if (r->audited && r->stage < STAGE_HANDSHAKE)
        return "an audit needs an answer to STARTTLS: another outcome";
    if (r->chain == SYNTH_CHAIN_SELF_SIGNED && r->key != SYNTH_KEY_P256)
        return "a self-signed leaf has a key p256";
    if (r->name.len == 0)
        r->name = bytes_text(r->chain == SYNTH_CHAIN_WRONG_NAME ? "elsewhere.example.org"
                                                                : "mx.example.com");
    if (r->validity_days <= 0)
        return "validity_days is a positive number";
    if (r->days_left == SYNTH_DAYS_ABSENT)
        r->days_left = r->chain == SYNTH_CHAIN_EXPIRED         ? -10
                       : r->chain == SYNTH_CHAIN_NOT_YET_VALID ? 10 + r->validity_days
                                                               : 60;
    if (done && r->version == 0)
        r->version = 0x0304;
    if (done && r->suite == 0)
        r->suite = r->version == 0x0304 ? 0x1301 : 0xc02b;
    if (done && r->group == 0)
        r->group = 29;
    if (done && r->sigscheme == 0)
        r->sigscheme = 0x0403;
    return NULL;
}

bool synth_row_read(struct synth_row *out, char err[SYNTH_ERR_MAX], const struct synth_table *t,
                    const struct synth_columns *known, size_t row)
{
    *out = (struct synth_row){.stage = STAGE_DONE,
                              .cause = CAUSE_OK,
                              .chain = SYNTH_CHAIN_VALID,
                              .certs = 1,
                              .issuer = bytes_text("Synth"),
                              .days_left = SYNTH_DAYS_ABSENT,
                              .validity_days = 90,
                              .alert = 40,
                              .weight = 1};
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        out->timing_us[i] = TIMING_ABSENT;
    for (size_t i = 0; i < t->num_columns; i++) {
        struct bytes cell = synth_table_cell(t, row, i);
        if (cell.len > 0 && !take_cell(out, known->number[i], cell)) {
            snprintf(err, SYNTH_ERR_MAX, "row %zu, column %.*s: cannot be read: %.*s", row + 1,
                     (int)t->columns[i].len, (const char *)t->columns[i].data,
                     cell.len < WORD_MAX ? (int)cell.len : WORD_MAX, (const char *)cell.data);
            return false;
        }
    }
    const char *why = complete(out);
    if (why != NULL)
        snprintf(err, SYNTH_ERR_MAX, "row %zu: %s", row + 1, why);
    return why == NULL;
}

void synth_row_help(FILE *out)
{
    fputs("Columns (in brackets: what an empty cell means):\n", out);
    for (size_t i = 0; i < NUM_COLUMNS; i++)
        fprintf(out, "  %-15s %s\n", columns[i].name, columns[i].help);
    fputs("  texts          ", out);
    for (size_t i = 0; i < NUM_TEXTS; i++)
        if (i != TEXT_AUDIT)
            fprintf(out, " %s", text_names[i]);
    fputs(":\n                  \\r \\n \\\\ \\xHH stand for octets, {n} for the number of the "
          "target in its row;\n                  an end of the line is added unless the text is "
          "malformed or too long\n  timings        ",
          out);
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        fprintf(out, " %s", timing_names[i]);
    fputs("\nChains:\n", out);
    for (unsigned i = 0; i < NUM_SYNTH_CHAINS; i++)
        fprintf(out, "  %-15s %s\n", synth_chain_slug(i), synth_chain_text(i));
}
