#include "tools/export_pick.h"

#include <stdio.h>

/* ---- the tree ---- */

void pick_init(struct pick *p)
{
    p->num = 1;
    p->nodes[0] = (struct pick_node){.whole = false};
}

static bool is_named(const struct pick_node *n, struct bytes name)
{
    return n->name.len == name.len && n->name.data[0] == name.data[0] &&
           memcmp(n->name.data, name.data, name.len) == 0;
}

/* the child of that name, which is not empty */
static uint16_t child_of(const struct pick *p, uint16_t parent, struct bytes name)
{
    uint16_t i = p->nodes[parent].first_child;
    while (i != 0 && !is_named(&p->nodes[i], name))
        i = p->nodes[i].next;
    return i;
}

static uint16_t add_child(struct pick *p, uint16_t parent, struct bytes name)
{
    if (p->num == PICK_NODES_MAX)
        return 0;
    uint16_t i = p->num++, last = p->nodes[parent].last_child;
    p->nodes[i] = (struct pick_node){.name = name};
    if (last != 0)
        p->nodes[last].next = i;
    else
        p->nodes[parent].first_child = i;
    p->nodes[parent].last_child = i;
    return i;
}

bool pick_add(struct pick *p, struct bytes path, uint16_t number)
{
    uint16_t at = 0;
    while (path.len > 0) {
        const uint8_t *dot = memchr(path.data, '.', path.len);
        size_t len = dot != NULL ? (size_t)(dot - path.data) : path.len;
        struct bytes name = bytes_of(path.data, len);
        size_t gone = dot != NULL ? len + 1 : len;
        path = bytes_of(path.data + gone, path.len - gone);
        if (len == 0)
            return false;
        uint16_t child = child_of(p, at, name);
        at = child != 0 ? child : add_child(p, at, name);
        if (at == 0)
            return false;
    }
    p->nodes[at].whole = true;
    p->nodes[at].number = number;
    return true;
}

/* ---- values ---- */

/* behind the string that begins at text, its quotes included */
static size_t skip_string(struct bytes text)
{
    size_t i = 1;
    while (i < text.len) {
        const uint8_t *quote = memchr(text.data + i, '"', text.len - i);
        if (quote == NULL)
            return text.len;
        size_t end = (size_t)(quote - text.data), slashes = 0;
        while (end - slashes > i && text.data[end - slashes - 1] == '\\')
            slashes++;
        i = end + 1;
        if (slashes % 2 == 0)
            return i;
    }
    return text.len;
}

/* keys are short, and constants of ours that need no escaping */
static size_t skip_key(struct bytes text)
{
    size_t i = 1;
    while (i < text.len && text.data[i] != '"')
        i++;
    return i < text.len ? i + 1 : text.len;
}

