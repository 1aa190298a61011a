/*
 * make_report_dataset: a dataset of many records of much variety, for benchmarks of reports, and the
 * country and AS databases that go with it.
 *
 * Input      from a seed: ASes of very different sizes with gaps between them; of their addresses
 *            seven in ten answer. Greetings and replies to EHLO of a dozen kinds of software, most
 *            with a host name of their own; versions, suites, groups as sweeps find them; for two
 *            answers about one distinct certificate: most have their own, some share few.
 * Output     FILE, FILE.country.mmdb, FILE.asn.mmdb, FILE.roots.pem (the trust store); a line that
 *            says what is in them
 * Usage      make_report_dataset FILE [RECORDS [ASES [SEED [FILES]]]]: of several, FILE.0, FILE.1 and
 *            so on have RECORDS each, and CAs in common
 */
#include <errno.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "benchmarks/bench.h"
#include "benchmarks/big_certs.h"
#include "benchmarks/big_mmdb.h"
#include "core/dataset_on.h"
#include "core/permutation.h"

enum {
    DEFAULT_RECORDS = 10000000,
    DEFAULT_ASES = 60000,
    AS_SIZE_MIN = 4,
    START_GAP_US = 1000,
    TEXT_MAX = 512,
    NUM_SOFTWARE = 12,
    NUM_STARTTLS = 9, /* of them, those with STARTTLS */
    BIG_PROVIDERS = 40,
    MAX_RECORDS = 100000000,
    FILES_MAX = 1000
};

#define START_S    INT64_C(1767225600) /* 2026-01-01 */
#define FIRST_ADDR UINT32_C(0x0a000000)

/* the streams of noise */
enum { OF_TARGET = 16, OF_SESSION, OF_TIMES, OF_CERT, OF_AS };

struct software {
    const char *greeting, *ehlo; /* %s: the host name */
};

#define KEYWORDS "250-PIPELINING\r\n250-SIZE 10240000\r\n"
#define MORE     "250-STARTTLS\r\n250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250 CHUNKING\r\n"

static const struct software software[NUM_SOFTWARE] = {
    {"220 %s ESMTP Postfix\r\n", "250-%s\r\n" KEYWORDS "250-VRFY\r\n250-ETRN\r\n" MORE},
    {"220 %s ESMTP Postfix (Debian/GNU)\r\n",
     "250-%s\r\n" KEYWORDS "250-DSN\r\n250-SMTPUTF8\r\n" MORE},
    {"220-%s ESMTP Exim 4.96 #2\r\n220-We do not authorize the use of this system\r\n"
     "220 and/or bulk e-mail.\r\n",
     "250-%s Hello\r\n250-SIZE 52428800\r\n250-8BITMIME\r\n250-PIPELINING\r\n"
     "250-STARTTLS\r\n250 HELP\r\n"},
    {"220 %s ESMTP Exim 4.97\r\n", "250-%s Hello\r\n" KEYWORDS "250-LIMITS MAILMAX=1000\r\n" MORE},
    {"220 %s Microsoft ESMTP MAIL Service ready\r\n",
     "250-%s Hello\r\n250-SIZE 37748736\r\n250-PIPELINING\r\n250-DSN\r\n" MORE},
    {"220 %s ESMTP Sendmail 8.17.1/8.17.1\r\n",
     "250-%s Hello\r\n250-ENHANCEDSTATUSCODES\r\n250-EXPN\r\n" KEYWORDS
     "250-STARTTLS\r\n250 HELP\r\n"},
    {"220 %s ESMTP ready\r\n", "250-%s\r\n250-AUTH LOGIN PLAIN\r\n250-AUTH=LOGIN PLAIN\r\n" MORE},
    {"220 %s hMailServer ESMTP\r\n", "250-%s\r\n250-SIZE 20480000\r\n250-STARTTLS\r\n250 HELP\r\n"},
    {"220 %s Kerio Connect ESMTP ready\r\n", "250-%s\r\n250-AUTH CRAM-MD5\r\n" MORE},
    /* those without STARTTLS */
    {"220 %s ESMTP\r\n", "250-%s\r\n" KEYWORDS "250 8BITMIME\r\n"},
    {"220 %s ESMTP MailEnable Service, Version: 10\r\n",
     "250-%s\r\n250-SIZE 40960000\r\n250 HELP\r\n"},
    {"220 ***********************\r\n", "250-%s\r\n" KEYWORDS "250-XXXXXXXA\r\n250 8BITMIME\r\n"},
};

