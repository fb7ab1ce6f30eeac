/* SPDX-License-Identifier: MIT */
/* The plugin on POSIX systems: scripts of packages, and a disk that is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "nuget_fixture_test.h"
#include "nuget_system.h"
#include "tap_skip.h"
#include "test_files.h"

static void what_scripts_made_goes_with_the_package(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0", "#!/bin/sh\nmkdir -p made; echo x > made/by-script; rm tools/readme.txt\n",
             "#!/bin/sh\necho gone > \"$OUT\"\n");
    expect_ok(f, install_package(f, "hello", NULL));
    assert_true(is_installed(f, "hello"));
    expect_ok(f, invoke(f, f->table->uninstall, "hello", NULL));
    assert_int_equal(json_array_size(json_object_get(f->result, "left")), 0);
    assert_string_equal(file_content(f, "out"), "gone\n");
    expect_lib_holds(f, "PSini ");
}

static void the_script_gets_arguments_environment_and_folder(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0",
             "#!/bin/sh\n"
             "echo \"$#|$1|$2|$chocolateyPackageName|$chocolateyPackageVersion|$PWD\" > \"$OUT\"\n"
             "echo said\nexit 194\n",
             NULL);
    expect_ok(f, install_package(f, "hello", NULL));
    char wanted[600];
    snprintf(wanted, sizeof(wanted), "2|/Lang:de|a b|hello|1.0.0|%s\n",
             fixture_path(f, "lib/hello"));
    assert_string_equal(file_content(f, "out"), wanted);
    assert_true(json_is_true(json_object_get(f->result, "restart")));
    assert_int_equal(json_integer_value(json_object_get(f->result, "exit_code")), 194);
    assert_non_null(strstr(result_text(f, "output"), "said"));
}

static void a_failing_script_takes_everything_back(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0", "#!/bin/sh\necho broken >&2\nexit 7\n", NULL);
    expect_failure(f, install_package(f, "hello", NULL), RJ_E_FAILED, "exit code 7");
    assert_non_null(strstr(f->answer.message, "broken"));
    assert_int_equal(json_integer_value(json_object_get(f->result, "exit_code")), 7);
    expect_lib_holds(f, "");
}

static void a_failing_upgrade_leaves_the_old_version(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0", NULL, NULL);
    expect_ok(f, install_package(f, "hello", NULL));
    add_tool(f, "1.1.0", "#!/bin/sh\nexit 1\n", NULL);
    expect_failure(f, install_package(f, "hello", NULL), RJ_E_FAILED, "exit code 1");
    assert_true(is_installed(f, "hello"));
    assert_string_equal(result_text(f, "version"), "1.0.0");
    assert_string_equal(file_content(f, "lib/hello/tools/readme.txt"), "1.0.0");
    expect_lib_holds(f, "PSini hello ");
}

static void a_script_without_its_x_bit_is_an_error_that_says_so(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("plain", "1.0.0", "");
    zip_writer_text(zip, "tools/install.sh", "#!/bin/sh\n");
    save_package(f, zip, "plain.nupkg");
    expect_failure(f, install_package(f, "plain", NULL), RJ_E_INVALID, "not executable");
    expect_lib_holds(f, "");
}

static void open_to_others(const char *path)
{
    assert_int_equal(chmod(path, 0777), 0);
}

static void close_to_others(const char *path)
{
    assert_int_equal(chmod(path, 0755), 0);
}

/* Others put it there, or could have, while the lib folder was open to them. */
static void a_planted_package_is_neither_installed_nor_run(void **state)
{
    fixture *f = *state;
    char place[300], says[700];
    const char *const places[] = {"", "/.realmjoin.json", "/tools", NULL};
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0", NULL, "#!/bin/sh\necho gone > \"$OUT\"\n");
    expect_ok(f, install_package(f, "hello", NULL));
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        snprintf(place, sizeof(place), "lib/hello%s%s", places[i] ? places[i] : "/",
                 places[i] ? "" : nuget_uninstall_script);
        snprintf(says, sizeof(says), "may write to %s", fixture_path(f, place));
        open_to_others(fixture_path(f, place));
        expect_failure(f, invoke(f, f->table->detect, "hello", NULL), RJ_E_DENIED, says);
        expect_failure(f, invoke(f, f->table->uninstall, "hello", NULL), RJ_E_DENIED, says);
        close_to_others(fixture_path(f, place));
    }
    assert_false(file_exists(f, "out"));
    assert_true(is_installed(f, "hello"));
}

