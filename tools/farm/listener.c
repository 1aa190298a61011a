#include "tools/farm/listener.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <unistd.h>

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

static int bind_six(int fd, uint16_t port)
{
    struct sockaddr_in6 any = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    if (!set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0))
        return -1;
    return bind(fd, (const struct sockaddr *)&any, sizeof any);
}

static int bind_four(int fd, uint16_t port)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
    return bind(fd, (const struct sockaddr *)&any, sizeof any);
}

/* bind_one returns a bound socket of a family, or a negative errno. joins: there are others of ours
 * on the port. */
static int bind_one(int family, uint16_t port, bool joins)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    bool ok = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1) &&
              (!joins || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1));
    if (ok && (family == AF_INET6 ? bind_six : bind_four)(fd, port) == 0)
        return fd;
    int rc = -errno;
    close(fd);
    return rc;
}

static int bind_any(uint16_t port, bool joins)
{
    int fd = bind_one(AF_INET6, port, joins);
    if (fd == -EAFNOSUPPORT || fd == -EADDRNOTAVAIL)
        fd = bind_one(AF_INET, port, joins);
    return fd;
}

static int port_of(uint16_t *out, int fd)
{
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    if (getsockname(fd, (struct sockaddr *)&name, &len) != 0)
        return -errno;
    /* the port is at the same place in both families */
    *out = ntohs(((const struct sockaddr_in *)(const void *)&name)->sin_port);
    return 0;
}

/* The first socket of several binds alone, so that a taken port is found, and then lets the others
 * of ours join it. */
static int open_one(int *out, uint16_t *bound, size_t index, size_t num, uint16_t port)
{
    int fd = bind_any(port, index > 0);
    if (fd < 0)
        return fd;
    int rc = 0;
    if ((num > 1 && !set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) ||
        listen(fd, LISTENER_BACKLOG) != 0)
        rc = -errno;
    if (rc == 0)
        rc = port_of(bound, fd);
    if (rc < 0)
        close(fd);
    else
        *out = fd;
    return rc;
}

int listener_open(int *fds, uint16_t *bound, size_t num, uint16_t port)
{
    for (size_t i = 0; i < num; i++) {
        int rc = open_one(&fds[i], &port, i, num, port);
        if (rc < 0) {
            listener_close(fds, i);
            return rc;
        }
    }
    *bound = port;
    return 0;
}

void listener_close(const int *fds, size_t num)
{
    for (size_t i = 0; i < num; i++)
        close(fds[i]);
}
