#include "tests/tools/synth_people.h"

#include <openssl/sha.h>
#include <stdlib.h>

#include "core/cbor.h"

enum { LINE_MAX_TEXT = 2048, ARENA_MAX = NUM_TEXTS * (SYNTH_TEXT_MAX + 4096) };
static const uint64_t spread_us = 1000, begin_us = 60 * UINT64_C(1000000);

/* the leaves of a row, made when they are first sent */
struct leaves {
    uint64_t seed;
    const struct synth_ca *ca;
    uint8_t (*sha256)[32]; /* of each number */
    bool *made;
    uint8_t issuer_sha256[32];
    const struct synth_made *issuer; /* sent behind the leaf; NULL: none */
};

struct synth_people {
    struct synth_row *rows; /* those with targets, by address */
    size_t num_rows;
    struct leaves *leaves; /* of each row */
    struct bytes(*audits); /* of each row */
    struct synth_pki *pki;
    int64_t start_s;
    uint64_t count;
    uint8_t *arena; /* of a record's texts */
    size_t arena_len;
    uint8_t chain[SYNTH_SENT_MAX][32];
};

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "synth: %s\n", what);
    abort();
}

static bool row_error(char err[SYNTH_ERR_MAX], size_t row, const char *what)
{
    snprintf(err, SYNTH_ERR_MAX, "row %zu: %s", row + 1, what);
    return false;
}

/* ---- texts that follow from the outcome ---- */

static const struct {
    enum stage stage;
    enum text text;
    const char *passed, *rejected, *throttled;
} dialogue[] = {
    {STAGE_GREETING, TEXT_GREETING, "220 mx.example.com ESMTP", "554 mx.example.com no",
     "421 mx.example.com later"},
    {STAGE_EHLO, TEXT_EHLO, "250-mx.example.com\r\n250 STARTTLS", "550 no", "421 later"},
    {STAGE_STARTTLS, TEXT_STARTTLS, "220 go ahead", "454 not now", "421 later"},
    {STAGE_EHLO_TLS, TEXT_EHLO_TLS, "250 mx.example.com", "550 no", "421 later"},
};
enum { NUM_DIALOGUE = sizeof dialogue / sizeof dialogue[0] };

static struct bytes default_text(const struct synth_row *r, size_t i)
{
    if (dialogue[i].text == TEXT_EHLO && r->cause == CAUSE_NOT_OFFERED)
        return bytes_text("250 mx.example.com");
    if (r->stage > dialogue[i].stage)
        return bytes_text(dialogue[i].passed);
    if (r->stage == dialogue[i].stage && r->cause == CAUSE_REJECTED)
        return bytes_text(dialogue[i].rejected);
    if (r->stage == dialogue[i].stage && r->cause == CAUSE_THROTTLED)
        return bytes_text(dialogue[i].throttled);
    return bytes_of(NULL, 0);
}

/* ---- the arena ---- */

static void put(struct synth_people *p, const void *octets, size_t len)
{
    must(len <= ARENA_MAX - p->arena_len, "the texts of a row are too long");
    memcpy(p->arena + p->arena_len, octets, len);
    p->arena_len += len;
}

static void put_number(struct synth_people *p, uint64_t number)
{
    char text[24];
    put(p, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)number));
}

/* a text with {n} replaced */
static void put_template(struct synth_people *p, struct bytes t, uint64_t number)
{
    for (size_t i = 0; i < t.len;) {
        const uint8_t *brace = memchr(t.data + i, '{', t.len - i);
        size_t until = brace != NULL ? (size_t)(brace - t.data) : t.len;
        put(p, t.data + i, until - i);
        i = until;
        if (t.len - i >= 3 && memcmp(t.data + i, "{n}", 3) == 0) {
            put_number(p, number);
            i += 3;
        } else if (i < t.len) {
            put(p, t.data + i++, 1);
        }
    }
}

