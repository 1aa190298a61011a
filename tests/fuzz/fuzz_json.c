/* fuzz_json: any octets, escaped, decoded and unescaped, are the same octets; and what is shown is
 * inert. */
#include <stdlib.h>

#include "core/json.h"
#include "core/json_valid.h"
#include "tests/core/json_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_round_trip(struct bytes octets)
{
    struct json j;
    json_init(&j);
    json_octets(&j, octets);
    must(!j.bad && json_is_valid(bytes_of(j.text, j.len)));
    uint8_t *decoded = malloc(j.len), *back = malloc(j.len);
    must(decoded != NULL && back != NULL);
    size_t decoded_len = json_string_decode(decoded, j.text, j.len);
    must(decoded_len != SIZE_MAX);
    size_t back_len = json_unescape(back, bytes_of(decoded, decoded_len));
    must(back_len != SIZE_MAX && bytes_equal(bytes_of(back, back_len), octets));
    free(decoded);
    free(back);
    json_cleanup(&j);
}

/* Text that json_unescape takes is exactly what its octets are escaped to. */
static void check_unescape(struct bytes text)
{
    uint8_t *octets = malloc(text.len + 1);
    must(octets != NULL);
    size_t len = json_unescape(octets, text);
    if (len != SIZE_MAX) {
        struct json j;
        json_init(&j);
        json_octets(&j, bytes_of(octets, len));
        must(!j.bad);
        uint8_t *decoded = malloc(j.len);
        must(decoded != NULL);
        size_t decoded_len = json_string_decode(decoded, j.text, j.len);
        must(decoded_len != SIZE_MAX && bytes_equal(bytes_of(decoded, decoded_len), text));
        free(decoded);
        json_cleanup(&j);
    }
    free(octets);
}

static void check_terminal(struct bytes octets, size_t room)
{
    char *line = malloc(room);
    must(line != NULL);
    size_t len = text_for_terminal(line, room, octets);
    must(len < room && line[len] == '\0');
    struct json_check c = {(const uint8_t *)line, (const uint8_t *)line + len};
    while (c.at < c.end)
        must(*c.at >= 0x20 && *c.at != 0x7f && json_check_utf8(&c));
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct bytes octets = bytes_of(data, len);
    check_round_trip(octets);
    check_unescape(octets);
    check_terminal(octets, 1 + len % 97);
    return 0;
}
