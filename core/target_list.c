#include "core/target_lines.h"

#include <errno.h>
#include <openssl/rand.h>
#include <openssl/siphash.h>
#include <stdlib.h>

/* makes room for one more item and need octets; the pool stays as it is where it fails */
static int pool_reserve(struct text_pool *pool, size_t need)
{
    if (pool->num == pool->cap) {
        size_t cap = pool->cap > 0 ? pool->cap * 2 : 64;
        size_t *ends = reallocarray(pool->ends, cap, sizeof *ends);
        if (ends == NULL)
            return -ENOMEM;
        pool->ends = ends;
        pool->cap = cap;
    }
    if (pool->octets_cap - pool->octets_len < need) {
        size_t cap = pool->octets_cap * 2 + need + 1024;
        uint8_t *octets = realloc(pool->octets, cap);
        if (octets == NULL)
            return -ENOMEM;
        pool->octets = octets;
        pool->octets_cap = cap;
    }
    return 0;
}

/* the slot that holds text, or the free one where it belongs */
static uint32_t *pool_slot(const struct text_pool *pool, struct bytes text)
{
    size_t mask = pool->num_slots - 1;
    size_t i = (size_t)SIPHASH_24(pool->key, text.data, text.len) & mask;
    while (pool->slots[i] != 0 && !bytes_equal(text_pool_get(pool, pool->slots[i]), text))
        i = (i + 1) & mask;
    return &pool->slots[i];
}

static int pool_rehash(struct text_pool *pool, size_t num_slots)
{
    uint32_t *slots = calloc(num_slots, sizeof *slots);
    if (slots == NULL)
        return -ENOMEM;
    free(pool->slots);
    pool->slots = slots;
    pool->num_slots = num_slots;
    for (size_t id = 1; id < pool->num; id++)
        *pool_slot(pool, text_pool_get(pool, id)) = (uint32_t)id;
    return 0;
}

static int pool_append(struct text_pool *pool, struct bytes text)
{
    int rc = pool_reserve(pool, text.len + 1);
    if (rc < 0)
        return rc;
    if (text.len > 0)
        memcpy(pool->octets + pool->octets_len, text.data, text.len);
    pool->octets[pool->octets_len + text.len] = '\0';
    pool->ends[pool->num++] = pool->octets_len + text.len;
    pool->octets_len += text.len + 1;
    return 0;
}

/* finds or adds a text and tells its number */
static int pool_intern(struct text_pool *pool, uint32_t *id, struct bytes text)
{
    if (text.len == 0) {
        *id = 0;
        return 0;
    }
    if (pool->num >= UINT32_MAX)
        return -EOVERFLOW;
    if (pool->num_slots / 2 <= pool->num) {
        int rc = pool_rehash(pool, pool->num_slots * 2);
        if (rc < 0)
            return rc;
    }
    uint32_t *slot = pool_slot(pool, text);
    if (*slot == 0) {
        int rc = pool_append(pool, text);
        if (rc < 0)
            return rc;
        *slot = (uint32_t)(pool->num - 1);
    }
    *id = *slot;
    return 0;
}

struct target_list *target_list_new(void)
{
    struct target_list *list = calloc(1, sizeof *list);
    if (list == NULL)
        return NULL;
    RAND_bytes((uint8_t *)list->pool.key, sizeof list->pool.key);
    if (pool_append(&list->pool, bytes_text("")) == 0 && pool_rehash(&list->pool, 64) == 0)
        return list;
    target_list_free(list);
    return NULL;
}

void target_list_free(struct target_list *list)
{
    if (list == NULL)
        return;
    free(list->lines);
    free(list->said);
    free(list->pool.octets);
    free(list->pool.ends);
    free(list->pool.slots);
    free(list);
}

/* ---- the list ---- */

