/* SPDX-License-Identifier: MIT */
/* Frames as bytes: every field, and every way in which bytes are no frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "runtime/wire.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const char *const some_texts[] = {"one", "", "drei \xc3\xa4", NULL};

static void put_everything(rj_wire_writer *writer)
{
    rj_wire_begin(writer, RJ_WIRE_SPAWN, UINT64_C(0xfedcba9876543210));
    rj_wire_put_u32(writer, 0x80000001u);
    rj_wire_put_i32(writer, INT32_MIN);
    rj_wire_put_u64(writer, UINT64_MAX - 1);
    rj_wire_put_i64(writer, INT64_MIN);
    rj_wire_put_bytes(writer, "a\0b", 3);
    rj_wire_put_bytes(writer, NULL, 0);
    rj_wire_put_text(writer, "text");
    rj_wire_put_text(writer, NULL);
    rj_wire_put_list(writer, some_texts);
    rj_wire_put_list(writer, NULL);
}

/* True: all of it was there, and is what was put. */
static bool get_everything(const rj_wire_frame *frame)
{
    rj_wire_reader reader = rj_wire_read(frame);
    size_t length = 9;
    size_t none = 9;
    bool same = rj_wire_get_u32(&reader) == 0x80000001u;
    same &= rj_wire_get_i32(&reader) == INT32_MIN;
    same &= rj_wire_get_u64(&reader) == UINT64_MAX - 1;
    same &= rj_wire_get_i64(&reader) == INT64_MIN;
    const char *bytes = rj_wire_get_bytes(&reader, &length);
    same &= length == 3 && memcmp(bytes, "a\0b", 4) == 0;
    bytes = rj_wire_get_bytes(&reader, &none);
    same &= none == 0 && *bytes == '\0';
    same &= strcmp(rj_wire_get_text(&reader), "text") == 0;
    same &= strcmp(rj_wire_get_text(&reader), "") == 0;
    const char **texts = rj_wire_get_list(&reader);
    for (size_t i = 0; texts && i < 3; i++)
        same &= texts[i] && strcmp(texts[i], some_texts[i]) == 0;
    same &= texts && !texts[3];
    const char **empty = rj_wire_get_list(&reader);
    same &= empty && !empty[0];
    rj_free((void *)texts);
    rj_free((void *)empty);
    return rj_wire_read_end(&reader) && same;
}

static rj_wire_frame take_whole(rj_wire_direction direction, const rj_wire_writer *writer)
{
    rj_wire_frame frame = {0};
    size_t used = 0;
    assert_int_equal(rj_wire_take(direction, writer->bytes, writer->length, &frame, &used), RJ_OK);
    assert_int_equal(used, writer->length);
    return frame;
}

static void every_kind_of_field_comes_back_as_it_was_put(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    put_everything(&writer);
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    rj_wire_frame frame = take_whole(RJ_WIRE_CALL, &writer);
    assert_int_equal(frame.type, RJ_WIRE_SPAWN);
    assert_true(frame.handle == UINT64_C(0xfedcba9876543210));
    assert_true(get_everything(&frame));
    rj_wire_discard(&writer);
    assert_null(writer.bytes);
}

static void numbers_are_little_endian_on_every_machine(void **state)
{
    (void)state;
    static const char expected[] = "\x04\0\0\0\x27\0\0\0\x02\x01\0\0\0\0\0\0\x04\x03\x02\x01";
    rj_wire_writer writer = {0};
    rj_wire_begin(&writer, RJ_WIRE_BUSY, 0x102);
    rj_wire_put_u32(&writer, 0x01020304);
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    assert_int_equal(writer.length, sizeof expected - 1);
    assert_memory_equal(writer.bytes, expected, sizeof expected - 1);
    rj_wire_discard(&writer);
}

static void a_frame_cut_at_any_byte_asks_for_the_rest(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    put_everything(&writer);
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    for (size_t length = 0; length < writer.length; length++) {
        rj_wire_frame frame = {.handle = 77};
        size_t used = 9;
        char *copy = malloc(length ? length : 1); /* a sanitizer sees each byte read behind it */
        assert_non_null(copy);
        memcpy(copy, writer.bytes, length);
        assert_int_equal(rj_wire_take(RJ_WIRE_CALL, copy, length, &frame, &used), RJ_E_BUSY);
        assert_int_equal(used, length < RJ_WIRE_HEADER ? 0 : writer.length);
        assert_int_equal(frame.handle, 77);
        free(copy);
    }
    rj_wire_discard(&writer);
}

