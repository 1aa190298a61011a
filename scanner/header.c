#include "scanner/header.h"

#include <ares.h>
#include <errno.h>
#include <maxminddb.h>
#include <openssl/crypto.h>
#include <openssl/mem.h>
#include <openssl/pool.h>
#include <stdlib.h>
#include <sys/random.h>
#include <uv.h>
#include <zstd.h>

#include "core/audit.h"
#include "scanner/session/offer.h"
#include "scanner/session/tls_client.h"

#define STRING(x)  #x
#define TEXT_OF(x) STRING(x)

/* options that a resumed sweep may not change, and that are not in the header otherwise */
enum { NUM_FIXED_OPTIONS = 2 };
static const char STARTTLS_ANYWAY[] = "starttls-anyway", AUDITS_ASKED[] = "audits";

/* ---- versions ---- */

enum { NUM_LIBRARIES = 5 };

static void list_libraries(struct dataset_pair out[NUM_LIBRARIES])
{
    out[0] = (struct dataset_pair){bytes_text("libuv"), bytes_text(uv_version_string())};
    out[1] = (struct dataset_pair){bytes_text("BoringSSL"),
                                   bytes_text("API " TEXT_OF(BORINGSSL_API_VERSION))};
    out[2] = (struct dataset_pair){bytes_text("zstd"), bytes_text(ZSTD_versionString())};
    out[3] = (struct dataset_pair){bytes_text("c-ares"), bytes_text(ares_version(NULL))};
    out[4] = (struct dataset_pair){bytes_text("libmaxminddb"), bytes_text(MMDB_lib_version())};
}

void header_print_version(FILE *out, const char *program)
{
    struct dataset_pair libraries[NUM_LIBRARIES];
    list_libraries(libraries);
    fprintf(out, "%s %s\n", program, MXSWEEP_VERSION);
    for (size_t i = 0; i < NUM_LIBRARIES; i++)
        fprintf(out, "%.*s %.*s\n", (int)libraries[i].key.len, (const char *)libraries[i].key.data,
                (int)libraries[i].value.len, (const char *)libraries[i].value.data);
    fprintf(out, "post-quantum groups offered: %s\n", OFFER_PQ_TEXT);
}

/* ---- options in words ---- */

static void put_option(struct option_texts *t, size_t *n, const char *name, uint64_t value,
                       const char *unit)
{
    snprintf(t->values[*n], sizeof t->values[*n], "%llu%s", (unsigned long long)value, unit);
    t->pairs[*n] = (struct dataset_pair){bytes_text(name), bytes_text(t->values[*n])};
    ++*n;
}

static void put_digest(struct option_texts *t, size_t *n, const char *name, const uint8_t *sha256)
{
    char *out = t->values[*n];
    snprintf(out, sizeof t->values[*n], "none");
    for (size_t i = 0; sha256 != NULL && i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", sha256[i]);
    t->pairs[*n] = (struct dataset_pair){bytes_text(name), bytes_text(out)};
    ++*n;
}

static void put_lengths(struct option_texts *t, size_t *n, const struct options *o)
{
    snprintf(t->values[*n], sizeof t->values[*n], "%u,%u", o->prefix_len4, o->prefix_len6);
    t->pairs[*n] = (struct dataset_pair){bytes_text("prefix-len"), bytes_text(t->values[*n])};
    ++*n;
}

void header_option_texts(struct option_texts *t, const struct plan *plan, const struct options *o)
{
    size_t n = 0;
    put_option(t, &n, "start-interval", o->rate_step_ns, "ns");
    put_option(t, &n, "in-flight", plan->in_flight, "");
    put_option(t, &n, "prefix-start-interval", o->prefix_step_ns, "ns");
    put_option(t, &n, "prefix-in-flight", o->prefix_in_flight, "");
    put_lengths(t, &n, o);
    put_option(t, &n, "as-start-interval", o->as_step_ns, "ns");
    put_option(t, &n, "retries", o->retries, "");
    put_option(t, &n, "retry-delay", o->retry_delay_ns / 1000000, "ms");
    put_option(t, &n, "audit-delay", o->audit_delay_ns / 1000000, "ms");
    put_option(t, &n, "threads", plan->threads, "");
    put_option(t, &n, "connect-timeout", o->connect_timeout_ns / 1000000, "ms");
    put_option(t, &n, "syns", o->syns, "");
    put_option(t, &n, "reply-timeout", o->reply_timeout_ns / 1000000, "ms");
    put_option(t, &n, "tls-timeout", o->tls_timeout_ns / 1000000, "ms");
    put_option(t, &n, "session-timeout", o->session_timeout_ns / 1000000, "ms");
    put_option(t, &n, "flush-interval", o->flush_ns / 1000000, "ms");
    put_option(t, &n, "rotate-size", o->rotate_size, "");
    put_option(t, &n, "rotate-time", o->rotate_ns / 1000000, "ms");
    put_digest(t, &n, "blocklist-sha256", o->blocklist_file != NULL ? plan->block_sha256 : NULL);
}

/* ---- audits ---- */

enum { AUDITS_TEXT_MAX = 128 };

static void write_audits(char out[AUDITS_TEXT_MAX], uint16_t audits)
{
    size_t len = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < NUM_AUDIT_KINDS; i++)
        if ((audits & 1 << i) != 0)
            len += (size_t)snprintf(out + len, AUDITS_TEXT_MAX - len, "%s%s", len > 0 ? "," : "",
                                    audit_kind_slug(i));
}

