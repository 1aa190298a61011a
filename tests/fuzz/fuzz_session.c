/*
 * A session under any events. The input is a list of steps of two octets, what and how much; octets
 * follow where they are the peer's own, and where a TLS server speaks, how its octets are changed
 * on their way. Whatever happens, the session keeps within its bounds, and ends when its deadline
 * passes.
 */
#include <errno.h>
#include <openssl/ssl.h>
#include <stdlib.h>

#include "scanner/session/tls_client.h"
#include "tests/session/peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum step {
    STEP_SAY,
    STEP_DRAIN,
    STEP_SERVER,
    STEP_SERVER_SAYS,
    STEP_SERVER_CLOSES,
    STEP_EOF,
    STEP_ERROR,
    STEP_TIMEOUT,
    NUM_STEPS
};
enum { NUM_SERVERS = 3, SERVER_MAX = 1 << 16 };

/* made once: keys and contexts take longer than a thousand sessions */
static struct world {
    struct session_config config[2];
    struct peer_keys keys;
    SSL_CTX *server[NUM_SERVERS];
} world;

static void make_world(void)
{
    static const uint16_t versions[NUM_SERVERS] = {TLS1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
    if (world.config[0].tls != NULL)
        return;
    peer_keys_init(&world.keys);
    for (size_t i = 0; i < NUM_SERVERS; i++) {
        struct peer_options options = {
            .identity = IDENTITY_P256, .version = versions[i], .num_extra = i};
        world.server[i] = peer_context_new(&world.keys, &options);
    }
    world.config[0].tls = world.config[1].tls = tls_context_new(CRYPTO_BUFFER_POOL_new());
    world.config[0].ehlo_name = world.config[1].ehlo_name = bytes_text("scanner.test");
    world.config[1].try_anyway = true;
}

struct input {
    const uint8_t *at;
    size_t len;
};

static uint8_t take(struct input *in)
{
    if (in->len == 0)
        return 0;
    in->len--;
    return *in->at++;
}

struct play {
    struct session session;
    struct outbuf out;
    struct peer peer;
    uint64_t now_ns;
};

static void say(struct play *p, const uint8_t *data, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);   /* of its own size: a read too far is seen */
    memcpy(copy, data, len);
    if (p->session.want == SESSION_DRAIN)
        session_drained(&p->session, copy, len, p->now_ns);
    else
        session_receive(&p->session, copy, len, p->now_ns);
    free(copy);
}

/* gives the session what the server has to say, with one octet changed where `change` is not 0 */
static void server_speaks(struct play *p, struct input *in, uint8_t change)
{
    static uint8_t buf[SERVER_MAX];
    peer_receive(&p->peer, p->out.data, p->out.len);
    size_t len = peer_take(&p->peer, buf, sizeof buf);
    size_t at = (size_t)take(in) << 4;
    if (change != 0 && len > 0)
        buf[at % len] ^= change;
    size_t first = len > 0 ? take(in) % len : 0;
    say(p, buf, first);
    say(p, buf + first, len - first);
}

static void run_step(struct play *p, struct input *in)
{
    uint8_t what = take(in), n = take(in);
    size_t len = n < in->len ? n : in->len;
    p->now_ns += 1000;
    switch ((enum step)(what % NUM_STEPS)) {
    case STEP_SAY:
    case STEP_DRAIN:
        say(p, in->at, len);
        in->at += len;
        in->len -= len;
        break;
    case STEP_SERVER:        server_speaks(p, in, n); break;
    case STEP_SERVER_SAYS:
        if (p->peer.done) {
            peer_say(&p->peer, bytes_of(in->at, len));
            in->at += len;
            in->len -= len;
            server_speaks(p, in, 0);
        }
        break;
    case STEP_SERVER_CLOSES:
        if (n % 2 == 0)
            peer_close_notify(&p->peer);
        else
            peer_alert(&p->peer, n | 2);
        server_speaks(p, in, 0);
        break;
    case STEP_EOF:           session_eof(&p->session, p->now_ns); break;
    case STEP_ERROR:         session_error(&p->session, n, p->now_ns); break;
    case STEP_TIMEOUT:       session_timeout(&p->session, p->now_ns); break;
    case NUM_STEPS:          break;
    }
    p->out.len = 0;
}

static void check(const struct play *p)
{
    struct record r;
    size_t num;
    record_init(&r);
    session_record(&p->session, &r);
    session_certs(&p->session, &num);
    if (num != r.num_chain || num > RECORD_CHAIN_MAX || r.num_alerts > RECORD_ALERTS_MAX)
        abort();
    for (size_t i = 0; i < NUM_TEXTS; i++)
        if (r.text[i].len > REPLY_MAX + 512)
            abort();
    if (r.text[TEXT_EARLY].len > EARLY_TEXT_MAX || r.text[TEXT_EARLY].len > r.early_len)
        abort();
    if (p->session.want == SESSION_CLOSE && (r.cause == CAUSE_NONE || r.stage == STAGE_NONE))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct input in = {data, len};
    struct play p = {.now_ns = 1};
    make_world();
    uint8_t flags = take(&in);
    outbuf_init(&p.out);
    peer_init(&p.peer, world.server[flags / 8 % NUM_SERVERS]);
    const struct session_hello hello = {.host = flags & 2 ? "mx.test" : NULL};
    session_init(&p.session, &world.config[flags % 2], &p.out, &hello, p.now_ns);
    if (flags & 4)
        session_timeout(&p.session, 2);
    session_connected(&p.session, 2);
    while (in.len > 0 && (p.session.want == SESSION_READ || p.session.want == SESSION_DRAIN))
        run_step(&p, &in);
    check(&p);
    session_timeout(&p.session, p.now_ns + 1);
    if (p.session.want != SESSION_CLOSE && p.session.want != SESSION_FAULT)
        abort();
    session_cleanup(&p.session);
    peer_cleanup(&p.peer);
    outbuf_cleanup(&p.out);
    return 0;
}
