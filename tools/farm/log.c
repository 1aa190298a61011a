#include "tools/farm/log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

size_t farm_log_format(char out[FARM_LOG_LINE_MAX], const struct farm_event *e)
{
    char addr[ADDR_TEXT_MAX], peer[ADDR_TEXT_MAX] = "-";
    bool named = e->client != NULL && e->client[0] != '\0';
    addr_format(addr, e->addr);
    if (e->has_peer)
        addr_format(peer, e->peer);
    /* the name of a client is shorter than CONN_LINE_CAP: all fits */
    int len =
        snprintf(out, FARM_LOG_LINE_MAX, "%" PRIu64 " %s %s %s %u %s %u %.160s\n", e->time_us, addr,
                 e->what, e->behaviour, e->port, peer, e->peer_port, named ? e->client : "-");
    return (size_t)len;
}

int farm_log_open(struct farm_log *log, const char *path)
{
    log->error = 0;
    log->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    return log->fd < 0 ? -errno : 0;
}

int farm_log_close(struct farm_log *log)
{
    if (log->fd >= 0 && close(log->fd) != 0 && log->error == 0)
        log->error = -errno;
    log->fd = -1;
    return log->error;
}

void farm_log_write(struct farm_log *log, const struct farm_event *e)
{
    char line[FARM_LOG_LINE_MAX];
    if (log->fd < 0)
        return;
    size_t len = farm_log_format(line, e);
    ssize_t done = write(log->fd, line, len);
    if (done != (ssize_t)len && log->error == 0)
        log->error = done < 0 ? -errno : -ENOSPC;
}
