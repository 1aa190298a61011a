/*
 * listener: the listening sockets of a farm, one for each of its processes.
 *
 * What       all on one port of every local address: one dual-stack socket for a process (0.0.0.0
 *            alone where the kernel has no IPv6). With several the kernel spreads connections over
 *            them (SO_REUSEPORT).
 * Promise    a port that is taken is refused, even by another farm with several processes.
 * Ownership  on success fds holds descriptors that the caller closes; on failure none.
 * Errors     negative UV_E*.
 */
#ifndef MXSWEEP_TOOLS_FARM_LISTENER_H
#define MXSWEEP_TOOLS_FARM_LISTENER_H

#include <stddef.h>
#include <stdint.h>

enum { LISTENER_BACKLOG = 65535 }; /* the kernel cuts it to net.core.somaxconn */

/* listener_open opens num listening sockets; port 0: the kernel chooses. *bound is the port. */
int listener_open(int *fds, uint16_t *bound, size_t num, uint16_t port);

void listener_close(const int *fds, size_t num);

#endif