/* room for one more item of an array; NULL: no memory. array: the address of its pointer */
static bool reserve(void *array, size_t num, size_t *cap, size_t size)
{
    void *items;
    if (num < *cap)
        return true;
    size_t more = *cap > 0 ? *cap * 2 : 64;
    memcpy(&items, array, sizeof items);
    items = reallocarray(items, more, size);
    if (items == NULL)
        return false;
    memcpy(array, &items, sizeof items);
    *cap = more;
    return true;
}

static int append_line(struct target_list *list, const struct target_item *item)
{
    struct target_line line = {.range = item->range, .named = item->kind == TARGET_ITEM_NAME};
    if (!reserve(&list->lines, list->num, &list->cap, sizeof *list->lines))
        return -ENOMEM;
    int rc = pool_intern(&list->pool, &line.host, bytes_of(item->host, item->host_len));
    if (rc == 0)
        rc = pool_intern(&list->pool, &line.tag, item->tag);
    if (rc == 0)
        list->lines[list->num++] = line;
    return rc;
}

static bool is_said(const struct target_list *list, uint16_t port)
{
    return (list->is_said[port / 64] >> port % 64 & 1) != 0;
}

/* notes the port of a line, unless one before it said the same; 0: none */
static int note_port(struct target_list *list, uint16_t port, const char *source, uint64_t line_no)
{
    struct said_port said = {.port = port, .line_no = line_no};
    if (port == 0 || is_said(list, port))
        return 0;
    if (!reserve(&list->said, list->num_said, &list->said_cap, sizeof *list->said))
        return -ENOMEM;
    int rc = pool_intern(&list->pool, &said.source, bytes_text(source));
    if (rc < 0)
        return rc;
    list->said[list->num_said++] = said;
    list->is_said[port / 64] |= UINT64_C(1) << port % 64;
    return 0;
}

/* takes back what came after the first num lines and num_said ports */
static void take_back(struct target_list *list, size_t num, size_t num_said)
{
    list->num = num;
    for (; list->num_said > num_said; list->num_said--) {
        uint16_t port = list->said[list->num_said - 1].port;
        list->is_said[port / 64] &= ~(UINT64_C(1) << port % 64);
    }
}

int target_list_add(struct target_list *list, char *err, size_t err_len, const char *line,
                    size_t line_len, const char *source, uint64_t line_no)
{
    size_t before = list->num, said_before = list->num_said;
    struct target_item item;
    int rc = target_item_parse(&item, err, err_len, line, line_len, source, line_no);
    if (rc < 0 || item.kind == TARGET_ITEM_NONE)
        return rc;
    rc = append_line(list, &item);
    if (rc == 0)
        rc = note_port(list, item.port, source, line_no);
    if (rc == 0)
        return 0;
    take_back(list, before, said_before);
    return line_error(err, err_len, rc, source, line_no, "out of memory");
}

static int add_line(void *ctx, char *err, size_t err_len, const char *line, size_t line_len,
                    const char *source, uint64_t line_no)
{
    return target_list_add(ctx, err, err_len, line, line_len, source, line_no);
}

int target_list_load(struct target_list *list, char *err, size_t err_len, const char *path)
{
    size_t before = list->num, said_before = list->num_said;
    int rc = lines_load(path, NULL, err, err_len, add_line, list);
    if (rc < 0)
        take_back(list, before, said_before);
    return rc;
}

int target_list_check_ports(const struct target_list *list, char *err, size_t err_len,
                            const uint16_t *ports, size_t num_ports)
{
    for (size_t i = 0; i < list->num_said; i++) {
        const struct said_port *said = &list->said[i];
        bool visited = false;
        for (size_t k = 0; k < num_ports; k++)
            visited |= ports[k] == said->port;
        if (!visited)
            return line_error(
                err, err_len, -EINVAL, (const char *)text_pool_get(&list->pool, said->source).data,
                said->line_no,
                "port %u is open there, and the sweep does not visit it; name it with --port",
                said->port);
    }
    return 0;
}
