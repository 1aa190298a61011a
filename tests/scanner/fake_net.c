#include "fake_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { FDS_MAX = 1024, ADDRS_MAX = 256 };

/* of one descriptor */
struct fake_fd {
    bool is_open, is_connected;
    int peer; /* the other end; -1: closed, so that this one is always readable */
    struct fake_connection connection;
    const char *greeting; /* not read yet */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of what follows */
static struct {
    const struct fake_script *script;
    unsigned num_failed, num_recv, num_open, num_connected, most_connected;
    struct fake_fd fds[FDS_MAX];
    struct fake_connection connections[FAKE_CONNECTIONS_MAX];
    size_t num_connections;
    unsigned num_connects[ADDRS_MAX], now_open[ADDRS_MAX], most_open[ADDRS_MAX]; /* last octet */
} fake;

static bool fails(int errnum)
{
    if (errnum == 0 || fake.num_failed == fake.script->num_failures)
        return false;
    fake.num_failed++;
    errno = errnum;
    return true;
}

static struct fake_fd *fd_of(int fd)
{
    assert_true(fd >= 0 && fd < FDS_MAX && fake.fds[fd].is_open);
    return &fake.fds[fd];
}

static size_t slot_of(struct addr a)
{
    return (size_t)(a.lo % ADDRS_MAX);
}

static bool has_steps(void)
{
    return fake.script->steps[0].text != NULL || fake.script->steps[0].errnum != 0;
}

static struct addr addr_of(const struct sockaddr *name)
{
    struct addr a = {0, 0};
    if (name->sa_family == AF_INET6)
        addr_from_bytes(&a, (const uint8_t *)name + offsetof(struct sockaddr_in6, sin6_addr), 16);
    else
        addr_from_bytes(&a, (const uint8_t *)name + offsetof(struct sockaddr_in, sin_addr), 4);
    return a;
}

/* ---- calls, with the lock held ---- */

static int open_one(int family, int type, int protocol)
{
    int pair[2] = {-1, -1};
    if (fails(fake.script->socket_errnum))
        return -1;
    if (fake.script->pending_errnum != 0) {
        pair[0] = socket(family, type, protocol);
        if (pair[0] < 0)
            return -1;
    } else if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0) {
        return -1;
    }
    assert_true(pair[0] < FDS_MAX && !fake.fds[pair[0]].is_open);
    fake.fds[pair[0]] = (struct fake_fd){.is_open = true, .peer = pair[1]};
    fake.num_open++;
    return pair[0];
}

static int set_option(int fd, int level, int name, int value)
{
    struct fake_fd *f = fd_of(fd);
    assert_false(f->is_connected);
    if (fails(fake.script->option_errnum))
        return -1;
    if (level == IPPROTO_TCP && name == TCP_SYNCNT)
        f->connection.syncnt = value;
    else if (level == IPPROTO_IP && name == IP_BIND_ADDRESS_NO_PORT)
        f->connection.shares_port = value != 0 && !f->connection.is_bound;
    else
        fail_msg("option %d of level %d", name, level);
    return 0;
}

static int bind_one(int fd, const struct sockaddr *name)
{
    struct fake_fd *f = fd_of(fd);
    assert_false(f->is_connected || f->connection.is_bound);
    if (fails(fake.script->bind_errnum))
        return -1;
    f->connection.is_bound = true;
    f->connection.from = addr_of(name);
    return 0;
}

static void count_open(size_t slot)
{
    if (++fake.now_open[slot] > fake.most_open[slot])
        fake.most_open[slot] = fake.now_open[slot];
    if (++fake.num_connected > fake.most_connected)
        fake.most_connected = fake.num_connected;
}

static void note_connection(struct fake_fd *f, struct addr to)
{
    size_t slot = slot_of(to);
    unsigned n = fake.num_connects[slot]++;
    bool is_silent = false;
    f->is_connected = true;
    f->connection.to = to;
    assert_true(fake.num_connections < FAKE_CONNECTIONS_MAX);
    fake.connections[fake.num_connections++] = f->connection;
    count_open(slot);
    if (fake.script->greet != NULL) {
        f->greeting = fake.script->greet(to, n);
        is_silent = f->greeting == NULL;
    }
    if (!is_silent && f->peer >= 0) {
        close(f->peer);
        f->peer = -1;
    }
}

