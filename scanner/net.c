#include "scanner/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static int pending_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

static int set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value);
}

socklen_t net_sockaddr(struct sockaddr_storage *out, struct addr addr, uint16_t port)
{
    memset(out, 0, sizeof *out);
    uint8_t octets[16];
    if (addr_to_bytes(octets, addr) == 4) {
        struct sockaddr_in *in4 = (struct sockaddr_in *)out;
        in4->sin_family = AF_INET;
        in4->sin_port = htons(port);
        memcpy(&in4->sin_addr, octets, 4);
        return sizeof *in4;
    }
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    memcpy(&in6->sin6_addr, octets, 16);
    return sizeof *in6;
}

int net_check_source(struct addr addr)
{
    struct sockaddr_storage name;
    socklen_t len = net_sockaddr(&name, addr, 0);
    int fd = socket(name.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    int rc = bind(fd, (const struct sockaddr *)&name, len) == 0 ? 0 : -errno;
    close(fd);
    return rc;
}

const struct net net_kernel = {
    .socket = socket,
    .option = set_option,
    .bind = bind,
    .connect = connect,
    .recv = recv,
    .send = send,
    .error = pending_error,
    .close = close,
};
