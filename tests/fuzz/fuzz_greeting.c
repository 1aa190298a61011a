/* fuzz_greeting: any octets have a template, within bounds, that a template of the template keeps
 * short. */
#include <stdlib.h>

#include "tools/greeting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char once[GREETING_TEMPLATE_MAX], twice[GREETING_TEMPLATE_MAX];
    size_t once_len = greeting_template(once, bytes_of(data, len));
    size_t twice_len = greeting_template(twice, bytes_of(once, once_len));
    if (once_len > GREETING_TEMPLATE_MAX || once_len > len || twice_len > once_len)
        abort();
    return 0;
}
