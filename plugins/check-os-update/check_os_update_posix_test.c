/* SPDX-License-Identifier: MIT */
/* The check "os-update" on made-up systems, and its order of versions against dpkg's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <lz4frame.h>
#include <zlib.h>

#include "check_fixture.h"
#include "debian_version.h"
#include "release_date.h"
#include "tap_skip.h"

#define ID "os-update"
#define STATUS "/var/lib/dpkg/status"
#define LISTS "/var/lib/apt/lists/"
#define SUITE LISTS "mirror.example_dists_bookworm-security"
#define LIST SUITE "_main_binary-amd64_Packages"
#define DPKG "/usr/bin/dpkg"

static const char installed[] =
    "Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2-2\n"
    "Description: a shell\n Version: 99 is only said in here\n\n"
    "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1.0-1\n\n"
    "Package: tzdata\nStatus: hold ok installed\nArchitecture: all\nVersion: 2024a-0\n";

static void add_release(const check_fixture *fixture, int days_old)
{
    time_t moment = time(NULL) - (time_t)days_old * 86400;
    char text[256];
    struct tm parts;

    gmtime_r(&moment, &parts);
    strftime(text, sizeof text,
             "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Example\n"
             "Date: %a, %d %b %Y %H:%M:%S UTC\nSuite: x\n",
             &parts);
    check_fixture_text(fixture, SUITE "_InRelease", text);
}

static int make(void **state)
{
    static check_fixture fixture;

    check_fixture_make(&fixture);
    check_fixture_text(&fixture, STATUS, installed);
    add_release(&fixture, 2);
    check_fixture_text(&fixture, LIST,
                       "Package: bash\nVersion: 5.2-2\nArchitecture: amd64\n\n"
                       "Package: gone\nVersion: 2.0-1\nArchitecture: amd64\n");
    *state = &fixture;
    return 0;
}

static int clean(void **state)
{
    check_fixture_remove(*state);
    return 0;
}

static const char newer_bash[] = "Package: bash\nVersion: 5.2-2+deb12u1\nArchitecture: amd64\n\n"
                                 "Package: bash\nVersion: 5.2-1\nArchitecture: amd64\n\n"
                                 "Package: other\nVersion: 9\nArchitecture: amd64\n";

static void remove_file(const check_fixture *fixture, const char *path)
{
    char real[512];

    check_fixture_path(fixture, path, real, sizeof real);
    assert_int_equal(unlink(real), 0);
}

/* ---- Order of versions ----------------------------------------------------------------------- */

static int sign(int value)
{
    return (value > 0) - (value < 0);
}

static int dpkg_says(const char *left, const char *relation, const char *right)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        execl(DPKG, DPKG, "--compare-versions", left, relation, right, (char *)NULL);
        _exit(127);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 0;
}

static void assert_order_is_dpkgs(const char *left, const char *right)
{
    int expected = dpkg_says(left, "lt", right) ? -1 : dpkg_says(left, "eq", right) ? 0 : 1;

    if (sign(debian_version_compare(left, right)) != expected)
        fail_msg("dpkg orders %s and %s as %d", left, right, expected);
    if (sign(debian_version_compare(right, left)) != -expected)
        fail_msg("%s and %s are not ordered the same both ways", left, right);
}

static void make_version(char *version, size_t size, uint32_t *seed)
{
    static const char characters[] = "0011299abzA.+~~-";
    size_t length = 1 + (*seed >> 24) % 9, at = 0;

    if ((*seed >> 20) % 8 == 0)
        at = (size_t)snprintf(version, size, "%u:", (*seed >> 16) % 3);
    version[at++] = (char)('0' + (*seed >> 8) % 3);
    for (size_t i = 0; i < length; i++) {
        *seed = *seed * 1664525u + 1013904223u;
        version[at++] = characters[(*seed >> 24) % (sizeof characters - 1)];
    }
    version[at++] = '1'; /* dpkg warns about an empty revision */
    version[at] = '\0';
    *seed = *seed * 1664525u + 1013904223u;
}