/* the answer to EHLO that lists keywords */
static void put_keywords(struct synth_people *p, struct bytes keywords, uint64_t number)
{
    put(p, "250-mx.example.com\r\n", 20);
    for (size_t i = 0; i < keywords.len;) {
        const uint8_t *at = memchr(keywords.data + i, ';', keywords.len - i);
        size_t until = at != NULL ? (size_t)(at - keywords.data) : keywords.len;
        put(p, until < keywords.len ? "250-" : "250 ", 4);
        put_template(p, bytes_of(keywords.data + i, until - i), number);
        i = until + 1;
        if (until < keywords.len)
            put(p, "\r\n", 2);
    }
}

static void put_text(struct synth_people *p, struct record *out, const struct synth_row *r,
                     size_t i, uint64_t number)
{
    enum text text = dialogue[i].text;
    struct bytes keywords = text == TEXT_EHLO       ? r->keywords
                            : text == TEXT_EHLO_TLS ? r->keywords_tls
                                                    : bytes_of(NULL, 0);
    struct bytes given = r->text[text].len > 0 ? r->text[text] : default_text(r, i);
    size_t from = p->arena_len;
    if (given.len == 0)
        return;
    if (keywords.len > 0 && r->text[text].len == 0)
        put_keywords(p, keywords, number);
    else
        put_template(p, given, number);
    bool broken = r->stage == dialogue[i].stage &&
                  (r->cause == CAUSE_MALFORMED || r->cause == CAUSE_TOO_LONG);
    if (!broken && p->arena[p->arena_len - 1] != '\n')
        put(p, "\r\n", 2);
    out->text[text] = bytes_of(p->arena + from, p->arena_len - from);
    if (p->arena_len - from >= 3)
        out->smtp_code =
            (uint16_t)strtoul((const char[]){(char)p->arena[from], (char)p->arena[from + 1],
                                             (char)p->arena[from + 2], 0},
                              NULL, 10);
}

static void put_texts(struct synth_people *p, struct record *out, const struct synth_row *r,
                      uint64_t number)
{
    uint64_t n = r->variants > 0 ? number % r->variants : number;
    p->arena_len = 0;
    for (unsigned i = 0; i < NUM_TEXTS; i++)
        out->text[i] = r->text[i];
    for (size_t i = 0; i < NUM_DIALOGUE; i++)
        put_text(p, out, r, i, n);
    if (r->text[TEXT_HELO].len > 0) {
        size_t from = p->arena_len;
        put_template(p, r->text[TEXT_HELO], n);
        if (p->arena[p->arena_len - 1] != '\n')
            put(p, "\r\n", 2);
        out->text[TEXT_HELO] = bytes_of(p->arena + from, p->arena_len - from);
    }
    out->early_len = (uint32_t)out->text[TEXT_EARLY].len;
    out->not_tls_len = (uint32_t)out->text[TEXT_NOT_TLS].len;
}

/* ---- certificates ---- */

static struct synth_leaf leaf_of(const struct synth_people *p, size_t row, uint64_t number)
{
    const struct synth_row *r = &p->rows[row];
    int64_t end = p->start_s + (int64_t)r->days_left * 86400;
    return (struct synth_leaf){.chain = r->chain,
                               .key = r->key,
                               .seed = p->leaves[row].seed,
                               .number = number,
                               .key_number = number % r->keys,
                               .ca = p->leaves[row].ca,
                               .name = r->name,
                               .not_before = end - (int64_t)r->validity_days * 86400 + 1,
                               .not_after = end};
}

static uint64_t seed_of(struct bytes group, size_t row)
{
    uint8_t digest[32];
    uint32_t seed;
    char text[32];
    if (group.len == 0)
        group = bytes_of(text, (size_t)snprintf(text, sizeof text, "row %zu", row));
    SHA256(group.data, group.len, digest);
    memcpy(&seed, digest, sizeof seed);
    return seed >> 1;
}

