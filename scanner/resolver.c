#include "scanner/resolver.h"

#include <arpa/nameser.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "scanner/dns_answer.h"
#include "scanner/resolver_net.h"
#include "scanner/resolver_servers.h"

_Static_assert((int)DNS_NAME_MAX == (int)RESOLVER_NAME_MAX, "one length of a name");

enum {
    SOCKETS_LOOKED_AT = 2 * RESOLVER_SERVERS_MAX, /* a datagram and a stream socket a server */
    TIMEOUT_MAX_MS = INT_MAX >> (RESOLVER_TRIES_MAX + 1) /* c-ares doubles it that often */
};

struct resolver_socket {
    uv_poll_t poll;
    struct resolver *resolver;
    ares_socket_t fd;
    struct resolver_socket *next;
};

struct resolver {
    uv_loop_t *loop;
    ares_channel channel;
    struct resolver_net net;
    uv_timer_t timer;
    uint64_t due_ms; /* of the timer, by uv_now */
    uint64_t first_timeout_ms;
    struct resolver_socket *sockets;
    struct resolver_job *ready, **ready_end;
    unsigned num_handles; /* not closed yet */
    unsigned num_active, max_active;
    bool want4, want6, cancelling;
};

/* ---- sockets ---- */

static void on_closed(struct resolver *r)
{
    if (--r->num_handles == 0)
        free(r);
}

static void on_socket_closed(uv_handle_t *handle)
{
    struct resolver_socket *s = handle->data;
    on_closed(s->resolver);
    free(s);
}

static void on_timer_closed(uv_handle_t *handle)
{
    on_closed(handle->data);
}

static void wake_within(struct resolver *r, uint64_t ms);
static void deliver(struct resolver *r);

static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct resolver_socket *s = poll->data;
    struct resolver *r = s->resolver;
    bool readable = status < 0 || (events & UV_READABLE) != 0;
    bool writable = status < 0 || (events & UV_WRITABLE) != 0;
    ares_process_fd(r->channel, readable ? s->fd : ARES_SOCKET_BAD,
                    writable ? s->fd : ARES_SOCKET_BAD);
    if (r->num_active > 0)
        wake_within(r, r->first_timeout_ms); /* c-ares may have asked again */
    deliver(r);
}

static struct resolver_socket *open_socket(struct resolver *r, ares_socket_t fd)
{
    struct resolver_socket *s = calloc(1, sizeof *s);
    if (s == NULL || uv_poll_init(r->loop, &s->poll, fd) != 0) {
        r->net.num_faults++; /* and what is asked there will not be answered */
        free(s);
        return NULL;
    }
    s->poll.data = s;
    s->resolver = r;
    s->fd = fd;
    s->next = r->sockets;
    r->sockets = s;
    r->num_handles++;
    return s;
}

/* c-ares says what it waits for; it closes fd itself when it waits for nothing any more, and may
 * open another of the same number before this one's close callback. */
static void on_socket_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
    struct resolver *r = ctx;
    struct resolver_socket **at = &r->sockets, *s;
    while ((s = *at) != NULL && s->fd != fd)
        at = &s->next;
    if (!readable && !writable) {
        if (s != NULL) {
            *at = s->next;
            uv_close((uv_handle_t *)&s->poll, on_socket_closed);
        }
        return;
    }
    if (s == NULL && (s = open_socket(r, fd)) == NULL)
        return;
    int events = (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0);
    if (uv_poll_start(&s->poll, events, on_ready) != 0)
        r->net.num_faults++;
}

/* ---- time ---- */

static void on_timer(uv_timer_t *timer);

static void wake_within(struct resolver *r, uint64_t ms)
{
    uint64_t due_ms = uv_now(r->loop) + ms;
    if (uv_is_active((uv_handle_t *)&r->timer) && r->due_ms <= due_ms)
        return;
    r->due_ms = due_ms;
    uv_timer_start(&r->timer, on_timer, ms, 0);
}

