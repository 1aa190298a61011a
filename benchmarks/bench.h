/*
 * bench: what the benchmark programs share. They are programs for the developer: a fault ends them.
 *
 * Units      times in ns of CPU, user and system.
 */
#ifndef MXSWEEP_BENCHMARKS_BENCH_H
#define MXSWEEP_BENCHMARKS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* bench_die says what failed, with errno's text where errno is set, and exits with 1. */
_Noreturn void bench_die(const char *what);

/* bench_cpu_ns returns the CPU time that this process has used. */
uint64_t bench_cpu_ns(void);

/* bench_pin keeps this process on one CPU. */
void bench_pin(unsigned cpu);

struct chain;   /* tools/farm/pki.h */

/* the octets of one session on the wire after the 220 to STARTTLS, as the two sides send them in turn */
struct bench_flights {
    size_t hello, server_flight, finished_ehlo, ehlo_reply, quit, bye, close_notify;
};

/* floor_tls runs num_sessions sessions of a bare client against a server in memory, batch at a time, and returns the CPU time of
 * the client's side alone. *flights gets the sizes of what was exchanged. */
uint64_t floor_tls(struct bench_flights *flights, const struct chain *chain, size_t num_sessions, size_t batch);

/* floor_sockets runs num_sessions dialogues of such sizes over loopback, in_flight at once, without TLS and without an event
 * library, against a responder that it starts on CPU peer_cpu, and returns the CPU time of the client. */
uint64_t floor_sockets(const struct bench_flights *flights, size_t num_sessions, size_t in_flight, unsigned peer_cpu);

/* what both sides say before TLS, and inside it: mxfarm's `bench` and bench_sweep, word for word */
#define BENCH_KEYWORDS "250-ENHANCEDSTATUSCODES\r\n250-8BITMIME\r\n250-DSN\r\n250 CHUNKING\r\n"
#define BENCH_EHLO_TLS_REPLY                                                                       \
    "250-bench.invalid\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n" BENCH_KEYWORDS
#define BENCH_EHLO_REPLY                                                                           \
    "250-bench.invalid\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-STARTTLS\r\n" BENCH_KEYWORDS
#define BENCH_GREETING "220 bench.invalid ESMTP\r\n"
#define BENCH_EHLO "EHLO bench.invalid\r\n"
#define BENCH_STARTTLS "STARTTLS\r\n"
#define BENCH_STARTTLS_REPLY "220 2.0.0 Ready to start TLS\r\n"
#define BENCH_QUIT "QUIT\r\n"
#define BENCH_BYE "221 2.0.0 Bye\r\n"

#endif