static bool prepare_leaves(struct synth_people *p, size_t row, size_t table_row)
{
    struct synth_row *r = &p->rows[row];
    struct leaves *l = &p->leaves[row];
    if (r->chain == SYNTH_CHAIN_NONE)
        return true;
    r->certs = r->certs < r->count ? r->certs : r->count;
    l->seed = seed_of(r->cert_group, table_row);
    l->ca = synth_pki_ca(p->pki, r->issuer);
    l->sha256 = calloc(r->certs, sizeof *l->sha256);
    l->made = calloc(r->certs, sizeof *l->made);
    if (l->ca == NULL || l->sha256 == NULL || l->made == NULL)
        return false;
    struct synth_leaf leaf = leaf_of(p, row, 0);
    l->issuer = synth_pki_issuer(p->pki, &leaf);
    if (l->issuer != NULL)
        SHA256(l->issuer->der, l->issuer->len, l->issuer_sha256);
    return true;
}

static void put_chain(struct synth_people *p, struct record *out, const struct synth_row *r,
                      uint64_t number, synth_take_cert *take, void *ctx)
{
    size_t row = (size_t)(r - p->rows);
    struct leaves *l = &p->leaves[row];
    uint64_t at = r->certs > 0 ? number % r->certs : 0;
    if (r->chain == SYNTH_CHAIN_NONE)
        return;
    if (!l->made[at]) {
        struct synth_made made;
        struct synth_leaf leaf = leaf_of(p, row, at);
        synth_pki_leaf(&made, p->pki, &leaf);
        SHA256(made.der, made.len, l->sha256[at]);
        l->made[at] = true;
        take(ctx, bytes_of(made.der, made.len));
        if (l->issuer != NULL)
            take(ctx, bytes_of(l->issuer->der, l->issuer->len));
    }
    memcpy(p->chain[0], l->sha256[at], 32);
    out->num_chain = 1;
    if (l->issuer != NULL)
        memcpy(p->chain[out->num_chain++], l->issuer_sha256, 32);
    out->chain = (const uint8_t(*)[32])p->chain;
}

/* ---- records ---- */

static void put_timings(struct record *out, const struct synth_row *r)
{
    static const struct {
        enum stage stage;
        enum timing timing;
    } phases[] = {{STAGE_CONNECT, TIMING_CONNECT},     {STAGE_GREETING, TIMING_GREETING},
                  {STAGE_EHLO, TIMING_EHLO},           {STAGE_STARTTLS, TIMING_STARTTLS},
                  {STAGE_HANDSHAKE, TIMING_HANDSHAKE}, {STAGE_EHLO_TLS, TIMING_EHLO_TLS}};
    bool answered = r->cause == CAUSE_REJECTED || r->cause == CAUSE_THROTTLED;
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
        if (r->stage > phases[i].stage || (r->stage == phases[i].stage && answered && i > 0))
            out->timing_us[phases[i].timing] = 1000 * (uint32_t)(i + 1);
    if (r->cause == CAUSE_NOT_OFFERED)
        out->timing_us[TIMING_STARTTLS] = TIMING_ABSENT;
    out->timing_us[TIMING_TOTAL] = 100000;
    for (size_t i = 0; i < NUM_TIMINGS; i++)
        if (r->timing_us[i] != TIMING_ABSENT)
            out->timing_us[i] = r->timing_us[i];
}

static void put_tls(struct record *out, const struct synth_row *r)
{
    out->has_tls = r->stage >= STAGE_HANDSHAKE;
    if (!out->has_tls)
        return;
    out->handshake_done = r->stage > STAGE_HANDSHAKE;
    out->version = r->version;
    out->suite = r->suite;
    out->group = r->group;
    out->sigscheme = r->sigscheme;
    if (r->cause == CAUSE_ALERT_SENT || r->cause == CAUSE_ALERT_RECEIVED) {
        out->num_alerts = 1;
        out->alerts[0] =
            (struct alert){r->cause == CAUSE_ALERT_SENT, 2, r->alert, (uint8_t)r->stage};
    }
}

