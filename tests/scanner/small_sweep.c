#include "small_sweep.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fake_net.h"

#define S UINT64_C(1000000000)

/* one that nobody listens on */
static uint16_t closed_port(void)
{
    struct sockaddr_storage addr = {.ss_family = AF_INET};
    socklen_t len = sizeof addr;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&addr, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
    close(fd);
    uint16_t port;
    memcpy(&port, (const char *)&addr + 2, sizeof port);
    return (uint16_t)(port << 8 | port >> 8);
}

static void build_space(struct small_sweep *s, struct target_counts *counts, const char *lines)
{
    char err[DATASET_ERR_MAX];
    uint16_t port = closed_port();
    struct target_list *list = target_list_new();
    assert_non_null(list);
    while (*lines != '\0') {
        size_t len = strcspn(lines, " ");
        if (target_list_add(list, err, sizeof err, lines, len, "test", 1) != 0)
            fail_msg("%s", err);
        lines += len + (lines[len] == ' ');
    }
    assert_int_equal(target_space_build(&s->space, counts, list, NULL, NULL, NULL, &port, 1), 0);
    target_list_free(list);
}

static void create_dataset(struct small_sweep *s, const struct target_counts *counts)
{
    char err[DATASET_ERR_MAX];
    struct dataset_header header = {.format = DATASET_FORMAT,
                                    .tool = bytes_text("test"),
                                    .sources = s->sources.addrs,
                                    .num_sources = s->sources.num,
                                    .ehlo_names = s->sources.names,
                                    .num_ehlo_names = s->sources.num_names,
                                    .seed = 1,
                                    .num_shards = 1,
                                    .streamed = s->list[0] != '\0',
                                    .space = &s->space,
                                    .counts = *counts};
    dataset_sweep_id(&header);
    snprintf(s->file, sizeof s->file, "test_small_sweep.%ld.out", (long)getpid());
    unlink(s->file);
    if (dataset_create(&s->dataset, err, s->file, &header) != 0)
        fail_msg("%s", err);
}

static void configure(struct small_sweep *s)
{
    s->networks = (struct networks_config){.prefix_len4 = 24,
                                           .prefix_len6 = 48,
                                           .retry_delay_ns = S / 1000,
                                           .max_entries = NETWORKS_ENTRIES_MAX,
                                           .max_parked = 1 << 12};
    s->config = (struct engine_config){.space = &s->space,
                                       .order = &s->order,
                                       .leases = &s->leases,
                                       .dataset = s->dataset,
                                       .net = &fake_net,
                                       .num_workers = 1,
                                       .num_shards = 1,
                                       .max_in_flight = 10,
                                       .networks = &s->networks,
                                       .backs_off = true,
                                       .wait_ns = {30 * S, 30 * S, 30 * S, 30 * S},
                                       .session_ns = 60 * S,
                                       .flush_ns = 60 * S,
                                       .patience_ns = 60 * S,
                                       .sources = &s->sources};
}

void small_sweep_begin(struct small_sweep *s, const char *lines, const char *sources)
{
    char err[SOURCE_ERR_MAX];
    struct target_counts counts;
    memset(s, 0, sizeof *s);
    build_space(s, &counts, lines);
    permutation_init(&s->order, s->space.count, 1);
    assert_int_equal(lease_source_init(&s->leases, s->space.count, 1, 0, NULL, 0), 0);
    assert_int_equal(sources_parse(&s->sources, err, sources, NULL, "localhost", false), 0);
    create_dataset(s, &counts);
    configure(s);
}

void small_sweep_begin_stream(struct small_sweep *s, const char *text)
{
    char err[STREAM_ERR_MAX];
    struct target_counts counts;
    memset(s, 0, sizeof *s);
    snprintf(s->list, sizeof s->list, "test_small_sweep.%ld.list", (long)getpid());
    FILE *list = fopen(s->list, "w");
    assert_non_null(list);
    assert_true(fputs(text, list) >= 0);
    assert_int_equal(fclose(list), 0);
    build_space(s, &counts, "");
    assert_int_equal(sources_parse(&s->sources, err, NULL, NULL, "localhost", false), 0);
    create_dataset(s, &counts);
    configure(s);
    engine_bell_init(&s->bell);
    struct stream_config config = {.path = s->list,
                                   .ports = s->space.ports,
                                   .num_ports = 1,
                                   .num_shards = 1,
                                   .arg = &s->bell,
                                   .ready = engine_bell_ring};
    if (stream_open(&s->config.stream, err, &config) != 0)
        fail_msg("%s", err);
    s->config.bell = &s->bell;
    s->config.leases = NULL;
}

struct engine *small_sweep_start(struct small_sweep *s)
{
    struct engine *e = NULL;
    assert_int_equal(engine_start(&e, &s->config), 0);
    return e;
}

int small_sweep_join(struct engine *e, struct engine_figures *figures, char fault[ENGINE_FAULT_MAX])
{
    struct pollfd ended = {.fd = engine_ended_fd(e), .events = POLLIN};
    assert_int_equal(poll(&ended, 1, -1), 1);
    engine_figures(e, figures);
    int rc = engine_join(e, fault);
    assert_int_equal(figures->in_flight, 0);
    assert_int_equal(figures->queue_bytes, 0);
    assert_int_equal(fake_net_num_open(), 0);
    return rc;
}

int small_sweep_run(struct small_sweep *s, struct engine_figures *figures,
                    char fault[ENGINE_FAULT_MAX])
{
    return small_sweep_join(small_sweep_start(s), figures, fault);
}

void small_sweep_records(struct small_sweep *s, struct record *records, size_t num)
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *reader;
    struct dataset_item item;
    size_t num_records = 0;
    assert_int_equal(dataset_finish(s->dataset, err, 1, DATASET_STOPPED), 0);
    s->dataset = NULL;
    assert_int_equal(dataset_open(&reader, err, s->file), 0);
    struct block *block = block_new(dataset_reader_header(reader));
    while (dataset_next(reader, &item, err) == 1) {
        if (item.kind != DATASET_BLOCK)
            continue;
        assert_int_equal(block_decode(block, item.payload, err), 0);
        for (size_t i = 0; i < block_num_records(block); i++) {
            assert_true(num_records < num);
            block_record(block, &records[num_records++], i);
        }
    }
    assert_int_equal(num_records, num);
    block_free(block);
    dataset_close(reader);
}

void small_sweep_events(struct small_sweep *s, char (*what)[16], size_t num)
{
    char err[DATASET_ERR_MAX];
    struct dataset_reader *reader;
    struct dataset_item item;
    size_t num_events = 0;
    assert_int_equal(dataset_open(&reader, err, s->file), 0);
    while (dataset_next(reader, &item, err) == 1) {
        struct dataset_event_view event;
        if (item.kind != DATASET_EVENT)
            continue;
        assert_int_equal(dataset_event_decode(&event, item.payload, err), 0);
        assert_true(num_events < num);
        snprintf(what[num_events++], sizeof what[0], "%.*s", (int)event.what.len,
                 (const char *)event.what.data);
    }
    assert_int_equal(num_events, num);
    dataset_close(reader);
}

void small_sweep_end(struct small_sweep *s)
{
    if (s->list[0] != '\0') {
        stream_close(s->config.stream);
        engine_bell_cleanup(&s->bell);
        unlink(s->list);
    }
    dataset_abandon(s->dataset);
    unlink(s->file);
    lease_source_cleanup(&s->leases);
    target_space_cleanup(&s->space);
}