struct making {
    uint64_t seed, num, num_done;
    uint64_t first_leaf; /* no other file of the same CAs has its leaves */
    struct dataset_writer *w;
    struct target_space space;
    struct target_segment *segments;
    struct big_range *ranges;
    struct bytes no_text;
    struct permutation order;
    struct big_certs *certs;
    char text[NUM_TEXTS][TEXT_MAX], err[DATASET_ERR_MAX];
};

static void must(bool good, const char *what)
{
    if (!good) {
        errno = 0;
        bench_die(what);
    }
}

/* ---- where the addresses are ---- */

static void lay_out(struct making *m, size_t num_ases)
{
    static const char countries[] =
        "USDEFRNLGBRUJPCNBRPLITESCAINSEFIATCHCZUAKRTRROAUZAARMXIDVNHKSGTW"
        "DKNOBEHUPTGRBGILIEIRKZLTLVEESKSIHRRSCLCOPEPHTHMYNZ";
    size_t num_countries = (sizeof countries - 1) / 2;
    static char names[128][3];
    for (size_t i = 0; i < num_countries; i++)
        memcpy(names[i], countries + 2 * i, 2);
    m->segments = calloc(num_ases, sizeof m->segments[0]);
    m->ranges = calloc(num_ases, sizeof m->ranges[0]);
    must(m->segments != NULL && m->ranges != NULL, "no memory");
    uint64_t total = m->num + m->num * 3 / 7 + 1, wanted = 0, before = 0;
    for (size_t i = 0; i < num_ases; i++) /* a size that falls with the rank */
        wanted += UINT64_C(1000000) / (i + 20);
    uint32_t at = FIRST_ADDR;
    for (size_t i = 0; i < num_ases; i++) {
        uint64_t r = big_random(m->seed, OF_AS, i);
        uint64_t rank = i * 7919 % num_ases;
        uint64_t size = AS_SIZE_MIN + UINT64_C(1000000) / (rank + 20) * total / wanted;
        if (i + 1 == num_ases && before + size < total)
            size = total - before;
        uint32_t last = at + (uint32_t)size - 1;
        size_t country = r % num_countries * (r >> 32 & 0xff) / 256; /* the first have most */
        m->segments[i] =
            (struct target_segment){.first = addr_v4(at), .last = addr_v4(last), .before = before};
        m->ranges[i] = (struct big_range){at, last, (uint32_t)(1000 + i), names[country]};
        before += size;
        at = last + 2 + (uint32_t)(r >> 40 & 7);
    }
    m->no_text = bytes_text("");
    m->space = (struct target_space){.segments = m->segments,
                                     .num_segments = num_ases,
                                     .texts = &m->no_text,
                                     .num_texts = 1,
                                     .ports = {25},
                                     .num_ports = 1,
                                     .num_addrs = before,
                                     .count = before};
}

/* ---- what a session finds ---- */

static uint32_t duration_us(uint64_t r)
{
    return 2000 + (uint32_t)((r & 0x3ff) * (r >> 10 & 0x3ff) / 2 + (r >> 20 & 0xff) * 40);
}

static void put_text(struct making *m, struct record *r, enum text which, const char *format,
                     const char *name)
{
    const char *at = strstr(format, "%s");
    int len = at == NULL ? snprintf(m->text[which], TEXT_MAX, "%s", format)
                         : snprintf(m->text[which], TEXT_MAX, "%.*s%s%s", (int)(at - format),
                                    format, name, at + 2);
    r->text[which] = bytes_of((const uint8_t *)m->text[which], (size_t)len);
}