static void versions_are_ordered_as_dpkg_orders_them(void **state)
{
    static const char *const chosen[] = {
        "1.0",
        "1.0-0",
        "1.0-1",
        "1.0~rc1",
        "1.0~rc1-1",
        "1.0~~",
        "1.0a",
        "1.0+b1",
        "1:0.1",
        "0:1.0",
        "1.00",
        "1.10",
        "1.9",
        "1.0-1~bpo12+1",
        "1.0-1+b2",
        "1.0.",
        "2024a-0",
        "10",
        "1-1-1",
        "1.2.3-4.5",
        "00001",
        "1.0-1deb1",
        "5.2-2+",
        "9999999999999999999999",
        "9999999999999999999998",
        "1.0Z",
        "1.0z",
    };
    size_t count = sizeof chosen / sizeof chosen[0];
    uint32_t seed = 20240607;

    (void)state;
    if (access(DPKG, X_OK) != 0)
        tap_skip("dpkg is not installed");
    for (size_t i = 0; i < count; i++)
        for (size_t k = i; k < count; k++)
            assert_order_is_dpkgs(chosen[i], chosen[k]);
    for (int i = 0; i < 300; i++) {
        char left[64], right[64];

        make_version(left, sizeof left, &seed);
        make_version(right, sizeof right, &seed);
        assert_order_is_dpkgs(left, right);
    }
}

static void any_text_has_a_place_in_the_order(void **state)
{
    (void)state;
    assert_int_equal(debian_version_compare("", ""), 0);
    assert_int_equal(debian_version_compare("", "0"), 0);
    assert_true(debian_version_compare("", "1") < 0);
    assert_true(debian_version_compare(":::---", "~~~") != 0);
    assert_true(debian_version_compare("\xff\xfe", "a") > 0);
}

static void release_dates_are_read(void **state)
{
    int64_t seconds = 0;

    (void)state;
    assert_true(release_date_find("Origin: x\nDate: Thu, 01 Jan 1970 00:00:10 UTC\n", &seconds));
    assert_int_equal(seconds, 10);
    assert_true(release_date_find("Date: Thu, 29 Feb 2024 12:30:01 UTC", &seconds));
    assert_int_equal(seconds, 1709209801);
    assert_false(release_date_find("Update: Thu, 29 Feb 2024 12:30:01 UTC", &seconds));
    assert_false(release_date_find("Date: Thu, 99 Feb 2024 12:30:01 UTC", &seconds));
    assert_false(release_date_find("Date: Thu, 29 anF 2024 12:30:01 UTC", &seconds));
    assert_false(release_date_find("Date:", &seconds));
    assert_false(release_date_find("", &seconds));
}

/* ---- The judgement --------------------------------------------------------------------------- */

static void nothing_pending_in_recent_lists_is_ok(void **state)
{
    check_fixture_expect(*state, ID, "{}", "ok", "2 days old");
}

static void a_newer_version_in_a_security_list_is_not_met(void **state)
{
    check_fixture_text(*state, LIST, newer_bash);
    check_fixture_expect(*state, ID, "{}", "not-met", "1 security update is pending: bash");
    check_fixture_expect(*state, ID, "{}", "not-met", "5.2-2, offered 5.2-2+deb12u1");
    check_fixture_expect(*state, ID, "{\"maxPendingSecurity\":1}", "ok", "no more than allowed");
}

static void a_list_of_another_suite_does_not_count(void **state)
{
    check_fixture_text(*state, LISTS "mirror.example_dists_bookworm_main_binary-amd64_Packages",
                       newer_bash);
    check_fixture_expect(*state, ID, "{}", "ok", NULL);
}

static void an_update_of_another_architecture_does_not_count(void **state)
{
    check_fixture_text(*state, LIST, "Package: bash\nVersion: 6\nArchitecture: i386\n");
    check_fixture_expect(*state, ID, "{}", "ok", NULL);
    check_fixture_text(*state, LIST, "Package: tzdata\nVersion: 2025\nArchitecture: all\n");
    check_fixture_expect(*state, ID, "{}", "not-met", "tzdata");
}

