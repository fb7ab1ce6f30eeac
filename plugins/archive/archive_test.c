/* SPDX-License-Identifier: MIT */
/* The archive policy, held against archives made here, one lie at a time. */
#include "archive.h"
#include "archive_hash.h"
#include "archive_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <mbedtls/md.h>

#include "zip_writer.h"

/* Finish `zip`, judge it whole, free it. */
static rj_status judge(zip_writer *zip, const zip_end *end, const rj_archive_options *options,
                       rj_failure *failure)
{
    size_t length;
    unsigned char *bytes = zip_writer_finish(zip, end, &length);
    rj_archive *archive = NULL;
    rj_status status = rj_archive_open_memory("x.zip", bytes, length, options, &archive, failure);
    if (status == RJ_OK)
        status = rj_archive_verify(archive, failure);
    rj_archive_close(archive);
    free(bytes);
    return status;
}

static void expect(zip_writer *zip, const zip_end *end, rj_status wanted, const char *says)
{
    rj_failure failure = {0};
    rj_status status = judge(zip, end, NULL, &failure);
    if (status != wanted || !strstr(failure.text, says) ||
        (wanted != RJ_OK && !strstr(failure.text, "x.zip")))
        fail_msg("%d '%s' instead of %d '%s'", (int)status, failure.text, (int)wanted, says);
}

static zip_writer *with(const zip_member *member)
{
    zip_writer *zip = zip_writer_new();
    zip_writer_text(zip, "first.txt", "first");
    zip_writer_add(zip, member);
    return zip;
}

static zip_writer *named(const char *name)
{
    return with(&(zip_member){.name = name, .bytes = "abc", .length = 3});
}

static void a_right_archive_is_accepted_in_every_form(void **state)
{
    (void)state;
    expect(named("a/b.txt"), NULL, RJ_OK, "");
    expect(named("a/"), NULL, RJ_E_INVALID, "is a folder and has content");
    expect(with(&(zip_member){.name = "a/", .bytes = ""}), NULL, RJ_OK, "");
    expect(with(&(zip_member){.name = "a", .bytes = "abc", .length = 3, .deflate = 1}), NULL, RJ_OK,
           "");
    expect(with(&(zip_member){.name = "a", .bytes = "abc", .length = 3, .deflate = 1, .flags = 8}),
           NULL, RJ_OK, "");
    expect(with(&(zip_member){.name = "a", .bytes = "abc", .length = 3, .zip64 = 1}),
           &(zip_end){.zip64 = 1, .comment = "hello"}, RJ_OK, "");
}

static void names_that_leave_the_folder_are_refused(void **state)
{
    static const char *const names[] = {
        "../a",  "a/../../b", "/a",    "a//b",       "a/./b",  "..",       "C:/a",       "a\\b",
        "..\\a", "a:b",       "nul",   "aux.txt",    "b/COM1", "lpt9.x.y", "conin$",     "a.",
        "a /b",  "a\nb",      "a\x7F", "b/\xC2\x85", "//s/x",  "a/..",     "com\xC2\xB9"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        rj_failure failure = {0};
        if (judge(named(names[i]), NULL, NULL, &failure) != RJ_E_INVALID)
            fail_msg("'%s' is accepted", names[i]);
    }
    expect(with(&(zip_member){.name = "a\0b", .name_length = 3, .bytes = "", .length = 0}), NULL,
           RJ_E_INVALID, "NUL");
    expect(with(&(zip_member){.name = "\xFF", .bytes = "", .flags = 0x800}), NULL, RJ_E_INVALID,
           "UTF-8");
}

static void harmless_names_are_accepted(void **state)
{
    static const char *const names[] = {"com",  "com10",   "console.txt",  "a b",     "..a",
                                        "a..b", ".hidden", "\xC3\xBC.txt", "\x81.txt"};
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        expect(named(names[i]), NULL, RJ_OK, "");
}

