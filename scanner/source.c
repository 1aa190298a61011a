#include "scanner/source.h"

#include <errno.h>
#include <stdio.h>

#include "scanner/session/session.h"

/* ---- names ---- */

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool literal_is_sound(struct bytes name)
{
    for (size_t i = 1; i < name.len - 1; i++)
        if (!is_alnum(name.data[i]) && memchr(".:-", name.data[i], 3) == NULL)
            return false;
    return name.len > 2 && name.data[name.len - 1] == ']';
}

/* letters, digits and inner hyphens; *digits: digits alone */
static bool label_is_sound(bool *digits, const uint8_t *label, size_t len)
{
    *digits = true;
    for (size_t i = 0; i < len; i++) {
        if (!is_alnum(label[i]) && (label[i] != '-' || i == 0 || i == len - 1))
            return false;
        *digits &= label[i] >= '0' && label[i] <= '9';
    }
    return len > 0 && len <= 63;
}

bool source_name_is_sound(struct bytes name, bool needs_dot)
{
    if (name.len == 0 || name.len > 253)
        return false;
    if (name.data[0] == '[')
        return literal_is_sound(name);
    bool digits = false;
    size_t num_labels = 0;
    for (size_t at = 0; at <= name.len; num_labels++) {
        const uint8_t *dot = at < name.len ? memchr(name.data + at, '.', name.len - at) : NULL;
        size_t end = dot != NULL ? (size_t)(dot - name.data) : name.len;
        if (!label_is_sound(&digits, name.data + at, end - at))
            return false;
        at = end + 1;
    }
    /* a last label of digits: an address without its brackets */
    return !digits && (num_labels > 1 || !needs_dot);
}

/* ---- both lists ---- */

static int refuse(char err[SOURCE_ERR_MAX], const char *option, struct bytes item, const char *what)
{
    int len = item.len < 64 ? (int)item.len : 64; /* argv, or checked before: printable or not */
    snprintf(err, SOURCE_ERR_MAX, "%s %.*s: %s", option, len, (const char *)item.data, what);
    return -EINVAL;
}

/* takes the item before the next comma off *list; after the last one that is NULL */
static struct bytes next_item(const char **list)
{
    size_t len = strcspn(*list, ",");
    struct bytes item = bytes_of(*list, len);
    *list = (*list)[len] == ',' ? *list + len + 1 : NULL;
    return item;
}

static int add_addr(struct sources *s, char *err, struct addr addr, struct bytes text)
{
    static const char option[] = "--source-ip";
    if (s->num == SOURCES_MAX)
        return refuse(err, option, text, "is one too many; at most 64 addresses");
    for (size_t i = 0; i < s->num; i++)
        if (addr_cmp(s->addrs[i], addr) == 0)
            return refuse(err, option, text, "is there twice; name each address once");
    unsigned family = addr_is_v4(addr) ? 0 : 1;
    s->of_family[family][s->num_of_family[family]++] = (uint8_t)s->num;
    s->addrs[s->num++] = addr;
    return 0;
}

static int add_name(struct sources *s, char *err, struct bytes name, bool needs_dot)
{
    static const char option[] = "--ehlo-name";
    if (!source_name_is_sound(name, needs_dot))
        return refuse(err, option, name,
                      "is no fully qualified domain name, nor an [address]; name this host");
    if (s->num_names == SOURCES_MAX)
        return refuse(err, option, name, "is one too many; at most 64 names");
    s->names[s->num_names++] = name;
    return 0;
}

static int check_numbers(const struct sources *s, char *err)
{
    if (s->num_names == 1 || (s->num_names > 0 && s->num_names == s->num))
        return 0;
    snprintf(err, SOURCE_ERR_MAX,
             "--ehlo-name: %zu names for %zu addresses of --source-ip; give one name for all, or "
             "one for each address, in the same order",
             s->num_names, s->num);
    return -EINVAL;
}

int sources_parse(struct sources *out, char err[SOURCE_ERR_MAX], const char *addrs,
                  const char *names, const char *default_name, bool needs_dot)
{
    struct sources s = {.num = 0};
    int rc = 0;
    while (rc == 0 && addrs != NULL) {
        struct bytes item = next_item(&addrs);
        struct addr addr;
        if (!addr_parse(&addr, (const char *)item.data, item.len))
            rc = refuse(err, "--source-ip", item, "is no address");
        else
            rc = add_addr(&s, err, addr, item);
    }
    needs_dot = needs_dot && names != NULL;
    for (const char *left = names != NULL ? names : default_name; rc == 0 && left != NULL;)
        rc = add_name(&s, err, next_item(&left), needs_dot);
    if (rc == 0)
        rc = check_numbers(&s, err);
    if (rc == 0)
        *out = s;
    return rc;
}

int sources_take(struct sources *out, char err[SOURCE_ERR_MAX], const struct addr *addrs,
                 size_t num, const struct bytes *names, size_t num_names)
{
    struct sources s = {.num = 0};
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < num; i++) {
        char text[ADDR_TEXT_MAX];
        addr_format(text, addrs[i]);
        rc = add_addr(&s, err, addrs[i], bytes_text(text));
    }
    for (size_t i = 0; rc == 0 && i < num_names; i++)
        rc = source_name_is_sound(names[i], false)
                 ? add_name(&s, err, names[i], false)
                 : refuse(err, "header", bytes_text("EHLO name"), "is none");
    if (rc == 0)
        rc = check_numbers(&s, err);
    if (rc == 0)
        *out = s;
    return rc;
}

size_t sources_choose(const struct sources *s, bool is_v4, uint64_t turn)
{
    unsigned family = is_v4 ? 0 : 1;
    size_t num = s->num_of_family[family];
    return num == 0 ? SOURCES_MAX : s->of_family[family][turn % num];
}

struct bytes sources_name(const struct sources *s, size_t index)
{
    return s->names[s->num_names > 1 && index < s->num_names ? index : 0];
}