static void gzip_and_lz4_lists_are_read(void **state)
{
    unsigned char packed[1024];
    z_stream stream = {0};
    size_t length;

    remove_file(*state, LIST);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (Bytef *)(uintptr_t)newer_bash;
    stream.avail_in = sizeof newer_bash - 1;
    stream.next_out = packed;
    stream.avail_out = sizeof packed;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    length = sizeof packed - stream.avail_out;
    deflateEnd(&stream);
    check_fixture_bytes(*state, LIST ".gz", packed, length);
    check_fixture_expect(*state, ID, "{}", "not-met", "bash");
    check_fixture_bytes(*state, LIST ".gz", packed, length - 12);
    /* what was read before the end stays known */
    check_fixture_expect(*state, ID, "{}", "not-met", "is cut off");
    check_fixture_bytes(*state, LIST ".gz", packed, 12);
    check_fixture_expect(*state, ID, "{}", "unknown", "is cut off");
    remove_file(*state, LIST ".gz");

    length = LZ4F_compressFrame(packed, sizeof packed, newer_bash, sizeof newer_bash - 1, NULL);
    assert_false(LZ4F_isError(length));
    check_fixture_bytes(*state, LIST ".lz4", packed, length);
    check_fixture_expect(*state, ID, "{}", "not-met", "bash");
    check_fixture_bytes(*state, LIST ".lz4", packed, length - 20);
    check_fixture_expect(*state, ID, "{}", "unknown", "is cut off");
    packed[0] ^= 0xFF;
    check_fixture_bytes(*state, LIST ".lz4", packed, length);
    check_fixture_expect(*state, ID, "{}", "unknown", "is damaged");
}

static void a_list_in_another_compression_is_unknown_with_its_name(void **state)
{
    check_fixture_text(*state, LIST ".xz", "x");
    check_fixture_expect(*state, ID, "{}", "unknown", "Packages.xz is compressed");
}

static void old_lists_are_unknown_but_known_updates_stay_known(void **state)
{
    add_release(*state, 20);
    check_fixture_expect(*state, ID, "{}", "unknown", "is 20 days old (at most 14)");
    check_fixture_expect(*state, ID, "{\"MaxAgeDays\":30}", "ok", NULL);
    check_fixture_text(*state, LIST, newer_bash);
    check_fixture_expect(*state, ID, "{}", "not-met", "bash");
    add_release(*state, -5);
    check_fixture_text(*state, LIST, "");
    check_fixture_expect(*state, ID, "{}", "unknown", "in the future");
}

static void lists_without_a_date_are_unknown(void **state)
{
    check_fixture_text(*state, SUITE "_InRelease", "Origin: x\n");
    check_fixture_expect(*state, ID, "{}", "unknown", "how old");
    remove_file(*state, SUITE "_InRelease");
    check_fixture_expect(*state, ID, "{}", "unknown", "no release file");
}

static void no_security_list_is_unknown(void **state)
{
    remove_file(*state, LIST);
    check_fixture_expect(*state, ID, "{}", "unknown", "no list of security updates");
}

static void a_needed_restart_is_not_met_unless_allowed(void **state)
{
    check_fixture_text(*state, "/run/reboot-required", "");
    check_fixture_text(*state, "/run/reboot-required.pkgs", "linux-image-amd64\n");
    check_fixture_expect(*state, ID, "{}", "not-met", "linux-image-amd64");
    check_fixture_expect(*state, ID, "{\"allowPendingReboot\":true}", "ok", NULL);
}

static void a_newer_kernel_than_the_running_one_needs_a_restart(void **state)
{
    check_fixture_text(*state, "/proc/sys/kernel/osrelease", "6.1.0-9-amd64\n");
    check_fixture_text(*state, "/boot/vmlinuz-6.1.0-10-amd64", "");
    /* a kernel that is not one of the installed ones: nothing follows */
    check_fixture_expect(*state, ID, "{}", "ok", NULL);
    check_fixture_text(*state, "/boot/vmlinuz-6.1.0-9-amd64", "");
    check_fixture_expect(*state, ID, "{}", "not-met", "6.1.0-10-amd64 is installed");
    check_fixture_text(*state, "/proc/sys/kernel/osrelease", "6.1.0-10-amd64\n");
    check_fixture_expect(*state, ID, "{}", "ok", NULL);
}