/* slugs that this version does not know are left out: what differs is found by comparing */
static uint16_t read_audits(struct bytes text)
{
    uint16_t audits = 0;
    while (text.len > 0) {
        const uint8_t *comma = memchr(text.data, ',', text.len);
        size_t len = comma != NULL ? (size_t)(comma - text.data) : text.len;
        for (unsigned i = 0; i < NUM_AUDIT_KINDS; i++)
            if (bytes_equal(bytes_of(text.data, len), bytes_text(audit_kind_slug(i))))
                audits = (uint16_t)(audits | 1 << i);
        size_t used = len + (comma != NULL);
        text = bytes_of(text.data + used, text.len - used);
    }
    return audits;
}

/* ---- hellos ---- */

struct hellos {
    struct dataset_hello hello[NUM_HELLOS];
    uint8_t *scratch[NUM_HELLOS];
};

static void hellos_cleanup(struct hellos *h)
{
    for (size_t i = 0; i < NUM_HELLOS; i++)
        OPENSSL_free(h->scratch[i]);
}

static int describe_hellos(struct hellos *h, char *err)
{
    memset(h, 0, sizeof *h);
    CRYPTO_BUFFER_POOL *pool = CRYPTO_BUFFER_POOL_new();
    struct tls_context *ctx = pool != NULL ? tls_context_new(pool) : NULL;
    int rc = ctx == NULL ? -ENOMEM : 0;
    for (unsigned i = 0; rc == 0 && i < NUM_HELLOS; i++)
        rc = tls_hello_describe(&h->hello[i], &h->scratch[i], ctx, i);
    tls_context_free(ctx);
    CRYPTO_BUFFER_POOL_free(pool);
    if (rc != 0) {
        snprintf(err, PLAN_ERR_MAX, "this BoringSSL cannot make our ClientHello");
        hellos_cleanup(h);
    }
    return rc;
}

/* ---- writing ---- */

