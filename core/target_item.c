#include "core/target_lines.h"

#include <errno.h>

enum { SHOWN_MAX = 80 }; /* octets of a bad column that an error shows */

/* where a line comes from, and where to say what is wrong with it */
struct place {
    char *err;
    size_t err_len;
    const char *source;
    uint64_t line_no;
};

static int bad_column(const struct place *at, struct bytes column, const char *wrong)
{
    int shown = column.len < SHOWN_MAX ? (int)column.len : SHOWN_MAX;
    return line_error(at->err, at->err_len, -EINVAL, at->source, at->line_no, "\"%.*s\": %s", shown,
                      (const char *)column.data, wrong);
}

/* ---- host names ---- */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
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

const char *target_host_take(uint8_t out[TARGET_HOST_MAX], size_t *out_len, struct bytes text)
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
            if (!is_digit(c) && !is_letter(c) && c != '-' && c != '_')
                return "host names hold letters, digits, hyphens, underscores and dots";
            numeric = numeric && is_digit(c);
        }
        out[i] = c;
    }
    const char *wrong = check_label(text.data + begin, text.len - begin);
    if (wrong == NULL && numeric)
        return "an address where the host name goes; give a name, or leave it out";
    *out_len = text.len;
    return wrong;
}

/* the label behind the last dot, and whether all before it are of digits and hyphens, and some */
static struct bytes last_label(struct bytes host, bool *rest_digits)
{
    size_t begin = host.len;
    while (begin > 0 && host.data[begin - 1] != '.')
        begin--;
    *rest_digits = begin > 0;
    for (size_t i = 0; i < begin; i++)
        *rest_digits &= is_digit(host.data[i]) || host.data[i] == '-' || host.data[i] == '.';
    return bytes_of(host.data + begin, host.len - begin);
}

static bool is_hex_number(struct bytes label)
{
    if (label.len < 3 || memcmp(label.data, "0x", 2) != 0)
        return false;
    for (size_t i = 2; i < label.len; i++)
        if (!is_digit(label.data[i]) && !(label.data[i] >= 'a' && label.data[i] <= 'f'))
            return false;
    return true;
}

/* "192.0.2.x", "192.0.2.O1", "192.0.2.0-24", "0x7f000001": sound as host names, and yet none, for
 * no top-level domain has such a name. A single label is one of a local network, "mx1". */
static bool looks_like_address(struct bytes host)
{
    bool rest_digits, letters = false, digits = false;
    struct bytes last = last_label(host, &rest_digits);
    for (size_t i = 0; i < last.len; i++) {
        letters |= is_letter(last.data[i]);
        digits |= is_digit(last.data[i]);
    }
    return !letters || is_hex_number(last) ||
           (rest_digits && (digits || last.len == 1) &&
            (last.len < 4 || memcmp(last.data, "xn--", 4) != 0));
}

/* whether an error about text should speak of host names, not of addresses */
static bool meant_as_name(struct bytes text)
{
    bool letters = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (c < 0x21 || c == 0x7f || strchr(":/[]", c) != NULL)
            return false;
        letters |= is_letter(c);
    }
    return letters;
}

/* ---- columns ---- */

static const char *check_tag(struct bytes tag)
{
    if (tag.len > TARGET_TAG_MAX)
        return "the tag is longer than 128 octets";
    for (size_t i = 0; i < tag.len; i++)
        if (tag.data[i] < 0x20 || tag.data[i] == 0x7f)
            return "a control character in the tag";
    return NULL;
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
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
    while (column.len > 0 && is_blank(*column.data)) {
        column.data++;
        column.len--;
    }
    while (column.len > 0 && is_blank(column.data[column.len - 1]))
        column.len--;
    return column;
}

/* the host name of a range, or the one that is the target */
static const char *take_name(struct target_item *item, struct bytes text)
{
    uint8_t name[TARGET_HOST_MAX];
    const char *wrong = target_host_take(name, &item->host_len, text);
    if (wrong == NULL)
        memcpy(item->host, name, item->host_len);
    item->host[wrong == NULL ? item->host_len : 0] = '\0';
    return wrong;
}

