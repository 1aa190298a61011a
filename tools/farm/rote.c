#include "tools/farm/rote.h"

#include <stdlib.h>

#include "tools/farm/tls_server.h"

enum { RECORD_CHANGE_CIPHER_SPEC = 20, RECORD_ALERT = 21, RECORD_HEADER = 5, ERROR_MAX = 256 };

enum { ALERT_ILLEGAL_PARAMETER = 47, ALERT_DECODE_ERROR = 50, ALERT_HANDSHAKE_FAILURE = 40 };

enum state { STATE_FIRST, STATE_RETRIED, STATE_AFTER };

struct rote {
    struct rote_config config;
    struct rote_reader reader;
    struct rote_hello hello;
    struct rote_choice choice;
    char host[HOST_NAME_MAX_LEN];
    uint8_t state;
};

struct rote *rote_new(const char *spec, const char *host)
{
    char err[ERROR_MAX];
    struct rote *r = calloc(1, sizeof *r);
    size_t len = strlen(host);
    if (r == NULL || len >= sizeof r->host ||
        !rote_config_parse(&r->config, err, sizeof err, spec)) {
        free(r);
        return NULL;
    }
    memcpy(r->host, host, len);
    return r;
}

void rote_free(struct rote *r)
{
    free(r);
}

static enum rote_step refuse(struct rote *r, uint8_t alert, uint8_t manner)
{
    r->choice = (struct rote_choice){
        .answer = ROTE_ANSWER_REFUSAL,
        .refusal = manner,
        .alert = r->config.alert != 0 ? r->config.alert : alert,
    };
    return ROTE_REFUSE;
}

/* a hello is answered again after a HelloRetryRequest, and must then bring what that asked for */
static enum rote_step answer(struct rote *r)
{
    uint16_t asked = r->choice.group;
    bool again = r->state == STATE_RETRIED;
    rote_choose(&r->choice, &r->config, &r->hello, r->host);
    if (r->choice.answer == ROTE_ANSWER_REFUSAL)
        return ROTE_REFUSE;
    if (again && (r->choice.answer != ROTE_ANSWER_HELLO || r->choice.group != asked))
        return refuse(r, ALERT_ILLEGAL_PARAMETER, r->config.refuse);
    return rote_completes(&r->config, &r->choice) ? ROTE_HAND_OVER : ROTE_FLIGHT;
}

/* after the flight only the type of the client's next record matters */
static enum rote_step go_on(struct rote *r, const uint8_t *in, size_t in_len)
{
    struct rote_reader *reader = &r->reader;
    for (size_t i = 0; i < in_len; i++) {
        if (reader->record_left > 0) {
            reader->record_left--;
            continue;
        }
        reader->octets[reader->len++] = in[i];
        if (reader->len < RECORD_HEADER)
            continue;
        reader->len = 0;
        reader->record_left = (size_t)(reader->octets[3] << 8 | reader->octets[4]);
        if (reader->octets[0] != RECORD_CHANGE_CIPHER_SPEC)
            return reader->octets[0] == RECORD_ALERT ? ROTE_END : ROTE_GO_ON;
    }
    return ROTE_WAIT;
}

enum rote_step rote_feed(struct rote *r, const uint8_t *in, size_t in_len)
{
    if (r->state == STATE_AFTER)
        return go_on(r, in, in_len);
    switch (rote_reader_feed(&r->reader, &r->hello, in, in_len)) {
    case ROTE_READ_MORE: break;
    case ROTE_READ_BAD: return refuse(r, ALERT_DECODE_ERROR, r->config.refuse);
    case ROTE_READ_DONE: return answer(r);
    }
    if (r->config.split != ROTE_BEAR && r->reader.len > 0) /* not whole with its first octets */
        return refuse(r, ALERT_HANDSHAKE_FAILURE, r->config.split);
    return ROTE_WAIT;
}

const struct rote_config *rote_config_of(const struct rote *r)
{
    return &r->config;
}

const struct rote_choice *rote_choice_of(const struct rote *r)
{
    return &r->choice;
}

struct bytes rote_octets(const struct rote *r)
{
    return bytes_of(r->reader.octets, r->reader.len);
}

bool rote_offers_fallback(const struct rote *r)
{
    return rote_hello_offers(&r->hello, 0x5600);
}

bool rote_write(struct rote *r, struct sendbuf *out, const struct chain *chain)
{
    bool ok = rote_flight(out, &r->config, &r->hello, &r->choice, chain);
    r->state = r->choice.answer == ROTE_ANSWER_RETRY ? STATE_RETRIED : STATE_AFTER;
    r->reader.len = r->reader.message_len = r->reader.at = r->reader.record_left = 0;
    r->reader.skipping = false;
    return ok;
}

void rote_write_alert(const struct rote *r, struct sendbuf *out, uint8_t number)
{
    rote_alert(out, &r->hello, number);
}
