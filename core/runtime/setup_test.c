/* SPDX-License-Identifier: MIT */
/* The first frame to a worker, as written and as anything else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "runtime/setup.h"

#include <stdlib.h>
#include <string.h>

static const char *const provides[] = {"rj.check/1", "rj.package/1", NULL};
static const char *const checks[] = {"one", "two", NULL};
static const rj_sandbox_path paths[] = {{"/usr", false}, {"/var/lib/x", true}};

static const rj_setup sample = {.id = "a.plugin",
                                .version = "1.2.3",
                                .provides = provides,
                                .checks = checks,
                                .config = "{\"a\": 1}",
                                .grace_ms = 5000,
                                .sandbox = {.uid = 1879048195u,
                                            .memory_bytes = UINT64_C(1) << 40,
                                            .file_bytes = 77,
                                            .files = 256,
                                            .processes = 32,
                                            .cpu_seconds = 600,
                                            .network = RJ_NETWORK_LOCAL,
                                            .paths = paths,
                                            .path_count = 2}};

static rj_wire_frame frame_of(const rj_wire_writer *writer)
{
    rj_wire_frame frame = {0};
    size_t used = 0;
    assert_int_equal(rj_wire_take(RJ_WIRE_TO_WORKER, writer->bytes, writer->length, &frame, &used),
                     RJ_OK);
    return frame;
}

static void what_is_written_is_what_is_read(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    rj_setup_copy copy;
    assert_int_equal(rj_setup_write(&writer, &sample), RJ_OK);
    rj_wire_frame frame = frame_of(&writer);
    assert_int_equal(rj_setup_read(&frame, &copy), RJ_OK);
    assert_string_equal(copy.setup.id, "a.plugin");
    assert_string_equal(copy.setup.version, "1.2.3");
    assert_string_equal(copy.setup.provides[1], "rj.package/1");
    assert_null(copy.setup.provides[2]);
    assert_string_equal(copy.setup.checks[0], "one");
    assert_null(copy.setup.formats[0]);
    assert_string_equal(copy.setup.config, "{\"a\": 1}");
    assert_int_equal(copy.setup.grace_ms, 5000);
    const rj_sandbox *sandbox = &copy.setup.sandbox;
    assert_int_equal(sandbox->uid, 1879048195u);
    assert_true(sandbox->memory_bytes == UINT64_C(1) << 40);
    assert_int_equal(sandbox->file_bytes, 77);
    assert_int_equal(sandbox->files, 256);
    assert_int_equal(sandbox->processes, 32);
    assert_int_equal(sandbox->cpu_seconds, 600);
    assert_int_equal(sandbox->network, RJ_NETWORK_LOCAL);
    assert_int_equal(sandbox->path_count, 2);
    assert_string_equal(sandbox->paths[1].path, "/var/lib/x");
    assert_true(sandbox->paths[1].write);
    assert_false(sandbox->paths[0].write);
    rj_setup_free(&copy);
    rj_wire_discard(&writer);
}

static void cut_at_any_byte_it_is_refused(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    assert_int_equal(rj_setup_write(&writer, &sample), RJ_OK);
    for (size_t length = 0; length < writer.length - RJ_WIRE_HEADER; length++) {
        char *bytes = malloc(length ? length : 1);
        rj_setup_copy copy = {0};
        assert_non_null(bytes);
        memcpy(bytes, writer.bytes + RJ_WIRE_HEADER, length);
        rj_wire_frame frame = {.type = RJ_WIRE_SETUP, .payload = bytes, .length = length};
        assert_int_equal(rj_setup_read(&frame, &copy), RJ_E_CORRUPT);
        assert_null(copy.setup.id);
        free(bytes);
    }
    rj_wire_discard(&writer);
}

static void another_type_another_version_and_something_left_are_refused(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    rj_setup_copy copy;
    assert_int_equal(rj_setup_write(&writer, &sample), RJ_OK);
    rj_wire_frame frame = frame_of(&writer);
    frame.type = RJ_WIRE_ASK;
    assert_int_equal(rj_setup_read(&frame, &copy), RJ_E_CORRUPT);
    writer.bytes[RJ_WIRE_HEADER] ^= 1; /* the version comes first */
    frame = frame_of(&writer);
    assert_int_equal(rj_setup_read(&frame, &copy), RJ_E_CORRUPT);
    writer.bytes[RJ_WIRE_HEADER] ^= 1;
    rj_wire_put_u32(&writer, 0);
    assert_int_equal(rj_wire_end(&writer), RJ_OK);
    frame = frame_of(&writer);
    assert_int_equal(rj_setup_read(&frame, &copy), RJ_E_CORRUPT);
    rj_wire_discard(&writer);
}

static void a_count_of_paths_that_lies_is_refused(void **state)
{
    (void)state;
    static const uint32_t counts[] = {1, 3, RJ_WIRE_LIST_MAX + 1, UINT32_MAX};
    rj_wire_writer writer = {0};
    rj_setup_copy copy;
    assert_int_equal(rj_setup_write(&writer, &sample), RJ_OK);
    /* The paths stand last: a count, then what is written and its text, twice. */
    size_t at = writer.length - 4 - (4 + 4 + 5) - (4 + 4 + 11);
    assert_int_equal(writer.bytes[at], 2);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        for (unsigned byte = 0; byte < 4; byte++)
            writer.bytes[at + byte] = (char)(unsigned char)(counts[i] >> (8 * byte));
        rj_wire_frame frame = frame_of(&writer);
        assert_int_equal(rj_setup_read(&frame, &copy), RJ_E_CORRUPT);
    }
    rj_wire_discard(&writer);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    rj_wire_writer writer = {0};
    rj_status written = RJ_E_NO_MEMORY;
    for (uint64_t n = 1; written && n < 20; n++) {
        rj_alloc_fail_from(n);
        written = rj_setup_write(&writer, &sample);
        rj_alloc_fail_from(0);
        if (written)
            assert_int_equal(written, RJ_E_NO_MEMORY);
    }
    assert_int_equal(written, RJ_OK);
    rj_wire_frame frame = frame_of(&writer);
    rj_status read = RJ_E_CORRUPT;
    uint64_t n = 0;
    while (read && n < 20) {
        rj_setup_copy copy;
        rj_alloc_fail_from(++n);
        read = rj_setup_read(&frame, &copy);
        rj_alloc_fail_from(0);
        if (!read)
            rj_setup_free(&copy);
    }
    assert_int_equal(read, RJ_OK);
    assert_int_equal(n, 5); /* three lists and the paths */
    rj_wire_discard(&writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_what_is_read),
        cmocka_unit_test(cut_at_any_byte_it_is_refused),
        cmocka_unit_test(another_type_another_version_and_something_left_are_refused),
        cmocka_unit_test(a_count_of_paths_that_lies_is_refused),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