static void put_names(struct making *m, struct record *r, const struct software *s, uint64_t target)
{
    char name[64];
    uint64_t noise = big_random(m->seed, OF_TARGET, target);
    if (noise % 100 < 35) /* one of some big providers, whose machines speak alike */
        snprintf(name, sizeof name, "mx%llu.provider%llu.example",
                 (unsigned long long)(noise >> 8 & 7),
                 (unsigned long long)(noise >> 16) % BIG_PROVIDERS);
    else
        snprintf(name, sizeof name, "mail%llu.example.com", (unsigned long long)target);
    put_text(m, r, TEXT_GREETING, s->greeting, name);
    if (r->stage >= STAGE_STARTTLS)
        put_text(m, r, TEXT_EHLO, s->ehlo, name);
    if (r->stage >= STAGE_HANDSHAKE)
        put_text(m, r, TEXT_STARTTLS, "220 2.0.0 Ready to start TLS\r\n", name);
    if (r->stage == STAGE_DONE)
        put_text(m, r, TEXT_EHLO_TLS, "250-%s\r\n" KEYWORDS "250 8BITMIME\r\n", name);
}

static void put_timings(const struct making *m, struct record *r, uint64_t position)
{
    static const enum timing of_stage[] = {TIMING_CONNECT,  TIMING_GREETING,  TIMING_EHLO,
                                           TIMING_STARTTLS, TIMING_HANDSHAKE, TIMING_EHLO_TLS};
    uint32_t total = 0;
    for (unsigned i = 0; i < sizeof of_stage / sizeof of_stage[0]; i++) {
        if (r->stage <= STAGE_CONNECT + i && !(r->cause == CAUSE_REJECTED && i == 1))
            continue;
        uint32_t us = duration_us(big_random(m->seed, OF_TIMES, position * 8 + i));
        r->timing_us[of_stage[i]] = us;
        total += us;
    }
    if (r->has_tls && r->handshake_done) {
        r->timing_us[TIMING_SERVER_HELLO] = r->timing_us[TIMING_HANDSHAKE] / 2;
        r->tls_in = 2400 + (uint32_t)(total & 0xfff);
        r->tls_out = 600 + (uint32_t)(total & 0x3f);
    }
    r->timing_us[TIMING_TOTAL] = total + 3000;
}

static void put_tls(struct record *r, uint64_t noise)
{
    static const uint16_t suites[2][4] = {{0x1302, 0x1301, 0x1303, 0x1302},
                                          {0xc030, 0xc02f, 0x009d, 0xc014}};
    static const uint16_t groups[] = {29, 23, 4588, 24},
                          schemes[] = {0x0804, 0x0403, 0x0401, 0x0806};
    bool old = noise % 100 < 22;
    r->has_tls = true;
    r->handshake_done = true;
    r->version = old ? (noise >> 8) % 100 < 6 ? 0x0301 : 0x0303 : 0x0304;
    r->suite = suites[old][(noise >> 16 & 7) < 5 ? 0 : noise >> 19 & 3];
    r->group = groups[(noise >> 24 & 7) < 4 ? 0 : noise >> 27 & 3];
    r->sigscheme = r->version < 0x0303 ? 0 : schemes[noise >> 32 & 3];
    r->tls_known = TLS_FLAGS_ALL;
    r->tls_flags = TLS_FLAG_EMS | TLS_FLAG_SECURE_RENEGOTIATION |
                   ((noise >> 40 & 3) ? TLS_FLAG_TICKET : 0) |
                   ((noise >> 44 & 15) ? 0 : TLS_FLAG_OCSP);
    r->ticket_lifetime_s = r->tls_flags & TLS_FLAG_TICKET ? 7200 : 0;
    r->flights = old ? 4 : 3;
}

/* most have a certificate of their own, the others share a twentieth as many */
static uint64_t leaf_of(const struct making *m, uint64_t target)
{
    uint64_t noise = big_random(m->seed, OF_CERT, target);
    if (noise % 100 < 56)
        return target;
    uint64_t pool = m->num / 20 + 1, u = noise >> 8 & 0xffffff;
    return (UINT64_C(1) << 40) + pool * (u * u >> 24) / (UINT64_C(1) << 24);
}

