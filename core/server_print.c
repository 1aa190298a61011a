#include "core/server_print.h"

static char *put_hex(char *at, unsigned value, int num_digits)
{
    for (int shift = 4 * (num_digits - 1); shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[value >> shift & 15];
    return at;
}

static char *put_version(char *at, uint16_t version)
{
    switch (version) {
    case 0x0304: return put_hex(at, 0x13, 2);
    case 0x0303: return put_hex(at, 0x12, 2);
    case 0x0302: return put_hex(at, 0x11, 2);
    case 0x0301: return put_hex(at, 0x10, 2);
    case 0x0300: return put_hex(at, 0x03, 2);
    case 0x0002: return put_hex(at, 0x02, 2);
    default: return put_hex(at, version, 4);
    }
}

size_t server_print(char out[SERVER_PRINT_MAX], uint16_t version, uint16_t suite,
                    const uint16_t *exts, size_t num_exts)
{
    char *at = out;
    *at++ = 's';
    at = put_version(at, version);
    *at++ = '-';
    at = put_hex(at, suite, 4);
    *at++ = '-';
    if (num_exts == 0)
        *at++ = '0';
    for (size_t i = 0; i < num_exts && i < SERVER_PRINT_EXTS_MAX; i++) {
        if (i > 0)
            *at++ = '.';
        at = put_hex(at, exts[i], 4);
    }
    if (num_exts > SERVER_PRINT_EXTS_MAX)
        *at++ = '+';
    *at = '\0';
    return (size_t)(at - out);
}