void synth_people_record(struct synth_people *p, struct record *out, const struct synth_row *r,
                         uint64_t number, uint64_t position, synth_take_cert *take, void *ctx)
{
    record_init(out);
    out->position = position;
    out->start_us = begin_us + position * spread_us;
    out->stage = (uint8_t)r->stage;
    out->cause = (uint8_t)r->cause;
    put_texts(p, out, r, number);
    if (r->audited)
        out->text[TEXT_AUDIT] = p->audits[r - p->rows];
    put_timings(out, r);
    put_tls(out, r);
    put_chain(p, out, r, number, take, ctx);
    out->num_attempts = r->num_attempts;
    for (size_t i = 0; i < r->num_attempts; i++) {
        out->attempts[i] = r->attempts[i];
        out->attempts[i].start_us = out->start_us - (r->num_attempts - i) * begin_us / 4;
    }
}

/* ---- rows ---- */

/* where the rows of a range go on */
struct cursor {
    struct bytes range;
    struct addr next, last;
    bool full;
};

static bool take_range(struct cursor *c, struct bytes text)
{
    struct addr_range range;
    const char *why;
    if (!addr_range_parse(&range, &why, (const char *)text.data, text.len))
        return false;
    *c = (struct cursor){text, range.first, range.last, false};
    return true;
}

/* the addresses of a row: the next ones of its range */
static bool place(struct cursor *cursors, size_t *num_cursors, struct synth_row *r)
{
    struct bytes range = r->address.len > 0 ? r->address : bytes_text("10.0.0.0/8");
    size_t i = 0;
    while (i < *num_cursors && !bytes_equal(cursors[i].range, range))
        i++;
    if (i == *num_cursors && !take_range(&cursors[(*num_cursors)++], range))
        return false;
    struct cursor *c = &cursors[i];
    struct addr_range left = {c->next, c->last};
    if (c->full || addr_range_count(left) < r->count)
        return false;
    r->first = c->next;
    c->full = addr_range_count(left) == r->count;
    c->next = addr_add(c->next, r->count);
    return true;
}

static int by_address(const void *a, const void *b)
{
    const struct synth_row *x = a, *y = b;
    return addr_cmp(x->first, y->first);
}

static bool read_rows(struct synth_people *p, const struct synth_table *t, char err[SYNTH_ERR_MAX])
{
    struct synth_columns columns;
    struct cursor *cursors = calloc(t->num_rows, sizeof *cursors);
    size_t num_cursors = 0;
    bool good = cursors != NULL && synth_row_columns(&columns, err, t);
    for (size_t i = 0; good && i < t->num_rows; i++) {
        struct synth_row *r = &p->rows[p->num_rows];
        good = synth_row_read(r, err, t, &columns, i);
        if (!good || r->count == 0)
            continue;
        if (!place(cursors, &num_cursors, r))
            good = row_error(err, i, "address: no range, or too few addresses in it");
        p->count += r->count;
        if (good && !prepare_leaves(p, p->num_rows++, i))
            good = row_error(err, i, "no memory, or too many issuers");
    }
    free(cursors);
    return good;
}

/* leaves are by row: sorted with them */
static bool sort_rows(struct synth_people *p, char err[SYNTH_ERR_MAX])
{
    struct synth_row *sorted = malloc(p->num_rows * sizeof *sorted);
    struct leaves *leaves = malloc(p->num_rows * sizeof *leaves);
    must(sorted != NULL && leaves != NULL, "no memory");
    memcpy(sorted, p->rows, p->num_rows * sizeof *sorted);
    for (size_t i = 0; i < p->num_rows; i++)
        sorted[i].weight = i; /* where it was */
    qsort(sorted, p->num_rows, sizeof *sorted, by_address);
    for (size_t i = 0; i < p->num_rows; i++) {
        size_t was = (size_t)sorted[i].weight;
        sorted[i].weight = p->rows[was].weight;
        leaves[i] = p->leaves[was];
    }
    free(p->rows);
    free(p->leaves);
    p->rows = sorted;
    p->leaves = leaves;
    for (size_t i = 1; i < p->num_rows; i++)
        if (addr_cmp(addr_add(sorted[i - 1].first, sorted[i - 1].count - 1), sorted[i].first) >=
            0) {
            snprintf(err, SYNTH_ERR_MAX, "address: two ranges overlap");
            return false;
        }
    return true;
}

