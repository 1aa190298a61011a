#include "core/dataset_frame.h"

#include <errno.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <zstd.h>

enum {
    MAGIC_LEN = 4,
    BLOCK_HEAD_LEN = 3,
    BLOCK_LEN_MAX = 128 << 10,
    CHECKSUM_LEN = 4,
    DESCRIPTOR = 0x24,   /* single segment, checksum, no dictionary; without the size's code */
    INDEX_HEAD_LEN = 8
};

static const uint8_t zstd_magic[MAGIC_LEN] = {0x28, 0xb5, 0x2f, 0xfd};
static const uint8_t index_magic[MAGIC_LEN] = {0x50, 0x2a, 0x4d, 0x18};

static uint32_t little_endian(const uint8_t *at, size_t len)
{
    uint32_t v = 0;
    for (size_t i = 0; i < len; i++)
        v |= (uint32_t)at[i] << 8 * i;
    return v;
}

static size_t frame_len_max(size_t payload_len)
{
    return ZSTD_compressBound(payload_len) + 64;
}

/* what follows the magic up to the first block */
static enum frame_status measure_head(size_t *head_len, size_t *payload_len, struct bytes in)
{
    if (in.len <= MAGIC_LEN)
        return FRAME_MORE;
    unsigned code = in.data[MAGIC_LEN] >> 6;
    if ((in.data[MAGIC_LEN] & 0x3f) != DESCRIPTOR || code > 2)
        return FRAME_BAD;
    size_t width = (size_t)1 << code;   /* 1, 2, 4 */
    if (in.len < MAGIC_LEN + 1 + width)
        return FRAME_MORE;
    uint32_t size = little_endian(in.data + MAGIC_LEN + 1, width);
    if (code == 1)
        size += 256;
    if (size == 0 || size > DATASET_ITEM_MAX || (code == 2 && size < 65536 + 256))
        return FRAME_BAD;
    *payload_len = size;
    *head_len = MAGIC_LEN + 1 + width;
    return FRAME_OK;
}

static enum frame_status measure_zstd(struct frame *out, struct bytes in)
{
    struct frame f = {.is_index = false};
    enum frame_status st = measure_head(&f.len, &f.payload_len, in);
    if (st != FRAME_OK)
        return st;
    for (bool last = false; !last;) {
        if (f.len > frame_len_max(f.payload_len))
            return FRAME_BAD;
        if (in.len < f.len + BLOCK_HEAD_LEN)
            return FRAME_MORE;
        uint32_t head = little_endian(in.data + f.len, BLOCK_HEAD_LEN);
        uint32_t type = head >> 1 & 3, size = head >> 3;
        if (type == 3 || size > BLOCK_LEN_MAX)
            return FRAME_BAD;
        last = (head & 1) != 0;
        f.len += BLOCK_HEAD_LEN + (type == 1 ? 1 : size);   /* 1: one octet, repeated */
    }
    f.len += CHECKSUM_LEN;
    if (f.len > frame_len_max(f.payload_len))
        return FRAME_BAD;
    if (in.len < f.len)
        return FRAME_MORE;
    *out = f;
    return FRAME_OK;
}

static enum frame_status measure_index(struct frame *out, struct bytes in)
{
    if (in.len < INDEX_HEAD_LEN)
        return FRAME_MORE;
    uint32_t size = little_endian(in.data + MAGIC_LEN, 4);
    if (size <= SHA256_DIGEST_LENGTH || size - SHA256_DIGEST_LENGTH > DATASET_ITEM_MAX)
        return FRAME_BAD;
    if (in.len < INDEX_HEAD_LEN + (size_t)size)
        return FRAME_MORE;
    *out = (struct frame){true, INDEX_HEAD_LEN + (size_t)size, size - SHA256_DIGEST_LENGTH};
    return FRAME_OK;
}

enum frame_status frame_measure(struct frame *out, struct bytes in)
{
    size_t known = in.len < MAGIC_LEN ? in.len : MAGIC_LEN;
    if (known == 0)
        return FRAME_MORE;
    if (memcmp(in.data, zstd_magic, known) == 0)
        return measure_zstd(out, in);
    if (memcmp(in.data, index_magic, known) == 0)
        return measure_index(out, in);
    return FRAME_BAD;
}

