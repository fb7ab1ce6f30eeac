/* SPDX-License-Identifier: MIT */
/* The hash that plugins carry: the examples of the standard, and every way to cut the bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <realmjoin/kit/sha256.h>

static void assert_hash(const char *bytes, size_t length, size_t piece, const char *expected)
{
    rj_sha256 hash;
    char text[65];
    rj_sha256_begin(&hash);
    for (size_t at = 0; at < length; at += piece)
        rj_sha256_add(&hash, bytes + at, length - at < piece ? length - at : piece);
    rj_sha256_end(&hash, text);
    assert_string_equal(text, expected);
}

static void the_examples_of_the_standard_come_out(void **state)
{
    static const char two_blocks[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
    (void)state;
    assert_hash("", 0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_hash("abc", 3, 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_hash(two_blocks, 56, 56,
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void a_million_bytes_come_out_however_they_are_cut(void **state)
{
    static const size_t pieces[] = {1, 7, 63, 64, 65, 4096, 1000000};
    char *bytes = malloc(1000000);
    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'a', 1000000);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++)
        assert_hash(bytes, 1000000, pieces[i],
                    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_the_standard_come_out),
        cmocka_unit_test(a_million_bytes_come_out_however_they_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