static void wake_at_next_timeout(struct resolver *r)
{
    struct timeval tv;
    if (ares_timeout(r->channel, NULL, &tv) != NULL)
        wake_within(r, (uint64_t)tv.tv_sec * 1000 + (uint64_t)tv.tv_usec / 1000 + 1);
}

/* Timers come before the sockets in a turn of the loop: what came in time is looked at first. */
static void on_timer(uv_timer_t *timer)
{
    struct resolver *r = timer->data;
    ares_socket_t fds[SOCKETS_LOOKED_AT];
    size_t num = 0;
    for (struct resolver_socket *s = r->sockets; s != NULL && num < SOCKETS_LOOKED_AT; s = s->next)
        fds[num++] = s->fd;
    for (size_t i = 0; i < num; i++)
        ares_process_fd(r->channel, fds[i], ARES_SOCKET_BAD);
    ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    wake_at_next_timeout(r);
    deliver(r);
}

/* ---- answers ---- */

static struct resolution *resolution_of(struct resolver_job *job)
{
    return (struct resolution *)(void *)((char *)job - offsetof(struct resolution, job));
}

static struct reverse *reverse_of(struct resolver_job *job)
{
    return (struct reverse *)(void *)((char *)job - offsetof(struct reverse, job));
}

/* Whether that this could not be asked is our own doing: this host lacked something meanwhile, or
 * there was no way to any server and none was heard from. */
static bool is_ours(const struct resolver_job *job)
{
    const struct resolver_net *net = &job->resolver->net;
    return job->no_memory || net->num_faults != job->num_faults ||
           (net->num_unreached != job->num_unreached && net->num_heard == job->num_heard);
}

static enum resolved how_it_ended(const struct resolver_job *job, bool found)
{
    if (found)
        return RESOLVED_OK;
    if (!job->failed)
        return RESOLVED_NO_ADDRESS;
    return is_ours(job) ? RESOLVED_OURS : RESOLVED_FAILURE;
}

static void finish(struct resolver_job *job)
{
    if (job->is_reverse) {
        struct reverse *res = reverse_of(job);
        res->how = how_it_ended(job, res->num_names > 0);
        res->done(res);
    } else {
        struct resolution *res = resolution_of(job);
        res->how = how_it_ended(job, res->num_addrs > 0);
        res->partial = res->how == RESOLVED_OK && job->failed;
        res->done(res);
    }
}

/* calls what is done; after each call everything may have changed, but r is still memory */
static void deliver(struct resolver *r)
{
    struct resolver_job *job;
    while ((job = r->ready) != NULL) {
        r->ready = job->next;
        if (r->ready == NULL)
            r->ready_end = &r->ready;
        r->num_active--;
        finish(job);
    }
    if (r->num_active == 0)
        uv_timer_stop(&r->timer);
}

static void query_ended(struct resolver_job *job, enum dns_verdict verdict)
{
    struct resolver *r = job->resolver;
    if (verdict == DNS_FAILED || verdict == DNS_NO_MEMORY)
        job->failed = true;
    if (verdict == DNS_NO_MEMORY)
        job->no_memory = true;
    if (--job->num_open > 0)
        return;
    job->next = NULL;
    *r->ready_end = job;
    r->ready_end = &job->next;
}

static void add_addr(struct resolution *res, struct addr a)
{
    for (unsigned i = 0; i < res->num_addrs; i++)
        if (addr_cmp(res->addrs[i], a) == 0)
            return;
    if (res->num_addrs < RESOLVER_ADDRS_MAX)
        res->addrs[res->num_addrs++] = a;
    else
        res->cut = true;
}

/* the addresses of one answer; those of A go before what AAAA has brought */
static void add_addrs(struct resolution *res, const struct addr *addrs, unsigned num, bool v4)
{
    struct addr later[RESOLVER_ADDRS_MAX];
    unsigned num_later = v4 ? res->num_addrs : 0;
    memcpy(later, res->addrs, num_later * sizeof later[0]);
    res->num_addrs -= num_later;
    for (unsigned i = 0; i < num; i++)
        add_addr(res, addrs[i]);
    for (unsigned i = 0; i < num_later; i++)
        add_addr(res, later[i]);
}

