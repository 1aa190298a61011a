/* fuzz_export: a list of columns and, behind a NUL, a line: refused with words, or picked from and made into a row. The line is
 * not of our making: nothing outside of it is read. */
#include <stdlib.h>

#include "tools/export_csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool good)
{
    if (!good)
        abort();
}

static void pick(const struct export_columns *c, enum export_shape shape, struct bytes line)
{
    struct json out;
    json_init(&out);
    if (shape == EXPORT_LINES)
        pick_object(&c->pick, &out, line, NULL, NULL);
    else
        csv_row(&out, c, line);
    require(!out.bad);
    json_cleanup(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const uint8_t *end = len > 0 ? memchr(data, '\0', len) : NULL;
    size_t list_len = end != NULL ? (size_t)(end - data) : len;
    size_t line_len = end != NULL ? len - list_len - 1 : 0;
    char *list = calloc(1, list_len + 1);
    uint8_t *line =
        malloc(line_len > 0 ? line_len : 1); /* of its own, so that a sanitizer sees its end */
    struct export_columns *c = malloc(sizeof *c);
    require(list != NULL && line != NULL && c != NULL);
    if (list_len > 0)
        memcpy(list, data, list_len);
    if (line_len > 0)
        memcpy(line, end + 1, line_len);
    for (enum export_shape shape = EXPORT_LINES; shape <= EXPORT_TABLE; shape++) {
        char err[COMMAND_ERR_MAX] = "";
        bool good = export_columns_parse(c, err, list, shape);
        require(good == (err[0] == '\0'));
        for (const char *at = err; *at != '\0'; at++)
            require((uint8_t)*at >= 0x20 && *at != 0x7f);
        if (good)
            pick(c, shape, bytes_of(line, line_len));
    }
    free(list);
    free(line);
    free(c);
    return 0;
}
