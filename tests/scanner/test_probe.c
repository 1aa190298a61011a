/* Probes under a kernel that fails: each errno, injected where it happens, ends in the record, or the retry, that it must. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "scanner/engine.h"

enum { MAX_STEPS = 8 };

/* what the faked kernel does: the n-th recv gives steps[n]; a NULL text with errnum 0 is the end of the stream */
struct step {
    const char *text;
    int errnum;
};

struct script {
    int socket_errnum, connect_errnum; /* the first num_failures calls fail so */
    unsigned num_failures;
    uint32_t fails_for; /* connect fails only for this IPv4 address; 0: for all */
    int pending_errnum; /* of an asynchronous connect; the real one is refused */
    int send_errnum;
    struct step steps[MAX_STEPS];
};

/* one worker runs at a time: the faked kernel keeps its place here */
static struct {
    const struct script *script;
    unsigned num_failed, num_recv;
} fake;

static bool fails(int errnum)
{
    if (errnum == 0 || fake.num_failed == fake.script->num_failures)
        return false;
    fake.num_failed++;
    errno = errnum;
    return true;
}

static int fake_socket(int family, int type, int protocol)
{
    int pair[2];
    if (fails(fake.script->socket_errnum))
        return -1;
    if (fake.script->pending_errnum != 0)
        return socket(family, type, protocol);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) != 0)
        return -1;
    close(pair[1]); /* so that it is always readable */
    return pair[0];
}

static bool is_reachable(const struct sockaddr *addr)
{
    uint8_t four[4];
    memcpy(four, (const char *)addr + 4, 4);
    uint32_t v4 =
        (uint32_t)four[0] << 24 | (uint32_t)four[1] << 16 | (uint32_t)four[2] << 8 | four[3];
    return fake.script->fails_for != 0 && fake.script->fails_for != v4;
}

static int fake_connect(int fd, const struct sockaddr *addr, socklen_t len)
{
    if (!is_reachable(addr) && fails(fake.script->connect_errnum))
        return -1;
    return fake.script->pending_errnum != 0 ? connect(fd, addr, len) : 0;
}

static ssize_t fake_recv(int fd, void *buf, size_t len, int flags)
{
    (void)fd;
    (void)flags;
    if (fake.script->steps[0].text == NULL && fake.script->steps[0].errnum == 0)
        return 0; /* no steps: every peer closes at once */
    assert_in_range(fake.num_recv, 0, MAX_STEPS - 1);
    const struct step *s = &fake.script->steps[fake.num_recv++];
    if (s->text == NULL) {
        errno = s->errnum;
        return s->errnum != 0 ? -1 : 0;
    }
    size_t n = strlen(s->text);
    assert_true(n <= len);
    memcpy(buf, s->text, n);
    return (ssize_t)n;
}

static ssize_t fake_send(int fd, const void *buf, size_t len, int flags)
{
    (void)fd;
    (void)buf;
    (void)flags;
    if (fake.script->send_errnum != 0) {
        errno = fake.script->send_errnum;
        return -1;
    }
    return (ssize_t)len;
}

static int fake_error(int fd)
{
    (void)fd;
    return fake.script->pending_errnum;
}

static const struct net fake_net = {
    .socket = fake_socket,
    .connect = fake_connect,
    .recv = fake_recv,
    .send = fake_send,
    .error = fake_error,
    .close = close,
};

/* ---- a sweep of one target ---- */

struct sweep {
    char file[64];
    struct target_space space;
    struct permutation order;
    struct lease_source leases;
    struct dataset_writer *dataset;
    struct engine_config config;
};

static uint16_t closed_port(void)
{
    struct sockaddr_storage addr = {.ss_family = AF_INET};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    close(fd);
    uint16_t port;
    memcpy(&port, (const char *)&addr + 2, sizeof port);
    return (uint16_t)(port << 8 | port >> 8);
}