static size_t put_chain(const struct making *m, struct bytes ders[2], uint8_t sha256[2][32],
                        uint8_t der[BIG_DER_MAX], uint64_t target)
{
    uint32_t issuer;
    uint64_t leaf = leaf_of(m, target);
    ders[0] = big_certs_leaf(m->certs, der, &issuer, m->first_leaf + leaf);
    size_t num = issuer != BIG_SELF_SIGNED && big_random(m->seed, OF_CERT, leaf) % 10 > 0 ? 2 : 1;
    if (num == 2)
        ders[1] = big_certs_issuer(m->certs, issuer);
    for (size_t i = 0; i < num; i++)
        SHA256(ders[i].data, ders[i].len, sha256[i]);
    return num;
}

static void put_outcome(struct record *r, uint64_t noise)
{
    unsigned at = (unsigned)(noise % 1000);
    r->stage = at < 90    ? STAGE_GREETING
               : at < 100 ? STAGE_EHLO
               : at < 185 ? STAGE_STARTTLS
               : at < 200 ? STAGE_HANDSHAKE
                          : STAGE_DONE;
    r->cause = r->stage == STAGE_DONE        ? CAUSE_OK
               : r->stage == STAGE_HANDSHAKE ? CAUSE_ALERT_RECEIVED
               : r->stage == STAGE_STARTTLS  ? CAUSE_NOT_OFFERED
               : r->stage == STAGE_EHLO      ? CAUSE_TIMEOUT
               : at & 1                      ? CAUSE_REJECTED
                                             : CAUSE_TIMEOUT;
    if (r->stage == STAGE_HANDSHAKE) {
        r->num_alerts = 1;
        r->alerts[0] = (struct alert){false, 2, (noise >> 60 & 1) ? 40 : 70, STAGE_HANDSHAKE};
        r->has_tls = true;
    }
}

static void add(struct making *m, const struct record *r, const struct bytes *ders)
{
    int rc = dataset_add(m->w, r, ders);
    if (rc == -ENOBUFS) {
        must(dataset_seal(m->w, m->err) == 0, m->err);
        rc = dataset_add(m->w, r, ders);
    }
    must(rc == 0, "dataset_add failed");
    m->num_done++;
}

static void add_answer(struct making *m, uint64_t position, uint64_t index)
{
    uint8_t der[BIG_DER_MAX], sha256[2][32];
    struct bytes ders[2];
    struct record r;
    uint64_t noise = big_random(m->seed, OF_SESSION, index);
    struct target t = target_space_at(&m->space, index);
    record_init(&r);
    r.position = position;
    r.addr = t.addr;
    r.port = t.port;
    r.start_us = position * START_GAP_US / 20 + (noise >> 50);
    put_outcome(&r, noise);
    bool plain = r.cause == CAUSE_NOT_OFFERED;
    size_t which = plain ? NUM_STARTTLS + (noise >> 10) % (NUM_SOFTWARE - NUM_STARTTLS)
                         : (noise >> 10) % NUM_STARTTLS;
    if (r.stage != STAGE_GREETING)
        put_names(m, &r, &software[which], index);
    if (r.cause == CAUSE_REJECTED) {
        put_text(m, &r, TEXT_GREETING, "554 5.7.1 You are not allowed to connect.\r\n", "");
        r.smtp_code = 554;
    }
    if (r.stage == STAGE_DONE) {
        put_tls(&r, big_random(m->seed, OF_SESSION, ~index));
        r.num_chain = (uint16_t)put_chain(m, ders, sha256, der, index);
        r.chain = (const uint8_t(*)[32])sha256;
    }
    put_timings(m, &r, position);
    add(m, &r, ders);
}

static void write_dataset(struct making *m)
{
    for (uint64_t p = 0; p < m->space.count; p++) {
        uint64_t index = permutation_at(&m->order, p);
        uint64_t noise = big_random(m->seed, OF_TARGET, ~index);
        uint64_t left = m->space.count - p;
        if (m->num_done < m->num && (noise % 100 < 71 || m->num - m->num_done >= left)) {
            add_answer(m, p, index);
        } else {
            int rc = dataset_count(m->w, p, STAGE_CONNECT,
                                   noise >> 32 & 3 ? CAUSE_TIMEOUT : CAUSE_REFUSED);
            must(rc == 0 || rc == -ENOBUFS, "dataset_count failed");
            if (rc == -ENOBUFS) {
                must(dataset_seal(m->w, m->err) == 0, m->err);
                p--;
                continue;
            }
        }
        if (dataset_pending(m->w) >= DATASET_BLOCK_TARGET)
            must(dataset_seal(m->w, m->err) == 0, m->err);
    }
}