static void a_payload_cut_at_any_byte_is_refused_by_its_reader(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    put_everything(&writer);
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    for (size_t length = 0; length < writer.length - RJ_WIRE_HEADER; length++) {
        char *copy = malloc(length ? length : 1);
        assert_non_null(copy);
        memcpy(copy, writer.bytes + RJ_WIRE_HEADER, length);
        rj_wire_frame frame = {.type = RJ_WIRE_SPAWN, .payload = copy, .length = length};
        assert_false(get_everything(&frame));
        free(copy);
    }
    rj_wire_discard(&writer);
}

static void a_payload_with_something_left_is_refused(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    put_everything(&writer);
    rj_wire_put_bytes(&writer, "", 0);
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    rj_wire_frame frame = take_whole(RJ_WIRE_CALL, &writer);
    assert_false(get_everything(&frame));
    rj_wire_discard(&writer);
}

/* Puts a header by hand. */
static rj_status take_header(rj_wire_direction direction, uint32_t length, uint32_t type,
                             size_t *ret_used)
{
    unsigned char bytes[RJ_WIRE_HEADER] = {0};
    rj_wire_frame frame;
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (unsigned char)(length >> (8 * i));
        bytes[4 + i] = (unsigned char)(type >> (8 * i));
    }
    return rj_wire_take(direction, (const char *)bytes, sizeof bytes, &frame, ret_used);
}

static void each_type_belongs_to_one_direction(void **state)
{
    (void)state;
    size_t used = 0;
    for (uint32_t type = 0; type < 300; type++) {
        bool good[4];
        good[RJ_WIRE_TO_WORKER] = type >= 1 && type <= 6;
        good[RJ_WIRE_TO_CORE] = type >= 32 && type <= 43;
        good[RJ_WIRE_CALL] = type >= 64 && type <= 73;
        good[RJ_WIRE_ANSWER] = type == 96;
        for (int direction = RJ_WIRE_TO_WORKER; direction <= RJ_WIRE_ANSWER; direction++)
            assert_int_equal(take_header((rj_wire_direction)direction, 0, type, &used),
                             good[direction] ? RJ_OK : RJ_E_CORRUPT);
    }
    assert_int_equal(take_header((rj_wire_direction)9, 0, 1, &used), RJ_E_CORRUPT);
}

static void the_two_reserved_bytes_are_zero(void **state)
{
    (void)state;
    size_t used = 0;
    for (unsigned bit = 16; bit < 32; bit++)
        assert_int_equal(take_header(RJ_WIRE_TO_CORE, 0, RJ_WIRE_LOG | 1u << bit, &used),
                         RJ_E_CORRUPT);
}

static void a_frame_larger_than_allowed_is_refused_by_its_header(void **state)
{
    (void)state;
    size_t used = 0;
    assert_int_equal(take_header(RJ_WIRE_TO_CORE, RJ_WIRE_PAYLOAD_MAX, RJ_WIRE_LOG, &used),
                     RJ_E_BUSY);
    assert_int_equal(used, RJ_WIRE_PAYLOAD_MAX + RJ_WIRE_HEADER);
    assert_int_equal(take_header(RJ_WIRE_TO_CORE, RJ_WIRE_PAYLOAD_MAX + 1, RJ_WIRE_LOG, &used),
                     RJ_E_LIMIT);
    assert_int_equal(take_header(RJ_WIRE_TO_CORE, UINT32_MAX, RJ_WIRE_LOG, &used), RJ_E_LIMIT);
}

static void a_frame_larger_than_allowed_cannot_be_written(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    char *large = calloc(1, RJ_WIRE_PAYLOAD_MAX + 1);
    assert_non_null(large);
    rj_wire_begin(&writer, RJ_WIRE_EVENT, 1); /* fits to the byte */
    rj_wire_put_bytes(&writer, large, RJ_WIRE_PAYLOAD_MAX - 5);
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    rj_wire_begin(&writer, RJ_WIRE_EVENT, 1);
    rj_wire_put_bytes(&writer, large, RJ_WIRE_PAYLOAD_MAX - 4);
    assert_int_equal(rj_wire_end(&writer), RJ_E_LIMIT);
    rj_wire_begin(&writer, RJ_WIRE_EVENT, 1);
    rj_wire_put_bytes(&writer, large, RJ_WIRE_PAYLOAD_MAX + 1);
    rj_wire_put_u32(&writer, 1);
    assert_int_equal(rj_wire_end(&writer), RJ_E_LIMIT);
    rj_wire_begin(&writer, RJ_WIRE_STOP, 0); /* the same writer is as good as new */
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    rj_wire_discard(&writer);
    free(large);
}

/* Reads one list of a payload of a count and `length` more bytes. */
static bool list_is_read(uint32_t count, const char *bytes, size_t length)
{
    char payload[64];
    for (unsigned i = 0; i < 4; i++)
        payload[i] = (char)(unsigned char)(count >> (8 * i));
    memcpy(payload + 4, bytes, length);
    rj_wire_frame frame = {.type = RJ_WIRE_SPAWN, .payload = payload, .length = 4 + length};
    rj_wire_reader reader = rj_wire_read(&frame);
    const char **texts = rj_wire_get_list(&reader);
    bool read = texts != NULL;
    assert_int_equal(read, !reader.failed);
    rj_free((void *)texts);
    return read && rj_wire_read_end(&reader);
}

