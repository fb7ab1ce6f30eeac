/* SPDX-License-Identifier: MIT */
/* What is loaded is this program's own copy of a library of the system, or no library at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "descriptor_win32.h"
#include "platform/file.h"
#include "platform/library.h"
#include "platform/signature.h"
#include "test_system.h"
#include "wide_win32.h"

#include <stdio.h>
#include <string.h>

static char folder[TEST_FOLDER_MAX];
static char path[TEST_FOLDER_MAX + 32];
static char hash[65];

/* With a blank and a letter beyond ASCII in its name. */
static int setup(void **state)
{
    char *bytes = NULL;
    size_t length = 0;
    (void)state;
    assert_true(test_folder("test", folder, sizeof folder));
    snprintf(path, sizeof path, "%s/l\xc3\xaf b.dll", folder);
    if (rj_file_read("C:/windows/system32/version.dll", 16u << 20, &bytes, &length, NULL) ||
        rj_file_write(path, bytes, length, 0644, NULL) || rj_file_sha256(path, hash, NULL))
        return -1;
    rj_free(bytes);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (rj_dir_remove(folder, NULL))
        return -1;
    return (int)rj_descriptor_count();
}

static void a_library_that_is_as_expected_is_loaded_and_locked(void **state)
{
    rj_library *library = NULL;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    if (rj_library_open(path, NULL, hash, &library, &err) != RJ_OK)
        fail_msg("%s", err.text);
    assert_non_null(rj_library_symbol(library, "VerQueryValueW"));
    assert_null(rj_library_symbol(library, "rj_plugin_entry_v1"));
    wchar_t *wide = rj_wide_path(path, NULL);
    assert_true(CreateFileW(wide, GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                            OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE);
    assert_int_equal(GetLastError(), ERROR_SHARING_VIOLATION);
    rj_free(wide);
    rj_library_close(library);
}

static void a_library_with_another_hash_is_not_loaded(void **state)
{
    rj_library *library = NULL;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    hash[0] = (char)(hash[0] == '0' ? '1' : '0');
    assert_int_equal(rj_library_open(path, NULL, hash, &library, &err), RJ_E_CORRUPT);
    assert_non_null(strstr(err.text, "install it again"));
    assert_null(library);
}

static void what_is_no_library_for_this_processor_says_so(void **state)
{
    rj_library *library = NULL;
    rj_error err = RJ_ERROR_NONE;
    char *bytes = NULL;
    size_t length = 0;
    (void)state;
    assert_int_equal(rj_file_read(path, 16u << 20, &bytes, &length, NULL), RJ_OK);
    size_t header = (unsigned char)bytes[0x3c] | (size_t)(unsigned char)bytes[0x3d] << 8;
    bytes[header + 4] = 0x4c; /* a machine of 32 bits */
    bytes[header + 5] = 0x01;
    assert_int_equal(rj_file_write(path, bytes, length, 0644, NULL), RJ_OK);
    rj_free(bytes);
    assert_int_equal(rj_library_open(path, NULL, NULL, &library, &err), RJ_E_FAILED);
    assert_non_null(strstr(err.text, "cannot be loaded"));
    assert_int_equal(rj_file_write(path, "no library", 10, 0644, NULL), RJ_OK);
    assert_int_equal(rj_library_open(path, NULL, NULL, &library, &err), RJ_E_FAILED);
    assert_int_equal(rj_library_open(folder, NULL, NULL, &library, &err), RJ_E_DENIED);
    assert_null(library);
}

/* Both lie where this program does: Wine never lets go of a library that could not be loaded whole. */
static rj_status open_own(const char *name, rj_library **ret_library, rj_error *err)
{
    wchar_t wide[600];
    char beside[1200];
    assert_int_not_equal(GetModuleFileNameW(NULL, wide, 600), 0);
    char *program = rj_utf8(wide);
    assert_non_null(program);
    for (char *c = program; *c; c++)
        *c = *c == '\\' ? '/' : *c;
    *strrchr(program, '/') = '\0';
    snprintf(beside, sizeof beside, "%s/%s", program, name);
    rj_status status = rj_library_open(beside, program, NULL, ret_library, err);
    rj_free(program);
    return status;
}

static void a_library_beside_it_that_nobody_has_looked_at_is_not_loaded_along(void **state)
{
    rj_library *library = NULL;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(open_own("library_needs.dll", &library, &err), RJ_E_FAILED);
    assert_non_null(strstr(err.text, "not in System32"));
    assert_null(library);
    if (open_own("library_beside.dll", &library, &err) != RJ_OK)
        fail_msg("%s", err.text);
    rj_library_close(library);
}

static void an_unsigned_library_is_refused_where_a_signature_is_asked_for(void **state)
{
    int file = -1;
    rj_error err = RJ_ERROR_NONE;
    (void)state;
    assert_int_equal(rj_library_check(path, NULL, NULL, &file, NULL), RJ_OK);
    assert_int_equal(rj_signature_check(file, path, NULL, 0, &err), RJ_E_DENIED);
    assert_non_null(strstr(err.text, "is not signed"));
    rj_library_close_file(file);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_library_that_is_as_expected_is_loaded_and_locked),
        TEST(a_library_with_another_hash_is_not_loaded),
        TEST(what_is_no_library_for_this_processor_says_so),
        TEST(a_library_beside_it_that_nobody_has_looked_at_is_not_loaded_along),
        TEST(an_unsigned_library_is_refused_where_a_signature_is_asked_for),
    };
    return cmocka_run_group_tests_name("platform_library", tests, NULL, NULL);
}
