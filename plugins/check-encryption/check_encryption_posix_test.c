/* SPDX-License-Identifier: MIT */
/* The check "encryption" on made-up device trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "check_fixture.h"

#define ID "encryption"
#define NO_SWAP "Filename\tType\tSize\tUsed\tPriority\n"
#define LUKS "CRYPT-LUKS2-0123456789abcdef-root\n"

static int make(void **state)
{
    static check_fixture fixture;

    check_fixture_make(&fixture);
    check_fixture_text(&fixture, "/proc/swaps", NO_SWAP);
    *state = &fixture;
    return 0;
}

static int clean(void **state)
{
    check_fixture_remove(*state);
    return 0;
}

/* A block device as sysfs shows it: by number, by name, and its own folder. */
static void add_device(const check_fixture *fixture, const char *number, const char *name)
{
    char path[128], target[128];

    snprintf(path, sizeof path, "/sys/devices/virtual/block/%s/slaves", name);
    check_fixture_folder(fixture, path);
    snprintf(path, sizeof path, "/sys/dev/block/%s", number);
    snprintf(target, sizeof target, "../../devices/virtual/block/%s", name);
    check_fixture_link(fixture, path, target);
    snprintf(path, sizeof path, "/sys/class/block/%s", name);
    check_fixture_link(fixture, path, target);
}

static void add_file(const check_fixture *fixture, const char *name, const char *file,
                     const char *text)
{
    char path[128];

    snprintf(path, sizeof path, "/sys/devices/virtual/block/%s/%s", name, file);
    check_fixture_text(fixture, path, text);
}

static void add_slave(const check_fixture *fixture, const char *name, const char *slave)
{
    char path[128], target[128];

    snprintf(path, sizeof path, "/sys/devices/virtual/block/%s/slaves/%s", name, slave);
    snprintf(target, sizeof target, "../../%s", slave);
    check_fixture_link(fixture, path, target);
}

static void mount(const check_fixture *fixture, const char *lines)
{
    check_fixture_text(fixture, "/proc/self/mountinfo", lines);
}

static const char on_luks[] = "27 1 254:0 / / rw - ext4 /dev/mapper/root rw\n";

static void a_root_on_luks_is_ok(void **state)
{
    add_device(*state, "254:0", "dm-0");
    add_file(*state, "dm-0", "dm/uuid", LUKS);
    mount(*state, on_luks);
    check_fixture_expect(*state, ID, "{}", "ok", "CRYPT-LUKS2");
}

