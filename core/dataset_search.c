#include "core/dataset_search.h"

#include <errno.h>

#include "core/dataset_private.h"

/* zstd's magic */
static bool may_begin(const uint8_t *at)
{
    return at[0] == 0x28 && at[1] == 0xb5 && at[2] == 0x2f && at[3] == 0xfd;
}

/* the whole frame that in begins with: 1, 0 if it is none of ours, or negative; -E2BIG: the budget
 * does not let us know */
static int open_frame(struct frame *frame, uint64_t *budget, struct frame_codec *codec,
                      struct bytes in)
{
    struct bytes payload;
    enum dataset_kind kind;
    const uint8_t *previous;
    if (frame_measure(frame, in) != FRAME_OK)
        return 0;
    if (frame->payload_len > *budget)
        return -E2BIG;
    *budget -= frame->payload_len;
    int rc = frame_unpack(codec, &payload, frame, bytes_of(in.data, frame->len));
    if (rc != 0)
        return rc == -ENOMEM ? rc : 0;
    struct cbor_reader cbor = cbor_reader_of(payload);
    item_open(&cbor, &kind, &previous);
    return !cbor.bad && kind != DATASET_HEADER && (kind == DATASET_INDEX) == frame->is_index;
}

/* how whole frames go on from the first octet of in. A length alone says nothing: it could lead
 * from what a server sent to anywhere. */
static int follow(enum search_found *found, uint64_t *budget, struct frame_codec *codec,
                  struct bytes in)
{
    struct frame frame;
    *found = SEARCH_NOTHING;
    for (size_t at = 0; at <= SEARCH_BARE_MAX; at += frame.len) {
        if (at > 0 && at == in.len) {
            *found = SEARCH_TO_END;
            return 0;
        }
        int rc = open_frame(&frame, budget, codec, bytes_of(in.data + at, in.len - at));
        if (rc <= 0)
            return rc;
    }
    *found = SEARCH_LONG;
    return 0;
}

int search_frames(enum search_found *found, size_t *at, uint64_t *budget, struct frame_codec *codec,
                  struct bytes in, size_t places)
{
    int rc = 0;
    *found = SEARCH_NOTHING;
    for (size_t i = 0; i < places && i + 4 <= in.len; i++) {
        if (!may_begin(in.data + i))
            continue;
        rc = follow(found, budget, codec, bytes_of(in.data + i, in.len - i));
        if (rc == -E2BIG)
            *found = SEARCH_EXHAUSTED;
        *at = i;
        if (rc != 0 || *found != SEARCH_NOTHING)
            break;
    }
    return rc == -E2BIG ? 0 : rc;
}
