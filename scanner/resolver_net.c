#include "scanner/resolver_net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    RECEIVE_BUFFER_LEN = 1 << 20, /* a burst of answers; the kernel may give less */
    PARTS_MAX = 1024              /* of one write: UIO_MAXIOV */
};

static bool is_datagram(int fd)
{
    int type = 0;
    socklen_t len = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &len) == 0 && type == SOCK_DGRAM;
}

/* A stream is only opened to a server that has answered: what becomes of it is that server's doing,
 * but for what this host lacks. */
static void note(struct resolver_net *net, int fd, int errnum)
{
    switch (errnum) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
    case EADDRNOTAVAIL: net->num_faults++; break;
    case EAGAIN:
        if (is_datagram(fd))
            net->num_faults++;
        break;
    default:
        if (is_datagram(fd))
            net->num_unreached++;
        break;
    }
}

static ares_socket_t on_socket(int family, int type, int protocol, void *ctx)
{
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
    if (fd < 0) {
        struct resolver_net *net = ctx;
        if (errno == EAFNOSUPPORT)
            net->num_unreached++;
        else
            note(net, fd, errno);
        return ARES_SOCKET_BAD;
    }
    int one = 1, buffer_len = RECEIVE_BUFFER_LEN; /* wishes: what fails is no loss */
    if (type == SOCK_STREAM)
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    else
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_len, sizeof buffer_len);
    return fd;
}

static int on_close(ares_socket_t fd, void *ctx)
{
    (void)ctx;
    return close(fd);
}

static int on_connect(ares_socket_t fd, const struct sockaddr *addr, ares_socklen_t len, void *ctx)
{
    int rc = connect(fd, addr, len);
    if (rc != 0 && errno != EINPROGRESS) {
        int errnum = errno;
        note(ctx, fd, errnum);
        errno = errnum;
    }
    return rc;
}

static ares_ssize_t on_receive(ares_socket_t fd, void *buf, size_t len, int flags,
                               struct sockaddr *from, ares_socklen_t *from_len, void *ctx)
{
    struct resolver_net *net = ctx;
    ssize_t got = recvfrom(fd, buf, len, flags, from, from_len);
    if (got >= 0)
        net->num_heard++;
    else if (errno != EAGAIN && errno != EINTR) {
        int errnum = errno;
        note(net, fd, errnum);
        errno = errnum;
    }
    return got;
}

static ares_ssize_t on_send(ares_socket_t fd, const struct iovec *parts, int num, void *ctx)
{
    if (num > PARTS_MAX)
        num = PARTS_MAX; /* the rest is sent next */
    struct msghdr message = {.msg_iov = (struct iovec *)parts, .msg_iovlen = (size_t)num};
    ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);
    if (sent < 0) {
        int errnum = errno;
        note(ctx, fd, errnum);
        errno = errnum;
    }
    return sent;
}

static const struct ares_socket_functions functions = {
    .asocket = on_socket,
    .aclose = on_close,
    .aconnect = on_connect,
    .arecvfrom = on_receive,
    .asendv = on_send,
};

void resolver_net_use(struct resolver_net *net, ares_channel channel)
{
    ares_set_socket_functions(channel, &functions, net);
}