static void encode_audits(struct synth_people *p)
{
    for (size_t i = 0; i < p->num_rows; i++) {
        struct cbor_writer w;
        if (!p->rows[i].audited)
            continue;
        cbor_writer_init(&w, AUDIT_ENCODED_MAX);
        audit_encode(&w, &p->rows[i].audit);
        must(!w.bad, "audit");
        p->audits[i] = bytes_of(w.data, w.len); /* freed by _free */
    }
}

struct synth_people *synth_people_new(const struct synth_table *t, int64_t start_s,
                                      char err[SYNTH_ERR_MAX])
{
    struct synth_people *p = calloc(1, sizeof *p);
    must(p != NULL, "no memory");
    p->start_s = start_s;
    p->pki = synth_pki_new(start_s);
    p->rows = calloc(t->num_rows, sizeof *p->rows);
    p->leaves = calloc(t->num_rows, sizeof *p->leaves);
    p->audits = calloc(t->num_rows, sizeof *p->audits);
    p->arena = malloc(ARENA_MAX);
    must(p->rows != NULL && p->leaves != NULL && p->audits != NULL && p->arena != NULL,
         "no memory");
    if (!read_rows(p, t, err) || !sort_rows(p, err)) {
        synth_people_free(p);
        return NULL;
    }
    encode_audits(p);
    return p;
}

void synth_people_free(struct synth_people *p)
{
    for (size_t i = 0; i < p->num_rows; i++) {
        free(p->leaves[i].sha256);
        free(p->leaves[i].made);
        free((void *)(uintptr_t)p->audits[i].data);
    }
    synth_pki_free(p->pki);
    free(p->rows);
    free(p->leaves);
    free(p->audits);
    free(p->arena);
    free(p);
}

/* ---- what others ask ---- */

uint64_t synth_people_count(const struct synth_people *p)
{
    return p->count;
}

bool synth_people_counted(const struct synth_people *p)
{
    for (size_t i = 0; i < p->num_rows; i++)
        if (p->rows[i].counted)
            return true;
    return false;
}

const struct synth_pki *synth_people_pki(const struct synth_people *p)
{
    return p->pki;
}

bool synth_people_targets(const struct synth_people *p, struct target_list *list,
                          char err[SYNTH_ERR_MAX])
{
    for (size_t i = 0; i < p->num_rows; i++) {
        const struct synth_row *r = &p->rows[i];
        char line[LINE_MAX_TEXT], first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
        addr_format(first, r->first);
        addr_format(last, addr_add(r->first, r->count - 1));
        int len = snprintf(line, sizeof line, "%s-%s,%.*s,%.*s", first, last, (int)r->host.len,
                           (const char *)r->host.data, (int)r->tag.len, (const char *)r->tag.data);
        if (r->tag.len == 0)
            line[--len] = '\0';
        if (r->tag.len == 0 && r->host.len == 0)
            line[--len] = '\0';
        if (target_list_add(list, err, SYNTH_ERR_MAX, line, (size_t)len, "row", i + 1) != 0)
            return false;
    }
    return true;
}

const struct synth_row *synth_people_at(const struct synth_people *p, uint64_t *number,
                                        struct addr addr)
{
    size_t low = 0, high = p->num_rows; /* the last row that begins at addr or before */
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (addr_cmp(p->rows[mid].first, addr) <= 0)
            low = mid;
        else
            high = mid;
    }
    const struct synth_row *r = &p->rows[low];
    if (addr_cmp(r->first, addr) > 0 || addr_distance(r->first, addr) >= r->count)
        return NULL;
    *number = addr_distance(r->first, addr);
    return r;
}

void synth_people_weights(const struct synth_people *p, FILE *out)
{
    for (size_t i = 0; i < p->num_rows; i++)
        for (uint64_t n = 0; n < p->rows[i].count; n++) {
            char text[ADDR_TEXT_MAX];
            addr_format(text, addr_add(p->rows[i].first, n));
            fprintf(out, "%s,%llu\n", text, (unsigned long long)p->rows[i].weight);
        }
}
