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
#include "nuget_system.h"
#include "tap_skip.h"
#include "test_files.h"

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
        with_fixture(a_module_lands_where_import_module_looks_for_it),
        with_fixture(a_module_lands_in_program_data),
        with_fixture(an_upgrade_replaces_and_an_uninstall_removes_it),
        with_fixture(a_dependency_comes_along),
        with_fixture(an_interrupted_change_is_taken_back),
        with_fixture(a_relative_lib_folder_is_refused),
        with_fixture(a_lib_folder_that_others_may_write_to_is_refused),
        with_fixture(what_others_could_have_put_into_a_lib_folder_is_neither_installed_nor_run),
        with_fixture(a_lib_folder_in_a_folder_of_others_is_refused),
        with_fixture(a_script_is_run_by_powershell_with_chocolateys_environment),
        with_fixture(links_share_the_bytes_of_a_package),
    };
    return cmocka_run_group_tests_name("package-nuget on Windows", tests, NULL, NULL);
}