/* ---- packing and unpacking ---- */

void frame_codec_init(struct frame_codec *c)
{
    *c = (struct frame_codec){0};
}

void frame_codec_cleanup(struct frame_codec *c)
{
    ZSTD_freeCCtx(c->packer);
    ZSTD_freeDCtx(c->unpacker);
    free(c->data);
    frame_codec_init(c);
}

static int reserve(struct frame_codec *c, size_t len)
{
    if (len <= c->cap)
        return 0;
    uint8_t *data = malloc(len);
    if (data == NULL)
        return -ENOMEM;
    free(c->data);
    c->data = data;
    c->cap = len;
    return 0;
}

/* a window that holds all of len octets makes the frame a single segment */
static int window_log(size_t len)
{
    int log = 10;
    while (((size_t)1 << log) < len)
        log++;
    return log;
}

int frame_pack(struct frame_codec *c, struct bytes *out, struct bytes payload)
{
    if (payload.len == 0 || payload.len > DATASET_ITEM_MAX)
        return -E2BIG;
    if (c->packer == NULL)
        c->packer = ZSTD_createCCtx();
    if (c->packer == NULL || reserve(c, ZSTD_compressBound(payload.len)) != 0)
        return -ENOMEM;
    ZSTD_CCtx_reset(c->packer, ZSTD_reset_session_and_parameters);
    ZSTD_CCtx_setParameter(c->packer, ZSTD_c_compressionLevel, FRAME_LEVEL);
    ZSTD_CCtx_setParameter(c->packer, ZSTD_c_windowLog, window_log(payload.len));
    ZSTD_CCtx_setParameter(c->packer, ZSTD_c_contentSizeFlag, 1);
    ZSTD_CCtx_setParameter(c->packer, ZSTD_c_checksumFlag, 1);
    size_t len = ZSTD_compress2(c->packer, c->data, c->cap, payload.data, payload.len);
    if (ZSTD_isError(len))
        return -ENOMEM;   /* the room suffices: nothing else can fail */
    *out = bytes_of(c->data, len);
    return 0;
}

int frame_pack_index(struct frame_codec *c, struct bytes *out, struct bytes payload)
{
    if (payload.len == 0 || payload.len > DATASET_ITEM_MAX)
        return -E2BIG;
    size_t len = INDEX_HEAD_LEN + payload.len, size = payload.len + SHA256_DIGEST_LENGTH;
    if (reserve(c, len + SHA256_DIGEST_LENGTH) != 0)
        return -ENOMEM;
    memcpy(c->data, index_magic, MAGIC_LEN);
    for (size_t i = 0; i < 4; i++)
        c->data[MAGIC_LEN + i] = (uint8_t)(size >> 8 * i);
    memcpy(c->data + INDEX_HEAD_LEN, payload.data, payload.len);
    SHA256(c->data, len, c->data + len);
    *out = bytes_of(c->data, len + SHA256_DIGEST_LENGTH);
    return 0;
}

static int unpack_index(struct bytes *payload, const struct frame *frame, struct bytes in)
{
    uint8_t sha256[SHA256_DIGEST_LENGTH];
    size_t covered = in.len - sizeof sha256;
    SHA256(in.data, covered, sha256);
    if (memcmp(sha256, in.data + covered, sizeof sha256) != 0)
        return -EBADMSG;
    *payload = bytes_of(in.data + INDEX_HEAD_LEN, frame->payload_len);
    return 0;
}

int frame_unpack(struct frame_codec *c, struct bytes *payload, const struct frame *frame,
                 struct bytes in)
{
    if (frame->is_index)
        return unpack_index(payload, frame, in);
    if (c->unpacker == NULL)
        c->unpacker = ZSTD_createDCtx();
    if (c->unpacker == NULL || reserve(c, frame->payload_len) != 0)
        return -ENOMEM;
    size_t len = ZSTD_decompressDCtx(c->unpacker, c->data, frame->payload_len, in.data, in.len);
    if (ZSTD_isError(len) || len != frame->payload_len)
        return -EBADMSG;
    *payload = bytes_of(c->data, len);
    return 0;
}
