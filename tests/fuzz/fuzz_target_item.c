/* fuzz_target_item: one line of a list or a stream. What is taken is bounded and sound, and written
 * out as a plain line it is the same item again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/targets.h"

static void require(int ok)
{
    if (!ok)
        abort();
}

/* a plain line that says the same; its length */
static size_t plain_line(char *out, size_t out_len, const struct target_item *item)
{
    char first[ADDR_TEXT_MAX], last[ADDR_TEXT_MAX];
    int len;
    addr_format(first, item->range.first);
    addr_format(last, item->range.last);
    if (item->kind == TARGET_ITEM_NAME)
        len = snprintf(out, out_len, "%s,,%.*s", item->host, (int)item->tag.len,
                       (const char *)item->tag.data);
    else
        len = snprintf(out, out_len, "%s-%s,%s,%.*s", first, last, item->host, (int)item->tag.len,
                       (const char *)item->tag.data);
    require(len > 0 && (size_t)len < out_len);
    return (size_t)len;
}

static void check_item(const struct target_item *item, const char *line, size_t len)
{
    require(item->host_len <= TARGET_HOST_MAX && strlen(item->host) == item->host_len);
    require(item->tag.len <= TARGET_TAG_MAX);
    require(item->tag.len == 0 || ((const char *)item->tag.data >= line &&
                                   (const char *)item->tag.data + item->tag.len <= line + len));
    if (item->kind == TARGET_ITEM_RANGE)
        require(addr_cmp(item->range.first, item->range.last) <= 0);
    if (item->kind == TARGET_ITEM_NAME)
        require(item->host_len > 0 && item->port == 0);
}

static void check_same(const struct target_item *a, const struct target_item *b)
{
    require(a->kind == b->kind && strcmp(a->host, b->host) == 0 && bytes_equal(a->tag, b->tag));
    require(addr_cmp(a->range.first, b->range.first) == 0 &&
            addr_cmp(a->range.last, b->range.last) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct target_item item, again;
    char err[160] = "", text[TARGET_LINE_MAX];
    const char *line = (const char *)data;
    int rc = target_item_parse(&item, err, sizeof err, line, len, "list", 1);
    require(rc <= 0 && (rc == 0) == (err[0] == '\0'));
    for (const char *c = err; *c != '\0'; c++)
        require(*c >= 0x20 && *c < 0x7f);
    if (rc != 0 || item.kind == TARGET_ITEM_NONE)
        return 0;
    check_item(&item, line, len);
    size_t plain_len = plain_line(text, sizeof text, &item);
    require(target_item_parse(&again, err, sizeof err, text, plain_len, "list", 2) == 0);
    check_same(&item, &again);
    return 0;
}
