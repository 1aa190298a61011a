#include "tests/session/dialogue.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

enum { PENDING_MAX = 1 << 20 };

/* what the peer has said and the session has not been given */
struct pending {
    uint8_t *data;
    size_t at, len;
};

static void push(struct pending *q, const void *data, size_t len)
{
    if (q->len + len > PENDING_MAX)
        abort();
    if (len > 0)
        memcpy(q->data + q->len, data, len);
    q->len += len;
}

static void push_peer(struct dialogue *d, struct pending *q)
{
    static const uint8_t usage[] = {0x55, 0x1d, 0x0f, 4,   4,
                                    3,    2,    5,    0xa0}; /* id-ce-keyUsage and its value */
    size_t len = peer_take(&d->peer, q->data + q->len, PENDING_MAX - q->len);
    uint8_t *at = d->wrong_usage ? memmem(q->data + q->len, len, usage, sizeof usage) : NULL;
    if (at != NULL)
        memcpy(at + sizeof usage - 2, "\x02\x04", 2);
    q->len += len;
}

static void take_turn(struct dialogue *d, struct pending *q, const struct turn *turn)
{
    struct bytes text = bytes_of(turn->text, turn->len);
    switch (turn->kind) {
    case TURN_SAY:
        if (d->in_tls)
            peer_say(&d->peer, text);
        else
            push(q, text.data, text.len);
        break;
    case TURN_RAW:
        push(q, text.data, text.len);
        break;
    case TURN_TLS:
        d->in_tls = true;
        peer_receive(&d->peer, d->out.data, d->out.len);
        break;
    case TURN_CLOSE_NOTIFY:
        peer_say(&d->peer, text);
        peer_close_notify(&d->peer);
        break;
    case TURN_ALERT:
        peer_alert(&d->peer, text.data[0]);
        break;
    }
    if (d->in_tls)
        push_peer(d, q);
}

static void note(struct dialogue *d, char what)
{
    if (d->num_said + 1 < sizeof d->said)
        d->said[d->num_said++] = what;
}

/* takes what the session has to send; returns whether a command or a hello was in it, which the
 * next turn answers */
static bool listen(struct dialogue *d, struct pending *q, const struct turn *tls_turn)
{
    bool command = false;
    char line[4096];
    size_t len;
    if (d->out.len == 0)
        return false;
    if (!d->in_tls) {
        uint8_t first = d->out.data[0];
        note(d, first == 0x16 ? '*' : first == 0x15 ? '!' : (char)first);
        return first != 0x15;
    }
    bool was_done = d->peer.done;
    peer_receive(&d->peer, d->out.data, d->out.len);
    if (!was_done && d->peer.done)
        peer_say(&d->peer, bytes_of(tls_turn->text, tls_turn->len));
    while ((len = peer_read(&d->peer, line, sizeof line)) > 0) {
        note(d, line[0]);
        command = true;
    }
    push_peer(d, q);
    return command;
}

static size_t next_chunk(const struct dialogue *d, const struct pending *q, int cut)
{
    size_t left = q->len - q->at;
    if (cut == CUT_ALL)
        return left > 0 ? 1 : 0;
    if (cut >= 0 && d->received < (size_t)cut && d->received + left > (size_t)cut)
        return (size_t)cut - d->received;
    return left;
}

static void last_event(struct dialogue *d, enum last_event end)
{
    switch (end) {
    case END_EOF:     session_eof(&d->session, d->now_ns); break;
    case END_RESET:   session_error(&d->session, ECONNRESET, d->now_ns); break;
    case END_TIMEOUT: session_timeout(&d->session, d->now_ns); break;
    case END_NOTHING: break;
    }
}

/* gives the session octets, from memory of just their size, so that a sanitizer sees a read too far
 * or too late */
static void give(struct dialogue *d, struct pending *q, size_t len, bool drain)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, q->data + q->at, len);
    q->at += len;
    d->received += len;
    if (drain)
        session_drained(&d->session, copy, len, d->now_ns);
    else
        session_receive(&d->session, copy, len, d->now_ns);
    free(copy);
}

static size_t count_turns(const struct script *script)
{
    size_t n = 0;
    while (n < TURNS_MAX && script->turns[n].text != NULL)
        n++;
    return n;
}

static void play(struct dialogue *d, struct pending *q, const struct script *script, int cut)
{
    size_t turn = 0, num_turns = count_turns(script);
    const struct turn *tls_turn = NULL;
    bool ended = false;
    uint8_t serial = d->session.wait_serial;
    if (num_turns > 0)
        take_turn(d, q, &script->turns[turn++]);
    while (d->session.want == SESSION_READ || d->session.want == SESSION_DRAIN) {
        size_t chunk = next_chunk(d, q, cut);
        d->now_ns += 1000;
        if (d->session.want == SESSION_DRAIN)
            give(d, q, q->len - q->at, true);
        else if (chunk > 0)
            give(d, q, chunk, false);
        else if (!ended)
            last_event(d, script->end), ended = true;
        else
            break;
        d->serials += d->session.wait_serial != serial;
        serial = d->session.wait_serial;
        if (listen(d, q, tls_turn) && turn < num_turns) {
            if (script->turns[turn].kind == TURN_TLS)
                tls_turn = &script->turns[turn];
            take_turn(d, q, &script->turns[turn++]);
        }
        d->out.len = 0;
    }
}

void dialogue_run(struct dialogue *d, const struct session_config *config, const char *host,
                  SSL_CTX *peer_ctx, const struct script *script, int cut)
{
    struct pending q = {malloc(PENDING_MAX), 0, 0};
    if (q.data == NULL)
        abort();
    memset(d, 0, sizeof *d);
    d->wrong_usage = script->wrong_usage;
    outbuf_init(&d->out);
    if (peer_ctx != NULL)
        peer_init(&d->peer, peer_ctx);
    const struct session_hello hello = {.host = host};
    session_init(&d->session, config, &d->out, &hello, d->now_ns);
    d->now_ns += 1000;
    session_connected(&d->session, d->now_ns);
    play(d, &q, script, cut);
    free(q.data);
}

void dialogue_cleanup(struct dialogue *d)
{
    session_cleanup(&d->session);
    outbuf_cleanup(&d->out);
    if (d->peer.ssl != NULL)
        peer_cleanup(&d->peer);
}
