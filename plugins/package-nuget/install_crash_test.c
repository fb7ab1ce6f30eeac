/* SPDX-License-Identifier: MIT */
/*
 * Killed at any point: a child process changes a lib folder and ends itself, without any clean-up,
 * just before the n-th call that changes something on disk (the linker hands us those calls, see
 * meson.build).  Then rj_recover() runs, and is itself killed at every point.  For every n: the
 * folder is as before or as after, nothing else lies about, and a detect tells the same.
 */
#include "install.h"

#include "archive.h"
#include "archive_hash.h"
#include "installed.h"
#include "nuget_system.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "zip_writer.h"

static int calls_left = -1; /* -1: do not count */

static void maybe_die(void)
{
    if (calls_left == 0)
        _exit(77);
    if (calls_left > 0)
        calls_left--;
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    maybe_die();
    return __real_rename(from, to);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    maybe_die();
    return __real_unlink(path);
}

int __real_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags);
int __wrap_unlinkat(int fd, const char *path, int flags)
{
    maybe_die();
    return __real_unlinkat(fd, path, flags);
}

int __real_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_mkdirat(int fd, const char *path, mode_t mode);
int __wrap_mkdirat(int fd, const char *path, mode_t mode)
{
    maybe_die();
    return __real_mkdirat(fd, path, mode);
}

int __real_rmdir(const char *path);
int __wrap_rmdir(const char *path);
int __wrap_rmdir(const char *path)
{
    maybe_die();
    return __real_rmdir(path);
}

int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to)
{
    maybe_die();
    return __real_link(from, to);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    maybe_die();
    return __real_fsync(fd);
}

static char folder[] = "/tmp/nuget-crash-XXXXXX";
static char lib[64], v1[64], v2[64], other[64];

static void make_package(const char *path, const char *id, const char *version)
{
    char text[400];
    zip_writer *zip = zip_writer_new();
    snprintf(text, sizeof(text),
             "<package><metadata><id>%s</id><version>%s</version></metadata></package>", id,
             version);
    zip_writer_text(zip, "x.nuspec", text);
    zip_writer_text(zip, "a.txt", version);
    zip_writer_text(zip, "tools/deep/b.txt", version);
    zip_writer_save(zip, NULL, path);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(lib, sizeof(lib), "%s/lib", folder);
    snprintf(v1, sizeof(v1), "%s/v1", folder);
    snprintf(v2, sizeof(v2), "%s/v2", folder);
    snprintf(other, sizeof(other), "%s/other", folder);
    make_package(v1, "A", "1.0.0");
    make_package(v2, "A", "2.0.0");
    make_package(other, "B", "1.0.0");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rj_archive_remove_tree("/tmp", folder + 5, NULL) == RJ_OK ? 0 : -1;
}

static rj_status install(const rj_install_package *packages, size_t count, int fail)
{
    rj_install_package copy[2];
    memcpy(copy, packages, count * sizeof(*copy));
    rj_install in = {.lib_dir = lib, .packages = copy, .count = count};
    rj_failure failure = {0};
    rj_status status = rj_install_prepare(&in, &failure);
    for (size_t i = 0; i < count && status == RJ_OK; i++) {
        status = rj_install_swap(&in, i, &failure);
        if (status == RJ_OK)
            status = rj_install_settle(&in, i, 0, &failure);
    }
    if (status == RJ_OK)
        status = fail ? rj_install_roll_back(&in, &failure) : rj_install_commit(&in, &failure);
    if (status != RJ_OK)
        fprintf(stderr, "# %s\n", failure.text);
    rj_install_clear(&in);
    return status;
}

/* What the child does. */
typedef enum deed { UPGRADE, UNDONE_UPGRADE, REMOVE } deed;

static const char sha256[] = "00000000000000000000000000000000000000000000000000000000000000ff";

static rj_status act(deed what)
{
    const rj_install_package packages[] = {
        {.id = "B", .version = "1.0.0", .package_path = other, .sha256 = sha256},
        {.id = "A", .version = "2.0.0", .package_path = v2, .sha256 = sha256}};
    rj_removed removed;
    if (what != REMOVE)
        return install(packages, 2, what == UNDONE_UPGRADE);
    rj_status status = rj_uninstall(lib, "A", &removed, NULL);
    if (status == RJ_OK)
        rj_removed_clear(&removed);
    return status;
}

/* Run `work` in a child that dies at its n-th call; 1: it came to its end. */
static int run_until(int n, rj_status (*work)(int argument), int argument)
{
    int code;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        calls_left = n;
        _exit(work(argument) == RJ_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code));
    assert_int_not_equal(WEXITSTATUS(code), 1);
    return WEXITSTATUS(code) == 0;
}

