#include "tools/gauge.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define S_NS UINT64_C(1000000000)

enum { STEP_NS = 200000000 };

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * S_NS + (uint64_t)t.tv_nsec;
}

static void put(const struct gauge *p, const char *text, size_t len)
{
    if (write(p->fd, text, len) < 0)
        return; /* a line that nobody sees */
}

void gauge_init(struct gauge *p, int fd)
{
    *p = (struct gauge){.fd = isatty(fd) == 1 ? fd : -1};
}

void gauge_begin(struct gauge *p, const char *what, uint64_t total)
{
    int fd = p->fd;
    *p = (struct gauge){.fd = fd, .what = what, .total = total};
    if (fd >= 0)
        p->start_ns = now_ns();
}

void gauge_at(struct gauge *p, uint64_t octets)
{
    char line[GAUGE_LINE_MAX];
    if (p->fd < 0)
        return;
    uint64_t now = now_ns();
    if (now - p->start_ns < S_NS || now - p->shown_ns < STEP_NS)
        return;
    p->shown_ns = now;
    p->is_shown = true;
    put(p, line, gauge_line(line, p->what, p->before + octets, p->total, now - p->start_ns));
}

void gauge_file(struct gauge *p, uint64_t len)
{
    p->before += len;
}

void gauge_end(struct gauge *p)
{
    static const char wipe[] = "\r\x1b[K";
    if (p->is_shown)
        put(p, wipe, sizeof wipe - 1);
    p->is_shown = false;
}

size_t gauge_line(char out[GAUGE_LINE_MAX], const char *what, uint64_t done, uint64_t total,
                     uint64_t elapsed_ns)
{
    double rate = elapsed_ns > 0 ? (double)done * 1e9 / (double)elapsed_ns : 0;
    double share = total > 0 && done < total ? (double)done / (double)total : 1;
    double left_s = rate > 0 && done < total ? (double)(total - done) / rate : 0;
    int len = snprintf(out, GAUGE_LINE_MAX, "\r%.40s: %3.0f %%, %.0f MB/s, %.0f s left\x1b[K",
                       what, 100 * share, rate / 1e6, left_s);
    return len < 0 ? 0 : len < GAUGE_LINE_MAX ? (size_t)len : GAUGE_LINE_MAX - 1;
}
