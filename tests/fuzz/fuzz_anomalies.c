/* Any octets as greeting, reply to EHLO, to STARTTLS and to EHLO inside TLS: only anomalies that
 * there are, and those that a text alone cannot show are not found. */
#include <stdlib.h>

#include "core/anomalies.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const enum text texts[] = {TEXT_GREETING, TEXT_EHLO, TEXT_STARTTLS, TEXT_EHLO_TLS};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct record r;
        record_init(&r);
        r.text[texts[i]] = bytes_of(data, len);
        uint32_t found = anomalies_of(&r);
        if (found >= 1U << NUM_ANOMALIES ||
            (found & (1U << ANOMALY_NO_TLS | 1U << ANOMALY_EARLY_PLAINTEXT)) != 0 ||
            (len < 4 && found != 0))
            abort();
    }
    return 0;
}
