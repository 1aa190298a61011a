#include "tools/world.h"

#include <stdlib.h>

#include "tools/builtin.h"

/* the text up to a separator, and *rest what is behind it */
static struct bytes take(struct bytes *rest, char separator)
{
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, separator, rest->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - rest->data) : rest->len;
    struct bytes taken = bytes_of(rest->data, len);
    size_t used = end != NULL ? len + 1 : len;
    *rest = bytes_of(rest->data + used, rest->len - used);
    return taken;
}

static double number(struct bytes text)
{
    double value = 0;
    for (size_t i = 0; i < text.len && text.data[i] >= '0' && text.data[i] <= '9'; i++)
        value = 10 * value + (text.data[i] - '0');
    return value;
}

static void read_line(struct world_country *out, struct bytes line)
{
    *out = (struct world_country){.code = take(&line, '\t'), .name = take(&line, '\t')};
    if (line.len > 0 && line.data[0] == 'M') {
        out->outline = line;
    } else {
        out->x = number(take(&line, ','));
        out->y = number(line);
    }
}

bool world_next(struct world_country *out, size_t *at)
{
    while (*at < builtin_world_len) {
        struct bytes rest = bytes_of(builtin_world + *at, builtin_world_len - *at);
        size_t before = rest.len;
        struct bytes line = take(&rest, '\n');
        *at += before - rest.len;
        if (line.len == 0 || line.data[0] == '#')
            continue;
        read_line(out, line);
        return true;
    }
    return false;
}

struct bytes world_name(struct bytes code)
{
    struct world_country c;
    for (size_t at = 0; world_next(&c, &at);)
        if (bytes_equal(c.code, code) && c.code.data[0] != '-')
            return c.name;
    return bytes_of(NULL, 0);
}