static void lvm_on_luks_is_ok(void **state)
{
    add_device(*state, "254:1", "dm-1");
    add_file(*state, "dm-1", "dm/uuid", "LVM-abcdef\n");
    add_device(*state, "254:0", "dm-0");
    add_file(*state, "dm-0", "dm/uuid", LUKS);
    add_slave(*state, "dm-1", "dm-0");
    mount(*state, "27 1 254:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
    check_fixture_expect(*state, ID, "{}", "ok", NULL);
}

static void a_plain_disk_is_not_met_with_a_remedy(void **state)
{
    add_device(*state, "8:1", "sda1");
    mount(*state, "27 1 8:1 / / rw - ext4 /dev/sda1 rw\n");
    check_fixture_expect(*state, ID, "{}", "not-met", "\"remedy\"");
}

static void lvm_on_a_plain_disk_is_not_met(void **state)
{
    add_device(*state, "254:1", "dm-1");
    add_file(*state, "dm-1", "dm/uuid", "LVM-abcdef\n");
    add_device(*state, "8:1", "sda1");
    add_slave(*state, "dm-1", "sda1");
    mount(*state, "27 1 254:1 / / rw - ext4 /dev/mapper/vg-root rw\n");
    check_fixture_expect(*state, ID, "{}", "not-met", NULL);
}

static void verity_alone_is_not_encryption(void **state)
{
    add_device(*state, "254:1", "dm-1");
    add_file(*state, "dm-1", "dm/uuid", "CRYPT-VERITY-abcdef-root\n");
    add_device(*state, "8:1", "sda1");
    add_slave(*state, "dm-1", "sda1");
    mount(*state, "27 1 254:1 / / ro - ext4 /dev/mapper/root ro\n");
    check_fixture_expect(*state, ID, "{}", "not-met", NULL);
}

static void an_array_with_one_plain_half_is_not_met(void **state)
{
    add_device(*state, "9:0", "md0");
    add_device(*state, "254:0", "dm-0");
    add_file(*state, "dm-0", "dm/uuid", LUKS);
    add_device(*state, "8:1", "sda1");
    add_slave(*state, "md0", "dm-0");
    add_slave(*state, "md0", "sda1");
    mount(*state, "27 1 9:0 / / rw - ext4 /dev/md0 rw\n");
    check_fixture_expect(*state, ID, "{}", "not-met", "sda1");
}

static void a_partition_of_an_array_is_as_the_array(void **state)
{
    const check_fixture *fixture = *state;

    add_device(fixture, "9:0", "md0");
    add_device(fixture, "254:0", "dm-0");
    add_file(fixture, "dm-0", "dm/uuid", LUKS);
    add_slave(fixture, "md0", "dm-0");
    add_file(fixture, "md0", "md0p1/partition", "1\n");
    check_fixture_link(fixture, "/sys/dev/block/259:0", "../../devices/virtual/block/md0/md0p1");
    mount(fixture, "27 1 259:0 / / rw - ext4 /dev/md0p1 rw\n");
    check_fixture_expect(fixture, ID, "{}", "ok", NULL);
}

static void a_plain_home_beside_an_encrypted_root_is_not_met(void **state)
{
    add_device(*state, "254:0", "dm-0");
    add_file(*state, "dm-0", "dm/uuid", LUKS);
    add_device(*state, "8:2", "sda2");
    mount(*state, "27 1 254:0 / / rw - ext4 /dev/mapper/root rw\n"
                  "28 27 8:2 / /home rw - ext4 /dev/sda2 rw\n");
    check_fixture_expect(*state, ID, "{}", "not-met", "not encrypted: /home");
    check_fixture_expect(*state, ID, "{\"mounts\":[\"/\",\"/var\"]}", "ok", "part of /");
}

static void the_last_mount_on_a_point_counts(void **state)
{
    add_device(*state, "254:0", "dm-0");
    add_file(*state, "dm-0", "dm/uuid", LUKS);
    add_device(*state, "8:2", "sda2");
    mount(*state, "27 1 8:2 / / rw - ext4 /dev/sda2 rw\n"
                  "28 27 254:0 / / rw - ext4 /dev/mapper/root rw\n");
    check_fixture_expect(*state, ID, "{}", "ok", NULL);
}

static void btrfs_is_judged_by_its_source(void **state)
{
    const check_fixture *fixture = *state;

    add_device(fixture, "254:0", "dm-0");
    add_file(fixture, "dm-0", "dm/uuid", LUKS);
    check_fixture_link(fixture, "/dev/mapper/root", "../dm-0");
    mount(fixture, "27 1 0:25 /@ / rw - btrfs /dev/mapper/root rw,subvol=/@\n");
    check_fixture_expect(fixture, ID, "{}", "ok", "CRYPT-LUKS2");
}

static void btrfs_on_an_encrypted_and_a_plain_device_is_not_met(void **state)
{
    const check_fixture *fixture = *state;

    add_device(fixture, "254:0", "dm-0");
    add_file(fixture, "dm-0", "dm/uuid", LUKS);
    add_file(fixture, "dm-0", "dm/name", "root\n");
    add_device(fixture, "8:1", "sda1");
    check_fixture_folder(fixture, "/sys/fs/btrfs/1234/devices/dm-0");
    check_fixture_folder(fixture, "/sys/fs/btrfs/1234/devices/sda1");
    /* no udev link: the name of the mapping leads to dm-0 */
    mount(fixture, "27 1 0:25 /@ / rw - btrfs /dev/mapper/root rw\n");
    check_fixture_expect(fixture, ID, "{}", "not-met", "sda1");
}

static void what_has_no_disk_to_be_seen_is_unknown_and_says_why(void **state)
{
    mount(*state, "27 1 0:25 / / rw - overlay overlay rw,lowerdir=/a\n");
    check_fixture_expect(*state, ID, "{}", "unknown", "an overlay");
    mount(*state, "27 1 0:25 / / rw - tmpfs tmpfs rw\n");
    check_fixture_expect(*state, ID, "{}", "unknown", "in memory");
    mount(*state, "27 1 0:25 / / rw - nfs4 server:/x rw\n");
    check_fixture_expect(*state, ID, "{}", "unknown", "another machine");
    mount(*state, "27 1 0:25 / / rw - zfs rpool/ROOT rw\n");
    check_fixture_expect(*state, ID, "{}", "unknown", "ZFS");
    mount(*state, "27 1 8:77 / / rw - ext4 /dev/sdz1 rw\n");
    check_fixture_expect(*state, ID, "{}", "unknown", "not in the device tree");
}

static void swap_counts_too(void **state)
{
    const check_fixture *fixture = *state;

    add_device(fixture, "254:0", "dm-0");
    add_file(fixture, "dm-0", "dm/uuid", LUKS);
    add_device(fixture, "8:3", "sda3");
    add_device(fixture, "253:0", "zram0");
    add_file(fixture, "zram0", "comp_algorithm", "lzo [zstd]\n");
    mount(fixture, on_luks);
    check_fixture_text(fixture, "/proc/swaps", NO_SWAP "/dev/sda3 partition 100 0 -2\n");
    check_fixture_expect(fixture, ID, "{}", "not-met", "swap /dev/sda3");
    check_fixture_expect(fixture, ID, "{\"Swap\":false}", "ok", NULL);
    check_fixture_text(fixture, "/proc/swaps", NO_SWAP "/dev/zram0 partition 100 0 -2\n");
    check_fixture_expect(fixture, ID, "{}", "ok", "compressed memory");
    add_file(fixture, "zram0", "backing_dev", "/dev/sda3\n");
    check_fixture_expect(fixture, ID, "{}", "unknown", "written to another device");
    check_fixture_text(fixture, "/proc/swaps", NO_SWAP "/swap\\040file file 100 0 -2\n");
    check_fixture_expect(fixture, ID, "{}", "ok", "swap /swap file");
    check_fixture_text(fixture, "/proc/swaps", NO_SWAP "/dev/../../../sda3\n");
    check_fixture_expect(fixture, ID, "{}", "unknown", NULL);
}

static void a_missing_list_of_swap_areas_is_unknown(void **state)
{
    char path[256];

    add_device(*state, "254:0", "dm-0");
    add_file(*state, "dm-0", "dm/uuid", LUKS);
    mount(*state, on_luks);
    check_fixture_path(*state, "/proc/swaps", path, sizeof path);
    assert_int_equal(unlink(path), 0);
    check_fixture_expect(*state, ID, "{}", "unknown", "/proc/swaps");
}

static void slaves_in_a_circle_end_as_unknown(void **state)
{
    add_device(*state, "254:0", "dm-0");
    add_device(*state, "254:1", "dm-1");
    add_file(*state, "dm-0", "dm/uuid", "LVM-a\n");
    add_file(*state, "dm-1", "dm/uuid", "LVM-b\n");
    add_slave(*state, "dm-0", "dm-1");
    add_slave(*state, "dm-1", "dm-0");
    add_slave(*state, "dm-1", "dm-1");
    mount(*state, on_luks);
    check_fixture_expect(*state, ID, "{}", "unknown", "too deep");
}

static void links_never_lead_out_of_the_root(void **state)
{
    add_device(*state, "254:0", "dm-0");
    check_fixture_link(*state, "/sys/devices/virtual/block/dm-0/dm", "/../../../../../usr");
    check_fixture_text(*state, "/usr/uuid", LUKS);
    mount(*state, on_luks);
    check_fixture_expect(*state, ID, "{}", "ok", "CRYPT-LUKS2");
}

static void hostile_files_neither_hang_nor_crash(void **state)
{
    const check_fixture *fixture = *state;
    unsigned char junk[5000];
    char path[256];

    for (size_t i = 0; i < sizeof junk; i++)
        junk[i] = (unsigned char)(i * 131 + i / 7);
    check_fixture_bytes(fixture, "/proc/self/mountinfo", junk, sizeof junk);
    check_fixture_expect(fixture, ID, "{}", "unknown", NULL);
    mount(fixture, "27 1 254:0 / / rw - ext4\n27 1 x:y / / rw - ext4 a b\n- - -\n\n   \n");
    check_fixture_expect(fixture, ID, "{}", "unknown", NULL);
    check_fixture_huge(fixture, "/proc/self/mountinfo", 100LL * 1024 * 1024);
    check_fixture_expect(fixture, ID, "{}", "unknown", "larger than accepted");
    check_fixture_path(fixture, "/proc/self/mountinfo", path, sizeof path);
    assert_int_equal(unlink(path), 0);
    check_fixture_fifo(fixture, "/proc/self/mountinfo");
    check_fixture_expect(fixture, ID, "{}", "unknown", "not a regular file");
    assert_int_equal(unlink(path), 0);
    check_fixture_link(fixture, "/proc/self/mountinfo", "mountinfo");
    check_fixture_expect(fixture, ID, "{}", "unknown", "not a regular file");
    assert_int_equal(unlink(path), 0);
    mount(fixture, on_luks);
    add_device(fixture, "254:0", "dm-0");
    check_fixture_fifo(fixture, "/sys/devices/virtual/block/dm-0/dm/uuid");
    check_fixture_expect(fixture, ID, "{}", "unknown", "dm/uuid");
    check_fixture_bytes(fixture, "/proc/swaps", junk, sizeof junk);
    check_fixture_expect(fixture, ID, "{}", "unknown", NULL);
}

static void a_refused_file_is_named(void **state)
{
    mount(*state, on_luks);
    check_fixture_expect_refused(*state, ID, "{}", "/proc/self/mountinfo");
}

static void wrong_settings_are_one_clear_error(void **state)
{
    check_fixture_expect_error(*state, ID, "{\"mounts\":\"/\"}", RJ_E_INVALID, "/settings/mounts");
    check_fixture_expect_error(*state, ID, "{\"mounts\":[\"home\"]}", RJ_E_INVALID,
                               "absolute paths");
    check_fixture_expect_error(*state, ID, "{\"swap\":\"yes\"}", RJ_E_INVALID, "/settings/swap");
}

#define TREE_TEST(name) cmocka_unit_test_setup_teardown(name, make, clean)

int main(void)
{
    static char id[] = ID;
    const struct CMUnitTest tests[] = {
        TREE_TEST(a_root_on_luks_is_ok),
        TREE_TEST(lvm_on_luks_is_ok),
        TREE_TEST(a_plain_disk_is_not_met_with_a_remedy),
        TREE_TEST(lvm_on_a_plain_disk_is_not_met),
        TREE_TEST(verity_alone_is_not_encryption),
        TREE_TEST(an_array_with_one_plain_half_is_not_met),
        TREE_TEST(a_partition_of_an_array_is_as_the_array),
        TREE_TEST(a_plain_home_beside_an_encrypted_root_is_not_met),
        TREE_TEST(the_last_mount_on_a_point_counts),
        TREE_TEST(btrfs_is_judged_by_its_source),
        TREE_TEST(btrfs_on_an_encrypted_and_a_plain_device_is_not_met),
        TREE_TEST(what_has_no_disk_to_be_seen_is_unknown_and_says_why),
        TREE_TEST(swap_counts_too),
        TREE_TEST(a_missing_list_of_swap_areas_is_unknown),
        TREE_TEST(slaves_in_a_circle_end_as_unknown),
        TREE_TEST(links_never_lead_out_of_the_root),
        TREE_TEST(hostile_files_neither_hang_nor_crash),
        TREE_TEST(a_refused_file_is_named),
        TREE_TEST(wrong_settings_are_one_clear_error),
        CHECK_FIXTURE_SHARED_TESTS(id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