static int take_target(struct target_item *item, const struct place *at, struct bytes target,
                       struct bytes host)
{
    const char *wrong;
    if (addr_range_parse(&item->range, NULL, (const char *)target.data, target.len)) {
        item->kind = TARGET_ITEM_RANGE;
        wrong = host.len > 0 ? take_name(item, host) : NULL;
        return wrong == NULL ? 0 : bad_column(at, host, wrong);
    }
    wrong = take_name(item, target);
    if (wrong == NULL && looks_like_address(bytes_of(item->host, item->host_len)))
        return line_range(&item->range, at->err, at->err_len, target, at->source, at->line_no);
    if (wrong != NULL)
        return meant_as_name(target) ? bad_column(at, target, wrong)
                                     : line_range(&item->range, at->err, at->err_len, target,
                                                  at->source, at->line_no);
    item->kind = TARGET_ITEM_NAME;
    return host.len == 0 ? 0
                         : bad_column(at, host,
                                      "a HOSTNAME beside a TARGET that is a host name "
                                      "itself; leave the column empty");
}

static int parse_columns(struct target_item *item, const struct place *at, struct bytes rest)
{
    bool more;
    struct bytes target = take_column(&rest, &more), host = take_column(&rest, &more);
    item->tag = take_column(&rest, &more);
    if (more)
        return line_error(at->err, at->err_len, -EINVAL, at->source, at->line_no,
                          "more than three columns (TARGET,HOSTNAME,TAG); a tag has no comma");
    int rc = take_target(item, at, target, host);
    if (rc < 0)
        return rc;
    const char *wrong = check_tag(item->tag);
    return wrong == NULL ? 0 : bad_column(at, item->tag, wrong);
}

/* ---- lines of discovery tools ---- */

/* takes the word before the next blank off *rest */
static struct bytes take_word(struct bytes *rest)
{
    size_t len = 0, used;
    while (len < rest->len && !is_blank(rest->data[len]))
        len++;
    for (used = len; used < rest->len && is_blank(rest->data[used]);)
        used++;
    struct bytes word = bytes_of(rest->data, len);
    *rest = bytes_of(rest->data + used, rest->len - used);
    return word;
}

static bool is_word(struct bytes word, const char *text)
{
    return bytes_equal(word, bytes_text(text));
}

static bool take_port(uint16_t *out, struct bytes word)
{
    unsigned port = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (!is_digit(word.data[i]) || i == 5)
            return false;
        port = 10 * port + (word.data[i] - '0');
    }
    *out = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX;
}

/* "open tcp 25 192.0.2.1 1700000000": state, protocol, port, address, time */
static int parse_open(struct target_item *item, const struct place *at, struct bytes item_text)
{
    struct bytes rest = item_text;
    take_word(&rest);
    if (!is_word(take_word(&rest), "tcp"))
        return 0;
    struct bytes port = take_word(&rest), address = take_word(&rest);
    if (!take_port(&item->port, port))
        return bad_column(at, item_text,
                          "\"open tcp\" goes before a port, 1 to 65535, and an address");
    item->kind = TARGET_ITEM_RANGE;
    if (!addr_parse(&item->range.first, (const char *)address.data, address.len))
        return bad_column(at, item_text, "no address behind the port");
    item->range.last = item->range.first;
    return 0;
}

int target_item_parse(struct target_item *out, char *err, size_t err_len, const char *line,
                      size_t line_len, const char *source, uint64_t line_no)
{
    const struct place at = {err, err_len, source, line_no};
    struct target_item item = {.kind = TARGET_ITEM_NONE};
    int rc = line_check(err, err_len, line, line_len, source, line_no);
    if (rc < 0)
        return rc;
    struct bytes text = line_strip(line, line_len, line_no), rest = text;
    struct bytes first = take_word(&rest);
    if (rest.len > 0 && is_word(first, "open"))
        rc = parse_open(&item, &at, text);
    else if (text.len > 0 && !is_word(text, "saddr") &&
             !(rest.len > 0 && (is_word(first, "closed") || is_word(first, "banner"))))
        rc = parse_columns(&item, &at, text);
    if (rc == 0)
        *out = item;
    return rc;
}
