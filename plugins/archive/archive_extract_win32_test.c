/* SPDX-License-Identifier: MIT */
/* Extraction, removal and the cache below a folder of Windows. */
#include "archive.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cache.h"
#include "file_win32.h"
#include "tap_skip.h"
#include "test_files.h"
#include "zip_writer.h"

static char *folder;

static const char *at(const char *name)
{
    static char paths[8][2000];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    folder = test_folder_new("archive t\xC3\xA4st");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_folder_remove(folder);
    free(folder);
    return 0;
}

static rj_status extract(zip_writer *zip, const char *name,
                         const rj_archive_extract_options *options, rj_archive_extracted *extracted,
                         rj_failure *failure)
{
    size_t length;
    rj_archive *archive = NULL;
    unsigned char *bytes = zip_writer_finish(zip, NULL, &length);
    rj_status status = rj_archive_open_memory("x.zip", bytes, length, NULL, &archive, failure);
    if (status == RJ_OK)
        status = rj_archive_extract(archive, folder, name, options, extracted, failure);
    rj_archive_close(archive);
    free(bytes);
    return status;
}

static zip_writer *some(void)
{
    zip_writer *zip = zip_writer_new();
    zip_writer_text(zip, "t/r\xC3\xBCn me.txt", "x");
    zip_writer_text(zip, "t/u/plain", "yy");
    zip_writer_text(zip, "empty", "");
    zip_writer_add(zip, &(zip_member){.name = "v/w/", .bytes = ""});
    return zip;
}

static void files_and_folders_come_out(void **state)
{
    rj_archive_extracted extracted = {0};
    const rj_archive_extract_options durable = {.durable = 1};
    rj_failure failure = {0};
    char *text;
    (void)state;
    assert_int_equal(extract(some(), "out", &durable, &extracted, &failure), RJ_OK);
    assert_int_equal(extracted.files, 3);
    assert_int_equal(extracted.bytes, 3);
    text = test_file_read(at("out/t/r\xC3\xBCn me.txt"), NULL);
    assert_non_null(text);
    assert_string_equal(text, "x");
    free(text);
    assert_true(test_is_there(at("out/v/w")));
    /* a second time the folder is in the way, and stays */
    assert_int_equal(extract(some(), "out", NULL, NULL, &failure), RJ_E_IO);
    assert_true(test_is_there(at("out/t/u/plain")));
}

static int never(void *data)
{
    unsigned *asked = data;
    return ++*asked > 2;
}

static void a_failed_or_cancelled_extraction_leaves_nothing(void **state)
{
    unsigned asked = 0;
    rj_failure failure = {0};
    const rj_archive_extract_options stop = {.data = &asked, .cancelled = never};
    zip_writer *zip = some();
    (void)state;
    zip_writer_add(zip, &(zip_member){.name = "z", .bytes = "abc", .length = 3, .crc_lie = 1});
    assert_int_equal(extract(zip, "bad", NULL, NULL, &failure), RJ_E_CORRUPT);
    assert_false(test_is_there(at("bad")));
    assert_int_equal(extract(some(), "bad", &stop, NULL, &failure), RJ_E_CANCELLED);
    assert_false(test_is_there(at("bad")));
}

static void paths_of_more_than_260_characters_work(void **state)
{
    char name[700] = "";
    rj_failure failure = {0};
    zip_writer *zip = zip_writer_new();
    (void)state;
    for (int i = 0; i < 6; i++)
        snprintf(name + strlen(name), sizeof(name) - strlen(name), "%0100d/", i);
    snprintf(name + strlen(name), sizeof(name) - strlen(name), "file.txt");
    zip_writer_text(zip, name, "deep");
    assert_int_equal(extract(zip, "long", NULL, NULL, &failure), RJ_OK);
    char path[900];
    snprintf(path, sizeof(path), "long/%s", name);
    assert_true(test_is_there(at(path)));
    assert_int_equal(rj_archive_remove_tree(folder, "long", &failure), RJ_OK);
    assert_false(test_is_there(at("long")));
}