static void names_are_percent_decoded_once_where_asked(void **state)
{
    static const rj_archive_options decode = {.percent_decode = 1};
    static const char *const cases[][2] = {
        {"a%20b", "a b"}, {"100%25", "100%"}, {"50%", "50%"},         {"%C3%BC", "\xC3\xBC"},
        {"%FF", "%FF"},   {"/a", "a"},        {"%252e%252e/x", NULL}, {"%2e%2e/x", NULL},
        {"a%2Fb", "a/b"}, {"a%5Cb", NULL},    {"a%00b", NULL}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        size_t length;
        rj_archive *archive = NULL;
        unsigned char *bytes = zip_writer_finish(named(cases[i][0]), NULL, &length);
        rj_status status = rj_archive_open_memory("x.zip", bytes, length, &decode, &archive, NULL);
        if (cases[i][1]) {
            assert_int_equal(status, RJ_OK);
            assert_string_equal(rj_archive_entry_at(archive, 1)->name, cases[i][1]);
        } else if (status != RJ_E_INVALID) {
            fail_msg("'%s' is accepted", cases[i][0]);
        }
        rj_archive_close(archive);
        free(bytes);
    }
}

static void names_that_collide_are_refused(void **state)
{
    static const char *const pairs[][2] = {{"a", "a"},
                                           {"a/B.txt", "A/b.TXT"},
                                           {"\xC3\x84", "\xC3\xA4"}, /* Latin */
                                           {"\xD0\x96", "\xD0\xB6"}, /* Cyrillic */
                                           {"\xCE\xA3", "\xCF\x82"}, /* Greek */
                                           {"a", "a/b"},
                                           {"a/b", "A"}};
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
        zip_writer *zip = named(pairs[i][0]);
        rj_failure failure = {0};
        zip_writer_text(zip, pairs[i][1], "x");
        if (judge(zip, NULL, NULL, &failure) != RJ_E_INVALID)
            fail_msg("'%s' and '%s' are accepted", pairs[i][0], pairs[i][1]);
    }
}

static void links_and_devices_are_refused(void **state)
{
    (void)state;
    expect(with(&(zip_member){.name = "a", .bytes = "/x", .length = 2, .unix_mode = 0120777}), NULL,
           RJ_E_INVALID, "symbolic link");
    expect(with(&(zip_member){.name = "a", .bytes = "", .unix_mode = 0020666}), NULL, RJ_E_INVALID,
           "neither a file nor a folder");
}

static void encrypted_and_unknown_members_are_refused(void **state)
{
    (void)state;
    expect(with(&(zip_member){.name = "a", .bytes = "x", .length = 1, .flags = 1}), NULL,
           RJ_E_INVALID, "encrypted");
    expect(with(&(zip_member){.name = "a", .bytes = "x", .length = 1, .flags = 0x2000}), NULL,
           RJ_E_INVALID, "encrypted");
    expect(with(&(zip_member){.name = "a", .bytes = "x", .length = 1, .method_lie = 12}), NULL,
           RJ_E_INVALID, "method 12");
}

static void lies_about_content_are_found(void **state)
{
    zip_member m = {.name = "a", .bytes = "abcabcabc", .length = 9, .deflate = 1};
    (void)state;
    m.size_lie = 1;
    expect(with(&m), NULL, RJ_E_CORRUPT, "less than the directory says");
    m.size_lie = -1;
    expect(with(&m), NULL, RJ_E_CORRUPT, "more than the directory says");
    m.size_lie = 0;
    m.crc_lie = 4;
    expect(with(&m), NULL, RJ_E_CORRUPT, "CRC-32");
    m.crc_lie = 0;
    m.local_name = "b";
    expect(with(&m), NULL, RJ_E_CORRUPT, "another name");
    m.local_name = NULL;
    m.method_local_lie = 12;
    expect(with(&m), NULL, RJ_E_CORRUPT, "method");
    m.method_local_lie = 0;
    m.offset_lie = 1000000;
    expect(with(&m), NULL, RJ_E_CORRUPT, "before the directory");
    m.offset_lie = -1;
    expect(with(&m), NULL, RJ_E_CORRUPT, "no local header");
    m.offset_lie = 0;
    zip_writer *zip = with(&m);
    zip_writer_repeat(zip, 1, "a");
    expect(zip, NULL, RJ_E_INVALID, "same name");
}

