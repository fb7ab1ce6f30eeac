/* SPDX-License-Identifier: MIT */
/* The plugin through its ABI: detect, fetch, install, uninstall, with packages made here. */
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

#include "archive.h"
#include "archive_hash.h"
#include "nuget_fixture_test.h"
#include "nuget_system.h"
#include "tap_skip.h"
#include "vectors.h"

static void a_dependency_comes_in_at_the_newest_allowed_version(void **state)
{
    fixture *f = *state;
    add_module(f, "1.9.0");
    add_module(f, "2.0.0");
    add_module(f, "2.7.0");
    add_module(f, "3.0.0");
    add_tool(f, "1.0.0", NULL, NULL);
    assert_false(is_installed(f, "hello"));
    expect_ok(f, install_package(f, "HELLO", NULL));
    assert_string_equal(result_text(f, "version"), "1.0.0");
    assert_string_equal(file_content(f, "lib/PSini/PsIni.psm1"), "2.7.0");
    assert_true(file_exists(f, "lib/PSini/PSini.nuspec"));
    assert_true(file_exists(f, "lib/PSini/PSini.nupkg"));
    assert_false(file_exists(f, "lib/PSini/_rels"));
    assert_false(file_exists(f, "lib/PSini/some.nuspec"));
    assert_true(is_installed(f, "psini"));
    assert_string_equal(result_text(f, "version"), "2.7.0");
    assert_true(is_installed(f, "hello"));
    expect_lib_holds(f, "PSini hello ");
}

static void an_untouched_package_is_uninstalled_without_a_leftover(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0", "#!/bin/sh\nmkdir -p made; echo x > made/by-script; rm tools/readme.txt\n",
             "#!/bin/sh\necho gone > \"$OUT\"\n");
    expect_ok(f, install_package(f, "hello", NULL));
    assert_true(is_installed(f, "hello"));
    expect_failure(f, invoke(f, f->table->uninstall, "PSINI", NULL), RJ_E_BUSY, "'hello 1.0.0'");
    expect_ok(f, invoke(f, f->table->uninstall, "hello", NULL));
    assert_int_equal(json_array_size(json_object_get(f->result, "left")), 0);
    assert_string_equal(file_content(f, "out"), "gone\n");
    expect_ok(f, invoke(f, f->table->uninstall, "psini", NULL));
    expect_lib_holds(f, "");
    expect_failure(f, invoke(f, f->table->uninstall, "psini", NULL), RJ_E_NOT_FOUND,
                   "not installed");
}

static void changed_files_stay_and_are_listed(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    expect_ok(f, install_package(f, "psini", NULL));
    FILE *file = fopen(fixture_path(f, "lib/PSini/PsIni.psm1"), "w");
    fputs("9.9.9", file); /* same size, other content */
    fclose(file);
    file = fopen(fixture_path(f, "lib/PSini/Functions/added"), "w");
    fclose(file);
    assert_true(is_installed(f, "psini"));
    expect_ok(f, invoke(f, f->table->uninstall, "psini", NULL));
    assert_int_equal(json_array_size(json_object_get(f->result, "left")), 2);
    assert_true(file_exists(f, "lib/PSini/PsIni.psm1"));
    assert_false(file_exists(f, "lib/PSini/Functions/Get-IniContent.ps1"));
    assert_false(is_installed(f, "psini"));
}