static struct bytes message_of(const unsigned char *octets, int len)
{
    return bytes_of(octets, octets != NULL && len > 0 ? (size_t)len : 0);
}

static void on_addrs(struct resolution *res, int status, struct bytes message, bool v4)
{
    struct addr addrs[RESOLVER_ADDRS_MAX];
    unsigned num = 0;
    bool cut = false;
    if (res->job.resolver->cancelling)
        return;
    enum dns_verdict verdict = dns_verdict(&res->why, status, message);
    if (verdict == DNS_RECORDS)
        verdict = dns_read_addrs(addrs, &num, &cut, &res->why, message, v4, RESOLVER_ADDRS_MAX);
    if (verdict == DNS_RECORDS) {
        add_addrs(res, addrs, num, v4);
        res->cut = res->cut || cut;
    }
    query_ended(&res->job, verdict);
}

static void on_a(void *arg, int status, int timeouts, unsigned char *answer, int answer_len)
{
    (void)timeouts;
    on_addrs(arg, status, message_of(answer, answer_len), true);
}

static void on_aaaa(void *arg, int status, int timeouts, unsigned char *answer, int answer_len)
{
    (void)timeouts;
    on_addrs(arg, status, message_of(answer, answer_len), false);
}

static void on_ptr(void *arg, int status, int timeouts, unsigned char *answer, int answer_len)
{
    struct reverse *res = arg;
    struct bytes message = message_of(answer, answer_len);
    (void)timeouts;
    if (res->job.resolver->cancelling)
        return;
    enum dns_verdict verdict = dns_verdict(&res->why, status, message);
    if (verdict == DNS_RECORDS)
        verdict = dns_read_names(res->names, &res->num_names, &res->cut, &res->why, message,
                                 RESOLVER_NAMES_MAX);
    query_ended(&res->job, verdict);
}

/* ---- asking ---- */

bool resolver_has_room(const struct resolver *r)
{
    return r->num_active < r->max_active;
}

static struct resolver_job begin(struct resolver *r, unsigned num_queries, bool is_reverse)
{
    r->num_active++;
    return (struct resolver_job){
        .resolver = r,
        .num_open = num_queries,
        .is_reverse = is_reverse,
        .num_faults = r->net.num_faults,
        .num_unreached = r->net.num_unreached,
        .num_heard = r->net.num_heard,
    };
}

/* c-ares may have called back already, if it could not ask: that is delivered from the loop */
static void begun(struct resolver *r)
{
    wake_within(r, r->ready != NULL ? 0 : r->first_timeout_ms);
}

int resolver_start(struct resolver *r, struct resolution *res, const char *name,
                   void (*done)(struct resolution *res))
{
    if (!dns_is_host(name))
        return UV_EINVAL;
    if (!resolver_has_room(r))
        return UV_EAGAIN;
    unsigned num_queries = r->want4 && r->want6 ? 2 : 1;
    *res = (struct resolution){.why = "", .done = done, .job = begin(r, num_queries, false)};
    if (r->want4)
        ares_query(r->channel, name, ns_c_in, ns_t_a, on_a, res);
    if (r->want6)
        ares_query(r->channel, name, ns_c_in, ns_t_aaaa, on_aaaa, res);
    begun(r);
    return 0;
}

enum { REVERSE_NAME_MAX = 80 }; /* 32 digits, 32 dots, "ip6.arpa" */

static void reverse_name(char out[REVERSE_NAME_MAX], struct addr a)
{
    uint8_t octets[16];
    size_t num = addr_to_bytes(octets, a), len = 0;
    for (size_t i = num; i-- > 0;) {
        size_t room = REVERSE_NAME_MAX - len;
        int n = num == 4 ? snprintf(out + len, room, "%u.", octets[i])
                         : snprintf(out + len, room, "%x.%x.", octets[i] & 15u, octets[i] >> 4);
        len += (size_t)n;
    }
    snprintf(out + len, REVERSE_NAME_MAX - len, "%s", num == 4 ? "in-addr.arpa" : "ip6.arpa");
}

