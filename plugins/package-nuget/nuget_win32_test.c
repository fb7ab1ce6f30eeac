/* SPDX-License-Identifier: MIT */
/*
 * package-nuget on Windows: packages land in <lib>\<id>, scripts are Chocolatey's.
 *
 * Scripts are asked for their command line alone, by the recorder at powershell.exe's place
 * (RJ_TEST_POWERSHELL names its file), as Wine's own PowerShell does nothing and says 0.
 */
#include "nuget_fixture_test.h"

#include <windows.h>

#include <aclapi.h>
#include <sddl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "file_win32.h"
#include "nuget_private_win32.h"
#include "nuget_system.h"
#include "tap_skip.h"
#include "test_files.h"
#include "test_system.h"

static void a_module_lands_where_import_module_looks_for_it(void **state)
{
    fixture *f = *state;
    add_module(f, "2.0.5");
    expect_ok(f, install_package(f, "psini", NULL));
    assert_string_equal(result_text(f, "version"), "2.0.5");
    assert_true(file_exists(f, "lib/PSini/PsIni.psm1"));
    assert_true(file_exists(f, "lib/PSini/Functions/Get-IniContent.ps1"));
    expect_lib_holds(f, "PSini ");
    assert_true(is_installed(f, "PSINI"));
}

static void a_module_lands_in_program_data(void **state)
{
    fixture *f = *state;
    wchar_t wide[300];
    DWORD bytes = sizeof(wide);
    char lib[700];
    if (!getenv("RJ_TEST_POWERSHELL")) /* nothing is left in the lib folder of a real machine */
        tap_skip("only in a throw-away Windows");
    assert_int_equal(RegGetValueW(HKEY_LOCAL_MACHINE,
                                  L"SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList",
                                  L"ProgramData", RRF_RT_ANY, NULL, wide, &bytes),
                     ERROR_SUCCESS);
    snprintf(lib, sizeof(lib), "%ls/chocolatey/lib", wide);
    for (char *c = lib; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    add_module(f, "2.0.5");
    expect_ok(f, install_package(f, "psini", json_pack("{s:s}", "lib_dir", lib)));
    snprintf(lib + strlen(lib), sizeof(lib) - strlen(lib), "/PSini/PsIni.psm1");
    print_message("# %s\n", lib);
    assert_true(test_is_there(lib));
}

static void an_upgrade_replaces_and_an_uninstall_removes_it(void **state)
{
    fixture *f = *state;
    add_module(f, "2.0.5");
    expect_ok(f, install_package(f, "psini", NULL));
    add_module(f, "2.1.0");
    expect_ok(f, install_package(f, "psini", NULL));
    assert_string_equal(file_content(f, "lib/PSini/PsIni.psm1"), "2.1.0");
    expect_ok(f, invoke(f, f->table->uninstall, "psini", NULL));
    assert_false(file_exists(f, "lib/PSini/PsIni.psm1"));
    assert_false(is_installed(f, "psini"));
}

static void a_dependency_comes_along(void **state)
{
    fixture *f = *state;
    add_module(f, "2.0.5");
    add_module(f, "3.0.0");
    add_tool(f, "1.0.0", NULL, NULL);
    expect_ok(f, install_package(f, "hello", NULL));
    assert_string_equal(file_content(f, "lib/PSini/PsIni.psm1"), "2.0.5");
    assert_true(file_exists(f, "lib/hello/tools/readme.txt"));
}

static void an_interrupted_change_is_taken_back(void **state)
{
    static const char journal[] = "{\"format\": 1, \"action\": \"install\", \"packages\": "
                                  "[{\"folder\": \"PSini\", \"replaces\": false}]}";
    fixture *f = *state;
    add_module(f, "2.0.5");
    expect_ok(f, install_package(f, "psini", NULL));
    test_file_write(fixture_path(f, "lib/.realmjoin-broken"), journal, 3);
    expect_ok(f, invoke(f, f->table->recover, "psini", NULL));
    assert_true(is_installed(f, "psini"));
}

static void a_relative_lib_folder_is_refused(void **state)
{
    static const char *const wrong[] = {"/var/lib", "lib", "C:lib", "//./pipe/x"};
    fixture *f = *state;
    add_module(f, "2.0.5");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        expect_failure(f,
                       invoke(f, f->table->fetch, "psini", json_pack("{s:s}", "lib_dir", wrong[i])),
                       RJ_E_INVALID, "is not an absolute path");
}

static void set_list(const char *path, const wchar_t *sddl)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    BOOL present = FALSE, defaulted = FALSE;
    PACL list = NULL;
    wchar_t *wide = rj_file_wide_path(path, NULL);
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1,
                                                                     &descriptor, NULL));
    assert_true(GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted));
    assert_int_equal(
        SetNamedSecurityInfoW(wide, SE_FILE_OBJECT,
                              DACL_SECURITY_INFORMATION | PROTECTED_DACL_SECURITY_INFORMATION, NULL,
                              NULL, list, NULL),
        ERROR_SUCCESS);
    LocalFree(descriptor);
    free(wide);
}

