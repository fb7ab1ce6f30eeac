/* SPDX-License-Identifier: MIT */
/* The plugin through its ABI: detect, fetch, install, uninstall, with packages made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "archive_hash.h"
#include "nuget_fixture_test.h"
#include "nuget_system.h"
#include "tap_skip.h"
#include "test_files.h"
#include "test_system.h"
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
    add_tool(f, "1.0.0", NULL, NULL);
    expect_ok(f, install_package(f, "hello", NULL));
    assert_true(is_installed(f, "hello"));
    expect_failure(f, invoke(f, f->table->uninstall, "PSINI", NULL), RJ_E_BUSY, "'hello 1.0.0'");
    expect_ok(f, invoke(f, f->table->uninstall, "hello", NULL));
    assert_int_equal(json_array_size(json_object_get(f->result, "left")), 0);
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
    /* Same size, other content. */
    test_file_write(fixture_path(f, "lib/PSini/PsIni.psm1"), "9.9.9", 5);
    test_file_write(fixture_path(f, "lib/PSini/Functions/added"), "", 0);
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
    test_file_remove(fixture_path(f, "lib/PSini/PsIni.psm1"));
    assert_false(is_installed(f, "psini"));
    assert_non_null(strstr(result_text(f, "detail"), "PsIni.psm1"));
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
    const char *absent = test_absent_folder();
    char wanted[TEST_PATH_MAX];
    snprintf(wanted, sizeof(wanted), "%s cannot be read", absent);
    expect_failure(f, install_package(f, "x", json_pack("{s:[s]}", "sources", absent)), RJ_E_IO,
                   wanted);
    expect_failure(f, install_package(f, "x", NULL), RJ_E_NOT_FOUND, "no source has a package 'x'");
    expect_failure(f, install_package(f, "../x", NULL), RJ_E_INVALID, "not the id");
}

static void a_hierarchical_feed_is_held_to_its_hash(void **state)
{
    fixture *f = *state;
    unsigned char digest[RJ_SHA512_BYTES];
    char text[RJ_SHA512_BASE64];
    test_folder_make(fixture_path(f, "feed/psini"));
    test_folder_make(fixture_path(f, "feed/psini/2.7.0"));
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
        test_file_write(fixture_path(f, "feed/psini/2.7.0/psini.2.7.0.nupkg.sha512"), text,
                        strlen(text));
        if (right)
            expect_ok(f, install_package(f, "psini", NULL));
        else
            expect_failure(f, install_package(f, "psini", NULL), RJ_E_CORRUPT, "SHA-512");
    }
}

static void a_damaged_record_holds_up_nothing_and_is_replaced(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("one", "1.0.0", "");
    save_package(f, zip, "one.nupkg");
    zip = new_package("two", "1.0.0", "");
    save_package(f, zip, "two.nupkg");
    expect_ok(f, install_package(f, "one", NULL));
    test_file_write(fixture_path(f, "lib/one/.realmjoin.json"), "", 0);
    expect_ok(f, install_package(f, "two", NULL));
    assert_false(is_installed(f, "one"));
    expect_ok(f, install_package(f, "one", NULL));
    assert_true(is_installed(f, "one"));
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
    test_file_remove(fixture_path(f, "feed/a.nupkg"));
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
        with_fixture(an_upgrade_keeps_the_folder_and_replaces_the_files),
        with_fixture(damaged_packages_install_nothing),
        with_fixture(a_source_that_cannot_be_read_is_not_a_missing_package),
        with_fixture(a_hierarchical_feed_is_held_to_its_hash),
        with_fixture(a_damaged_record_holds_up_nothing_and_is_replaced),
        with_fixture(real_packages_install_and_leave_nothing),
    };
    return cmocka_run_group_tests_name("package-nuget", tests, NULL, NULL);
}
