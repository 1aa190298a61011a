#include "core/block_column.h"

static uint64_t smallest(const uint64_t *values, size_t num, bool is_signed)
{
    uint64_t base = num > 0 ? values[0] : 0;
    for (size_t i = 1; i < num; i++)
        if (is_signed ? (int64_t)values[i] < (int64_t)base : values[i] < base)
            base = values[i];
    return base;
}

void column_put(struct cbor_writer *w, const uint64_t *values, size_t num, bool is_signed)
{
    uint64_t base = smallest(values, num, is_signed), bits = 0;
    for (size_t i = 0; i < num; i++)
        bits |= values[i] - base;
    unsigned num_planes = 0;
    for (; bits != 0; bits >>= 8)
        num_planes++;
    cbor_put_array(w, 1 + num_planes);
    if (is_signed)
        cbor_put_int(w, (int64_t)base);
    else
        cbor_put_uint(w, base);
    for (unsigned p = 0; p < num_planes; p++) {
        uint8_t *plane = cbor_put_space(w, num);
        for (size_t i = 0; plane != NULL && i < num; i++)
            plane[i] = (uint8_t)((values[i] - base) >> 8 * p);
    }
}

/* whether base + distance is a number that the column may hold */
static bool in_range(uint64_t base, uint64_t distance, bool is_signed)
{
    return distance <= (is_signed ? (uint64_t)INT64_MAX : UINT64_MAX) - base;   /* mod 2^64 */
}

void column_get(struct cbor_reader *r, uint64_t *out, size_t num, bool is_signed)
{
    size_t num_planes = cbor_get_array(r, 1 + sizeof(uint64_t));
    uint64_t base = is_signed ? (uint64_t)cbor_get_int(r) : cbor_get_uint(r, UINT64_MAX);
    if (num_planes == 0) {
        cbor_fail(r);
        return;
    }
    memset(out, 0, num * sizeof *out);
    for (unsigned p = 0; p + 1 < num_planes; p++) {
        struct bytes plane = cbor_get_bytes(r, num);
        if (plane.len != num) {
            cbor_fail(r);
            return;
        }
        for (size_t i = 0; i < num; i++)
            out[i] |= (uint64_t)plane.data[i] << 8 * p;
    }
    for (size_t i = 0; i < num; i++) {
        if (!in_range(base, out[i], is_signed))
            cbor_fail(r);
        out[i] += base;
    }
}
