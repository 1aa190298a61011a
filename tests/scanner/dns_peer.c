#include "tests/scanner/dns_peer.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bytes.h"

enum {
    HEADER_LEN = 12,
    MESSAGE_MAX = 65535,
    QUERY_MAX = 512,
    NAME_MAX_LEN = 1024,
    TYPE_A = 1,
    TYPE_CNAME = 5,
    TYPE_PTR = 12,
    TYPE_AAAA = 28,
    RULES_MAX = 64,
    BIND_TRIES = 100
};

struct message {
    uint8_t octets[MESSAGE_MAX];
    size_t len;
};

struct dns_peer {
    uv_udp_t udp;
    uv_tcp_t tcp;
    unsigned num_handles, port;
    const struct dns_rule *rules;
    size_t num_rules;
    unsigned num_ignored[RULES_MAX];
    unsigned num_udp, num_tcp;
    char in[MESSAGE_MAX];
    struct message out, other; /* what is being made */
};

struct dns_reply {
    struct dns_reply *next;
    size_t len, at, piece; /* octets; of them sent; of one write */
    uint8_t octets[];
};

/* a TCP connection: answers what is asked, closes when the other side does */
struct dns_stream {
    uv_tcp_t tcp;
    struct dns_peer *peer;
    uint8_t in[2 + QUERY_MAX];
    size_t in_len;
    struct dns_reply *first, **end;
    uv_write_t write;
};

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "dns_peer: %s\n", what);
    abort();
}

/* ---- writing messages ---- */

static void put(struct message *m, const void *octets, size_t len)
{
    require(len <= sizeof m->octets - m->len, "message too long");
    memcpy(m->octets + m->len, octets, len);
    m->len += len;
}

static void put16(struct message *m, unsigned value)
{
    uint8_t octets[2] = {(uint8_t)(value >> 8), (uint8_t)value};
    put(m, octets, 2);
}

static void put_name(struct message *m, const char *name)
{
    while (*name != '\0') {
        size_t len = strcspn(name, ".");
        uint8_t octet = (uint8_t)len;
        put(m, &octet, 1);
        put(m, name, len);
        name += len;
        if (*name == '.')
            name++;
    }
    put(m, "", 1);
}

static unsigned type_of(const char *text)
{
    static const struct {
        const char *text;
        unsigned type;
    } types[] = {{"A", TYPE_A}, {"CNAME", TYPE_CNAME}, {"PTR", TYPE_PTR}, {"AAAA", TYPE_AAAA}};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strcmp(types[i].text, text) == 0)
            return types[i].type;
    require(false, "type of a record");
    return 0;
}

static void put_data(struct message *m, unsigned type, const char *data)
{
    uint8_t octets[16];
    struct message name = {.len = 0};
    if (type == TYPE_A || type == TYPE_AAAA) {
        require(inet_pton(type == TYPE_A ? AF_INET : AF_INET6, data, octets) == 1, data);
        put16(m, type == TYPE_A ? 4 : 16);
        put(m, octets, type == TYPE_A ? 4 : 16);
        return;
    }
    put_name(&name, data);
    put16(m, (unsigned)name.len);
    put(m, name.octets, name.len);
}

/* one record "OWNER TYPE DATA" */
static void put_record(struct message *m, const char *text, bool loops)
{
    char owner[300], type[8], data[300];
    require(sscanf(text, "%299s %7s %299[^;]", owner, type, data) == 3, text);
    if (loops)
        put16(m, 0xc000 | (unsigned)m->len);
    else if (strcmp(owner, "@") == 0)
        put16(m, 0xc000 | HEADER_LEN);
    else
        put_name(m, owner);
    put16(m, type_of(type));
    put16(m, 1);               /* IN */
    put(m, "\0\0\x0e\x10", 4); /* TTL */
    put_data(m, type_of(type), data);
}

/* ---- questions ---- */

struct question {
    char name[NAME_MAX_LEN];
    unsigned type;
    size_t end; /* of the question in the query */
};