static rj_status act_in_child(int what)
{
    return act((deed)what);
}

static rj_status recover_in_child(int unused)
{
    rj_recovered recovered;
    (void)unused;
    return rj_recover(lib, &recovered, NULL);
}

static void start_with_version_1(void)
{
    const rj_install_package one = {
        .id = "A", .version = "1.0.0", .package_path = v1, .sha256 = sha256};
    assert_int_equal(rj_archive_remove_tree(folder, "lib", NULL), RJ_OK);
    assert_int_equal(install(&one, 1, 0), RJ_OK);
}

static size_t count_names(void)
{
    nuget_names names;
    assert_int_equal(nuget_list(lib, &names, NULL), RJ_OK);
    size_t count = names.count;
    nuget_names_free(&names);
    return count;
}

/* The version of an installed package with all its files unhurt; "" if it is not there. */
static void version_of(const char *id, char *text, size_t size)
{
    char path[128];
    rj_record record;
    text[0] = '\0';
    snprintf(path, sizeof(path), "%s/%s", lib, id);
    if (access(path, F_OK) != 0)
        return;
    assert_int_equal(rj_record_read(path, &record, NULL), RJ_OK);
    snprintf(text, size, "%s", record.version);
    for (size_t i = 0; i < record.count; i++) {
        char file[300];
        uint64_t bytes;
        uint32_t crc;
        snprintf(file, sizeof(file), "%s/%s", path, record.files[i].path);
        assert_int_equal(rj_crc32_file(file, &bytes, &crc, NULL), RJ_OK);
        assert_int_equal(bytes, record.files[i].size);
        if (record.files[i].has_crc)
            assert_int_equal(crc, record.files[i].crc32);
    }
    rj_record_clear(&record);
}

static void expect_old_or_new(deed what, int completed)
{
    char a[32], b[32];
    version_of("A", a, sizeof(a));
    version_of("B", b, sizeof(b));
    int old = strcmp(a, "1.0.0") == 0 && !*b;
    int new = what == REMOVE    ? !*a && !*b
              : what == UPGRADE ? strcmp(a, "2.0.0") == 0 && strcmp(b, "1.0.0") == 0
                                : old;
    if (!(old || new) || (completed && !new))
        fail_msg("A is '%s', B is '%s'", a, b);
    assert_int_equal(count_names(), (*a != 0) + (*b != 0));
    assert_false(rj_is_interrupted(lib, "A"));
}

static void kill_at_every_point(deed what)
{
    rj_recovered recovered;
    unsigned kills = 0;
    int completed = 0;
    for (int n = 0; !completed; n++) {
        start_with_version_1();
        completed = run_until(n, act_in_child, what);
        assert_int_equal(rj_recover(lib, &recovered, NULL), RJ_OK);
        expect_old_or_new(what, completed);
        kills += !completed;
        assert_true(n < 2000);
    }
    print_message("# killed at %u points\n", kills);
    assert_true(kills > 10);
}

static void an_upgrade_killed_anywhere_is_old_or_new(void **state)
{
    (void)state;
    kill_at_every_point(UPGRADE);
}

static void a_roll_back_killed_anywhere_is_old(void **state)
{
    (void)state;
    kill_at_every_point(UNDONE_UPGRADE);
}

static void an_uninstall_killed_anywhere_is_old_or_new(void **state)
{
    (void)state;
    kill_at_every_point(REMOVE);
}

static void a_recovery_killed_anywhere_can_be_repeated(void **state)
{
    (void)state;
    rj_recovered recovered;
    for (int what = UPGRADE; what <= REMOVE; what++) {
        int completed = 0;
        for (int n = 3; !completed; n += 7) {
            int recovered_whole = 0;
            for (int m = 0; !recovered_whole; m++) {
                start_with_version_1();
                completed = run_until(n, act_in_child, what);
                recovered_whole = run_until(m, recover_in_child, 0);
                assert_int_equal(rj_recover(lib, &recovered, NULL), RJ_OK);
                expect_old_or_new((deed)what, completed);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_killed_anywhere_is_old_or_new),
        cmocka_unit_test(a_roll_back_killed_anywhere_is_old),
        cmocka_unit_test(an_uninstall_killed_anywhere_is_old_or_new),
        cmocka_unit_test(a_recovery_killed_anywhere_can_be_repeated),
    };
    return cmocka_run_group_tests_name("nuget-crash", tests, set_up, tear_down);
}
