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

struct net {
    int (*socket)(int family, int type, int protocol);
    int (*connect)(int fd, const struct sockaddr *addr, socklen_t len);
    ssize_t (*recv)(int fd, void *buf, size_t len, int flags);
    ssize_t (*send)(int fd, const void *buf, size_t len, int flags);
    /* error: takes the pending error of a socket (SO_ERROR), 0 if there is none */
    int (*error)(int fd);
    int (*close)(int fd);
};

/* net_kernel is the kernel. */
extern const struct net net_kernel;

#endif