static void members_that_share_bytes_are_refused(void **state)
{
    /* the content of "out" is a whole member "in!", and the directory points to that one */
    size_t length;
    zip_writer *inner = zip_writer_new();
    const zip_member in = {.name = "in!", .bytes = "abc", .length = 3};
    (void)state;
    zip_writer_add(inner, &in);
    unsigned char *bytes = zip_writer_finish(inner, NULL, &length);
    const size_t local = 30 + 3 + 3;
    zip_writer *zip = zip_writer_new();
    zip_writer_add(zip, &(zip_member){.name = "out", .bytes = bytes, .length = local});
    zip_member lying = in;
    lying.offset_lie = -(int64_t)local;
    zip_writer_add(zip, &lying);
    expect(zip, NULL, RJ_E_CORRUPT, "shares bytes");
    free(bytes);
}

static void a_name_longer_than_its_directory_is_refused(void **state)
{
    char name[300];
    (void)state;
    memset(name, '\x81', sizeof(name)); /* three bytes each once decoded */
    rj_failure failure;
    zip_writer *zip = zip_writer_new();
    zip_writer_add(zip, &(zip_member){.name = name, .name_length = sizeof(name), .bytes = ""});
    assert_int_not_equal(judge(zip, &(zip_end){.count_lie = 6}, NULL, &failure), RJ_OK);
}

static void a_damaged_end_is_refused(void **state)
{
    (void)state;
    expect(named("a"), &(zip_end){.junk = 1}, RJ_E_CORRUPT, "bytes follow its end");
    expect(named("a"), &(zip_end){.cut = 1}, RJ_E_CORRUPT, "no end record");
    expect(named("a"), &(zip_end){.cut = 30}, RJ_E_CORRUPT, "no end record");
    expect(named("a"), &(zip_end){.count_lie = 1}, RJ_E_CORRUPT, "directory");
    expect(named("a"), &(zip_end){.count_lie = -1}, RJ_E_CORRUPT, "more entries");
    expect(named("a"), &(zip_end){.directory_offset_lie = 1}, RJ_E_CORRUPT, "end at its end");
    expect(named("a"), &(zip_end){.comment = "PK\x05\x06 and more than that"}, RJ_E_CORRUPT,
           "second end record");
    expect(zip_writer_new(), NULL, RJ_E_INVALID, "no entries");
}

static void every_cut_of_an_archive_is_refused(void **state)
{
    size_t length;
    unsigned char *bytes = zip_writer_finish(named("a/b"), NULL, &length);
    (void)state;
    for (size_t n = 0; n < length; n++) {
        rj_archive *archive = NULL;
        assert_int_not_equal(rj_archive_open_memory("x", bytes, n, NULL, &archive, NULL), RJ_OK);
    }
    free(bytes);
}

static void bombs_are_refused_by_their_limits(void **state)
{
    size_t length = (size_t)11 << 20;
    char *zeros = calloc(1, length);
    rj_failure failure;
    (void)state;
    expect(with(&(zip_member){.name = "a", .bytes = zeros, .length = length, .deflate = 1}), NULL,
           RJ_E_LIMIT, "times as much");
    const rj_archive_options small = {
        .limits = {.entries = 1, .file_bytes = 1000, .total_bytes = 2000, .depth = 2}};
    assert_int_equal(judge(named("a"), NULL, &small, &failure), RJ_E_LIMIT);
    const rj_archive_options file = {.limits = {.file_bytes = 2}};
    assert_int_equal(judge(named("a"), NULL, &file, &failure), RJ_E_LIMIT);
    const rj_archive_options total = {.limits = {.total_bytes = 6}};
    assert_int_equal(judge(named("a"), NULL, &total, &failure), RJ_E_LIMIT);
    const rj_archive_options depth = {.limits = {.depth = 2}};
    assert_int_equal(judge(named("a/b/c"), NULL, &depth, &failure), RJ_E_INVALID);
    free(zeros);
}

