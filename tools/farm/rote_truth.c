#include "tools/farm/rote_truth.h"

#include "core/outcome.h"
#include "tools/farm/rote_suites.h"

enum { ERROR_MAX = 256, HELLO_LEN = 512 };

static const uint8_t suites[] = {
    0x13, 0x01, 0x13, 0x02, 0x13, 0x03, 0xc0, 0x2b, 0xc0, 0x2f, 0xc0, 0x2c,
    0xc0, 0x30, 0xcc, 0xa9, 0xcc, 0xa8, 0xc0, 0x09, 0xc0, 0x13, 0xc0, 0x0a,
    0xc0, 0x14, 0x00, 0x9c, 0x00, 0x9d, 0x00, 0x2f, 0x00, 0x35,
};
static const uint8_t groups[] = {0, 29, 0, 23, 0, 24, 0, 25};
static const uint8_t versions[] = {3, 4, 3, 3, 3, 2, 3, 1};
static const uint8_t shares[] = {0, 29, 0, 1, 9};
static const uint8_t compressions[] = {0};

static void end(struct rote_outlook *out, enum stage stage, enum cause cause, uint16_t code)
{
    out->stage = (uint8_t)stage;
    out->cause = (uint8_t)cause;
    out->code = code;
}

static void refused(struct rote_outlook *out, enum rote_manner manner)
{
    switch (manner) {
    case ROTE_BEAR:
    case ROTE_ALERT: end(out, STAGE_HANDSHAKE, CAUSE_ALERT_RECEIVED, 220); break;
    case ROTE_CLOSE: end(out, STAGE_HANDSHAKE, CAUSE_CLOSED, 220); break;
    case ROTE_RESET: end(out, STAGE_HANDSHAKE, CAUSE_RESET, 220); break;
    case ROTE_SILENCE: end(out, STAGE_HANDSHAKE, CAUSE_TIMEOUT, 220); break;
    case NUM_ROTE_MANNERS: break;
    }
}

/* the client finds the fault, unless nothing is signed: then it goes on, and the server ends it */
static void answered(struct rote_outlook *out, const struct rote_config *c,
                     const struct rote_choice *choice)
{
    bool legacy = choice->version >= ROTE_TLS10 && choice->version <= ROTE_TLS12;
    bool accepted = legacy && choice->compression == 0 && !c->alpn;
    bool static_kx = rote_suite_kx(choice->suite) == ROTE_KX_STATIC;
    bool betrayed = legacy && c->sentinel; /* RFC 8446, 4.1.3 */
    end(out, STAGE_HANDSHAKE,
        accepted && static_kx && !betrayed ? CAUSE_ALERT_RECEIVED : CAUSE_ALERT_SENT, 220);
    out->version = rote_version_name((enum rote_version)choice->version);
    out->shows_chain = accepted && !betrayed;
}

bool rote_foresee(struct rote_outlook *out, const char *spec)
{
    char err[ERROR_MAX];
    struct rote_config c;
    struct rote_choice choice;
    const struct rote_hello first = {.version = 0x0303,
                                     .suite_len = 2,
                                     .suites = bytes_of(suites, sizeof suites),
                                     .compressions = bytes_of(compressions, sizeof compressions),
                                     .groups = bytes_of(groups, sizeof groups),
                                     .shares = bytes_of(shares, sizeof shares),
                                     .versions = bytes_of(versions, sizeof versions),
                                     .has_groups = true,
                                     .has_shares = true,
                                     .has_versions = true,
                                     .len = HELLO_LEN};
    *out = (struct rote_outlook){0};
    if (!rote_config_parse(&c, err, sizeof err, spec))
        return false;
    rote_choose(&choice, &c, &first, "");
    out->with_ec = rote_signs_with_ec(&choice);
    out->own_certificate = choice.own_certificate;
    if (choice.answer == ROTE_ANSWER_REFUSAL) {
        refused(out, (enum rote_manner)choice.refusal);
        return true;
    }
    answered(out, &c, &choice);
    if (rote_completes(&c, &choice)) {
        end(out, STAGE_DONE, CAUSE_OK, 250);
        out->shows_chain = true;
    }
    return true;
}
