/* make_export: writes a dataset with everything that an export shows, from a seed.
 * usage: make_export FILE RECORDS CERTS_DIR: a stream of host names and addresses of both families, with hostile texts, staples,
 * requests for certificates, audits, and chains of made certificates and of those in CERTS_DIR. */
#include <dirent.h>
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/audit.h"
#include "tests/tools/synth.h"

enum { FILES_MAX = 64, FILE_MAX = 8192, JUNK_LEN = 64 << 10, TEXT_LEN = 512 };

struct maker {
    uint64_t random;
    struct dataset_writer *w;
    uint8_t files[FILES_MAX][FILE_MAX];
    size_t file_lens[FILES_MAX], num_files;
    char text[NUM_TEXTS][TEXT_LEN], host[64], junk[JUNK_LEN];
    uint8_t staple[600], audit[AUDIT_ENCODED_MAX];
    uint8_t der[3][FILE_MAX], sha256[3][32];
    struct bytes ders[3];
};

static const char *const hostile[] = {
    "=1+1\r\n",
    "=cmd|'/C calc'!A0\r\n",
    "+1\r\n",
    "-1+2\r\n",
    "@SUM(A1)\r\n",
    "\t=1\r\n",
    "\r=1\r\n",
    "  =1\r\n",
    "'=1\r\n",
    "\xef\xbc\x9d"
    "1\r\n",
    "\xc2\xa0=1\r\n",
    "<script>alert(1)</script><img src=x onerror=alert(1)>\r\n",
    "\x1b[31m\x1b]0;owned\x07\x1b[2J\r\n",
    "\xe2\x80\xae"
    "evil \xe2\x81\xa6\xe2\x80\x8f\xd8\x9c\xe2\x80\xa8\r\n",
    "\"quotes\", \"and\" commas; semicolons | bars\r\n",
    "back\\slash \\x41 \\\\ \\u0041\r\n",
    "\xff\xfe\x01\x7f\xc2\x9b\xed\xa0\x80\xf4\x90\x80\x80\r\n",
    "caf\xc3\xa9 \xe6\x97\xa5\xe6\x9c\xac \xf0\x9f\x93\xa7\r\n",
    "\n\n\r\r\n",
};
enum { NUM_HOSTILE = sizeof hostile / sizeof hostile[0] };

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "make_export: %s\n", what);
    exit(1);
}