static bool read_question(struct question *q, const uint8_t *query, size_t query_len)
{
    size_t at = HEADER_LEN, len = 0;
    while (at < query_len && query[at] != 0) {
        size_t label = query[at++];
        if (label > 63 || at + label >= query_len || len + label + 2 > sizeof q->name)
            return false;
        for (size_t i = 0; i < label; i++) {
            char c = (char)query[at + i];
            q->name[len++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        }
        q->name[len++] = '.';
        at += label;
    }
    if (at + 5 > query_len)
        return false;
    q->name[len > 0 ? len - 1 : 0] = '\0';
    q->type = (unsigned)query[at + 1] << 8 | query[at + 2];
    q->end = at + 5;
    return true;
}

static const char *type_text(unsigned type)
{
    switch (type) {
    case TYPE_A: return "A";
    case TYPE_AAAA: return "AAAA";
    case TYPE_PTR: return "PTR";
    default: return "?";
    }
}

static const struct dns_rule *find_rule(const struct dns_peer *p, const struct question *q)
{
    static const struct dns_rule none = {.rcode = 3};
    for (size_t i = 0; i < p->num_rules; i++) {
        const struct dns_rule *r = &p->rules[i];
        if ((strcmp(r->name, "*") == 0 || strcmp(r->name, q->name) == 0) &&
            (strcmp(r->type, "*") == 0 || strcmp(r->type, type_text(q->type)) == 0))
            return r;
    }
    return &none;
}

static void begin_answer(struct message *m, const uint8_t *query, size_t question_end,
                         const struct dns_rule *rule)
{
    m->len = 0;
    put(m, query, question_end);
    m->octets[2] = 0x81; /* a response; recursion desired */
    m->octets[3] = (uint8_t)((rule->no_recursion ? 0 : 0x80) | rule->rcode);
    memset(m->octets + 6, 0, 6);
}

static void make_answer(struct message *m, const uint8_t *query, const struct question *q,
                        const struct dns_rule *rule)
{
    unsigned num = 0;
    begin_answer(m, query, q->end, rule);
    for (const char *at = rule->records; at != NULL && *at != '\0'; num++) {
        put_record(m, at, num == 0 && rule->manner == DNS_POINTS_AT_ITSELF);
        at += strcspn(at, ";");
        at += strspn(at, "; ");
    }
    m->octets[6] = (uint8_t)(num >> 8);
    m->octets[7] = (uint8_t)num;
    if (rule->manner == DNS_CUTS)
        m->len--;
}

/* ---- UDP ---- */

static void send_udp(struct dns_peer *p, const struct sockaddr *to, const struct message *m)
{
    uv_buf_t buf = uv_buf_init((char *)m->octets, (unsigned)m->len);
    (void)uv_udp_try_send(&p->udp, &buf, 1, to); /* what is lost is asked again */
}

static void send_truncated(struct dns_peer *p, const struct sockaddr *to, struct message *m,
                           size_t question_end)
{
    m->len = question_end;
    m->octets[2] |= 0x02;
    memset(m->octets + 6, 0, 6);
    send_udp(p, to, m);
}

/* what comes before the answer, or instead of it */
static void send_other(struct dns_peer *p, const struct sockaddr *to, struct bytes octets,
                       size_t changed)
{
    struct message *m = &p->other;
    m->len = 0;
    put(m, octets.data, octets.len);
    if (changed > 0) {
        m->octets[changed] ^= 2;
        m->octets[m->len - 1] ^= 1; /* another address, too */
    }
    send_udp(p, to, m);
}

static void answer_udp(struct dns_peer *p, const struct sockaddr *to, struct bytes query,
                       const struct question *q, const struct dns_rule *rule)
{
    struct message *m = &p->out;
    make_answer(m, query.data, q, rule);
    struct bytes answer = bytes_of(m->octets, m->len);
    switch (rule->manner) {
    case DNS_SILENT: return;
    case DNS_TRUNCATES:
    case DNS_CLOSES:
    case DNS_DRIBBLES: send_truncated(p, to, m, q->end); return;
    case DNS_ECHOES: send_other(p, to, query, 0); return;
    case DNS_GARBLES: send_other(p, to, bytes_text("\xff garbage \xc0\xff"), 0); break;
    case DNS_MISTAKES_ID: send_other(p, to, answer, 1); break;
    case DNS_MISTAKES_NAME: send_other(p, to, answer, HEADER_LEN + 1); break;
    case DNS_ANSWERS:
    case DNS_CUTS:
    case DNS_POINTS_AT_ITSELF: break;
    }
    send_udp(p, to, m);
}

static void on_udp_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct dns_peer *p = handle->data;
    (void)suggested;
    *buf = uv_buf_init(p->in, sizeof p->in);
}