static size_t skip_nested(struct bytes text)
{
    size_t i = 0, depth = 0;
    while (i < text.len) {
        uint8_t c = text.data[i];
        if (c == '"') {
            i += skip_string(bytes_of(text.data + i, text.len - i));
            continue;
        }
        i++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    return i;
}

size_t json_skip(struct bytes text)
{
    if (text.len == 0)
        return 0;
    if (text.data[0] == '"')
        return skip_string(text);
    if (text.data[0] == '{' || text.data[0] == '[')
        return skip_nested(text);
    size_t i = 0;
    while (i < text.len && text.data[i] != ',' && text.data[i] != '}' && text.data[i] != ']')
        i++;
    return i;
}

/* steps through an object or a list; key is empty for an element */
struct steps {
    struct bytes rest;
    bool object;
};

static struct steps steps_of(struct bytes value)
{
    bool object = value.len > 0 && value.data[0] == '{';
    bool list = value.len > 0 && value.data[0] == '[';
    return (struct steps){
        object || list ? bytes_of(value.data + 1, value.len - 1) : bytes_of(value.data, 0), object};
}

static bool step(struct steps *s, struct bytes *key, struct bytes *value)
{
    struct bytes *r = &s->rest;
    *key = bytes_of(NULL, 0);
    if (r->len > 0 && r->data[0] == ',')
        *r = bytes_of(r->data + 1, r->len - 1);
    if (r->len == 0 || r->data[0] == '}' || r->data[0] == ']')
        return false;
    if (s->object) {
        size_t len = skip_key(*r);
        *key = bytes_of(r->data, len);
        len += len < r->len; /* the colon */
        *r = bytes_of(r->data + len, r->len - len);
    }
    size_t len = json_skip(*r);
    *value = bytes_of(r->data, len);
    *r = bytes_of(r->data + len, r->len - len);
    return len > 0 || r->len > 0;
}

/* ---- picking ---- */

/* finds a member's node; looks first behind the one that was found last, as both are in order */
static uint16_t find_member(const struct pick *p, uint16_t parent, uint16_t last, struct bytes key)
{
    if (key.len < 3)
        return 0;
    struct bytes name = bytes_of(key.data + 1, key.len - 2);
    uint16_t next = last != 0 ? p->nodes[last].next : p->nodes[parent].first_child;
    if (next != 0 && is_named(&p->nodes[next], name))
        return next;
    return child_of(p, parent, name);
}

static uint16_t find_element(const struct pick *p, uint16_t parent, size_t index)
{
    char digits[24];
    uint16_t first = p->nodes[parent].first_child;
    if (first == 0 || bytes_equal(p->nodes[first].name, bytes_text("*")))
        return first;
    int len = snprintf(digits, sizeof digits, "%zu", index);
    return child_of(p, parent, bytes_of(digits, (size_t)len));
}

struct picking {
    const struct pick *p;
    struct json *out;
    pick_value *value;
    const void *context;
};

static void pick_into(const struct picking *k, uint16_t node, struct bytes value);

static void pick_inside(const struct picking *k, uint16_t node, struct bytes value)
{
    struct steps s = steps_of(value);
    struct bytes key, child_value;
    uint16_t last = 0;
    for (size_t i = 0; step(&s, &key, &child_value); i++) {
        uint16_t child =
            s.object ? find_member(k->p, node, last, key) : find_element(k->p, node, i);
        if (child == 0)
            continue;
        last = child;
        size_t len = k->out->len;
        bool comma = k->out->comma;
        if (s.object)
            json_raw_key(k->out, key);
        size_t before = k->out->len;
        pick_into(k, child, child_value);
        if (k->out->len > before)
            continue;
        k->out->len = len; /* nothing of it is left: nor is its name */
        k->out->comma = comma;
    }
}

static void pick_into(const struct picking *k, uint16_t node, struct bytes value)
{
    const struct pick_node *n = &k->p->nodes[node];
    if (n->whole && k->value != NULL) {
        k->value(k->context, k->out, value, n->number);
    } else if (n->whole) {
        json_raw(k->out, value);
    } else if (value.len > 0 && (value.data[0] == '{' || value.data[0] == '[')) {
        bool object = value.data[0] == '{', comma = k->out->comma;
        size_t len = k->out->len;
        if (object)
            json_object(k->out);
        else
            json_array(k->out);
        size_t before = k->out->len;
        pick_inside(k, node, value);
        bool any = k->out->len > before;
        if (object)
            json_object_end(k->out);
        else
            json_array_end(k->out);
        if (!any && value.len > 2) {
            k->out->len = len;
            k->out->comma = comma;
        }
    }
}

void pick_object(const struct pick *p, struct json *out, struct bytes line, pick_value *value,
                 const void *context)
{
    struct picking k = {p, out, value, context};
    json_object(out);
    pick_inside(&k, 0, line);
    json_object_end(out);
}

static void find_cells(const struct pick *p, struct bytes *cells, uint16_t node, struct bytes value)
{
    struct steps s = steps_of(value);
    struct bytes key, child_value;
    uint16_t last = 0;
    for (size_t i = 0; step(&s, &key, &child_value); i++) {
        uint16_t child = s.object ? find_member(p, node, last, key) : find_element(p, node, i);
        if (child == 0)
            continue;
        last = child;
        if (p->nodes[child].whole)
            cells[p->nodes[child].number] = child_value;
        if (p->nodes[child].first_child != 0)
            find_cells(p, cells, child, child_value);
    }
}

void pick_cells(const struct pick *p, struct bytes *cells, size_t num, struct bytes line)
{
    for (size_t i = 0; i < num; i++)
        cells[i] = bytes_of(NULL, 0);
    find_cells(p, cells, 0, line);
}