int resolver_reverse(struct resolver *r, struct reverse *res, struct addr a,
                     void (*done)(struct reverse *res))
{
    char name[REVERSE_NAME_MAX];
    if (!resolver_has_room(r))
        return UV_EAGAIN;
    reverse_name(name, a);
    *res = (struct reverse){.why = "", .done = done, .job = begin(r, 1, true)};
    ares_query(r->channel, name, ns_c_in, ns_t_ptr, on_ptr, res);
    begun(r);
    return 0;
}

void resolver_cancel_all(struct resolver *r)
{
    r->cancelling = true;
    ares_cancel(r->channel); /* calls back for each query */
    r->cancelling = false;
    r->ready = NULL;
    r->ready_end = &r->ready;
    r->num_active = 0;
    uv_timer_stop(&r->timer);
}

/* ---- life ---- */

/* No EDNS: c-ares turns it off for good at the first server that does not know it, and fails what
 * it has under way. What does not fit into 512 octets is asked again by TCP. */
static int open_channel(struct resolver *r, const struct resolver_config *config)
{
    uint64_t ms = config->timeout_ns / 1000000;
    unsigned tries = config->tries != 0 ? config->tries : RESOLVER_TRIES_DEFAULT;
    if (config->timeout_ns == 0)
        ms = RESOLVER_TIMEOUT_DEFAULT_NS / 1000000;
    if (ms == 0)
        ms = 1;
    r->first_timeout_ms = ms < TIMEOUT_MAX_MS ? ms : TIMEOUT_MAX_MS;
    struct ares_options options = {
        .flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
        .timeout = (int)r->first_timeout_ms,
        .tries = (int)(tries < RESOLVER_TRIES_MAX ? tries : RESOLVER_TRIES_MAX),
        .sock_state_cb = on_socket_state,
        .sock_state_cb_data = r,
    };
    int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
        return UV_ENOMEM;
    if (ares_init_options(&r->channel, &options, mask) != ARES_SUCCESS) {
        ares_library_cleanup();
        return UV_ENOMEM;
    }
    resolver_net_use(&r->net, r->channel);
    return 0;
}

static void close_channel(struct resolver *r)
{
    ares_destroy(r->channel);
    ares_library_cleanup();
}

int resolver_new(struct resolver **out, char *err, size_t err_len, uv_loop_t *loop,
                 const struct resolver_config *config)
{
    if (!config->want4 && !config->want6) {
        snprintf(err, err_len, "neither IPv4 nor IPv6 addresses are asked for");
        return UV_EINVAL;
    }
    struct resolver *r = calloc(1, sizeof *r);
    int rc = r != NULL ? open_channel(r, config) : UV_ENOMEM;
    if (rc == 0 && config->servers != NULL &&
        (rc = resolver_servers_use(r->channel, err, err_len, config->servers)) != 0)
        close_channel(r);
    if (rc != 0) {
        if (rc == UV_ENOMEM)
            snprintf(err, err_len, "no memory for a resolver");
        free(r);
        return rc;
    }
    unsigned max = config->max_queries != 0 ? config->max_queries : RESOLVER_QUERIES_DEFAULT;
    r->max_active = max < RESOLVER_QUERIES_MAX ? max : RESOLVER_QUERIES_MAX;
    r->loop = loop;
    r->want4 = config->want4;
    r->want6 = config->want6;
    r->ready_end = &r->ready;
    uv_timer_init(loop, &r->timer);
    r->timer.data = r;
    r->num_handles = 1;
    *out = r;
    return 0;
}

void resolver_free(struct resolver *r)
{
    if (r == NULL)
        return;
    resolver_cancel_all(r);
    close_channel(r);
    uv_close((uv_handle_t *)&r->timer, on_timer_closed);
}
