/* fuzz_farm_specs: --latency and --throttle are read within their text, and what is taken keeps its
 * bounds. */
#include <stdlib.h>

#include "tools/farm/latency.h"
#include "tools/farm/throttle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void try_latency(const char *text)
{
    struct latency l = {LATENCY_NONE, 1, 2, 3};
    if (!latency_parse(&l, text)) {
        must(l.kind == LATENCY_NONE && l.low_ms == 1 && l.high_ms == 2 && l.sigma_milli == 3);
        return;
    }
    must(l.kind != LATENCY_NONE && l.low_ms > 0 && l.low_ms <= LATENCY_MAX_MS);
    must(l.high_ms <= LATENCY_MAX_MS && l.sigma_milli <= LATENCY_SIGMA_MAX * 1000);
    for (uint32_t i = 0; i < 8; i++)
        must(latency_draw(&l, i, addr_v4(i), PHASE_EHLO) <= LATENCY_MAX_MS);
}

static void try_throttle(const char *text)
{
    struct throttle_spec spec = {0, 0};
    if (!throttle_parse(&spec, text)) {
        must(spec.limit == 0 && spec.window_us == 0);
        return;
    }
    must(spec.limit > 0 && spec.limit <= THROTTLE_LIMIT_MAX && spec.window_us > 0);
    must(throttle_num_networks(spec) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    char *text = malloc(len + 1);
    must(text != NULL);
    if (len > 0)
        memcpy(text, data, len);
    text[len] = '\0';
    try_latency(text);
    try_throttle(text);
    free(text);
    return 0;
}
