#include "tools/farm/truth.h"

#include <openssl/pool.h>
#include <openssl/sha.h>

#include "core/outcome.h"
#include "tools/farm/accepts.h"
#include "tools/farm/pki.h"
#include "tools/farm/rote_truth.h"
#include "tools/farm/variant.h"

static enum stage stage_of(enum phase phase)
{
    switch (phase) {
    case PHASE_NONE: return STAGE_NONE;
    case PHASE_GREETING: return STAGE_GREETING;
    case PHASE_EHLO: return STAGE_EHLO;
    case PHASE_STARTTLS: return STAGE_STARTTLS;
    case PHASE_HANDSHAKE: return STAGE_HANDSHAKE;
    case PHASE_EHLO_TLS: return STAGE_EHLO_TLS;
    case PHASE_QUIT: return STAGE_DONE;
    }
    return STAGE_NONE;
}

static struct verdict timeout_at(enum phase phase)
{
    return (struct verdict){(uint8_t)stage_of(phase), CAUSE_TIMEOUT, behaviour_code_before(phase)};
}

/* own_delay_ms is the time that a row takes for itself at its phase. */
static uint64_t own_delay_ms(const struct behaviour *b)
{
    bool late = b->act == ACT_DELAY || b->act == ACT_TEASER || b->act == ACT_RST ||
                b->act == ACT_FLIGHT_RST;
    return late ? b->arg : 0;
}

/* comes_to tells whether a session with b waits for an answer at phase, if it is not cut short. */
static bool comes_to(const struct behaviour *b, enum phase phase)
{
    if (phase == PHASE_STARTTLS && b->cause == CAUSE_NOT_OFFERED)
        return false;
    return stage_of(phase) <= b->stage;
}

struct verdict truth_verdict(const struct behaviour *b, const struct time_outs *t,
                             const struct latency *l, uint64_t seed, struct addr a)
{
    static const enum phase way[] = {PHASE_GREETING, PHASE_EHLO, PHASE_STARTTLS, PHASE_HANDSHAKE,
                                     PHASE_EHLO_TLS};
    uint64_t left_ms = t->session_ms;
    for (size_t i = 0; i < sizeof way / sizeof way[0] && comes_to(b, way[i]); i++) {
        bool shakes = way[i] == PHASE_HANDSHAKE;
        uint64_t limit_ms = shakes ? t->tls_ms : t->reply_ms, ms = 0;
        if (b->phase == way[i])
            ms = own_delay_ms(b);
        else if (!shakes)
            ms = latency_draw(l, seed, a, way[i]);
        if (ms > 0 && (ms >= limit_ms || ms >= left_ms))
            return timeout_at(way[i]);
        left_ms -= ms;
    }
    return (struct verdict){b->stage, b->cause, b->code};
}

const char *truth_version(const struct behaviour *b)
{
    if (!behaviour_handshakes(b) || b->rote != NULL)
        return b->shown;
    switch ((enum tls_profile)b->tls) {
    case TLS_10: return "TLSv1.0";
    case TLS_11: return "TLSv1.1";
    case TLS_12:
    case TLS_12_RSA:
    case TLS_12_RSA_CBC:
    case TLS_12_CBC:
    case TLS_12_CHACHA:
    case TLS_12_P256: return "TLSv1.2";
    case TLS_ANY:
    case TLS_13:
    case TLS_13_P256:
    case TLS_13_P384:
    case TLS_13_P521: return "TLSv1.3";
    case NUM_TLS_PROFILES: break;
    }
    return NULL;
}

static void print_chain(FILE *out, const struct chain *chain)
{
    fputs(",\"chain\":[", out);
    for (size_t i = 0; i < chain->num; i++) {
        uint8_t digest[SHA256_DIGEST_LENGTH];
        SHA256(CRYPTO_BUFFER_data(chain->certs[i]), CRYPTO_BUFFER_len(chain->certs[i]), digest);
        fputs(i == 0 ? "\"" : ",\"", out);
        for (size_t k = 0; k < sizeof digest; k++)
            fprintf(out, "%02x", digest[k]);
        fputc('"', out);
    }
    fputc(']', out);
}

/* shown_chain returns the chain that a scanner sees that names nobody. */
static const struct chain *shown_chain(struct pki *pki, const struct behaviour *b, struct addr a)
{
    struct rote_outlook outlook = {.own_certificate = !(b->extras & EXTRA_SNI)};
    if (b->rote != NULL && !rote_foresee(&outlook, b->rote))
        return NULL;
    return variant_chain(pki, b, a, outlook.with_ec, outlook.own_certificate);
}

bool truth_print(FILE *out, const struct population *p, struct pki *pki, const struct time_outs *t,
                 const struct latency *l, struct addr a, uint16_t port)
{
    const struct behaviour *b = population_choose(p, a);
    struct verdict v = truth_verdict(b, t, l, p->seed, a);
    bool as_planned = v.stage == b->stage && v.cause == b->cause;
    const struct chain *chain = NULL;
    if (behaviour_shows_chain(b) && (as_planned || v.stage >= STAGE_HANDSHAKE)) {
        chain = shown_chain(pki, b, a);
        if (chain == NULL)
            return false;
    }
    char text[ADDR_TEXT_MAX];
    addr_format(text, a);
    fprintf(out, "{\"addr\":\"%s\",\"port\":%u,\"stage\":\"%s\",\"cause\":\"%s\"", text, port,
            stage_slug(v.stage), cause_slug(v.cause));
    if (v.code != 0)
        fprintf(out, ",\"smtp_code\":%u", v.code);
    bool chosen = v.stage >= (b->shown != NULL ? STAGE_HANDSHAKE : STAGE_EHLO_TLS);
    if (truth_version(b) != NULL && chosen)
        fprintf(out, ",\"tls\":{\"version\":\"%s\"}", truth_version(b));
    if (chain != NULL)
        print_chain(out, chain);
    if ((b->flags & FLAG_EARLY) && v.stage >= STAGE_HANDSHAKE)
        fprintf(out, ",\"early_plaintext\":%zu", b->octets.len);
    fprintf(out, ",\"behaviour\":\"%s\"", b->name);
    if (accepts_known(b)) {
        fputc(',', out);
        accepts_print(out, b, a);
    }
    fputs("}\n", out);
    return !ferror(out);
}

void truth_list(FILE *out, const struct population *p)
{
    fputs("| behaviour | weight | stage | cause | code | what it does "
          "|\n|---|---:|---|---|---:|---|\n",
          out);
    for (size_t i = 0; i < num_behaviours(); i++) {
        const struct behaviour *b = behaviour_at(i);
        char code[8] = "";
        if (b->code != 0)
            snprintf(code, sizeof code, "%u", b->code);
        fprintf(out, "| `%s` | %u | %s | %s | %s | %s |\n", b->name, p->weights[i],
                stage_slug(b->stage), cause_slug(b->cause), code, b->text);
    }
}