static void a_list_whose_count_lies_is_refused_and_allocates_nothing(void **state)
{
    (void)state;
    static const char two[] = "\1\0\0\0a\0\0\0\0\0"; /* "a" and "", the last NUL is C's */
    assert_true(list_is_read(2, two, sizeof two));
    assert_false(list_is_read(1, two, sizeof two));
    assert_false(list_is_read(3, two, sizeof two));
    rj_alloc_fail_from(0);
    assert_false(list_is_read(UINT32_MAX, two, sizeof two));
    assert_false(list_is_read(RJ_WIRE_LIST_MAX + 1, two, sizeof two));
    assert_false(list_is_read(RJ_WIRE_LIST_MAX, two, sizeof two));
    assert_int_equal(rj_alloc_fail_from(0), 0);
}

static bool text_is_read(const char *payload, size_t length)
{
    rj_wire_frame frame = {.type = RJ_WIRE_LOG, .payload = payload, .length = length};
    rj_wire_reader reader = rj_wire_read(&frame);
    const char *text = rj_wire_get_text(&reader);
    assert_non_null(text);
    return rj_wire_read_end(&reader);
}

static void a_text_ends_with_its_only_nul(void **state)
{
    (void)state;
    assert_true(text_is_read("\3\0\0\0abc\0", 8));
    assert_false(text_is_read("\3\0\0\0a\0c\0", 8)); /* one inside */
    assert_false(text_is_read("\3\0\0\0abcd", 8));   /* none at the end */
    assert_false(text_is_read("\3\0\0\0abc", 7));    /* the end is missing */
    assert_false(text_is_read("\377\377\377\377abc\0", 8));
    assert_false(text_is_read("\0\0\0\0", 4));
}

static void after_a_failure_reads_give_nothing(void **state)
{
    (void)state;
    rj_wire_frame frame = {.type = RJ_WIRE_LOG, .payload = "\7\0\0\0\7\0\0\0", .length = 7};
    rj_wire_reader reader = rj_wire_read(&frame);
    assert_true(rj_wire_get_u64(&reader) == 0);
    assert_int_equal(rj_wire_get_u32(&reader), 0); /* though there would be four bytes */
    assert_string_equal(rj_wire_get_text(&reader), "");
    assert_null(rj_wire_get_list(&reader));
    assert_false(rj_wire_read_end(&reader));
}

static void a_failing_allocation_shows_at_the_end_and_the_writer_is_usable_again(void **state)
{
    (void)state;
    char large[2000];
    memset(large, 'x', sizeof large);
    uint64_t n = 0;
    rj_status status;
    do {
        rj_wire_writer writer = {0};
        rj_alloc_fail_from(++n);
        put_everything(&writer);
        rj_wire_put_bytes(&writer, large, sizeof large);
        status = rj_wire_end(&writer);
        rj_alloc_fail_from(0);
        if (status)
            assert_int_equal(status, RJ_E_NO_MEMORY);
        put_everything(&writer);
        assert_int_equal(rj_wire_end(&writer), RJ_OK);
        rj_wire_frame frame = take_whole(RJ_WIRE_CALL, &writer);
        assert_true(get_everything(&frame));
        rj_alloc_fail_from(1); /* and one while reading */
        assert_false(get_everything(&frame));
        rj_alloc_fail_from(0);
        rj_wire_discard(&writer);
    } while (status && n < 20);
    assert_int_equal(status, RJ_OK);
    assert_true(n > 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_field_comes_back_as_it_was_put),
        cmocka_unit_test(numbers_are_little_endian_on_every_machine),
        cmocka_unit_test(a_frame_cut_at_any_byte_asks_for_the_rest),
        cmocka_unit_test(a_payload_cut_at_any_byte_is_refused_by_its_reader),
        cmocka_unit_test(a_payload_with_something_left_is_refused),
        cmocka_unit_test(each_type_belongs_to_one_direction),
        cmocka_unit_test(the_two_reserved_bytes_are_zero),
        cmocka_unit_test(a_frame_larger_than_allowed_is_refused_by_its_header),
        cmocka_unit_test(a_frame_larger_than_allowed_cannot_be_written),
        cmocka_unit_test(a_list_whose_count_lies_is_refused_and_allocates_nothing),
        cmocka_unit_test(a_text_ends_with_its_only_nul),
        cmocka_unit_test(after_a_failure_reads_give_nothing),
        cmocka_unit_test(a_failing_allocation_shows_at_the_end_and_the_writer_is_usable_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
