/* The floor of sockets: what the kernel costs a client for the same dialogue, octets of the same sizes, no TLS, no libuv. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "benchmarks/bench.h"

enum {
    FIRST_ADDR = 0x7f210000,   /* 127.33.0.0: each session another address, as in a sweep */
    FDS_MAX = 65536,
    EVENTS = 256,
    NUM_TURNS = 6
};

/* the peer speaks, then the client */
struct turn {
    size_t peer, client;
    bool drain;              /* one more recv before the client speaks */
};

/* one side's connection: its turn, and how much of what it waits for has come */
struct conn {
    uint8_t turn;
    uint32_t got;
};

struct dialogue {
    struct turn turns[NUM_TURNS];
    struct conn conns[FDS_MAX];   /* by descriptor */
    uint8_t octets[16384];
    int epoll;
};

static void dialogue_init(struct dialogue *d, const struct bench_flights *f)
{
    const struct turn turns[NUM_TURNS] = {
        {.peer = sizeof BENCH_GREETING - 1, .client = sizeof BENCH_EHLO - 1},
        {.peer = sizeof BENCH_EHLO_REPLY - 1, .client = sizeof BENCH_STARTTLS - 1},
        {.peer = sizeof BENCH_STARTTLS_REPLY - 1, .client = f->hello, .drain = true},
        {.peer = f->server_flight, .client = f->finished_ehlo},
        {.peer = f->ehlo_reply, .client = f->quit},
        {.peer = f->bye, .client = f->close_notify},
    };
    for (size_t i = 0; i < NUM_TURNS; i++)
        d->turns[i] = turns[i];
    d->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (d->epoll < 0)
        bench_die("epoll_create1");
}

static void watch(const struct dialogue *d, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (fd >= FDS_MAX || epoll_ctl(d->epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        bench_die("epoll_ctl");
}

static void speak(const struct dialogue *d, int fd, size_t len)
{
    if (send(fd, d->octets, len, MSG_NOSIGNAL) != (ssize_t)len)
        bench_die("send");
}

/* hears up to len octets more of what fd waits for; returns whether they are complete */
static bool heard(struct dialogue *d, int fd, size_t len)
{
    ssize_t n = recv(fd, d->octets, sizeof d->octets, 0);
    if (n <= 0)
        bench_die("recv");
    d->conns[fd].got += (uint32_t)n;
    if (d->conns[fd].got < len)
        return false;
    d->conns[fd].got = 0;
    return true;
}

/* ---- the responder, a process of its own ---- */

static void respond(struct dialogue *d, int fd)
{
    struct conn *c = &d->conns[fd];
    if (c->turn == NUM_TURNS) {        /* its close_notify came, now its FIN */
        close(fd);
        return;
    }
    if (!heard(d, fd, d->turns[c->turn].client))
        return;
    if (++c->turn == NUM_TURNS)
        return;
    speak(d, fd, d->turns[c->turn].peer);
    if (c->turn == NUM_TURNS - 1)
        shutdown(fd, SHUT_WR);         /* after the 221: TIME_WAIT is the responder's */
}

static _Noreturn void responder_run(struct dialogue *d, int listener)
{
    struct epoll_event events[EVENTS];
    watch(d, listener);
    for (;;) {
        int n = epoll_wait(d->epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;
            if (fd != listener) {
                respond(d, fd);
                continue;
            }
            while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
                d->conns[fd] = (struct conn){.turn = 0};
                watch(d, fd);
                speak(d, fd, d->turns[0].peer);
            }
        }
    }
}

static int listener_open(uint16_t *port)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    socklen_t len = sizeof any;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&any, &len) != 0)
        bench_die("listen");
    *port = ntohs(any.sin_port);
    return fd;
}

/* ---- the client ---- */

static void client_start(struct dialogue *d, size_t session, uint16_t port)
{
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_port = htons(port),
                               .sin_addr.s_addr = htonl(FIRST_ADDR + (uint32_t)session)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || (connect(fd, (struct sockaddr *)&peer, sizeof peer) != 0 && errno != EINPROGRESS))
        bench_die("connect");
    watch(d, fd);
    d->conns[fd] = (struct conn){.turn = 0};
}

/* one event of a client's socket; returns whether the session is over */
static bool client_event(struct dialogue *d, int fd)
{
    struct conn *c = &d->conns[fd];
    if (c->turn == NUM_TURNS) {
        if (recv(fd, d->octets, sizeof d->octets, 0) != 0)
            bench_die("no FIN");
        close(fd);
        return true;
    }
    const struct turn *turn = &d->turns[c->turn];
    if (!heard(d, fd, turn->peer))
        return false;
    if (turn->drain && recv(fd, d->octets, sizeof d->octets, 0) >= 0)
        bench_die("early octets");
    speak(d, fd, turn->client);
    c->turn++;
    return false;
}

static void client_run(struct dialogue *d, size_t num_sessions, size_t in_flight, uint16_t port)
{
    struct epoll_event events[EVENTS];
    size_t started = 0, ended = 0;
    while (started < num_sessions && started < in_flight)
        client_start(d, started++, port);
    while (ended < num_sessions) {
        int n = epoll_wait(d->epoll, events, EVENTS, 10000);
        if (n <= 0)
            bench_die("nothing happens");
        for (int i = 0; i < n; i++) {
            if (!client_event(d, events[i].data.fd))
                continue;
            ended++;
            if (started < num_sessions)
                client_start(d, started++, port);
        }
    }
}

static void raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        bench_die("getrlimit");
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

uint64_t floor_sockets(const struct bench_flights *flights, size_t num_sessions, size_t in_flight, unsigned peer_cpu)
{
    uint16_t port;
    struct dialogue *d = calloc(1, sizeof *d);
    if (d == NULL)
        bench_die("calloc");
    raise_descriptors();
    int listener = listener_open(&port);
    pid_t pid = fork();
    if (pid < 0)
        bench_die("fork");
    dialogue_init(d, flights);
    if (pid == 0) {
        bench_pin(peer_cpu);
        responder_run(d, listener);
    }
    close(listener);

    uint64_t begin = bench_cpu_ns();
    client_run(d, num_sessions, in_flight, port);
    uint64_t used = bench_cpu_ns() - begin;

    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
    close(d->epoll);
    free(d);
    return used;
}
