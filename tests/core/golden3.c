#include "tests/core/golden3.h"

#include <errno.h>
#include <openssl/sha.h>

#include "core/permutation.h"

enum { NUM_TARGETS = 16, CERT_LEN = 40 };

static const uint8_t staple[] = {0x30, 0x03, 0x0a, 0x01, 0x00};
static const uint8_t scts[] = {0x00, 0x04, 0x00, 0x02, 0xff, 0x00};
static const uint8_t request[] = {0x01, 0x01, 0x00, 0x00};
static const uint8_t audit[] = {0xa1, 0x00, 0x01};

/* nothing is left out */
static void make_full(struct record *r)
{
    static const uint16_t exts[] = {43, 51, 10, 65535};
    r->tls_known = TLS_FLAGS_ALL;
    r->tls_flags = TLS_FLAG_EMS | TLS_FLAG_TICKET | TLS_FLAG_OCSP | TLS_FLAG_SCT |
                   TLS_FLAG_CERT_REQUEST | TLS_FLAG_HELLO_RETRY | TLS_FLAG_DOWNGRADE_12;
    r->ticket_lifetime_s = UINT32_MAX;
    r->retry_group = 0x11ec;
    r->compression = 1;
    r->flights = 6;
    r->num_server_exts = 4;
    memcpy(r->server_exts, exts, sizeof exts);
    r->tls_in = 4321;
    r->tls_out = 765;
    r->timing_us[TIMING_SERVER_HELLO] = 3500;
    r->text[TEXT_OCSP] = bytes_of(staple, sizeof staple);
    r->text[TEXT_SCT] = bytes_of(scts, sizeof scts);
    r->text[TEXT_CERT_REQUEST] = bytes_of(request, sizeof request);
    r->text[TEXT_AUDIT] = bytes_of(audit, sizeof audit);
}

/* as many as there can be, and little else; a handshake that failed behind the ServerHello */
static void make_partial(struct record *r)
{
    r->handshake_done = false;
    r->stage = STAGE_HANDSHAKE;
    r->cause = CAUSE_RESET;
    r->errnum = ECONNRESET;
    r->timing_us[TIMING_HANDSHAKE] = TIMING_ABSENT;
    r->timing_us[TIMING_SERVER_HELLO] = 7000000;
    r->tls_known = TLS_FLAG_EMS | TLS_FLAG_RESUMED;
    r->flights = UINT8_MAX;
    r->num_server_exts = RECORD_EXTS_MAX;
    for (size_t i = 0; i < RECORD_EXTS_MAX; i++)
        r->server_exts[i] = (uint16_t)(2048 * i);
    r->tls_in = UINT32_MAX;
}

static void make_record(struct record *r, uint64_t position, const uint8_t (*chain)[32])
{
    record_init(r);
    r->position = position;
    r->start_us = 1000 * position;
    r->port = 25;
    r->stage = STAGE_CONNECT;
    r->cause = CAUSE_TIMEOUT;
    if (position % 4 == 0)
        return;
    r->stage = STAGE_DONE;
    r->cause = CAUSE_OK;
    r->timing_us[TIMING_HANDSHAKE] = (uint32_t)(3500 + position);
    r->text[TEXT_GREETING] = bytes_text("220 mx ESMTP\r\n");
    r->has_tls = r->handshake_done = true;
    r->version = 0x0303;
    r->suite = 0xc02f;
    r->chain = chain;
    r->num_chain = 1;
    if (position % 4 == 1)
        make_full(r);
    if (position % 4 == 2)
        make_partial(r);
}

static int write_records(struct dataset_writer *w, const struct permutation *perm,
                         struct addr first, char err[DATASET_ERR_MAX])
{
    uint8_t cert[CERT_LEN], hash[1][32];
    memset(cert, 7, sizeof cert);
    SHA256(cert, sizeof cert, hash[0]);
    struct bytes der = bytes_of(cert, sizeof cert);
    int rc = 0;
    for (uint64_t p = 0; p < NUM_TARGETS && rc == 0; p++) {
        struct record r;
        make_record(&r, p, (const uint8_t(*)[32])hash);
        r.addr = addr_add(first, permutation_at(perm, p));
        rc = dataset_add(w, &r, &der);
        if (rc == 0 && p == NUM_TARGETS / 2)
            rc = dataset_seal(w, err);
    }
    return rc;
}

int golden3_write(const char *path, char err[DATASET_ERR_MAX])
{
    struct addr first = addr_v4(0xc0000200), source = addr_v4(0xc6336401);
    struct target_segment segment = {.first = first, .last = addr_add(first, NUM_TARGETS - 1)};
    struct bytes no_text = {(const uint8_t *)"", 0}, name = bytes_text("scan.example.org");
    struct target_space space = {.segments = &segment, .num_segments = 1, .texts = &no_text,
                                 .num_texts = 1, .ports = {25}, .num_ports = 1,
                                 .num_addrs = NUM_TARGETS, .count = NUM_TARGETS};
    const struct dataset_header header = {
        .id = "golden-file-3", .start_us = 1785000000000001, .tool = bytes_text("mxsweep golden"),
        .sources = &source, .num_sources = 1, .ehlo_names = &name, .num_ehlo_names = 1, .seed = 3,
        .num_shards = 1, .space = &space,
    };
    struct dataset_writer *w;
    struct permutation perm;
    permutation_init(&perm, NUM_TARGETS, header.seed);
    int rc = dataset_create(&w, err, path, &header);
    if (rc != 0)
        return rc;
    rc = write_records(w, &perm, first, err);
    int end = dataset_finish(w, err, 9999999, DATASET_COMPLETE);
    return rc != 0 ? rc : end;
}
