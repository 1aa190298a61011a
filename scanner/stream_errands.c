#include "scanner/stream_errands.h"

#include <assert.h>
#include <errno.h>
#include <openssl/siphash.h>

enum { SHOWN_MAX = 80 /* octets of a bad item that a complaint shows */ };

void stream_errands_init(struct stream_errands *m, const struct stream_config *config,
                         const char *source)
{
    assert(config->num_ports > 0 && config->num_ports <= TARGET_PORTS_MAX);
    assert(config->shard < config->num_shards);
    *m = (struct stream_errands){
        .source = source,
        .arg = config->arg,
        .complain = config->complain,
        .num_ports = config->num_ports,
        .num_shards = config->num_shards,
        .shard = config->shard,
        .sample_ppm = config->sample_ppm == 0 ? DATASET_SAMPLE_ALL : config->sample_ppm,
        .key = {config->seed, 0x73616d706c65}, /* "sample": what else the seed keys, differs */
        .done = config->done,
        .num_done = config->num_done,
    };
    memcpy(m->ports, config->ports, config->num_ports * sizeof m->ports[0]);
}

static bool is_drawn(const struct stream_errands *m, uint64_t line_no)
{
    uint8_t octets[8]; /* in an order of ours: all machines hash alike */
    if (m->sample_ppm >= DATASET_SAMPLE_ALL)
        return true;
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(line_no >> 8 * i);
    uint64_t hash = SIPHASH_24(m->key, octets, sizeof octets) >> 32;
    return hash * DATASET_SAMPLE_ALL >> 32 < m->sample_ppm;
}

/* tells whether a position was not done before; asked for rising positions */
static bool is_open(struct stream_errands *m, uint64_t position)
{
    while (m->num_done > 0 && position >= m->done->first &&
           (position - m->done->first) / m->num_shards >= m->done->count) {
        m->done++;
        m->num_done--;
    }
    return m->num_done == 0 || position < m->done->first;
}

static void complain(const struct stream_errands *m, const char *text)
{
    char last[STREAM_ERR_MAX];
    if (m->complain == NULL || m->bad > STREAM_COMPLAINTS_MAX)
        return;
    m->complain(m->arg, text);
    if (m->bad < STREAM_COMPLAINTS_MAX)
        return;
    line_error(last, sizeof last, 0, m->source, 0,
               "further lines that cannot be read are only counted");
    m->complain(m->arg, last);
}

static bool has_port(const struct stream_errands *m, uint16_t port)
{
    for (size_t i = 0; i < m->num_ports; i++)
        if (m->ports[i] == port)
            return true;
    return false;
}

/* reads a line that stands for one target at most, if it is drawn; 0, or negative with err set */
static int parse(struct stream_errands *m, char err[STREAM_ERR_MAX], struct bytes line,
                 uint64_t line_no)
{
    const char *text = (const char *)line.data;
    struct target_item *item = &m->item;
    item->kind = TARGET_ITEM_NONE;
    if (!is_drawn(m, line_no))
        return 0;
    int rc = target_item_parse(item, err, STREAM_ERR_MAX, text, line.len, m->source, line_no + 1);
    if (rc < 0 || item->kind == TARGET_ITEM_NONE)
        return rc;
    if (item->kind == TARGET_ITEM_RANGE && addr_cmp(item->range.first, item->range.last) != 0)
        return line_error(err, STREAM_ERR_MAX, -EINVAL, m->source, line_no + 1,
                          "\"%.*s\": a stream takes one address or name a line; ranges go to -i "
                          "without --stream",
                          (int)(line.len < SHOWN_MAX ? line.len : SHOWN_MAX), text);
    if (item->port != 0 && !has_port(m, item->port))
        return line_error(err, STREAM_ERR_MAX, -EINVAL, m->source, line_no + 1,
                          "port %u is none of this sweep; add it to --port, or leave the line out",
                          item->port);
    return 0;
}

/* reads a line into m->item, and complains of one that cannot be read: it has no target then */
static int read_line(struct stream_errands *m, struct bytes line, uint64_t line_no)
{
    char err[STREAM_ERR_MAX];
    int rc = parse(m, err, line, line_no);
    if (rc == -ENOMEM)
        return rc;
    if (rc < 0) {
        m->bad++;
        complain(m, err);
        m->item.kind = TARGET_ITEM_NONE;
    } else if (m->item.kind == TARGET_ITEM_NONE) {
        m->skipped++;
    }
    return 0;
}

/* the errand of what was read, at one of its ports; NULL: no memory */
static struct errand *make_errand(const struct stream_errands *m, uint64_t position, uint16_t port)
{
    const struct target_item *item = &m->item;
    if (item->kind == TARGET_ITEM_NONE || (item->port != 0 && item->port != port))
        return errand_new(position, NULL);
    bool named = item->kind == TARGET_ITEM_NAME;
    struct target target = {.addr = named ? (struct addr){0, 0} : item->range.first,
                            .port = port,
                            .host = bytes_of(item->host, item->host_len),
                            .tag = item->tag,
                            .named = named};
    return errand_new(position, &target);
}

int stream_errands_make(struct stream_errands *m, struct errand_list *out, struct bytes line,
                        uint64_t line_no)
{
    if (line_no >= DATASET_STREAM_POSITIONS_MAX / m->num_ports)
        return -EOVERFLOW;
    uint64_t first = line_no * m->num_ports;
    uint64_t to_shard = (m->shard + m->num_shards - first % m->num_shards) % m->num_shards;
    bool is_read = false;
    for (uint64_t i = to_shard; i < m->num_ports; i += m->num_shards) {
        if (!is_open(m, first + i))
            continue;
        int rc = is_read ? 0 : read_line(m, line, line_no);
        if (rc < 0)
            return rc;
        is_read = true;
        struct errand *e = make_errand(m, first + i, m->ports[i]);
        if (e == NULL)
            return -ENOMEM;
        errand_list_add(out, e);
    }
    return 0;
}
