#include "tests/session/hex.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *why, const char *what)
{
    fprintf(stderr, "hex: %s: %.40s\n", why, what);
    abort();
}

static unsigned digit(char c, const char *text)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    if (at == NULL)
        fail("no digit", text);
    return (unsigned)(at - digits);
}

size_t hex_decode(uint8_t *out, size_t cap, const char *text)
{
    size_t num = 0;
    for (const char *at = text; *at != '\0';) {
        if (isspace((unsigned char)*at)) {
            at++;
            continue;
        }
        if (num == cap)
            fail("too long", text);
        out[num++] = (uint8_t)(digit(at[0], text) << 4 | digit(at[1], text));
        at += 2;
    }
    return num;
}

size_t hex_read(uint8_t *out, size_t cap, const char *name)
{
    char path[512], text[40000];
    snprintf(path, sizeof path, "%s/%s", TEST_DATA, name);
    FILE *in = fopen(path, "r");
    if (in == NULL)
        fail("cannot be opened", path);
    size_t len = fread(text, 1, sizeof text - 1, in);
    fclose(in);
    text[len] = '\0';
    return hex_decode(out, cap, text);
}