static void on_udp(uv_udp_t *udp, ssize_t len, const uv_buf_t *buf, const struct sockaddr *from,
                   unsigned flags)
{
    struct dns_peer *p = udp->data;
    struct question q;
    const uint8_t *query = (const uint8_t *)buf->base;
    (void)flags;
    if (len < HEADER_LEN || from == NULL || !read_question(&q, query, (size_t)len))
        return;
    p->num_udp++;
    const struct dns_rule *rule = find_rule(p, &q);
    if (rule->silent_first > 0 && p->num_ignored[rule - p->rules] < rule->silent_first) {
        p->num_ignored[rule - p->rules]++;
        return;
    }
    answer_udp(p, from, bytes_of(query, (size_t)len), &q, rule);
}

/* ---- TCP ---- */

static void drop_handle(struct dns_peer *p)
{
    if (--p->num_handles == 0)
        free(p);
}

static void drop_reply(struct dns_stream *s)
{
    struct dns_reply *reply = s->first;
    s->first = reply->next;
    if (s->first == NULL)
        s->end = &s->first;
    free(reply);
}

static void on_stream_closed(uv_handle_t *handle)
{
    struct dns_stream *s = handle->data;
    while (s->first != NULL)
        drop_reply(s);
    drop_handle(s->peer);
    free(s);
}

static void close_stream(struct dns_stream *s)
{
    if (!uv_is_closing((uv_handle_t *)&s->tcp))
        uv_close((uv_handle_t *)&s->tcp, on_stream_closed);
}

static void write_on(struct dns_stream *s);

static void on_written(uv_write_t *write, int status)
{
    struct dns_stream *s = write->data;
    if (status != 0) {
        close_stream(s);
        return;
    }
    if (s->first->at == s->first->len)
        drop_reply(s);
    if (s->first != NULL)
        write_on(s);
}

static void write_on(struct dns_stream *s)
{
    struct dns_reply *reply = s->first;
    size_t left = reply->len - reply->at, len = left < reply->piece ? left : reply->piece;
    uv_buf_t buf = uv_buf_init((char *)reply->octets + reply->at, (unsigned)len);
    reply->at += len;
    s->write.data = s;
    if (uv_write(&s->write, (uv_stream_t *)&s->tcp, &buf, 1, on_written) != 0)
        close_stream(s);
}

static void queue_reply(struct dns_stream *s, const struct message *m, size_t piece)
{
    struct dns_reply *reply = calloc(1, sizeof *reply + 2 + m->len);
    bool busy = s->first != NULL;
    require(reply != NULL, "memory");
    reply->piece = piece;
    reply->len = 2 + m->len;
    reply->octets[0] = (uint8_t)(m->len >> 8);
    reply->octets[1] = (uint8_t)m->len;
    memcpy(reply->octets + 2, m->octets, m->len);
    *s->end = reply;
    s->end = &reply->next;
    if (!busy)
        write_on(s);
}

