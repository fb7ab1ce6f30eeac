/* SPDX-License-Identifier: MIT */
/* What other products see of a package, from its start to its end. */
#include "engine/end_code.h"
#include "engine/executor_bench_test.h"

#include "base/alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STARTED                                                                                    \
    "put tool Version=1.0 Type=craft ArgsHash=- DisplayName=tool Success=- LastExitCode=-; "
#define DONE                                                                                       \
    "put tool Version=1.0 Type=craft ArgsHash=- DisplayName=tool Success=1 LastExitCode=0; "

static void values_are_named_and_typed_as_other_products_read_them(void **state)
{
    (void)state;
    static const struct {
        rj_store_record record;
        bool ended;
        const char *version, *type, *hash, *name;
        uint32_t success, exit_code;
    } cases[] = {
        {{.core = {.id = "a", .version = "1", .success = true, .exit_code = 0}, .format = "nuget"},
         true,
         "1",
         "nuget",
         NULL,
         NULL,
         1,
         0},
        {{.core = {.id = "a", .version = "", .args_hash = "ab", .exit_code = -1},
          .format = "craft",
          .display_name = "Ä"},
         true,
         NULL,
         "craft",
         "ab",
         "Ä",
         0,
         0xffffffffu},
        {{.core = {.id = "a", .version = "2", .exit_code = (int32_t)0xc0000005u}},
         true,
         "2",
         NULL,
         NULL,
         NULL,
         0,
         0xc0000005u},
        {{.core = {.id = "a", .version = "2", .success = true}},
         false,
         "2",
         NULL,
         NULL,
         NULL,
         0,
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rj_mirror_value v[RJ_MIRROR_VALUES];
        rj_mirror_values_of(&cases[i].record, cases[i].ended, v);
        const char *const names[] = {"Version",     "Type",    "ArgsHash",
                                     "DisplayName", "Success", "LastExitCode"};
        const char *const texts[] = {cases[i].version, cases[i].type, cases[i].hash, cases[i].name};
        for (size_t k = 0; k < RJ_MIRROR_VALUES; k++)
            assert_string_equal(v[k].name, names[k]);
        for (size_t k = 0; k < 4; k++) {
            assert_int_equal(v[k].kind, texts[k] ? RJ_MIRROR_TEXT : RJ_MIRROR_ABSENT);
            if (texts[k])
                assert_string_equal(v[k].text, texts[k]);
        }
        assert_int_equal(v[4].kind, cases[i].ended ? RJ_MIRROR_NUMBER : RJ_MIRROR_ABSENT);
        assert_int_equal(v[5].kind, cases[i].ended ? RJ_MIRROR_NUMBER : RJ_MIRROR_ABSENT);
        if (cases[i].ended) {
            assert_int_equal(v[4].number, cases[i].success);
            assert_int_equal(v[5].number, cases[i].exit_code);
        }
    }
}

static void a_package_shows_up_when_it_starts_and_its_result_when_it_ends(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    bench_run();
    assert_string_equal(b.mirrored, STARTED DONE);
}

static void a_failure_is_shown_with_its_exit_code(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                           .status = RJ_E_FAILED,
                                           .message = "exit code 1603",
                                           .result = "{\"exit_code\": 1603}"});
    bench_run();
    assert_non_null(strstr(b.mirrored, "Success=0 LastExitCode=1603; "));
}

static void a_failure_without_an_exit_code_is_shown_with_one_that_is_no_success(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        rj_status status;
        unsigned windows;
    } cases[] = {{"late", RJ_E_TIMEOUT, 1460},
                 {"stopped", RJ_E_CANCELLED, 1223},
                 {"broken", RJ_E_FAILED, 1603}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char wanted[80];
        uint32_t code = (uint32_t)rj_end_code(cases[i].status);
        assert_true(code == 0 || code == cases[i].windows);
        b.mirrored[0] = '\0';
        bench_add(cases[i].id, RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
        fake_script_add(&b.fake, (fake_script){.verb = RJ_PACKAGE_INSTALL,
                                               .id = cases[i].id,
                                               .status = cases[i].status,
                                               .times = 1,
                                               .message = "it was killed",
                                               .result = "{\"certain\": false}"});
        bench_run();
        snprintf(wanted, sizeof wanted, "DisplayName=%s Success=0 LastExitCode=%u; ", cases[i].id,
                 (unsigned)code);
        if (!strstr(b.mirrored, wanted))
            fail_msg("%s", b.mirrored);
    }
}

static void a_removal_takes_the_key_away_and_says_nothing_before(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    bench_run();
    b.mirrored[0] = '\0';
    b.items[0].verdict = RJ_VERDICT_UNINSTALL;
    bench_run();
    assert_string_equal(b.mirrored, "remove tool; ");
}

static void a_package_that_goes_back_to_waiting_is_shown_as_the_store_has_it(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    fake_script_add(
        &b.fake, (fake_script){.verb = RJ_PACKAGE_FETCH, .status = RJ_E_NOT_STARTED, .times = 1});
    bench_run();
    assert_string_equal(b.mirrored, STARTED "remove tool; ");
    bench_run();
    b.mirrored[0] = '\0';
    b.items[0].verdict = RJ_VERDICT_REINSTALL;
    fake_script_add(
        &b.fake, (fake_script){.verb = RJ_PACKAGE_FETCH, .status = RJ_E_NOT_STARTED, .times = 1});
    bench_run();
    assert_string_equal(b.mirrored, STARTED DONE);
}

static void a_mirror_that_cannot_be_written_is_a_warning_and_no_failure(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    b.mirror_status = RJ_E_DENIED;
    assert_int_equal(bench_run().done, 1);
    assert_non_null(strstr(b.lines, "tool: other products do not see this package's state"));
}

static void a_refresh_writes_every_record_and_prunes_what_is_none(void **state)
{
    (void)state;
    bench_add("tool", RJ_UID_MACHINE, RJ_VERDICT_INSTALL, "1.0");
    bench_run();
    b.mirrored[0] = '\0';
    rj_mirror_refresh(&b.mirror, b.store);
    assert_string_equal(b.mirrored, DONE "keep tool; ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_named_and_typed_as_other_products_read_them),
        BENCH_TEST(a_package_shows_up_when_it_starts_and_its_result_when_it_ends),
        BENCH_TEST(a_failure_is_shown_with_its_exit_code),
        BENCH_TEST(a_failure_without_an_exit_code_is_shown_with_one_that_is_no_success),
        BENCH_TEST(a_removal_takes_the_key_away_and_says_nothing_before),
        BENCH_TEST(a_package_that_goes_back_to_waiting_is_shown_as_the_store_has_it),
        BENCH_TEST(a_mirror_that_cannot_be_written_is_a_warning_and_no_failure),
        BENCH_TEST(a_refresh_writes_every_record_and_prunes_what_is_none),
    };
    return cmocka_run_group_tests_name("mirror", tests, NULL, NULL);
}
