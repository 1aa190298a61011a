#include "core/target_lines.h"
#include "core/targets.h"

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
    free(list->pool.octets);
    free(list->pool.ends);
    free(list->pool.slots);
    free(list);
}

static const char *check_label(const uint8_t *label, size_t len)
{
    if (len == 0)
        return "an empty label in the host name; one dot goes between two labels";
    if (len > 63)
        return "a label of the host name is longer than 63 octets";
    if (label[0] == '-' || label[len - 1] == '-')
        return "a label of the host name begins or ends with a hyphen";
    return NULL;
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* copies a host name, lower-cased and without the dot at its end; NULL, or what is wrong */
static const char *take_host(uint8_t out[TARGET_HOST_MAX], size_t *out_len, struct bytes text)
{
    if (text.len > 0 && text.data[text.len - 1] == '.')
        text.len--;
    if (text.len > TARGET_HOST_MAX)
        return "the host name is longer than 253 octets";
    size_t begin = 0;
    bool numeric = true; /* the label so far */
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c == '.') {
            const char *wrong = check_label(text.data + begin, i - begin);
            if (wrong != NULL)
                return wrong;
            begin = i + 1;
            numeric = true;
        } else if (c >= 0x80) {
            return "the host name is not ASCII; write it in A-labels (xn--...)";
        } else {
            c = c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
            if (!is_digit(c) && !(c >= 'a' && c <= 'z') && c != '-' && c != '_')
                return "host names hold letters, digits, hyphens, underscores and dots";
            numeric = numeric && is_digit(c);
        }
        out[i] = c;
    }
    const char *wrong = check_label(text.data + begin, text.len - begin);
    if (wrong == NULL && numeric)
        return "an address where the host name goes; leave the column empty if there is no name";
    *out_len = text.len;
    return wrong;
}

static const char *check_tag(struct bytes tag)
{
    if (tag.len > TARGET_TAG_MAX)
        return "the tag is longer than 128 octets";
    for (size_t i = 0; i < tag.len; i++)
        if (tag.data[i] < 0x20 || tag.data[i] == 0x7f)
            return "a control character in the tag";
    return NULL;
}

/* takes the text before the next comma off *rest, without the blanks around it; *rest then begins
 * behind the comma and *more tells whether there was one */
static struct bytes take_column(struct bytes *rest, bool *more)
{
    const uint8_t *comma = rest->len > 0 ? memchr(rest->data, ',', rest->len) : NULL;
    struct bytes column = *rest;
    *more = comma != NULL;
    column.len = comma != NULL ? (size_t)(comma - rest->data) : rest->len;
    size_t used = column.len + (comma != NULL);
    rest->data += used;
    rest->len -= used;
    while (column.len > 0 && (*column.data == ' ' || *column.data == '\t')) {
        column.data++;
        column.len--;
    }
    while (column.len > 0 &&
           (column.data[column.len - 1] == ' ' || column.data[column.len - 1] == '\t'))
        column.len--;
    return column;
}

static int append_line(struct target_list *list, struct addr_range range, struct bytes host,
                       struct bytes tag)
{
    struct target_line line = {.range = range};
    if (list->num == list->cap) {
        size_t cap = list->cap > 0 ? list->cap * 2 : 64;
        struct target_line *lines = reallocarray(list->lines, cap, sizeof *lines);
        if (lines == NULL)
            return -ENOMEM;
        list->lines = lines;
        list->cap = cap;
    }
    int rc = pool_intern(&list->pool, &line.host, host);
    if (rc == 0)
        rc = pool_intern(&list->pool, &line.tag, tag);
    if (rc == 0)
        list->lines[list->num++] = line;
    return rc;
}

static int bad_column(char *err, size_t err_len, struct bytes column, const char *wrong,
                      const char *source, uint64_t line_no)
{
    int shown = column.len < 80 ? (int)column.len : 80;
    return line_error(err, err_len, -EINVAL, source, line_no, "\"%.*s\": %s", shown,
                      (const char *)column.data, wrong);
}

int target_list_add(struct target_list *list, char *err, size_t err_len, const char *line,
                    size_t line_len, const char *source, uint64_t line_no)
{
    int rc = line_check(err, err_len, line, line_len, source, line_no);
    if (rc < 0)
        return rc;
    struct bytes rest = line_strip(line, line_len, line_no);
    if (rest.len == 0)
        return 0;

    bool more;
    uint8_t name[TARGET_HOST_MAX];
    struct addr_range range;
    struct bytes target = take_column(&rest, &more);
    struct bytes given = take_column(&rest, &more), host = given;
    struct bytes tag = take_column(&rest, &more);
    if (more)
        return line_error(err, err_len, -EINVAL, source, line_no,
                          "more than three columns (TARGET,HOSTNAME,TAG); a tag has no comma");
    if (!addr_range_parse(&range, NULL, (const char *)target.data, target.len)) {
        if (take_host(name, &host.len, target) == NULL)
            return bad_column(err, err_len, target,
                              "no address, prefix or range; host names go into the second column",
                              source, line_no);
        return line_range(&range, err, err_len, target, source, line_no);
    }
    const char *wrong = given.len > 0 ? take_host(name, &host.len, given) : NULL;
    if (wrong != NULL)
        return bad_column(err, err_len, given, wrong, source, line_no);
    wrong = check_tag(tag);
    if (wrong != NULL)
        return bad_column(err, err_len, tag, wrong, source, line_no);
    rc = append_line(list, range, bytes_of(name, given.len > 0 ? host.len : 0), tag);
    return rc < 0 ? line_error(err, err_len, rc, source, line_no, "out of memory") : 0;
}

static int add_line(void *ctx, char *err, size_t err_len, const char *line, size_t line_len,
                    const char *source, uint64_t line_no)
{
    return target_list_add(ctx, err, err_len, line, line_len, source, line_no);
}

int target_list_load(struct target_list *list, char *err, size_t err_len, const char *path)
{
    size_t before = list->num;
    int rc = lines_load(path, NULL, err, err_len, add_line, list);
    if (rc < 0)
        list->num = before;
    return rc;
}
