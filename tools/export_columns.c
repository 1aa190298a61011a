#include "tools/export_columns.h"

#include "tools/export_fields.h"

enum { SHOWN_MAX = 80 }; /* octets of a mistaken name that are shown */

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && text.data[0] == ' ')
        text = bytes_of(text.data + 1, text.len - 1);
    while (text.len > 0 && text.data[text.len - 1] == ' ')
        text.len--;
    return text;
}

static bool complain(char err[COMMAND_ERR_MAX], struct bytes name, const char *what)
{
    char shown[SHOWN_MAX];
    text_for_terminal(shown, sizeof shown, name);
    snprintf(err, COMMAND_ERR_MAX, "--columns: \"%s\": %s", shown, what);
    return false;
}

static bool complain_unknown(char err[COMMAND_ERR_MAX], struct bytes name)
{
    const char *near[EXPORT_NEAR_MAX];
    char what[256] = "no such field; doc/export.schema.json lists them";
    size_t num = export_field_near(near, name), len = 0;
    for (size_t i = 0; i < num; i++)
        len += (size_t)snprintf(what + len, sizeof what - len, "%s%s",
                                i == 0 ? "no such field; like it are " : ", ", near[i]);
    return complain(err, name, what);
}

/* tells whether a part of name is "*", or the number of an element */
static bool has_part(struct bytes name, bool star)
{
    bool begins = true;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.data[i];
        bool ends = i + 1 == name.len || name.data[i + 1] == '.';
        if (star && begins && ends && c == '*')
            return true;
        /* no member's name is of digits alone */
        if (!star && begins && c >= '0' && c <= '9') {
            while (i + 1 < name.len && name.data[i + 1] >= '0' && name.data[i + 1] <= '9')
                i++;
            if (i + 1 == name.len || name.data[i + 1] == '.')
                return true;
        }
        begins = name.data[i] == '.';
    }
    return false;
}

static bool add(struct export_columns *c, char err[COMMAND_ERR_MAX], struct bytes name,
                enum export_shape shape)
{
    if (name.len == 0)
        return complain(err, name, "a name is missing; names have commas between them");
    if (export_field_find(name) == NULL)
        return complain_unknown(err, name);
    if (shape == EXPORT_LINES && has_part(name, false))
        return complain(err, name, "a single element is for csv; write * for all of them");
    if (shape == EXPORT_TABLE && has_part(name, true))
        return complain(err, name, "a cell holds one element: write its number, from 0, for *");
    for (size_t i = 0; i < c->num; i++)
        if (bytes_equal(c->names[i], name))
            return complain(err, name, "named twice");
    if (c->num == EXPORT_COLUMNS_MAX || !pick_add(&c->pick, name, (uint16_t)c->num))
        return complain(err, name, "too many columns; 256 are the most");
    c->names[c->num++] = name;
    return true;
}

bool export_columns_parse(struct export_columns *out, char err[COMMAND_ERR_MAX], const char *list,
                          enum export_shape shape)
{
    out->num = 0;
    pick_init(&out->pick);
    for (const char *at = list;; at++) {
        size_t len = strcspn(at, ",");
        if (!add(out, err, trim(bytes_of(at, len)), shape))
            return false;
        at += len;
        if (*at == '\0')
            return true;
    }
}

/* tells whether b is a or a field inside of it */
static bool holds(struct bytes a, struct bytes b)
{
    return b.len >= a.len && memcmp(a.data, b.data, a.len) == 0 &&
           (b.len == a.len || b.data[a.len] == '.');
}

bool export_columns_want(const struct export_columns *c, const char *path)
{
    for (size_t i = 0; i < c->num; i++)
        if (holds(c->names[i], bytes_text(path)) || holds(bytes_text(path), c->names[i]))
            return true;
    return false;
}
