/*
 * net: the system calls of a probe, in one table, so that a test can inject what a kernel seldom
 * does.
 *
 * Errors     as the system calls: -1 and errno.
 */
#ifndef MXSWEEP_SCANNER_NET_H
#define MXSWEEP_SCANNER_NET_H

#include <sys/socket.h>
#include <sys/types.h>

#include "core/addr.h"

struct net {
    int (*socket)(int family, int type, int protocol);
    int (*option)(int fd, int level, int name, int value); /* setsockopt of an int */
    int (*bind)(int fd, const struct sockaddr *addr, socklen_t len);
    int (*connect)(int fd, const struct sockaddr *addr, socklen_t len);
    ssize_t (*recv)(int fd, void *buf, size_t len, int flags);
    ssize_t (*send)(int fd, const void *buf, size_t len, int flags);
    /* error: takes the pending error of a socket (SO_ERROR), 0 if there is none */
    int (*error)(int fd);
    int (*close)(int fd);
};

/* net_kernel is the kernel. */
extern const struct net net_kernel;

/* net_sockaddr writes addr and port as the kernel wants them, and returns their length. */
socklen_t net_sockaddr(struct sockaddr_storage *out, struct addr addr, uint16_t port);

/* net_check_source tells whether connections can be made from addr: 0, or a negative errno. */
int net_check_source(struct addr addr);

#endif