/* ---- Large members ------------------------------------------------------------------------------ */

static void large_members_go_through_in_pieces(void **state)
{
    size_t size = (size_t)9 << 20, length;
    char *content = malloc(size);
    rj_archive *archive;
    rj_failure failure = {0};
    char *read;
    (void)state;
    for (size_t i = 0; i < size; i++)
        content[i] = (char)((i * 2654435761u >> 24) & 15);
    zip_writer *zip =
        with(&(zip_member){.name = "large", .bytes = content, .length = size, .deflate = 1});
    unsigned char *bytes = zip_writer_finish(zip, NULL, &length);
    assert_int_equal(rj_archive_open_memory("x", bytes, length, NULL, &archive, &failure), RJ_OK);
    size_t got;
    rj_status status =
        rj_archive_read(archive, rj_archive_find(archive, "large"), size, &read, &got, &failure);
    assert_int_equal(status, RJ_OK);
    assert_int_equal(got, size);
    assert_memory_equal(read, content, size);
    free(read);
    assert_int_equal(rj_archive_read(archive, rj_archive_find(archive, "large"), size - 1, &read,
                                     &got, &failure),
                     RJ_E_LIMIT);
    rj_archive_close(archive);
    free(bytes);
    free(content);
}

/* ---- Digests ----------------------------------------------------------------------------------- */

static void both_ways_to_sha_256_agree(void **state)
{
    unsigned char bytes[1000], ours[32], theirs[32];
    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 7 + (i >> 3));
    for (size_t length = 0; length <= 300; length++) {
        rj_hash *hash = rj_hash_new(256);
        size_t first = length * 5 / 7;
        rj_hash_update(hash, bytes, first);
        rj_hash_update(hash, bytes + first, length - first);
        rj_hash_finish(hash, ours);
        assert_int_equal(
            mbedtls_md(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), bytes, length, theirs), 0);
        assert_memory_equal(ours, theirs, 32);
    }
}

static void digests_print_as_hex_and_base64(void **state)
{
    char text[20];
    (void)state;
    rj_hex((const unsigned char *)"\x01\xAB", 2, text);
    assert_string_equal(text, "01ab");
    rj_base64((const unsigned char *)"light w", 7, text);
    assert_string_equal(text, "bGlnaHQgdw==");
    rj_base64((const unsigned char *)"light wo", 8, text);
    assert_string_equal(text, "bGlnaHQgd28=");
    rj_base64((const unsigned char *)"light wor", 9, text);
    assert_string_equal(text, "bGlnaHQgd29y");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_archive_is_accepted_in_every_form),
        cmocka_unit_test(names_that_leave_the_folder_are_refused),
        cmocka_unit_test(harmless_names_are_accepted),
        cmocka_unit_test(names_are_percent_decoded_once_where_asked),
        cmocka_unit_test(names_that_collide_are_refused),
        cmocka_unit_test(links_and_devices_are_refused),
        cmocka_unit_test(encrypted_and_unknown_members_are_refused),
        cmocka_unit_test(lies_about_content_are_found),
        cmocka_unit_test(members_that_share_bytes_are_refused),
        cmocka_unit_test(a_name_longer_than_its_directory_is_refused),
        cmocka_unit_test(a_damaged_end_is_refused),
        cmocka_unit_test(every_cut_of_an_archive_is_refused),
        cmocka_unit_test(bombs_are_refused_by_their_limits),
        cmocka_unit_test(large_members_go_through_in_pieces),
        cmocka_unit_test(both_ways_to_sha_256_agree),
        cmocka_unit_test(digests_print_as_hex_and_base64),
    };
    return cmocka_run_group_tests_name("archive", tests, NULL, NULL);
}