static void a_planted_package_satisfies_no_dependency(void **state)
{
    fixture *f = *state;
    add_module(f, "2.0.5");
    add_tool(f, "1.0.0", NULL, NULL);
    expect_ok(f, install_package(f, "psini", NULL));
    test_file_write(fixture_path(f, "lib/PSini/PsIni.psm1"), "theirs", 6);
    open_to_others(fixture_path(f, "lib/PSini"));
    expect_ok(f, install_package(f, "hello", NULL));
    assert_string_equal(file_content(f, "lib/PSini/PsIni.psm1"), "2.0.5");
    assert_true(is_installed(f, "psini"));
}

static void a_planted_journal_moves_nothing(void **state)
{
    static const char journal[] = "{\"format\": 1, \"action\": \"uninstall\", \"packages\": "
                                  "[{\"folder\": \"PSini\"}]}";
    fixture *f = *state;
    add_module(f, "2.7.0");
    expect_ok(f, install_package(f, "psini", NULL));
    test_file_write(fixture_path(f, "lib/.rj-journal.json"), journal, sizeof(journal) - 1);
    open_to_others(fixture_path(f, "lib/.rj-journal.json"));
    expect_failure(f, invoke(f, f->table->recover, "psini", NULL), RJ_E_DENIED, "may write to");
    open_to_others(fixture_path(f, "lib"));
    test_file_remove(fixture_path(f, "lib/.rj-journal.json"));
    expect_failure(f, invoke(f, f->table->recover, "psini", NULL), RJ_E_DENIED, "may write to");
    assert_true(file_exists(f, "lib/PSini/PsIni.psm1"));
}

static void a_hanging_script_is_ended_and_taken_back(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("slow", "1.0.0", "");
    zip_writer_script(zip, "tools/install.sh", "#!/bin/sh\nsleep 60\n");
    save_package(f, zip, "slow.nupkg");
    expect_failure(f,
                   install_package(f, "slow", json_pack("{s:I}", "time_limit_ms", (json_int_t)300)),
                   RJ_E_TIMEOUT, "too long");
    expect_lib_holds(f, "");
}

static void a_cancelled_install_is_taken_back(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("slow", "1.0.0", "");
    zip_writer_script(zip, "tools/install.sh", "#!/bin/sh\nsleep 60\n");
    save_package(f, zip, "slow.nupkg");
    expect_ok(f, invoke(f, f->table->fetch, "slow", NULL));
    json_t *request = request_for(f, "slow", json_pack("{s:O}", "fetched", f->result));
    call c = {f, f->table->install, json_dumps(request, 0)};
    f->answer = plugin_host_call_cancelled(f->host, 60000, 400, make_call, &c);
    assert_int_equal(f->answer.status, RJ_E_CANCELLED);
    assert_non_null(f->answer.result);
    assert_non_null(strstr(f->answer.result, "\"certain\":false"));
    free(c.request);
    json_decref(request);
    expect_lib_holds(f, "");
}

static void unmount_lib(fixture *f)
{
    umount2(fixture_path(f, "lib"), MNT_DETACH);
}

static void a_full_disk_installs_nothing(void **state)
{
    fixture *f = *state;
    assert_int_equal(nuget_make_folder(fixture_path(f, "lib"), NULL), RJ_OK);
    if (geteuid() != 0 ||
        mount("none", fixture_path(f, "lib"), "tmpfs", 0, "size=3m,mode=755") != 0)
        tap_skip("a small file system of its own cannot be mounted here");
    f->before_removal = unmount_lib;
    size_t size = (size_t)8 << 20;
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    zip_writer *zip = new_package("large", "1.0.0", "");
    zip_writer_add(zip, &(zip_member){.name = "large", .bytes = bytes, .length = size});
    free(bytes);
    save_package(f, zip, "large.nupkg");
    expect_failure(f, install_package(f, "large", NULL), RJ_E_IO, "not enough space: needs");
    expect_lib_holds(f, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(a_planted_package_is_neither_installed_nor_run),
        with_fixture(a_planted_package_satisfies_no_dependency),
        with_fixture(a_planted_journal_moves_nothing),
        with_fixture(what_scripts_made_goes_with_the_package),
        with_fixture(the_script_gets_arguments_environment_and_folder),
        with_fixture(a_failing_script_takes_everything_back),
        with_fixture(a_failing_upgrade_leaves_the_old_version),
        with_fixture(a_script_without_its_x_bit_is_an_error_that_says_so),
        with_fixture(a_hanging_script_is_ended_and_taken_back),
        with_fixture(a_cancelled_install_is_taken_back),
        with_fixture(a_full_disk_installs_nothing),
    };
    return cmocka_run_group_tests_name("package-nuget on POSIX systems", tests, NULL, NULL);
}