static void begin_targets(struct sweep *s, const char *targets, const struct prefix_set *filter)
{
    char err[DATASET_ERR_MAX];
    struct target_counts counts;
    uint16_t port = closed_port();
    struct bytes name = bytes_text("localhost");
    struct target_list *list = target_list_new();
    memset(s, 0, sizeof *s);
    assert_int_equal(target_list_add(list, err, sizeof err, targets, strlen(targets), "test", 1),
                     0);
    assert_int_equal(target_space_build(&s->space, &counts, list, NULL, NULL, NULL, &port, 1), 0);
    target_list_free(list);
    permutation_init(&s->order, s->space.count, 1);
    assert_int_equal(lease_source_init(&s->leases, s->space.count, 1, 0, NULL, 0), 0);

    struct dataset_header header = {.format = DATASET_FORMAT,
                                    .tool = bytes_text("test"),
                                    .ehlo_names = &name,
                                    .num_ehlo_names = 1,
                                    .seed = 1,
                                    .num_shards = 1,
                                    .space = &s->space,
                                    .counts = counts};
    dataset_sweep_id(&header);
    snprintf(s->file, sizeof s->file, "/tmp/mxsweep-probe-%ld.mxs.zst", (long)getpid());
    unlink(s->file);
    assert_int_equal(dataset_create(&s->dataset, err, s->file, &header), 0);
    s->config = (struct engine_config){.space = &s->space,
                                       .order = &s->order,
                                       .leases = &s->leases,
                                       .filter = filter,
                                       .dataset = s->dataset,
                                       .net = &fake_net,
                                       .num_workers = 1,
                                       .max_in_flight = 10,
                                       .session_ns = UINT64_C(60000000000),
                                       .flush_ns = UINT64_C(60000000000),
                                       .patience_ns = UINT64_C(60000000000),
                                       .ehlo_name = name};
    for (size_t i = 0; i < NUM_SESSION_WAITS; i++)
        s->config.wait_ns[i] = UINT64_C(30000000000);
}

static void begin(struct sweep *s, const struct prefix_set *filter)
{
    begin_targets(s, "127.0.0.1", filter);
}

static int run(struct sweep *s, struct engine_figures *figures, char fault[ENGINE_FAULT_MAX])
{
    struct engine *engine;
    fake.num_failed = fake.num_recv = 0;
    assert_int_equal(engine_start(&engine, &s->config), 0);
    uint64_t ended;
    int flags = fcntl(engine_ended_fd(engine), F_GETFL);
    fcntl(engine_ended_fd(engine), F_SETFL, flags & ~O_NONBLOCK);
    assert_int_equal(read(engine_ended_fd(engine), &ended, sizeof ended), sizeof ended);
    engine_figures(engine, figures);
    return engine_join(engine, fault);
}

/* ends the sweep; gives its records, num of them, copied without their texts */
static void end_records(struct sweep *s, struct record *records, size_t num)
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *reader;
    struct dataset_item item;
    size_t num_records = 0;
    assert_int_equal(dataset_finish(s->dataset, err, 1, DATASET_COMPLETE), 0);
    assert_int_equal(dataset_open(&reader, err, s->file), 0);
    struct block *block = block_new(dataset_reader_header(reader));
    while (dataset_next(reader, &item, err) == 1) {
        if (item.kind != DATASET_BLOCK)
            continue;
        assert_int_equal(block_decode(block, item.payload, err), 0);
        for (size_t i = 0; i < block_num_records(block) && num_records < num; i++)
            block_record(block, &records[num_records++], i);
    }
    assert_int_equal(num_records, num);
    block_free(block);
    dataset_close(reader);
}

static struct record end(struct sweep *s)
{
    struct record record;
    end_records(s, &record, 1);
    return record;
}

static void cleanup(struct sweep *s)
{
    unlink(s->file);
    lease_source_cleanup(&s->leases);
    target_space_cleanup(&s->space);
}

/* ---- cases ---- */

struct finding {
    const char *name;
    struct script script;
    enum stage stage;
    enum cause cause;
    uint16_t smtp_code;
    unsigned num_ours;
};

