/* fuzz_targets: the lines of a target list; then the space of those that are right, index to target
 * and back. */
#include <errno.h>
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

/* adds what is right and sees to it that what is wrong is said so in printable words; the line is
 * given in its own allocation, so that a read past its end is seen */
static void add_line(struct target_list *list, const uint8_t *data, size_t len, uint64_t line_no)
{
    char err[160] = "", *line = malloc(len > 0 ? len : 1);
    require(line != NULL);
    memcpy(line, data, len);
    int rc = target_list_add(list, err, sizeof err, line, len, "list", line_no);
    require(rc <= 0 && (rc == 0) == (err[0] == '\0'));
    for (const char *c = err; *c != '\0'; c++)
        require(*c >= 0x20 && *c < 0x7f);
    free(line);
}

static void add_lines(struct target_list *list, const uint8_t *data, size_t len)
{
    for (uint64_t line_no = 1; len > 0; line_no++) {
        const uint8_t *end = memchr(data, '\n', len);
        size_t line_len = end != NULL ? (size_t)(end - data) : len;
        add_line(list, data, line_len, line_no);
        data += line_len + (end != NULL);
        len -= line_len + (end != NULL);
    }
}

static void check_target(const struct target_space *space, const struct prefix_set *special,
                         uint64_t index)
{
    uint64_t back;
    struct target t = target_space_at(space, index);
    require(t.named ? target_space_find_name(space, &back, t.host, t.port)
                    : target_space_find(space, &back, t.addr, t.port, t.host));
    require(back == index);
    require(t.host.len <= TARGET_HOST_MAX && t.tag.len <= TARGET_TAG_MAX);
    require(t.host.data[t.host.len] == '\0' && strlen((const char *)t.host.data) == t.host.len);
    require(t.named ? t.host.len > 0 : special == NULL || !addr_refused(special, t.addr));
}

static void check_space(const struct target_list *list, const struct prefix_set *special,
                        const struct prefix_set *block)
{
    static const uint16_t ports[] = {25, 587};
    struct target_space space;
    struct target_counts counts;
    char err[160] = "";
    bool ports_fit = target_list_check_ports(list, err, sizeof err, ports, 2) == 0;
    require(ports_fit == (err[0] == '\0'));
    int rc = target_space_build(&space, &counts, list, special, block, NULL, ports, 2);
    require(ports_fit || rc == -EINVAL);
    if (rc != 0)
        return; /* more than 2^64, or other ports */
    if (counts.given < UINT64_MAX)
        require(counts.given == counts.special + counts.blocked + counts.not_allowed + counts.left);
    require(counts.left == space.num_addrs && space.count == space.num_addrs * 2);
    for (size_t i = 0; i < space.num_segments; i++) {
        uint64_t first = space.segments[i].before * 2;
        check_target(&space, special, first);
        if (first > 0)
            check_target(&space, special, first - 1);
    }
    if (space.count > 0)
        check_target(&space, special, space.count - 1);
    target_space_cleanup(&space);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct addr_range blocked = {{0, 0xffff08000000},
                                              {0, 0xffff08000003}}; /* 8.0.0.0/30 */
    struct target_list *list = target_list_new();
    struct prefix_set special, block;
    require(list != NULL);
    prefix_set_init(&special);
    prefix_set_init(&block);
    require(special_purpose(&special) == 0);
    require(prefix_set_add(&block, blocked) == 0);
    prefix_set_seal(&block);
    add_lines(list, data, len);
    check_space(list, NULL, NULL);
    check_space(list, &special, &block);
    prefix_set_cleanup(&special);
    prefix_set_cleanup(&block);
    target_list_free(list);
    return 0;
}
