/*
 * fuzz_stream: the lines of a stream, cut from octets that come in pieces, and their errands: the
 * same as when the octets come at once.
 *
 * Input      octets 0 and 1: how it is cut, and ports, shard and sample; the rest is the list.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scanner/stream_errands.h"
#include "scanner/stream_lines.h"

static const uint16_t ports[] = {25, 465, 587};

struct reader {
    struct stream_lines lines;
    struct stream_errands errands;
    struct errand_list list;
    unsigned num_told;
};

static void require(int ok)
{
    if (!ok)
        abort();
}

static void on_complaint(void *arg, const char *text)
{
    struct reader *r = arg;
    r->num_told++;
    require(strncmp(text, "list:", 5) == 0);
    for (const char *c = text; *c != '\0'; c++)
        require(*c >= 0x20 && *c < 0x7f);
}

static void begin(struct reader *r, uint8_t how)
{
    struct stream_config config = {.ports = ports,
                                   .num_ports = 1 + how % 3,
                                   .num_shards = 1 + how / 3 % 3,
                                   .shard = 0,
                                   .sample_ppm = how < 128 ? 0 : 500000,
                                   .seed = how,
                                   .arg = r,
                                   .complain = on_complaint};
    r->num_told = 0;
    stream_lines_init(&r->lines);
    stream_errands_init(&r->errands, &config, "list");
    errand_list_init(&r->list);
}

static void take_line(struct reader *r, struct bytes line)
{
    require(line.len <= STREAM_LINE_KEPT);
    require(stream_errands_make(&r->errands, &r->list, line, r->lines.num - 1) == 0);
}

/* gives one piece, in its own allocation, so that a read past its end is seen */
static void feed(struct reader *r, const uint8_t *data, size_t len)
{
    char *piece = malloc(len > 0 ? len : 1), *at = piece;
    struct bytes line;
    size_t used;
    require(piece != NULL);
    memcpy(piece, data, len);
    while (stream_lines_next(&r->lines, &line, &used, at, len)) {
        require(used > 0 && used <= len);
        take_line(r, line);
        at += used;
        len -= used;
    }
    free(piece);
}

static void end(struct reader *r)
{
    struct bytes line;
    if (stream_lines_end(&r->lines, &line))
        take_line(r, line);
}

static void check_target(const struct target *t)
{
    require(t->port == 25 || t->port == 465 || t->port == 587);
    require(t->host.len <= TARGET_HOST_MAX && t->tag.len <= TARGET_TAG_MAX);
    require(strlen((const char *)t->host.data) == t->host.len);
    require(t->tag.data[t->tag.len] == '\0');
    require(!t->named || t->host.len > 0);
}

static void check_same(const struct errand *a, const struct errand *b)
{
    require(a->position == b->position && a->skip == b->skip);
    if (a->skip)
        return;
    check_target(&a->target);
    require(addr_cmp(a->target.addr, b->target.addr) == 0 && a->target.port == b->target.port);
    require(a->target.named == b->target.named);
    require(bytes_equal(a->target.host, b->target.host));
    require(bytes_equal(a->target.tag, b->target.tag));
}

static void compare(const struct reader *whole, const struct reader *cut, const uint8_t *data,
                    size_t len)
{
    uint8_t expected[32], sha256[32];
    SHA256(data, len, expected);
    stream_lines_digest(&whole->lines, sha256);
    require(memcmp(sha256, expected, 32) == 0);
    stream_lines_digest(&cut->lines, sha256);
    require(memcmp(sha256, expected, 32) == 0);
    require(whole->lines.num == cut->lines.num && whole->list.num == cut->list.num);
    require(whole->errands.bad == cut->errands.bad);
    require(whole->errands.skipped == cut->errands.skipped);
    require(whole->num_told == cut->num_told && whole->num_told <= STREAM_COMPLAINTS_MAX + 1);
    const struct errand *a = whole->list.first, *b = cut->list.first;
    for (; a != NULL; a = a->next, b = b->next)
        check_same(a, b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct reader whole, cut;
    if (len < 2)
        return 0;
    size_t piece = 1 + data[0];
    uint8_t how = data[1];
    data += 2;
    len -= 2;
    begin(&whole, how);
    feed(&whole, data, len);
    end(&whole);
    begin(&cut, how);
    for (size_t at = 0; at < len; at += piece)
        feed(&cut, data + at, piece < len - at ? piece : len - at);
    end(&cut);
    compare(&whole, &cut, data, len);
    errand_list_cleanup(&whole.list);
    errand_list_cleanup(&cut.list);
    return 0;
}