static void a_missing_file_means_not_installed(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    expect_ok(f, install_package(f, "psini", NULL));
    unlink(fixture_path(f, "lib/PSini/PsIni.psm1"));
    assert_false(is_installed(f, "psini"));
    assert_non_null(strstr(result_text(f, "detail"), "PsIni.psm1"));
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

static void an_upgrade_keeps_the_folder_and_replaces_the_files(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    expect_ok(f, install_package(f, "PSINI", json_pack("{s:s}", "version", "2.7")));
    add_module(f, "2.10.0");
    expect_ok(f, install_package(f, "psini", NULL));
    assert_string_equal(file_content(f, "lib/PSini/PsIni.psm1"), "2.10.0");
    expect_failure(f, install_package(f, "psini", json_pack("{s:s}", "version", "2.7.0")),
                   RJ_E_DENIED, "downgrades");
    expect_ok(f,
              install_package(f, "psini",
                              json_pack("{s:s, s:b}", "version", "2.7.0", "allow_downgrade", 1)));
    assert_string_equal(file_content(f, "lib/PSini/PsIni.psm1"), "2.7.0");
    expect_lib_holds(f, "PSini ");
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

static void damaged_packages_install_nothing(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("crc", "1.0.0", "");
    zip_writer_add(zip, &(zip_member){.name = "a", .bytes = "abc", .length = 3, .crc_lie = 1});
    save_package(f, zip, "crc.nupkg");
    expect_failure(f, install_package(f, "crc", NULL), RJ_E_CORRUPT, "CRC");
    expect_lib_holds(f, "");
    zip = new_package("link", "1.0.0", "");
    zip_writer_add(zip,
                   &(zip_member){.name = "a", .bytes = "/etc", .length = 4, .unix_mode = 0120777});
    save_package(f, zip, "link.nupkg");
    expect_failure(f, install_package(f, "link", NULL), RJ_E_NOT_FOUND, "symbolic link");
    add_module(f, "1.0.0");
    expect_failure(
        f,
        install_package(
            f, "psini",
            json_pack("{s:s}", "hash",
                      "0000000000000000000000000000000000000000000000000000000000000000")),
        RJ_E_CORRUPT, "SHA-256");
    expect_lib_holds(f, "");
}

static void a_source_that_cannot_be_read_is_not_a_missing_package(void **state)
{
    fixture *f = *state;
    expect_failure(f, install_package(f, "x", json_pack("{s:[s]}", "sources", "/nonexistent/feed")),
                   RJ_E_IO, "/nonexistent/feed cannot be read");
    expect_failure(f, install_package(f, "x", NULL), RJ_E_NOT_FOUND, "no source has a package 'x'");
    expect_failure(f, install_package(f, "../x", NULL), RJ_E_INVALID, "not the id");
}

static void a_hierarchical_feed_is_held_to_its_hash(void **state)
{
    fixture *f = *state;
    unsigned char digest[RJ_SHA512_BYTES];
    char text[RJ_SHA512_BASE64];
    mkdir(fixture_path(f, "feed/psini"), 0755);
    mkdir(fixture_path(f, "feed/psini/2.7.0"), 0755);
    zip_writer *zip = new_package("PSini", "2.7.0", "");
    zip_writer_text(zip, "PsIni.psm1", "x");
    save_package(f, zip, "psini/2.7.0/psini.2.7.0.nupkg");
    expect_failure(f, install_package(f, "psini", NULL), RJ_E_NOT_FOUND, "no source");
    assert_int_equal(
        rj_hash_file(fixture_path(f, "feed/psini/2.7.0/psini.2.7.0.nupkg"), 512, digest, NULL),
        RJ_OK);
    for (int right = 0; right <= 1; right++) {
        rj_base64(digest, sizeof(digest), text);
        if (!right)
            text[0] = text[0] == 'A' ? 'B' : 'A';
        FILE *file = fopen(fixture_path(f, "feed/psini/2.7.0/psini.2.7.0.nupkg.sha512"), "w");
        fputs(text, file);
        fclose(file);
        if (right)
            expect_ok(f, install_package(f, "psini", NULL));
        else
            expect_failure(f, install_package(f, "psini", NULL), RJ_E_CORRUPT, "SHA-512");
    }
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

static void files_of(json_t *row, void *data)
{
    static const char *const refused[] = {"DoubleBackwardSlash", "DoubleForwardSlash",
                                          "VeryLongZipFileEntry", "Corrupted", NULL};
    fixture *f = data;
    const char *file = json_string_value(json_object_get(row, "file"));
    const char *id = json_string_value(json_object_get(row, "id"));
    const char *version = json_string_value(json_object_get(row, "version"));
    char name[400];
    json_t *group;
    size_t i;
    for (i = 0; refused[i]; i++)
        if (strstr(file, refused[i]))
            return;
    json_array_foreach(json_object_get(row, "dependency_groups"), i,
                       group) if (json_array_size(json_object_get(group, "dependencies")) >
                                  0) return; /* its dependencies are no samples */
    snprintf(name, sizeof(name), "nupkg-samples/%s", file);
    char *path = vectors_path(name);
    if (!path)
        return;
    unlink(fixture_path(f, "feed/a.nupkg"));
    assert_int_equal(nuget_link_or_copy(path, fixture_path(f, "feed/a.nupkg"), NULL), RJ_OK);
    free(path);
    expect_ok(f, install_package(f, id, json_pack("{s:s}", "version", version)));
    json_int_t wanted = json_integer_value(json_object_get(row, "install_files")) + 1;
    if (json_integer_value(json_object_get(f->result, "files")) != wanted)
        fail_msg("%s: %d files instead of %d", file,
                 (int)json_integer_value(json_object_get(f->result, "files")), (int)wanted);
    assert_true(is_installed(f, id));
    expect_ok(f, invoke(f, f->table->uninstall, id, NULL));
    expect_lib_holds(f, "");
}

static void real_packages_install_and_leave_nothing(void **state)
{
    vectors_each_object("nupkg-expected.jsonl", files_of, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(a_dependency_comes_in_at_the_newest_allowed_version),
        with_fixture(an_untouched_package_is_uninstalled_without_a_leftover),
        with_fixture(changed_files_stay_and_are_listed),
        with_fixture(a_missing_file_means_not_installed),
        with_fixture(the_script_gets_arguments_environment_and_folder),
        with_fixture(a_failing_script_takes_everything_back),
        with_fixture(a_failing_upgrade_leaves_the_old_version),
        with_fixture(an_upgrade_keeps_the_folder_and_replaces_the_files),
        with_fixture(a_script_without_its_x_bit_is_an_error_that_says_so),
        with_fixture(a_hanging_script_is_ended_and_taken_back),
        with_fixture(a_cancelled_install_is_taken_back),
        with_fixture(damaged_packages_install_nothing),
        with_fixture(a_source_that_cannot_be_read_is_not_a_missing_package),
        with_fixture(a_hierarchical_feed_is_held_to_its_hash),
        with_fixture(a_full_disk_installs_nothing),
        with_fixture(real_packages_install_and_leave_nothing),
    };
    return cmocka_run_group_tests_name("package-nuget", tests, NULL, NULL);
}
