#include "core/dataset_frame.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* sizes around where the form of the content size changes, and around windows and blocks */
static void test_one_form_whatever_the_size(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint8_t descriptor;
    } cases[] = {
        {1, 0x24}, {255, 0x24}, {256, 0x64}, {1024, 0x64}, {65791, 0x64}, {65792, 0xa4},
        {1 << 20, 0xa4}, {(2 << 20) + 1, 0xa4}, {(4 << 20) + 1, 0xa4}, {DATASET_ITEM_MAX, 0xa4},
    };
    struct frame_codec packer, unpacker;
    uint8_t *data = malloc(DATASET_ITEM_MAX);
    uint64_t random = 1;
    for (size_t i = 0; i < DATASET_ITEM_MAX; i++) {
        random = random * 6364136223846793005U + 1;
        data[i] = i % 3 == 0 ? (uint8_t)(random >> 56) : 7;
    }
    frame_codec_init(&packer);
    frame_codec_init(&unpacker);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes frame, payload, in = bytes_of(data, cases[i].len);
        struct frame f;
        assert_int_equal(frame_pack(&packer, &frame, in), 0);
        assert_int_equal(frame.data[4], cases[i].descriptor);
        assert_int_equal(frame_measure(&f, frame), FRAME_OK);
        assert_int_equal(f.len, frame.len);
        assert_int_equal(f.payload_len, cases[i].len);
        assert_int_equal(frame_unpack(&unpacker, &payload, &f, frame), 0);
        assert_true(bytes_equal(payload, in));
        for (size_t cut = 0; cut < frame.len; cut += 1 + frame.len / 3000)
            assert_int_equal(frame_measure(&f, bytes_of(frame.data, cut)), FRAME_MORE);
    }
    struct bytes none;
    assert_int_equal(frame_pack(&packer, &none, bytes_of(data, 0)), -E2BIG);
    assert_int_equal(frame_pack(&packer, &none, bytes_of(data, DATASET_ITEM_MAX + 1)), -E2BIG);
    frame_codec_cleanup(&packer);
    frame_codec_cleanup(&unpacker);
    free(data);
}

#define ZSTD "\x28\xb5\x2f\xfd"

static void test_measure(void **state)
{
    (void)state;
    static const struct {
        const char *name, *octets;
        size_t len;
        enum frame_status want;
    } cases[] = {
        {"raw block", ZSTD "\x24\x01\x09\x00\x00x\1\2\3\4", 14, FRAME_OK},
        {"repeated octet", ZSTD "\x24\xff\xfb\x07\x00x\1\2\3\4", 14, FRAME_OK},
        {"two blocks", ZSTD "\x24\x02\x08\x00\x00x\x09\x00\x00y\1\2\3\4", 18, FRAME_OK},
        {"what follows is not looked at", ZSTD "\x24\x01\x09\x00\x00x\1\2\3\4zzz", 17, FRAME_OK},
        {"nothing", "", 0, FRAME_MORE},
        {"no checksum yet", ZSTD "\x24\x01\x09\x00\x00x\1\2\3", 13, FRAME_MORE},
        {"other magic", "\x28\xb5\x2f\xfe\x24\x01", 6, FRAME_BAD},
        {"other skippable frame", "\x51\x2a\x4d\x18\xff\0\0\0", 8, FRAME_BAD},
        {"no checksum", ZSTD "\x20\x01\x09\x00\x00x", 10, FRAME_BAD},
        {"several segments", ZSTD "\x04\x00\x01\x09\x00\x00x", 11, FRAME_BAD},
        {"a dictionary", ZSTD "\x25\x01\x01\x09\x00\x00x", 11, FRAME_BAD},
        {"a reserved bit", ZSTD "\x2c\x01\x09\x00\x00x\1\2\3\4", 14, FRAME_BAD},
        {"an unused bit", ZSTD "\x34\x01\x09\x00\x00x\1\2\3\4", 14, FRAME_BAD},
        {"size in 8 octets", ZSTD "\xe4\1\0\0\0\0\0\0\0\x09\0\0x\1\2\3\4", 21, FRAME_BAD},
        {"size longer than need be", ZSTD "\xa4\xff\xff\0\0", 9, FRAME_BAD},
        {"size none", ZSTD "\x24\x00\x01\0\0\1\2\3\4", 13, FRAME_BAD},
        {"size too large", ZSTD "\xa4\1\0\0\1", 9, FRAME_BAD},
        {"reserved block", ZSTD "\x24\x01\x0f\x00\x00x", 10, FRAME_BAD},
        {"block too large", ZSTD "\xa4\0\0\x80\0\x01\x00\xf0", 12, FRAME_BAD},
        {"blocks over the size", ZSTD "\x24\x01\x05\x10\x00", 9, FRAME_BAD},
        {"index without a hash", "\x50\x2a\x4d\x18\x20\0\0\0", 8, FRAME_BAD},
        {"index too large", "\x50\x2a\x4d\x18\0\0\0\x10", 8, FRAME_BAD},
        {"index not whole", "\x50\x2a\x4d\x18\x21\0\0\0", 8, FRAME_MORE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct frame f;
        enum frame_status got = frame_measure(&f, bytes_of(cases[i].octets, cases[i].len));
        if (got != cases[i].want)
            fail_msg("%s: %d", cases[i].name, (int)got);
    }
}

static void test_index_has_its_own_checksum(void **state)
{
    (void)state;
    struct frame_codec c;
    struct bytes frame, payload;
    struct frame f;
    frame_codec_init(&c);
    assert_int_equal(frame_pack_index(&c, &frame, bytes_text("index")), 0);
    uint8_t *copy = malloc(frame.len);
    memcpy(copy, frame.data, frame.len);
    struct bytes in = bytes_of(copy, frame.len);
    assert_int_equal(frame_measure(&f, in), FRAME_OK);
    assert_true(f.is_index && f.len == in.len);
    assert_int_equal(frame_unpack(&c, &payload, &f, in), 0);
    assert_true(bytes_equal(payload, bytes_text("index")));
    for (size_t i = 8; i < in.len; i++) {
        copy[i] ^= 0x10;
        assert_int_equal(frame_unpack(&c, &payload, &f, in), -EBADMSG);
        copy[i] ^= 0x10;
    }
    free(copy);
    frame_codec_cleanup(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_form_whatever_the_size),
        cmocka_unit_test(test_measure),
        cmocka_unit_test(test_index_has_its_own_checksum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