static const struct finding findings[] = {
    {"refused", {.pending_errnum = ECONNREFUSED}, STAGE_CONNECT, CAUSE_REFUSED, 0, 0},
    {"kernel gives up", {.pending_errnum = ETIMEDOUT}, STAGE_CONNECT, CAUSE_TIMEOUT, 0, 0},
    {"no such network",
     {.pending_errnum = ENETUNREACH},
     STAGE_CONNECT,
     CAUSE_NET_UNREACHABLE,
     0,
     0},
    {"no such host", {.pending_errnum = EHOSTUNREACH}, STAGE_CONNECT, CAUSE_HOST_UNREACHABLE, 0, 0},
    {"prohibited", {.pending_errnum = EACCES}, STAGE_CONNECT, CAUSE_ADMIN_PROHIBITED, 0, 0},
    {"an odd code of ICMP", {.pending_errnum = ENONET}, STAGE_CONNECT, CAUSE_HOST_UNREACHABLE, 0, 0},
    {"connected and reset at once",
     {.pending_errnum = ECONNRESET, .steps = {{NULL, ECONNRESET}}},
     STAGE_GREETING,
     CAUSE_RESET,
     0,
     0},
    {"connected, told to go away, and reset at once",
     {.pending_errnum = ECONNRESET, .steps = {{"554 go away\r\n", 0}, {NULL, 0}}},
     STAGE_GREETING,
     CAUSE_REJECTED,
     554,
     0},
    {"refused while connecting",
     {.connect_errnum = ECONNREFUSED, .num_failures = 1},
     STAGE_CONNECT,
     CAUSE_REFUSED,
     0,
     0},
    {"reset before the greeting",
     {.steps = {{NULL, ECONNRESET}}},
     STAGE_GREETING,
     CAUSE_RESET,
     0,
     0},
    {"host lost", {.steps = {{NULL, EHOSTUNREACH}}}, STAGE_GREETING, CAUSE_HOST_UNREACHABLE, 0, 0},
    {"interrupted reads",
     {.steps = {{NULL, EINTR}, {NULL, EAGAIN}, {NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     0},
    {"reset after EHLO",
     {.steps = {{"220 hi\r\n", 0}, {NULL, ECONNRESET}}},
     STAGE_EHLO,
     CAUSE_RESET,
     220,
     0},
    {"a write fails, then the end",
     {.send_errnum = EPIPE, .steps = {{"220 hi\r\n", 0}, {NULL, 0}}},
     STAGE_EHLO,
     CAUSE_RESET,
     220,
     0},
    {"a write fails, but there was more to read",
     {.send_errnum = ECONNRESET, .steps = {{"220 hi\r\n", 0}, {"421 bye\r\n", 0}, {NULL, 0}}},
     STAGE_EHLO,
     CAUSE_THROTTLED,
     421,
     0},
    {"no descriptors twice",
     {.socket_errnum = EMFILE, .num_failures = 2, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     2},
    {"no descriptors in the system",
     {.socket_errnum = ENFILE, .num_failures = 1, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
    {"no local port",
     {.connect_errnum = EADDRNOTAVAIL, .num_failures = 1, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
    {"no buffers",
     {.connect_errnum = ENOBUFS, .num_failures = 3, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     3},
    {"no route from here",
     {.connect_errnum = ENETUNREACH, .num_failures = 1, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
    {"our own firewall",
     {.connect_errnum = EPERM, .num_failures = 1, .steps = {{NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
    {"no memory while reading",
     {.steps = {{NULL, ENOMEM}, {NULL, 0}}},
     STAGE_GREETING,
     CAUSE_CLOSED,
     0,
     1},
};

static void test_findings(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof findings / sizeof findings[0]; i++) {
        const struct finding *c = &findings[i];
        struct sweep s;
        struct engine_figures figures;
        char fault[ENGINE_FAULT_MAX];
        print_message("%s\n", c->name);
        fake.script = &c->script;
        begin(&s, NULL);
        assert_int_equal(run(&s, &figures, fault), 0);
        struct record r = end(&s);
        assert_string_equal(stage_slug(r.stage), stage_slug(c->stage));
        assert_string_equal(cause_slug(r.cause), cause_slug(c->cause));
        assert_int_equal(r.smtp_code, c->smtp_code);
        assert_int_equal(figures.count[COUNT_OURS], c->num_ours);
        assert_int_equal(figures.count[COUNT_DONE], 1);
        assert_int_equal(figures.in_flight, 0);
        assert_int_equal(figures.queue_bytes, 0);
        cleanup(&s);
    }
}

/* a host that cannot open any connection stops the sweep; nothing is recorded about the target */
static void test_patience(void **state)
{
    (void)state;
    static const struct script no_ports = {.connect_errnum = EADDRNOTAVAIL, .num_failures = 1000};
    struct sweep s;
    struct engine_figures figures;
    struct dataset_totals totals;
    char fault[ENGINE_FAULT_MAX];
    fake.script = &no_ports;
    begin(&s, NULL);
    s.config.patience_ns = 0;
    assert_int_equal(run(&s, &figures, fault), -EADDRNOTAVAIL);
    assert_non_null(strstr(fault, "address not available"));
    assert_int_equal(figures.count[COUNT_DONE], 0);
    dataset_writer_totals(s.dataset, &totals);
    assert_int_equal(totals.positions, 0);
    dataset_abandon(s.dataset);
    cleanup(&s);
}

/* one target that cannot be reached from here, among others that can, is a finding about it in the
 * end; alone, or with a fault that is no route's, it would not be */
static void test_unroutable(void **state)
{
    (void)state;
    static const struct {
        int errnum;
        enum cause cause;
    } cases[] = {{ENETUNREACH, CAUSE_NET_UNREACHABLE},
                 {EHOSTUNREACH, CAUSE_HOST_UNREACHABLE},
                 {EACCES, CAUSE_ADMIN_PROHIBITED},
                 {EPERM, CAUSE_ADMIN_PROHIBITED},
                 {EINVAL, CAUSE_NET_UNREACHABLE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct script script = {
            .connect_errnum = cases[i].errnum, .num_failures = 1000, .fails_for = 0x7f000002};
        struct sweep s;
        struct engine_figures figures;
        struct record records[4];
        char fault[ENGINE_FAULT_MAX];
        fake.script = &script;
        begin_targets(&s, "127.0.0.0/30", NULL);
        s.config.max_in_flight = 1;
        assert_int_equal(run(&s, &figures, fault), 0);
        end_records(&s, records, 4);
        for (size_t k = 0; k < 4; k++) {
            bool bad = addr_cmp(records[k].addr, addr_v4(script.fails_for)) == 0;
            assert_int_equal(records[k].stage, bad ? STAGE_CONNECT : STAGE_GREETING);
            assert_int_equal(records[k].cause, bad ? cases[i].cause : CAUSE_CLOSED);
            assert_int_equal(records[k].errnum, bad ? cases[i].errnum : 0);
        }
        assert_int_equal(figures.count[COUNT_OURS], 3);
        assert_int_equal(figures.queue_bytes, 0);
        cleanup(&s);
    }
}

/* a target that a later blocklist names is recorded as such and not connected to */
static void test_blocked(void **state)
{
    (void)state;
    static const struct script no_calls = {.socket_errnum = EMFILE, .num_failures = 1000};
    struct sweep s;
    struct engine_figures figures;
    struct prefix_set filter;
    struct addr_range range = {addr_v4(0x7f000000), addr_v4(0x7f0000ff)};
    char fault[ENGINE_FAULT_MAX];
    prefix_set_init(&filter);
    assert_int_equal(prefix_set_add(&filter, range), 0);
    prefix_set_seal(&filter);
    fake.script = &no_calls;
    begin(&s, &filter);
    assert_int_equal(run(&s, &figures, fault), 0);
    struct record r = end(&s);
    assert_int_equal(r.stage, STAGE_CONNECT);
    assert_int_equal(r.cause, CAUSE_BLOCKED);
    assert_int_equal(figures.count[COUNT_STARTED], 0);
    assert_int_equal(figures.queue_bytes, 0);
    prefix_set_cleanup(&filter);
    cleanup(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_findings),
        cmocka_unit_test(test_patience),
        cmocka_unit_test(test_unroutable),
        cmocka_unit_test(test_blocked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
