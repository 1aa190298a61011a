/*
 * dataset_frame: one zstd frame (RFC 8878) as a dataset has them, and the skippable frame of the
 * index.
 *
 * Promise    a zstd frame has one form only: magic, descriptor (single segment, checksum, no
 *            dictionary), the shortest content size that fits, blocks, checksum. Anything else is
 *            not read. Sizes are checked before memory is taken.
 * Ownership  frame_codec: the caller's storage; what it returns lives until its next call.
 * Errors     -ENOMEM, -EBADMSG, -E2BIG.
 */
#ifndef MXSWEEP_CORE_DATASET_FRAME_H
#define MXSWEEP_CORE_DATASET_FRAME_H

#include "core/bytes.h"
#include "core/dataset.h"

enum {
    FRAME_MAX = DATASET_ITEM_MAX + (DATASET_ITEM_MAX >> 8) + 4096,   /* octets */
    FRAME_LEVEL = 3
};

struct frame {
    bool is_index;
    size_t len;           /* of the whole frame */
    size_t payload_len;   /* unpacked */
};

enum frame_status { FRAME_OK, FRAME_MORE, FRAME_BAD };

/* frame_measure reads the frame that in begins with, without unpacking it: its size, or that in is
 * too short to tell, or that this is no frame of ours. */
enum frame_status frame_measure(struct frame *out, struct bytes in);

struct frame_codec {
    struct ZSTD_CCtx_s *packer;
    struct ZSTD_DCtx_s *unpacker;
    uint8_t *data;
    size_t cap;
};

void frame_codec_init(struct frame_codec *c);
void frame_codec_cleanup(struct frame_codec *c);

/* frame_pack makes a zstd frame of payload (1..DATASET_ITEM_MAX octets). */
int frame_pack(struct frame_codec *c, struct bytes *out, struct bytes payload);

/* frame_pack_index makes the skippable frame of the index: payload and the SHA-256 over all of the
 * frame before it. */
int frame_pack_index(struct frame_codec *c, struct bytes *out, struct bytes payload);

/* frame_unpack gives back the payload of a frame that frame_measure found OK; in.len is
 * frame->len. */
int frame_unpack(struct frame_codec *c, struct bytes *payload, const struct frame *frame,
                 struct bytes in);

#endif