static void names_that_windows_cannot_have_are_refused_before_anything_is_made(void **state)
{
    static const char *const names[] = {"a?", "a*", "a<", "a>", "a|", "a\"", "f/a?b/c"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        rj_failure failure = {0};
        zip_writer *zip = some();
        zip_writer_text(zip, names[i], "x");
        assert_int_equal(extract(zip, "odd", NULL, NULL, &failure), RJ_E_INVALID);
        assert_non_null(strstr(failure.text, "a character that Windows does not allow"));
        assert_false(test_is_there(at("odd")));
    }
}

static void reserved_names_streams_and_trailing_dots_are_refused(void **state)
{
    static const char *const names[] = {"CON",    "nul.txt", "a/COM1", "LPT9.x", "a:b",
                                        "a.",     "a ",      "x/y. ",  "..",     "aux/b",
                                        "CONIN$", "C:/x",    "/x",     "a\\b"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        rj_failure failure = {0};
        zip_writer *zip = zip_writer_new();
        zip_writer_text(zip, names[i], "x");
        assert_int_equal(extract(zip, "odd", NULL, NULL, &failure), RJ_E_INVALID);
        assert_false(test_is_there(at("odd")));
    }
}

static void names_that_differ_in_case_alone_are_refused(void **state)
{
    rj_failure failure = {0};
    zip_writer *zip = zip_writer_new();
    (void)state;
    zip_writer_text(zip, "T\xC3\x84ST.txt", "x");
    zip_writer_text(zip, "t\xC3\xA4st.TXT", "y");
    assert_int_equal(extract(zip, "case", NULL, NULL, &failure), RJ_E_INVALID);
    assert_false(test_is_there(at("case")));
}

static void write_protected_files_are_removed_as_well(void **state)
{
    rj_failure failure = {0};
    (void)state;
    assert_int_equal(extract(some(), "protected", NULL, NULL, &failure), RJ_OK);
    wchar_t *wide = rj_file_wide_path(at("protected/t/u/plain"), NULL);
    assert_true(SetFileAttributesW(wide, FILE_ATTRIBUTE_READONLY));
    free(wide);
    assert_int_equal(rj_archive_remove_tree(folder, "protected", &failure), RJ_OK);
    assert_false(test_is_there(at("protected")));
    /* what is not there is gone already */
    assert_int_equal(rj_archive_remove_tree(folder, "protected", &failure), RJ_OK);
}

static void removing_a_tree_follows_no_link(void **state)
{
    rj_failure failure = {0};
    (void)state;
    test_folder_make(at("kept"));
    test_file_write(at("kept/file"), "x", 1);
    test_folder_make(at("tree"));
    wchar_t *link = rj_file_wide_path(at("tree/link"), NULL);
    wchar_t *target = rj_file_wide_path(at("kept"), NULL);
    BOOL made = CreateSymbolicLinkW(link, target,
                                    SYMBOLIC_LINK_FLAG_DIRECTORY |
                                        SYMBOLIC_LINK_FLAG_ALLOW_UNPRIVILEGED_CREATE) &&
                (GetFileAttributesW(link) & FILE_ATTRIBUTE_REPARSE_POINT);
    free(link);
    free(target);
    if (!made)
        tap_skip("this system makes no links between folders");
    assert_int_equal(rj_archive_remove_tree(folder, "tree", &failure), RJ_OK);
    assert_false(test_is_there(at("tree")));
    assert_true(test_is_there(at("kept/file")));
}

static void more_than_the_disk_holds_is_refused_with_numbers(void **state)
{
    rj_failure failure = {0};
    (void)state;
    assert_int_equal(rj_archive_check_space(folder, 1, &failure), RJ_OK);
    assert_int_equal(rj_archive_check_space(folder, (uint64_t)1 << 60, &failure), RJ_E_IO);
    assert_non_null(strstr(failure.text, "not enough space: needs"));
}