static void a_lib_folder_that_others_may_write_to_is_refused(void **state)
{
    fixture *f = *state;
    const char *lib = fixture_path(f, "lib");
    assert_int_equal(nuget_make_folder(lib, NULL), RJ_OK);
    set_list(lib, L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)");
    add_module(f, "2.0.5");
    expect_failure(f, install_package(f, "psini", NULL), RJ_E_DENIED,
                   "others (S-1-1-0) may write to");
    assert_false(file_exists(f, "lib/PSini"));
}

static void what_others_could_have_put_into_a_lib_folder_is_neither_installed_nor_run(void **state)
{
    fixture *f = *state;
    add_module(f, "2.0.5");
    expect_ok(f, install_package(f, "psini", NULL));
    set_list(fixture_path(f, "lib"), L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)");
    expect_failure(f, invoke(f, f->table->detect, "psini", NULL), RJ_E_DENIED,
                   "others (S-1-1-0) may write to");
    expect_failure(f, invoke(f, f->table->uninstall, "psini", NULL), RJ_E_DENIED,
                   "others (S-1-1-0) may write to");
    assert_true(file_exists(f, "lib/PSini/PsIni.psm1"));
}

static void a_lib_folder_in_a_folder_of_others_is_refused(void **state)
{
    fixture *f = *state;
    char lib[700];
    snprintf(lib, sizeof(lib), "%s/lib", fixture_path(f, "chocolatey"));
    assert_int_equal(nuget_make_folder(lib, NULL), RJ_OK);
    set_list(fixture_path(f, "chocolatey"), L"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;WD)");
    set_list(lib, L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)");
    add_module(f, "2.0.5");
    expect_failure(f, install_package(f, "psini", json_pack("{s:s}", "lib_dir", lib)), RJ_E_DENIED,
                   "others (S-1-1-0) may write to");
    assert_false(file_exists(f, "chocolatey/lib/PSini"));
}

static void a_lib_folder_is_not_made_in_a_folder_of_others(void **state)
{
    fixture *f = *state;
    char lib[700];
    snprintf(lib, sizeof(lib), "%s/lib", fixture_path(f, "chocolatey"));
    assert_int_equal(nuget_make_folder(fixture_path(f, "chocolatey"), NULL), RJ_OK);
    set_list(fixture_path(f, "chocolatey"), L"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;WD)");
    add_module(f, "2.0.5");
    expect_failure(f, install_package(f, "psini", json_pack("{s:s}", "lib_dir", lib)), RJ_E_DENIED,
                   "others (S-1-1-0) may write to");
    assert_false(file_exists(f, "chocolatey/lib"));
}

static void open_to_others(const char *path)
{
    set_list(path, L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;FA;;;WD)");
}

static void close_to_others(const char *path)
{
    set_list(path, L"D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)");
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

/* Wine has one account and makes no links: what the system would say is given. */
static void expect_judged(const wchar_t *sddl, DWORD attributes, nuget_place place,
                          const char *says)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    BOOL present = FALSE, defaulted = FALSE;
    nuget_facts facts = {.attributes = attributes};
    rj_failure failure = {0};
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1,
                                                                     &descriptor, NULL));
    assert_true(GetSecurityDescriptorDacl(descriptor, &present, &facts.list, &defaulted));
    assert_true(GetSecurityDescriptorOwner(descriptor, &facts.owner, &defaulted));
    rj_status status = nuget_judge("C:/x", &facts, place, &failure);
    if (status != (says ? RJ_E_DENIED : RJ_OK) || (says && !strstr(failure.text, says)))
        fail_msg("%ls: %d '%s' instead of '%s'", sddl, (int)status, failure.text,
                 says ? says : "fine");
    LocalFree(descriptor);
}

static void a_link_on_the_way_is_refused_unless_only_an_administrator_can_turn_it(void **state)
{
#define OURS L"O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;;0x1200a9;;;BU)"
#define ALICE L"O:S-1-5-21-1-2-3-1001D:P(A;OICI;FA;;;SY)"
    const DWORD folder = FILE_ATTRIBUTE_DIRECTORY, link = folder | FILE_ATTRIBUTE_REPARSE_POINT;
    (void)state;
    expect_judged(OURS, folder, NUGET_PLACE_ITSELF, NULL);
    expect_judged(OURS, folder, NUGET_PLACE_AROUND, NULL);
    expect_judged(OURS, link, NUGET_PLACE_ITSELF, "C:/x is a link");
    expect_judged(OURS, link, NUGET_PLACE_AROUND, "C:/x is a link");
    expect_judged(ALICE, folder, NUGET_PLACE_ITSELF, "belongs to an ordinary account");
    expect_judged(ALICE, folder, NUGET_PLACE_AROUND, "belongs to an ordinary account");
    expect_judged(ALICE, folder, NUGET_PLACE_ABOVE, NULL);
    expect_judged(ALICE, link, NUGET_PLACE_ABOVE, "belongs to an ordinary account");
    expect_judged(OURS, link, NUGET_PLACE_ABOVE, NULL);
    expect_judged(OURS L"(A;;0x100;;;BU)", link, NUGET_PLACE_ABOVE, "may write to");
    expect_judged(OURS L"(A;;0x2;;;BU)", folder, NUGET_PLACE_AROUND, NULL);
    expect_judged(OURS L"(A;;0x2;;;BU)", folder, NUGET_PLACE_ITSELF, "may write to");
}

