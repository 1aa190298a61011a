/* fuzz_json_valid: any octets are judged without reading past them, and a valid text stays valid
 * inside an array. */
#include <stdlib.h>

#include "core/json_valid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const char too_deep[] = "arrays and objects nested too deeply";
    size_t at = SIZE_MAX, at_wrapped;
    const char *fault = json_fault(&at, bytes_of(data, len));
    must(fault == NULL ? at == SIZE_MAX : at <= len);

    char *wrapped = malloc(len + 4);
    must(wrapped != NULL);
    memcpy(wrapped, "[1,", 3);
    if (len > 0)
        memcpy(wrapped + 3, data, len);
    wrapped[3 + len] = ']';
    const char *wrapped_fault = json_fault(&at_wrapped, bytes_of(wrapped, len + 4));
    free(wrapped);
    if (fault == NULL)
        must(wrapped_fault == NULL || strcmp(wrapped_fault, too_deep) == 0);
    return 0;
}