static void create(struct making *m, const char *path)
{
    static const bool no_sync;
    static const struct bytes ehlo_name = {(const uint8_t *)"bench.invalid", 13};
    static const struct dataset_hello hello = {.name = {(const uint8_t *)"plain", 5},
                                               .ja4 = {(const uint8_t *)"t13i", 4}};
    struct dataset_header h = {.format = DATASET_FORMAT,
                               .start_us = START_S * 1000000,
                               .tool = bytes_text("make_report_dataset"),
                               .ehlo_names = &ehlo_name,
                               .num_ehlo_names = 1,
                               .seed = m->seed,
                               .num_shards = 1,
                               .record_mode = RECORD_RESPONSIVE,
                               .space = &m->space,
                               .hellos = &hello,
                               .num_hellos = 1};
    for (size_t i = 0; i < 8; i++) {
        h.id[i] = (uint8_t)(m->seed >> 8 * i);
        h.id[8 + i] = (uint8_t)(m->num >> 8 * i);
    }
    permutation_init(&m->order, m->space.count, m->seed);
    unlink(path);
    must(dataset_create_on(&m->w, m->err, path, &h, &file_lazy, (void *)(uintptr_t)&no_sync) == 0,
         m->err);
}

static void write_store(const char *path, struct bytes der)
{
    X509 *root = d2i_X509(NULL, &(const uint8_t *){der.data}, (long)der.len);
    FILE *f = fopen(path, "w");
    must(root != NULL && f != NULL && PEM_write_X509(f, root) && fclose(f) == 0, path);
    X509_free(root);
}

static uint64_t number(const char *text, uint64_t max, const char *what)
{
    char *end;
    uint64_t value = strtoull(text, &end, 10);
    must(*text != '\0' && *end == '\0' && value > 0 && value <= max, what);
    return value;
}

int main(int argc, char **argv)
{
    char path[4096];
    struct making m = {.num = DEFAULT_RECORDS, .seed = 1};
    must(argc >= 2 && argc <= 6, "usage: make_report_dataset FILE [RECORDS [ASES [SEED [FILES]]]]");
    if (argc > 2)
        m.num = number(argv[2], MAX_RECORDS, "RECORDS: expected is a number up to 100000000");
    size_t num_ases = argc > 3
                          ? number(argv[3], 1000000, "ASES: expected is a number up to 1000000")
                          : DEFAULT_ASES;
    if (argc > 4)
        m.seed = number(argv[4], UINT32_MAX, "SEED: expected is a number");
    lay_out(&m, num_ases);
    uint64_t num_files =
        argc > 5 ? number(argv[5], FILES_MAX, "FILES: expected is a number up to 1000") : 1;
    m.certs = big_certs_new(m.seed, START_S);
    for (uint64_t i = 0; i < num_files; i++, m.seed++) {
        snprintf(path, sizeof path, "%s.%llu", argv[1], (unsigned long long)i);
        if (num_files == 1)
            snprintf(path, sizeof path, "%s", argv[1]);
        m.first_leaf = i << 42;
        m.num_done = 0;
        create(&m, path);
        write_dataset(&m);
        must(dataset_finish(m.w, m.err, m.space.count * START_GAP_US / 20, DATASET_COMPLETE) == 0,
             m.err);
    }
    snprintf(path, sizeof path, "%s.country.mmdb", argv[1]);
    big_mmdb_write(path, BIG_MMDB_COUNTRY, m.ranges, num_ases);
    snprintf(path, sizeof path, "%s.asn.mmdb", argv[1]);
    big_mmdb_write(path, BIG_MMDB_AS, m.ranges, num_ases);
    snprintf(path, sizeof path, "%s.roots.pem", argv[1]);
    write_store(path, big_certs_root(m.certs));
    printf("%s: %llu records, %llu positions, %zu ASes\n", argv[1], (unsigned long long)m.num_done,
           (unsigned long long)m.space.count, num_ases);
    big_certs_free(m.certs);
    free(m.segments);
    free(m.ranges);
    return 0;
}
