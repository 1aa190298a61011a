#include "scanner/net.h"

#include <errno.h>
#include <unistd.h>

static int pending_error(int fd)
{
    int error = 0;
    socklen_t len = sizeof error;
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 ? error : errno;
}

const struct net net_kernel = {
    .socket = socket,
    .connect = connect,
    .recv = recv,
    .send = send,
    .error = pending_error,
    .close = close,
};