static uint64_t draw(struct maker *m, uint64_t below)
{
    uint64_t z = m->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

/* ---- certificates ---- */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void read_files(struct maker *m, const char *folder)
{
    struct dirent **names;
    int num = scandir(folder, &names, NULL, compare_names);
    must(num > 0, folder);
    for (int i = 0; i < num; free(names[i++])) {
        char path[512];
        if (strstr(names[i]->d_name, ".der") == NULL || m->num_files == FILES_MAX)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
        FILE *file = fopen(path, "rb");
        must(file != NULL, path);
        m->file_lens[m->num_files] = fread(m->files[m->num_files], 1, FILE_MAX, file);
        m->num_files++;
        fclose(file);
    }
    free(names);
}

static void put_der(struct maker *m, size_t i, const uint8_t *der, size_t len)
{
    memcpy(m->der[i], der, len);
    m->ders[i] = bytes_of(m->der[i], len);
    SHA256(der, len, m->sha256[i]);
}

static void put_made(struct maker *m, size_t i, const struct synth_cert *cert)
{
    uint8_t der[SYNTH_DER_MAX];
    put_der(m, i, der, synth_der(der, cert));
}

static void put_chain(struct maker *m, struct record *r)
{
    static const char *const orgs[] = {"Trust & <b>Co</b>", "=Issuer", "Example CA",
                                       "\xe2\x80\xae\x1b]0;x\x07"};
    static const enum synth_key keys[] = {SYNTH_RSA_2048, SYNTH_P256, SYNTH_RSA_4096,
                                          SYNTH_ED25519};
    uint64_t which = draw(m, 100), number = which < 60 ? r->position : draw(m, 50);
    struct synth_cert leaf = {.issuer_org = orgs[number % 4],
                              .issuer_cn = "Intermediate",
                              .subject_cn = m->host,
                              .not_before = SYNTH_START_S - 86400 * (int64_t)(1 + number % 80),
                              .not_after =
                                  SYNTH_START_S + 86400 * (int64_t)(number % 400) - 86400 * 30,
                              .key = keys[number % 4],
                              .key_number = (uint32_t)(number / 2)};
    struct synth_cert ca = {.issuer_org = orgs[number % 4],
                            .issuer_cn = "Root",
                            .subject_cn = "Intermediate",
                            .not_after = SYNTH_START_S * 2,
                            .key_number = 1000000};
    leaf.garbage = which == 99;
    r->num_chain = (uint16_t)(1 + (which % 10 != 0) + (which == 50));
    r->chain = (const uint8_t(*)[32])m->sha256;
    if (which >= 95 && which < 99)
        put_der(m, 0, m->files[number % m->num_files], m->file_lens[number % m->num_files]);
    else
        put_made(m, 0, &leaf);
    put_made(m, 1, &ca);
    ca.subject_cn = "Intermediate again"; /* another certificate of the same key */
    put_made(m, 2, &ca);
}

/* ---- records ---- */

static void put_text(struct maker *m, struct record *r, enum text which, const char *format,
                     uint64_t number)
{
    int len = snprintf(m->text[which], TEXT_LEN, format, (unsigned)number, m->host);
    r->text[which] = bytes_of(m->text[which], (size_t)len);
}

static void put_target(struct maker *m, struct record *r)
{
    uint64_t n = r->position;
    static const char *const tags[] = {"", "pool-a", "=tag", "pool|b"};
    static const uint32_t documented[] = {0xc0000200, 0xc6336400, 0xcb007100};
    r->addr = addr_v4(0x0a000000 + (uint32_t)n);
    if (n % 10 == 3)
        r->addr = (struct addr){UINT64_C(0x20010db800000000) | n % 7 << 16, 25 + n / 7};
    else if (n % 2 == 0)
        r->addr = addr_v4(documented[n / 2 % 3] + (uint32_t)(n % 256));
    r->port = 25;
    snprintf(m->host, sizeof m->host, "mx%u.example.com", (unsigned)n);
    if (n % 3 == 0)
        r->host = bytes_text(m->host);
    r->tag = bytes_text(tags[draw(m, 4)]);
    r->start_us = n * 1000 + draw(m, 1000);
}

static void put_timings(struct maker *m, struct record *r)
{
    static const enum timing order[] = {TIMING_CONNECT,  TIMING_GREETING,  TIMING_EHLO,
                                        TIMING_STARTTLS, TIMING_HANDSHAKE, TIMING_EHLO_TLS};
    uint32_t total = 0;
    for (int i = 0; i < 6 && i + 1 < r->stage + (r->cause == CAUSE_OK); i++)
        total += r->timing_us[order[i]] = 1000 + (uint32_t)draw(m, 200000);
    r->timing_us[TIMING_TOTAL] = total + 1000;
}

static void put_tls(struct maker *m, struct record *r)
{
    static const uint16_t versions[] = {0x0304, 0x0304, 0x0304, 0x0303, 0x0303, 0x0301};
    static const uint16_t suites[] = {0x1301, 0x1302, 0x1303, 0xc02f, 0xc030, 0xc013},
                          groups[] = {0x11ec, 0x1d, 0x17, 0x1d, 0x18, 0};
    uint64_t which = draw(m, 6);
    r->has_tls = true;
    r->version = versions[which];
    r->suite = suites[which];
    r->group = groups[which];
    r->sigscheme = which < 3 ? 0x0804 : 0x0403;
    r->tls_known = TLS_FLAGS_ALL;
    r->tls_flags = (uint16_t)(TLS_FLAG_TICKET | (draw(m, 2) ? TLS_FLAG_EMS : 0));
    r->ticket_lifetime_s = 7200;
    r->num_server_exts = 3;
    memcpy(r->server_exts, (const uint16_t[]){43, 51, 65281}, 6);
    r->flights = 4;
    r->tls_in = 4000 + (uint32_t)draw(m, 1000);
    r->tls_out = 700;
}

static void put_staple(struct maker *m, struct record *r)
{
    for (size_t i = 0; i < sizeof m->staple; i++)
        m->staple[i] = (uint8_t)draw(m, 256);
    r->tls_flags |= TLS_FLAG_OCSP | TLS_FLAG_SCT;
    r->text[TEXT_OCSP] = bytes_of(m->staple, 400 + draw(m, 200));
    r->text[TEXT_SCT] = bytes_of(m->staple, 120);
}

static void put_audit(struct maker *m, struct record *r)
{
    struct audit a;
    struct cbor_writer w;
    audit_init(&a);
    a.asked = a.finished = AUDIT_BITS_ALL;
    a.num_connections = 17;
    a.num_malformed = (uint8_t)draw(m, 2);
    a.stopped_stage = draw(m, 2) ? STAGE_GREETING : 0;
    a.stopped_cause = a.stopped_stage != 0 ? CAUSE_THROTTLED : 0;
    for (size_t i = 0; i < NUM_AUDIT_VERSIONS; i++)
        a.version[i] = (uint8_t)draw(m, 3);
    a.ssl2_kinds = (uint16_t)draw(m, 8);
    a.class[0] = (struct audit_proof){TRI_YES, 0x0301, 0x0003};
    a.class[5] = (struct audit_proof){TRI_NO, 0, 0};
    a.num_dh = 1;
    a.dh[0] = (struct audit_dh){0x0033, 1024, 1};
    a.leaf[0].known = a.leaf[1].known = true;
    memcpy(a.leaf[0].sha256, m->sha256[0], 32);
    memcpy(a.leaf[1].sha256, m->sha256[1], 32);
    a.num_suites = a.num_groups = 1;
    a.suites[0] = (struct audit_list){0x0303, AUDIT_ORDER_SERVER, true, 2, {0xc02f, 0xcafe}};
    a.groups[0] = (struct audit_list){0x0304, AUDIT_ORDER_CLIENT, false, 1, {0x1d}};
    a.explain = (struct audit_reply){
        .kind = AUDIT_REPLY_ALERT, .offered = 0x0303, .alert_level = 2, .alert_number = 40};
    cbor_writer_init(&w, AUDIT_ENCODED_MAX);
    audit_encode(&w, &a);
    must(!w.bad, "audit");
    memcpy(m->audit, w.data, w.len);
    r->text[TEXT_AUDIT] = bytes_of(m->audit, w.len);
    cbor_writer_cleanup(&w);
    if (draw(m, 10) == 0)
        r->text[TEXT_AUDIT] = bytes_of("\xa1\x00\xff", 3); /* nothing that can be read */
}

static void put_session(struct maker *m, struct record *r)
{
    put_text(m, r, TEXT_GREETING,
             draw(m, 2) ? "220 mx%u.example.com ESMTP Postfix\r\n"
                        : "220 mx%u.example.com ESMTP Exim 4.96\r\n",
             r->position);
    put_text(m, r, TEXT_EHLO,
             draw(m, 2)
                 ? "250-mx%u.example.com Hello [192.0.2.1]\r\n250-PIPELINING\r\n250-SIZE "
                   "10240000\r\n250-STARTTLS\r\n"
                   "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 CHUNKING\r\n"
                 : "250-mx%u.example.com\r\n250-SIZE 52428800\r\n250-STARTTLS\r\n250 HELP\r\n",
             r->position);
    if (r->stage > STAGE_STARTTLS)
        put_text(m, r, TEXT_STARTTLS, "220 2.0.0 Ready to start TLS\r\n", 0);
    if (r->stage == STAGE_DONE)
        put_text(m, r, TEXT_EHLO_TLS,
                 "250-mx%u.example.com\r\n250-SIZE 10240000\r\n250 AUTH PLAIN\r\n", r->position);
}

/* all that comes with a completed handshake, or one that an alert ended */
static void put_handshake(struct maker *m, struct record *r)
{
    put_session(m, r);
    put_tls(m, r);
    put_chain(m, r);
    r->handshake_done = r->stage == STAGE_DONE;
    if (!r->handshake_done) {
        r->num_alerts = 1;
        r->alerts[0] = (struct alert){false, 2, 40, STAGE_HANDSHAKE};
    }
    if (draw(m, 5) == 0)
        put_staple(m, r);
    if (draw(m, 20) == 0)
        r->text[TEXT_CERT_REQUEST] = bytes_of("\x01\x01\x00\x00", 4);
    if (draw(m, 4) == 0)
        put_audit(m, r);
    if (draw(m, 9) == 0) {
        r->num_attempts = 1;
        r->attempts[0] = (struct attempt){r->start_us / 2, STAGE_GREETING, CAUSE_THROTTLED, 421};
    }
}

static void put_hostile(struct maker *m, struct record *r)
{
    uint64_t which = r->position % (NUM_HOSTILE + 1);
    bool junk = which == NUM_HOSTILE && r->position % 7 == 0;
    r->text[TEXT_GREETING] =
        junk ? bytes_of(m->junk, sizeof m->junk) : bytes_text(hostile[which % NUM_HOSTILE]);
    if (r->cause == CAUSE_MALFORMED)
        return;
    char *text = m->text[TEXT_EHLO];
    int len = snprintf(text, TEXT_LEN, "250-%.*s250-=formula\r\n250 STARTTLS\r\n",
                       (int)strlen(hostile[which % NUM_HOSTILE]), hostile[which % NUM_HOSTILE]);
    r->text[TEXT_EHLO] = bytes_of(text, (size_t)len);
    r->text[TEXT_STARTTLS] = bytes_text("454 4.7.0 no\r\n");
    r->smtp_code = 454;
}

static void make_record(struct maker *m, struct record *r, uint64_t position)
{
    static const struct {
        enum stage stage;
        enum cause cause;
        unsigned share; /* of 100 */
    } ends[] = {{STAGE_DONE, CAUSE_OK, 62},
                {STAGE_CONNECT, CAUSE_REFUSED, 6},
                {STAGE_CONNECT, CAUSE_TIMEOUT, 6},
                {STAGE_GREETING, CAUSE_REJECTED, 5},
                {STAGE_GREETING, CAUSE_MALFORMED, 4},
                {STAGE_STARTTLS, CAUSE_REJECTED, 4},
                {STAGE_STARTTLS, CAUSE_NOT_OFFERED, 5},
                {STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 5},
                {STAGE_HANDSHAKE, CAUSE_NOT_TLS, 3}};
    record_init(r);
    r->position = position;
    put_target(m, r);
    uint64_t share = draw(m, 100);
    size_t i = 0;
    while (share >= ends[i].share)
        share -= ends[i++].share;
    r->stage = (uint8_t)ends[i].stage;
    r->cause = (uint8_t)ends[i].cause;
    put_timings(m, r);
    if (r->cause == CAUSE_REFUSED)
        r->errnum = 111;
    if (r->stage == STAGE_DONE || r->cause == CAUSE_ALERT_RECEIVED)
        put_handshake(m, r);
    else if (r->cause == CAUSE_MALFORMED || r->stage == STAGE_STARTTLS)
        put_hostile(m, r);
    if (r->cause == CAUSE_NOT_OFFERED) {
        r->smtp_code = 250;
        r->text[TEXT_STARTTLS] = bytes_of(NULL, 0);
        put_text(m, r, TEXT_GREETING, "220 mx%u.example.com ESMTP\r\n", position);
        put_text(m, r, TEXT_EHLO, "250-mx%u.example.com\r\n250 SIZE 1000\r\n", position);
    }
    if (r->stage == STAGE_GREETING && r->cause == CAUSE_REJECTED) {
        r->smtp_code = 554;
        put_text(m, r, TEXT_GREETING, "554 5.7.1 mx%u.example.com: [192.0.2.99] is blocked\r\n",
                 position);
    }
    if (r->cause == CAUSE_NOT_TLS) {
        put_session(m, r);
        r->has_tls = true;
        r->not_tls_len = 100 + (uint32_t)draw(m, 300);
        r->text[TEXT_NOT_TLS] = bytes_of(m->junk, r->not_tls_len < 256 ? r->not_tls_len : 256);
    }
}

static void add(struct maker *m, const struct record *r)
{
    char err[DATASET_ERR_MAX] = "";
    int rc = dataset_add(m->w, r, m->ders);
    if (rc == -ENOBUFS || r->position % 2048 == 2047) {
        uint8_t sha256[32] = {1};
        dataset_consumed(m->w, r->position, sha256);
        must(dataset_seal(m->w, err) == 0, err);
    }
    if (rc == -ENOBUFS)
        rc = dataset_add(m->w, r, m->ders);
    must(rc == 0, "dataset_add");
}

static void write_all(struct maker *m, const char *path, uint64_t num)
{
    static const struct bytes ehlo_name = {(const uint8_t *)"scanner.example.com", 19};
    static const struct dataset_hello hello = {.name = {(const uint8_t *)"plain", 5},
                                               .ja4 = {(const uint8_t *)"t13i", 4}};
    struct addr source;
    addr_parse(&source, "192.0.2.99", 10);
    struct target_space space = {.ports = {25}, .num_ports = 1};
    char err[DATASET_ERR_MAX] = "";
    struct dataset_header h = {.format = DATASET_FORMAT,
                               .start_us = SYNTH_START_S * 1000000,
                               .tool = bytes_text("make_export 1"),
                               .ehlo_names = &ehlo_name,
                               .num_ehlo_names = 1,
                               .sources = &source,
                               .num_sources = 1,
                               .num_shards = 1,
                               .streamed = true,
                               .space = &space,
                               .hellos = &hello,
                               .num_hellos = 1};
    uint8_t sha256[32] = {1};
    SHA256((const uint8_t *)path, strlen(path), sha256);
    memcpy(h.id, sha256, sizeof h.id);
    dataset_sweep_id(&h);
    remove(path);
    must(dataset_create(&m->w, err, path, &h) == 0, err);
    for (uint64_t p = 0; p < num; p++) {
        struct record r;
        make_record(m, &r, p);
        add(m, &r);
    }
    dataset_consumed(m->w, num, sha256);
    dataset_stream_end(m->w, num);
    must(dataset_seal(m->w, err) == 0 &&
             dataset_finish(m->w, err, num * 1000 + 1000, DATASET_COMPLETE) == 0,
         err);
}

int main(int argc, char **argv)
{
    struct maker *m = calloc(1, sizeof *m);
    must(argc == 4 && m != NULL, "usage: make_export FILE RECORDS CERTS_DIR");
    for (size_t i = 0; i < sizeof m->junk; i++)
        m->junk[i] = (char)draw(m, 256);
    read_files(m, argv[3]);
    write_all(m, argv[1], strtoull(argv[2], NULL, 10));
    free(m);
    return 0;
}
