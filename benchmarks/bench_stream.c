/*
 * bench_stream: what a streamed list costs: CPU of this process, which reads, digests and parses
 * the list and takes the errands; and its memory, which is to stay as it is.
 *
 * Input      from a seed: addresses, IPv4 and IPv6, one a line, written to a pipe by a process of
 *            its own, which is not counted.
 * Output     name  size  ops/s  ns/op  peak MiB; for a tenth of the lines, and for all
 * Usage      bench_stream [LINES]
 */
#include "benchmarks/bench.h"
#include "scanner/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WRITE_LEN = 64 << 10, LINE_LEN = 64, TAKE_MAX = 64 };

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static size_t make_line(char out[LINE_LEN], uint64_t *x)
{
    uint64_t r = next_random(x);
    if (r % 4 == 0)
        return (size_t)snprintf(out, LINE_LEN, "2001:db8:%x:%x::%x\n", (unsigned)(r >> 48),
                                (unsigned)(r >> 32 & 0xffff), (unsigned)(r >> 16 & 0xffff));
    return (size_t)snprintf(out, LINE_LEN, "10.%u.%u.%u\n", (unsigned)(r >> 56),
                            (unsigned)(r >> 48 & 255), (unsigned)(r >> 40 & 255));
}

static void write_lines(int fd, uint64_t num)
{
    static char data[WRITE_LEN + LINE_LEN];
    uint64_t x = 0x9e3779b97f4a7c15U;
    size_t len = 0;
    for (uint64_t i = 0; i < num; i++) {
        len += make_line(data + len, &x);
        if (len < WRITE_LEN && i + 1 < num)
            continue;
        for (size_t at = 0; at < len;) {
            ssize_t n = write(fd, data + at, len - at);
            if (n <= 0)
                bench_die("write");
            at += (size_t)n;
        }
        len = 0;
    }
}

static pid_t start_writer(int *read_fd, uint64_t num)
{
    int fds[2];
    if (pipe(fds) != 0)
        bench_die("pipe");
    pid_t pid = fork();
    if (pid < 0)
        bench_die("fork");
    if (pid == 0) {
        close(fds[0]);
        write_lines(fds[1], num);
        _exit(0);
    }
    close(fds[1]);
    *read_fd = fds[0];
    return pid;
}

static void on_complaint(void *arg, const char *text)
{
    (void)arg;
    fprintf(stderr, "bench_stream: %s\n", text);
    exit(1);
}

static void on_ready(void *arg)
{
    char octet = 0;
    if (write(*(const int *)arg, &octet, 1) != 1)
        bench_die("write");
}

/* takes all; returns how many there were */
static uint64_t take_all(struct stream *s, int ready_fd)
{
    enum stream_state state;
    struct errand *list;
    uint64_t num = 0;
    char octets[256];
    while ((state = stream_take(s, &list, TAKE_MAX)) != STREAM_END) {
        if (state == STREAM_FAULT)
            bench_die("the stream has a fault");
        if (state == STREAM_EMPTY) {
            if (read(ready_fd, octets, sizeof octets) <= 0)
                bench_die("read");
            continue;
        }
        for (struct errand *next; list != NULL; list = next, num++) {
            next = list->next;
            errand_free(list);
        }
    }
    return num;
}

/* VmHWM of this process; Linux */
static double peak_mib(void)
{
    char line[256];
    unsigned long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, "VmHWM:", 6) == 0)
            kib = strtoul(line + 6, NULL, 10);
    if (f != NULL)
        fclose(f);
    return (double)kib / 1024;
}

static void bench(uint64_t num)
{
    static const uint16_t port = 25;
    int read_fd, ready[2], status;
    char path[32], err[STREAM_ERR_MAX];
    struct stream *s;
    pid_t writer = start_writer(&read_fd, num);
    if (pipe(ready) != 0)
        bench_die("pipe");
    snprintf(path, sizeof path, "/dev/fd/%d", read_fd);
    struct stream_config config = {.path = path,
                                   .ports = &port,
                                   .num_ports = 1,
                                   .num_shards = 1,
                                   .arg = &ready[1],
                                   .complain = on_complaint,
                                   .ready = on_ready};
    uint64_t start_ns = bench_cpu_ns();
    if (stream_open(&s, err, &config) != 0)
        bench_die(err);
    close(read_fd); /* the stream has its own */
    uint64_t taken = take_all(s, ready[0]);
    stream_close(s);
    double ns = (double)(bench_cpu_ns() - start_ns);
    if (waitpid(writer, &status, 0) != writer || status != 0 || taken != num)
        bench_die("lines were lost");
    printf("%-24s %9llu %12.0f ops/s %9.1f ns/op %8.1f MiB\n", "stream", (unsigned long long)num,
           (double)num * 1e9 / ns, ns / (double)num, peak_mib());
    close(ready[0]);
    close(ready[1]);
}

int main(int argc, char **argv)
{
    uint64_t num = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000000;
    if (num < 10 || num > 10000000000) {
        fprintf(stderr, "usage: bench_stream [LINES], 10 to 10^10\n");
        return 2;
    }
    bench(num / 10);
    bench(num);
    return 0;
}
