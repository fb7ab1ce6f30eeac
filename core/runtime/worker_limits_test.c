/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "runtime/worker_limits.h"

static const rj_sandbox usual = {
    .memory_bytes = 256u << 20, .files = 256, .processes = 32, .cpu_seconds = 600};

static rj_status apply(const char *section, rj_sandbox *sandbox, rj_error *err)
{
    json_t *document = json_loads(section, 0, NULL);
    assert_non_null(document);
    *sandbox = usual;
    rj_status status = rj_limits_apply(document, "x", sandbox, err);
    json_decref(document);
    return status;
}

static void assert_refused(const char *section, const char *text)
{
    rj_sandbox sandbox;
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(apply(section, &sandbox, &err), RJ_E_INVALID);
    assert_string_equal(err.text, text);
    assert_memory_equal(&sandbox, &usual, sizeof usual);
}

static void what_is_not_named_stays(void **state)
{
    rj_sandbox sandbox = usual;
    (void)state;
    assert_int_equal(rj_limits_apply(NULL, "x", &sandbox, NULL), RJ_OK);
    assert_memory_equal(&sandbox, &usual, sizeof usual);
    assert_int_equal(apply("{\"Limits\": {\"Files\": 300}}", &sandbox, NULL), RJ_OK);
    assert_int_equal(sandbox.files, 300);
    assert_int_equal(sandbox.cpu_seconds, 600);
}

static void every_limit_can_be_set_up_to_its_bounds(void **state)
{
    rj_sandbox sandbox;
    (void)state;
    assert_int_equal(apply("{\"Limits\": {\"MemoryMB\": 32, \"Files\": 4096, \"Threads\": 8,"
                           " \"cpuseconds\": 86400}}",
                           &sandbox, NULL),
                     RJ_OK);
    assert_int_equal(sandbox.memory_bytes, 32u << 20);
    assert_int_equal(sandbox.files, 4096);
    assert_int_equal(sandbox.processes, 8);
    assert_int_equal(sandbox.cpu_seconds, 86400);
}

static void a_wrong_limit_is_refused_with_its_place_and_changes_nothing(void **state)
{
    (void)state;
    assert_refused("{\"Limits\": []}", "policy: /Plugins/x/Limits: expected is an object");
    assert_refused(
        "{\"Limits\": {\"Files\": 64, \"MemoryMB\": 31}}",
        "policy: /Plugins/x/Limits/MemoryMB: expected is a whole number from 32 to 65536");
    assert_refused("{\"Limits\": {\"Files\": \"256\"}}",
                   "policy: /Plugins/x/Limits/Files: expected is a whole number from 32 to 4096");
    assert_refused("{\"Limits\": {\"Threads\": 1025}}",
                   "policy: /Plugins/x/Limits/Threads: expected is a whole number from 8 to 1024");
    assert_refused(
        "{\"Limits\": {\"CpuSeconds\": 0}}",
        "policy: /Plugins/x/Limits/CpuSeconds: expected is a whole number from 1 to 86400");
    assert_refused("{\"Limits\": {\"Disk\\n\": 1}}",
                   "policy: /Plugins/x/Limits/Disk\\n: no such limit; there are MemoryMB, Files, "
                   "Threads and CpuSeconds");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_named_stays),
        cmocka_unit_test(every_limit_can_be_set_up_to_its_bounds),
        cmocka_unit_test(a_wrong_limit_is_refused_with_its_place_and_changes_nothing),
    };
    return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
