#include "tools/farm/conn_private.h"
#include "tools/farm/rote.h"
#include "tools/farm/variant.h"

enum { ALERT_DECRYPT_ERROR = 51 };

static const struct chain *chain_of(struct conn *c)
{
    const struct rote_choice *choice = rote_choice_of(c->rote);
    return variant_chain(c->server->config.pki, c->b, c->addr, rote_signs_with_ec(choice),
                         choice->own_certificate);
}

static void say_alert(struct conn *c, uint8_t number)
{
    rote_write_alert(c->rote, &c->server->out, number);
    conn_flush(c);
    conn_fin(c);
}

static void refuse(struct conn *c)
{
    const struct rote_choice *choice = rote_choice_of(c->rote);
    switch ((enum rote_manner)choice->refusal) {
    case ROTE_ALERT: say_alert(c, choice->alert); break;
    case ROTE_RESET: conn_reset(c); break;
    case ROTE_SILENCE: c->state = STATE_SINK; break;
    case ROTE_BEAR:
    case ROTE_CLOSE:
    case NUM_ROTE_MANNERS: conn_fin(c); break;
    }
}

static void say_flight(struct conn *c)
{
    const struct chain *chain = chain_of(c);
    if (chain != NULL && rote_write(c->rote, &c->server->out, chain))
        conn_flush(c);
    else
        conn_close(c);
}

/* hand_over lets BoringSSL serve what was chosen; it knows the highest version that the server has,
 * by which it marks a downgrade, unless the client falls back and the server does not mind. */
static void hand_over(struct conn *c)
{
    const struct rote_config *config = rote_config_of(c->rote);
    const struct rote_choice *choice = rote_choice_of(c->rote);
    struct bytes octets = rote_octets(c->rote);
    uint16_t version = rote_version_code((enum rote_version)choice->version);
    uint16_t highest = rote_version_code(rote_highest(config, ROTE_TLS13));
    bool minds = config->scsv || !rote_offers_fallback(c->rote);
    struct tls_terms terms = {version, minds ? highest : version, choice->suite, choice->group,
                              config->ticket};
    const struct chain *chain = chain_of(c);
    c->tls = chain == NULL ? NULL : tls_server_new_by(c->server->tls, &terms, chain);
    c->state = STATE_TLS;
    if (c->tls == NULL)
        conn_close(c);
    else
        conn_take_tls(c, octets.data, octets.len);
}

bool conn_rote_begin(struct conn *c)
{
    char host[HOST_NAME_MAX_LEN];
    host_name(host, c->addr);
    c->rote = rote_new(c->b->rote, host);
    return c->rote != NULL;
}

void conn_rote_take(struct conn *c, const uint8_t *in, size_t in_len)
{
    switch (rote_feed(c->rote, in, in_len)) {
    case ROTE_WAIT: break;
    case ROTE_FLIGHT: say_flight(c); break;
    case ROTE_HAND_OVER: hand_over(c); break;
    case ROTE_REFUSE: refuse(c); break;
    case ROTE_GO_ON: say_alert(c, ALERT_DECRYPT_ERROR); break;
    case ROTE_END: conn_fin(c); break;
    }
}