static int connect_one(int fd, const struct sockaddr *name, socklen_t len)
{
    struct addr to = addr_of(name);
    uint32_t fails_for = fake.script->fails_for;
    bool reachable = fails_for != 0 && addr_cmp(to, addr_v4(fails_for)) != 0;
    if (!reachable && fails(fake.script->connect_errnum))
        return -1;
    note_connection(fd_of(fd), to);
    return fake.script->pending_errnum != 0 ? connect(fd, name, len) : 0;
}

static ssize_t give(void *buf, size_t len, const char *text)
{
    size_t n = strlen(text);
    assert_true(n <= len);
    memcpy(buf, text, n);
    return (ssize_t)n;
}

static ssize_t recv_one(int fd, void *buf, size_t len)
{
    struct fake_fd *f = fd_of(fd);
    if (fake.script->greet != NULL && f->peer >= 0) {
        errno = EAGAIN;
        return -1;
    }
    if (f->greeting != NULL && f->greeting[0] != '\0') {
        const char *greeting = f->greeting;
        f->greeting = NULL;
        return give(buf, len, greeting);
    }
    if (fake.script->greet != NULL || !has_steps())
        return 0; /* no more: every peer closes */
    assert_in_range(fake.num_recv, 0, FAKE_STEPS_MAX - 1);
    const struct fake_step *s = &fake.script->steps[fake.num_recv++];
    if (s->text != NULL)
        return give(buf, len, s->text);
    errno = s->errnum;
    return s->errnum != 0 ? -1 : 0;
}

static void close_one(int fd)
{
    struct fake_fd *f = fd_of(fd);
    if (f->is_connected) {
        fake.now_open[slot_of(f->connection.to)]--;
        fake.num_connected--;
    }
    if (f->peer >= 0)
        close(f->peer);
    f->is_open = false;
    fake.num_open--;
}

/* ---- the table ---- */

static int fake_socket(int family, int type, int protocol)
{
    pthread_mutex_lock(&lock);
    int fd = open_one(family, type, protocol);
    pthread_mutex_unlock(&lock);
    return fd;
}

static int fake_option(int fd, int level, int name, int value)
{
    pthread_mutex_lock(&lock);
    int rc = set_option(fd, level, name, value);
    pthread_mutex_unlock(&lock);
    return rc;
}

static int fake_bind(int fd, const struct sockaddr *name, socklen_t len)
{
    (void)len;
    pthread_mutex_lock(&lock);
    int rc = bind_one(fd, name);
    pthread_mutex_unlock(&lock);
    return rc;
}

static int fake_connect(int fd, const struct sockaddr *name, socklen_t len)
{
    pthread_mutex_lock(&lock);
    int rc = connect_one(fd, name, len);
    pthread_mutex_unlock(&lock);
    return rc;
}

static ssize_t fake_recv(int fd, void *buf, size_t len, int flags)
{
    (void)flags;
    pthread_mutex_lock(&lock);
    ssize_t n = recv_one(fd, buf, len);
    pthread_mutex_unlock(&lock);
    return n;
}

static ssize_t fake_send(int fd, const void *buf, size_t len, int flags)
{
    (void)fd;
    (void)buf;
    (void)flags;
    if (fake.script->send_errnum != 0) {
        errno = fake.script->send_errnum;
        return -1;
    }
    return (ssize_t)len;
}

static int fake_error(int fd)
{
    (void)fd;
    return fake.script->pending_errnum;
}

static int fake_close(int fd)
{
    pthread_mutex_lock(&lock);
    close_one(fd);
    int rc = close(fd); /* with the lock: the number may be another's at once */
    pthread_mutex_unlock(&lock);
    return rc;
}

const struct net fake_net = {
    .socket = fake_socket,
    .option = fake_option,
    .bind = fake_bind,
    .connect = fake_connect,
    .recv = fake_recv,
    .send = fake_send,
    .error = fake_error,
    .close = fake_close,
};

void fake_net_begin(const struct fake_script *script)
{
    assert_int_equal(fake.num_open, 0);
    memset(&fake, 0, sizeof fake);
    fake.script = script;
}

size_t fake_net_connections(const struct fake_connection **out)
{
    *out = fake.connections;
    return fake.num_connections;
}

unsigned fake_net_most_open(struct addr to)
{
    return fake.most_open[slot_of(to)];
}

unsigned fake_net_most_open_of_all(void)
{
    return fake.most_connected;
}

unsigned fake_net_num_open(void)
{
    return fake.num_open;
}