static int create(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o,
                  const struct hellos *hellos)
{
    char why[DATASET_ERR_MAX] = "";
    struct option_texts texts;
    struct dataset_pair libraries[NUM_LIBRARIES], options[NUM_VARIABLE_OPTIONS + NUM_FIXED_OPTIONS];
    char audits[AUDITS_TEXT_MAX];
    header_option_texts(&texts, plan, o);
    memcpy(options, texts.pairs, sizeof texts.pairs);
    options[NUM_VARIABLE_OPTIONS] = (struct dataset_pair){
        bytes_text(STARTTLS_ANYWAY), bytes_text(plan->starttls_anyway ? "1" : "0")};
    write_audits(audits, plan->audits);
    options[NUM_VARIABLE_OPTIONS + 1] =
        (struct dataset_pair){bytes_text(AUDITS_ASKED), bytes_text(audits)};
    list_libraries(libraries);

    struct dataset_header h = {
        .format = DATASET_FORMAT,
        .start_us = plan->start_us,
        .tool = bytes_text("mxsweep " MXSWEEP_VERSION),
        .libraries = libraries,
        .num_libraries = NUM_LIBRARIES,
        .options = options,
        .num_options = NUM_VARIABLE_OPTIONS + NUM_FIXED_OPTIONS,
        .sources = plan->sources.addrs,
        .num_sources = plan->sources.num,
        .ehlo_names = plan->sources.names,
        .num_ehlo_names = plan->sources.num_names,
        .seed = plan->seed,
        .num_shards = plan->num_shards,
        .shard = plan->shard,
        .record_mode = plan->record_mode,
        .streamed = plan->streamed,
        .sample_ppm = plan->sample_ppm,
        .limit = plan->limit,
        .space = plan->space,
        .counts = plan->counts,
        .include_special = o->include_special,
        .has_blocklist = o->blocklist_file != NULL,
        .has_allowlist = o->allowlist_file != NULL,
        .hellos = hellos->hello,
        .num_hellos = NUM_HELLOS,
        .user_metadata =
            o->user_metadata != NULL ? bytes_text(o->user_metadata) : bytes_of(NULL, 0),
    };
    memcpy(h.blocklist_sha256, plan->block_sha256, 32);
    memcpy(h.allowlist_sha256, plan->allow_sha256, 32);
    if (getrandom(h.id, sizeof h.id, 0) != sizeof h.id) {
        snprintf(err, PLAN_ERR_MAX, "no random number for the dataset's id: %s", strerror(errno));
        return -EIO;
    }
    dataset_sweep_id(&h);
    int rc = dataset_create(&plan->dataset, why, plan->file, &h);
    if (rc == -EEXIST)
        snprintf(err, PLAN_ERR_MAX,
                 "%s: exists; name another file, or go on with that sweep by --resume %s",
                 plan->file, plan->file);
    else if (rc != 0)
        snprintf(err, PLAN_ERR_MAX, "%s", why);
    return rc == -EEXIST ? -EINVAL : rc;
}

int header_create(struct plan *plan, char err[PLAN_ERR_MAX], const struct options *o)
{
    uint64_t count = plan->limit != 0 ? plan->limit : plan->space->count;
    if (!plan->streamed && plan->shard >= count)
        return 0; /* nothing to do for this shard: plan_make says so, no file is made */
    struct hellos hellos;
    int rc = describe_hellos(&hellos, err);
    if (rc != 0)
        return rc;
    rc = create(plan, err, o, &hellos);
    hellos_cleanup(&hellos);
    return rc;
}

/* ---- comparing ---- */

int header_check(struct plan *plan, char err[PLAN_ERR_MAX], const struct dataset_header *h)
{
    for (size_t i = 0; i < h->num_options; i++) {
        if (bytes_equal(h->options[i].key, bytes_text(STARTTLS_ANYWAY)))
            plan->starttls_anyway = bytes_equal(h->options[i].value, bytes_text("1"));
        if (bytes_equal(h->options[i].key, bytes_text(AUDITS_ASKED)))
            plan->audits = read_audits(h->options[i].value);
    }

    struct hellos hellos;
    int rc = describe_hellos(&hellos, err);
    if (rc != 0)
        return rc;
    bool same = h->num_hellos == NUM_HELLOS;
    for (size_t i = 0; same && i < NUM_HELLOS; i++)
        same = memcmp(h->hellos[i].sha256, hellos.hello[i].sha256, 32) == 0;
    hellos_cleanup(&hellos);
    if (same)
        return 0;
    snprintf(err, PLAN_ERR_MAX,
             "%s: was begun with other TLS hellos than this build (or this processor) sends, and "
             "one dataset must not mix them; go on with the build that began it",
             plan->file);
    return -EINVAL;
}