static void hostile_files_neither_hang_nor_crash(void **state)
{
    const check_fixture *fixture = *state;
    static char junk[200000];

    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (char)(i * 37 + i / 251);
    check_fixture_bytes(fixture, LIST ".gz", junk, sizeof junk);
    check_fixture_expect(fixture, ID, "{}", "unknown", "is damaged");
    remove_file(fixture, LIST ".gz");
    memset(junk, 'P', sizeof junk);
    check_fixture_bytes(fixture, LIST, junk, sizeof junk);
    check_fixture_expect(fixture, ID, "{}", "ok", NULL);
    remove_file(fixture, LIST);
    check_fixture_fifo(fixture, LIST);
    check_fixture_expect(fixture, ID, "{}", "unknown", "not a regular file");
    remove_file(fixture, LIST);
    check_fixture_link(fixture, LIST,
                       "mirror.example_dists_bookworm-security_main_binary-amd64_"
                       "Packages");
    check_fixture_expect(fixture, ID, "{}", "unknown", "not a regular file");
    remove_file(fixture, LIST);
    check_fixture_huge(fixture, LIST, 100LL * 1024 * 1024);
    check_fixture_expect(fixture, ID, "{}", "ok", NULL);
    check_fixture_huge(fixture, LIST, 2000LL * 1024 * 1024);
    check_fixture_expect(fixture, ID, "{}", "unknown", "larger than accepted");
    remove_file(fixture, STATUS);
    check_fixture_fifo(fixture, STATUS);
    check_fixture_expect(fixture, ID, "{}", "unknown", STATUS);
    remove_file(fixture, STATUS);
    check_fixture_bytes(fixture, STATUS, junk, sizeof junk);
    check_fixture_expect(fixture, ID, "{}", "unknown", "no installed package");
}

static void a_refused_status_file_is_named(void **state)
{
    check_fixture_expect_refused(*state, ID, "{}", STATUS);
}

static void wrong_settings_are_one_clear_error(void **state)
{
    check_fixture_expect_error(*state, ID, "{\"maxAgeDays\":\"7\"}", RJ_E_INVALID,
                               "/settings/maxAgeDays");
    check_fixture_expect_error(*state, ID, "{\"maxPendingSecurity\":-1}", RJ_E_INVALID,
                               "a whole number from 0");
}

static void thousands_of_packages_are_fast(void **state)
{
    const check_fixture *fixture = *state;
    static char text[4000000];
    size_t used = 0;
    struct timespec from, to;
    double ms;

    for (int i = 0; i < 1000; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "Package: package-%d\nStatus: install ok installed\n"
                                 "Architecture: amd64\nVersion: 1.%d-1\nDescription: a long "
                                 "text that stands for the rest of the paragraph\n %0500d\n\n",
                                 i, i, 0);
    check_fixture_bytes(fixture, STATUS, text, used);
    used = 0;
    for (int i = 0; i < 5000; i++)
        used += (size_t)snprintf(text + used, sizeof text - used,
                                 "Package: package-%d\nArchitecture: amd64\nVersion: 1.%d-%d\n"
                                 "Description: text\n %0500d\n\n",
                                 i, i, i % 100 == 0 ? 2 : 1, 0);
    check_fixture_bytes(fixture, LIST, text, used);
    clock_gettime(CLOCK_MONOTONIC, &from);
    check_fixture_expect(fixture, ID, "{}", "not-met", "10 security updates");
    clock_gettime(CLOCK_MONOTONIC, &to);
    ms = (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
    print_message("# 1,000 installed, 5,000 offered: %.1f ms\n", ms);
    assert_true(ms < 2000); /* generous: sanitizers, workers and busy machines run this too */
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
    static char id[] = ID;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_ordered_as_dpkg_orders_them),
        cmocka_unit_test(any_text_has_a_place_in_the_order),
        cmocka_unit_test(release_dates_are_read),
        TREE_TEST(nothing_pending_in_recent_lists_is_ok),
        TREE_TEST(a_newer_version_in_a_security_list_is_not_met),
        TREE_TEST(a_list_of_another_suite_does_not_count),
        TREE_TEST(an_update_of_another_architecture_does_not_count),
        TREE_TEST(gzip_and_lz4_lists_are_read),
        TREE_TEST(a_list_in_another_compression_is_unknown_with_its_name),
        TREE_TEST(old_lists_are_unknown_but_known_updates_stay_known),
        TREE_TEST(lists_without_a_date_are_unknown),
        TREE_TEST(no_security_list_is_unknown),
        TREE_TEST(a_needed_restart_is_not_met_unless_allowed),
        TREE_TEST(a_newer_kernel_than_the_running_one_needs_a_restart),
        TREE_TEST(hostile_files_neither_hang_nor_crash),
        TREE_TEST(a_refused_status_file_is_named),
        TREE_TEST(wrong_settings_are_one_clear_error),
        TREE_TEST(thousands_of_packages_are_fast),
        CHECK_FIXTURE_SHARED_TESTS(id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