static void a_lib_folder_that_is_a_link_is_refused(void **state)
{
    fixture *f = *state;
    assert_int_equal(nuget_make_folder(fixture_path(f, "elsewhere"), NULL), RJ_OK);
    assert_int_equal(nuget_make_folder(fixture_path(f, "chocolatey"), NULL), RJ_OK);
    if (!test_link(fixture_path(f, "elsewhere"), fixture_path(f, "chocolatey/lib")))
        tap_skip("this system makes no links between folders");
    char lib[700];
    snprintf(lib, sizeof(lib), "%s/lib", fixture_path(f, "chocolatey"));
    add_module(f, "2.0.5");
    expect_failure(f, install_package(f, "psini", json_pack("{s:s}", "lib_dir", lib)), RJ_E_DENIED,
                   "is a link");
    assert_false(file_exists(f, "elsewhere/PSini"));
}

static void a_script_is_run_by_powershell_with_chocolateys_environment(void **state)
{
    const char *place = getenv("RJ_TEST_POWERSHELL");
    fixture *f = *state;
    char wanted[900], *log;
    if (!place)
        tap_skip("RJ_TEST_POWERSHELL does not name the file of a recorder");
    test_file_remove(place);
    add_module(f, "2.0.5");
    add_tool(f, "1.0.0", "Write-Host hello", "Write-Host gone");
    expect_ok(f, install_package(f, "hello", NULL));
    assert_true(json_is_true(json_object_get(f->result, "restart"))); /* the recorder says 3010 */
    log = test_file_read(place, NULL);
    assert_non_null(log);
    snprintf(wanted, sizeof(wanted), "-File \"%s\"",
             fixture_path(f, "lib/hello/tools/chocolateyInstall.ps1"));
    for (char *c = wanted; *c; c++)
        *c = *c == '/' ? '\\' : *c;
    if (!strstr(log, " -NoProfile -NonInteractive -ExecutionPolicy Bypass ") ||
        !strstr(log, wanted) || !strstr(log, "chocolateyPackageName=hello") ||
        !strstr(log, "chocolateyPackageParameters=/Lang:de \"a b\""))
        fail_msg("%s without %s", log, wanted);
    free(log);
    expect_ok(f, invoke(f, f->table->uninstall, "hello", NULL));
    log = test_file_read(place, NULL);
    assert_non_null(strstr(log, "chocolateyUninstall.ps1"));
    free(log);
}

static void links_share_the_bytes_of_a_package(void **state)
{
    fixture *f = *state;
    rj_failure failure = {0};
    test_file_write(fixture_path(f, "one"), "x", 1);
    assert_int_equal(nuget_link_or_copy(fixture_path(f, "one"), fixture_path(f, "two"), &failure),
                     RJ_OK);
    assert_string_equal(file_content(f, "two"), "x");
    assert_int_equal(nuget_link_or_copy(fixture_path(f, "one"), fixture_path(f, "two"), &failure),
                     RJ_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(a_lib_folder_is_not_made_in_a_folder_of_others),
        with_fixture(a_planted_package_is_neither_installed_nor_run),
        with_fixture(a_planted_package_satisfies_no_dependency),
        with_fixture(a_planted_journal_moves_nothing),
        with_fixture(a_module_lands_where_import_module_looks_for_it),
        with_fixture(a_module_lands_in_program_data),
        with_fixture(an_upgrade_replaces_and_an_uninstall_removes_it),
        with_fixture(a_dependency_comes_along),
        with_fixture(an_interrupted_change_is_taken_back),
        with_fixture(a_relative_lib_folder_is_refused),
        with_fixture(a_lib_folder_that_others_may_write_to_is_refused),
        with_fixture(what_others_could_have_put_into_a_lib_folder_is_neither_installed_nor_run),
        with_fixture(a_lib_folder_in_a_folder_of_others_is_refused),
        cmocka_unit_test(a_link_on_the_way_is_refused_unless_only_an_administrator_can_turn_it),
        with_fixture(a_lib_folder_that_is_a_link_is_refused),
        with_fixture(a_script_is_run_by_powershell_with_chocolateys_environment),
        with_fixture(links_share_the_bytes_of_a_package),
    };
    return cmocka_run_group_tests_name("package-nuget on Windows", tests, NULL, NULL);
}