static void answer_tcp(struct dns_stream *s, const uint8_t *query, size_t query_len)
{
    struct question q;
    if (!read_question(&q, query, query_len)) {
        close_stream(s);
        return;
    }
    s->peer->num_tcp++;
    const struct dns_rule *rule = find_rule(s->peer, &q);
    if (rule->manner == DNS_CLOSES) {
        close_stream(s);
        return;
    }
    make_answer(&s->peer->out, query, &q, rule);
    queue_reply(s, &s->peer->out, rule->manner == DNS_DRIBBLES ? 1 : MESSAGE_MAX + 2);
}

static void on_stream_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct dns_stream *s = handle->data;
    (void)suggested;
    *buf = uv_buf_init((char *)s->in + s->in_len, (unsigned)(sizeof s->in - s->in_len));
}

static void on_stream(uv_stream_t *stream, ssize_t len, const uv_buf_t *buf)
{
    struct dns_stream *s = stream->data;
    (void)buf;
    if (len < 0) {
        close_stream(s);
        return;
    }
    s->in_len += (size_t)len;
    while (s->in_len >= 2) {
        size_t query_len = (size_t)s->in[0] << 8 | s->in[1];
        if (s->in_len < 2 + query_len)
            break;
        answer_tcp(s, s->in + 2, query_len);
        s->in_len -= 2 + query_len;
        memmove(s->in, s->in + 2 + query_len, s->in_len);
    }
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct dns_peer *p = listener->data;
    require(status == 0, "accept");
    struct dns_stream *s = calloc(1, sizeof *s);
    require(s != NULL, "memory");
    s->peer = p;
    s->end = &s->first;
    uv_tcp_init(listener->loop, &s->tcp);
    s->tcp.data = s;
    p->num_handles++;
    require(uv_accept(listener, (uv_stream_t *)&s->tcp) == 0, "accept");
    uv_read_start((uv_stream_t *)&s->tcp, on_stream_buffer, on_stream);
}

/* ---- life ---- */

static void on_peer_closed(uv_handle_t *handle)
{
    drop_handle(handle->data);
}

/* one port for both: TCP's is free for UDP most of the time */
static int bind_both(struct dns_peer *p, uv_loop_t *loop)
{
    struct sockaddr_in addr;
    int len = sizeof addr;
    uv_ip4_addr("127.0.0.1", 0, &addr);
    uv_tcp_init(loop, &p->tcp);
    uv_udp_init(loop, &p->udp);
    p->tcp.data = p->udp.data = p;
    p->num_handles = 2;
    int rc = uv_tcp_bind(&p->tcp, (const struct sockaddr *)&addr, 0);
    if (rc == 0)
        rc = uv_listen((uv_stream_t *)&p->tcp, 64, on_connection);
    if (rc == 0)
        rc = uv_tcp_getsockname(&p->tcp, (struct sockaddr *)&addr, &len);
    if (rc == 0)
        rc = uv_udp_bind(&p->udp, (const struct sockaddr *)&addr, 0);
    p->port = ntohs(addr.sin_port);
    return rc;
}

int dns_peer_new(struct dns_peer **out, uv_loop_t *loop, const struct dns_rule *rules,
                 size_t num_rules)
{
    int rc = UV_EADDRINUSE;
    require(num_rules <= RULES_MAX, "rules");
    for (int i = 0; i < BIND_TRIES && rc == UV_EADDRINUSE; i++) {
        struct dns_peer *p = calloc(1, sizeof *p);
        require(p != NULL, "memory");
        p->rules = rules;
        p->num_rules = num_rules;
        if ((rc = bind_both(p, loop)) == 0) {
            uv_udp_recv_start(&p->udp, on_udp_buffer, on_udp);
            *out = p;
        } else {
            dns_peer_free(p);
        }
    }
    return rc;
}

unsigned dns_peer_port(const struct dns_peer *p)
{
    return p->port;
}

unsigned dns_peer_asked(const struct dns_peer *p, bool tcp)
{
    return tcp ? p->num_tcp : p->num_udp;
}

void dns_peer_free(struct dns_peer *p)
{
    uv_close((uv_handle_t *)&p->tcp, on_peer_closed);
    uv_close((uv_handle_t *)&p->udp, on_peer_closed);
}