static void a_file_goes_into_the_cache_under_its_hash(void **state)
{
    static const char sha[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    rj_failure failure = {0};
    rj_cached cached = {0};
    (void)state;
    test_folder_make(at("cache"));
    test_file_write(at("cache/.part-1-1"), "left", 4);
    test_file_write(at("s\xC3\xB6urce"), "hello", 5);
    rj_cache_request request = {.source = at("s\xC3\xB6urce"),
                                .folder = at("cache"),
                                .suffix = ".zip",
                                .sha256 = sha,
                                .max_bytes = 100};
    for (int i = 0; i < 2; i++) { /* the second time over the first */
        assert_int_equal(rj_cache_add(&request, &cached, &failure), RJ_OK);
        assert_string_equal(cached.sha256, sha);
        free(cached.path);
    }
    assert_int_equal(test_folder_count(at("cache")), 1);
    assert_int_equal(rj_cache_find(at("cache"), sha, ".zip", &cached, &failure), RJ_OK);
    assert_int_equal(cached.bytes, 5);
    test_file_write(cached.path, "hellO", 5);
    free(cached.path);
    assert_int_equal(rj_cache_find(at("cache"), sha, ".zip", &cached, &failure), RJ_E_NOT_FOUND);
    assert_int_equal(test_folder_count(at("cache")), 0);
    request.sha256 = "0000000000000000000000000000000000000000000000000000000000000000";
    assert_int_equal(rj_cache_add(&request, &cached, &failure), RJ_E_CORRUPT);
    assert_int_equal(test_folder_count(at("cache")), 0);
    request.source = at("nothing");
    assert_int_equal(rj_cache_add(&request, &cached, &failure), RJ_E_NOT_FOUND);
    request.source = folder;
    assert_int_equal(rj_cache_add(&request, &cached, &failure), RJ_E_INVALID);
}

static void absolute_is_what_names_its_drive_or_server(void **state)
{
    static const char *const yes[] = {"C:/", "c:/a b", "C:\\a", "//server/share", "\\\\server\\x"};
    static const char *const no[] = {"",           "a",        "/a", "C:",  "C:a",
                                     "//./pipe/x", "//?/C:/x", "//", "1:/x"};
    (void)state;
    for (size_t i = 0; i < sizeof(yes) / sizeof(*yes); i++)
        assert_true(rj_file_is_absolute(yes[i]));
    for (size_t i = 0; i < sizeof(no) / sizeof(*no); i++)
        assert_false(rj_file_is_absolute(no[i]));
    wchar_t *wide = rj_file_wide_path("C:/a//b/./c/", NULL);
    assert_int_equal(wcscmp(wide, L"\\\\?\\C:\\a\\b\\c"), 0);
    free(wide);
    wide = rj_file_wide_path("//server/share/x", NULL);
    assert_int_equal(wcscmp(wide, L"\\\\?\\UNC\\server\\share\\x"), 0);
    free(wide);
    wide = rj_file_wide_path("C:/", NULL);
    assert_int_equal(wcscmp(wide, L"\\\\?\\C:\\"), 0);
    free(wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_and_folders_come_out),
        cmocka_unit_test(a_failed_or_cancelled_extraction_leaves_nothing),
        cmocka_unit_test(paths_of_more_than_260_characters_work),
        cmocka_unit_test(names_that_windows_cannot_have_are_refused_before_anything_is_made),
        cmocka_unit_test(reserved_names_streams_and_trailing_dots_are_refused),
        cmocka_unit_test(names_that_differ_in_case_alone_are_refused),
        cmocka_unit_test(write_protected_files_are_removed_as_well),
        cmocka_unit_test(removing_a_tree_follows_no_link),
        cmocka_unit_test(more_than_the_disk_holds_is_refused_with_numbers),
        cmocka_unit_test(a_file_goes_into_the_cache_under_its_hash),
        cmocka_unit_test(absolute_is_what_names_its_drive_or_server),
    };
    return cmocka_run_group_tests_name("archive extraction", tests, set_up, tear_down);
}
