/* SPDX-License-Identifier: MIT */
/* The plugin and what is odd: things scripts make, spellings of ids, files that changed under it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "nuget_fixture_test.h"
#include "tap_skip.h"

static void what_a_script_makes_is_removed_with_the_package(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("odd", "1.0.0", "");
    zip_writer_script(
        zip, "tools/install.sh",
        "#!/bin/sh\nln -s /etc link; ln -s nowhere dangling; mkfifo pipe; echo x >new\n");
    save_package(f, zip, "odd.nupkg");
    expect_ok(f, install_package(f, "odd", NULL));
    expect_ok(f, invoke(f, f->table->uninstall, "odd", NULL));
    assert_int_equal(json_array_size(json_object_get(f->result, "left")), 0);
    expect_lib_holds(f, "");
    assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void a_file_whose_name_is_no_text_stays_and_is_named(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("odd", "1.0.0", "");
    zip_writer_script(zip, "tools/install.sh", "#!/bin/sh\ntouch \"$(printf 'a\\377b')\"\n");
    save_package(f, zip, "odd.nupkg");
    expect_ok(f, install_package(f, "odd", NULL));
    assert_true(is_installed(f, "odd"));
    expect_ok(f, invoke(f, f->table->uninstall, "odd", NULL));
    const char *left = json_string_value(json_array_get(json_object_get(f->result, "left"), 0));
    assert_non_null(left);
    assert_non_null(strstr(left, "/odd/a?b"));
}

static void arguments_reach_the_package_however_its_id_is_spelled(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("Odd", "1.0.0", "");
    zip_writer_script(zip, "tools/install.sh",
                      "#!/bin/sh\n[ \"$chocolateyPackageParameters\" = '/Lang:de \"a b\"' ]\n");
    save_package(f, zip, "odd.nupkg");
    expect_ok(f, install_package(f, "oDD", NULL));
}

/* Of <linux/fs.h>, which does not go together with <sys/mount.h>. */
#define GET_FLAGS _IOR('f', 1, long)
#define SET_FLAGS _IOW('f', 2, long)
#define IMMUTABLE 0x10

static void a_file_that_may_not_be_removed_is_left_and_named(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("odd", "1.0.0", "");
    zip_writer_text(zip, "kept", "x");
    save_package(f, zip, "odd.nupkg");
    expect_ok(f, install_package(f, "odd", NULL));
    int fd = open(fixture_path(f, "lib/odd/kept"), O_RDONLY);
    int before = 0;
    int got = ioctl(fd, GET_FLAGS, &before);
    int flags = before | IMMUTABLE;
    if (got != 0 || ioctl(fd, SET_FLAGS, &flags) != 0) {
        close(fd);
        tap_skip("files cannot be made immutable here");
    }
    rj_status status = invoke(f, f->table->uninstall, "odd", NULL);
    ioctl(fd, SET_FLAGS, &before);
    close(fd);
    expect_ok(f, status);
    const char *left = json_string_value(json_array_get(json_object_get(f->result, "left"), 0));
    assert_non_null(left);
    assert_non_null(strstr(left, "/odd/kept"));
    assert_false(is_installed(f, "odd"));
}

static void an_uninstall_script_that_cannot_start_is_refused_at_the_install(void **state)
{
    fixture *f = *state;
    zip_writer *zip = new_package("odd", "1.0.0", "");
    zip_writer_text(zip, "tools/uninstall.sh", "#!/bin/sh\n");
    save_package(f, zip, "odd.nupkg");
    expect_failure(f, install_package(f, "odd", NULL), RJ_E_INVALID,
                   "tools/uninstall.sh is not executable");
    expect_lib_holds(f, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(what_a_script_makes_is_removed_with_the_package),
        with_fixture(a_file_whose_name_is_no_text_stays_and_is_named),
        with_fixture(arguments_reach_the_package_however_its_id_is_spelled),
        with_fixture(a_file_that_may_not_be_removed_is_left_and_named),
        with_fixture(an_uninstall_script_that_cannot_start_is_refused_at_the_install),
    };
    return cmocka_run_group_tests_name("package-nuget-odd", tests, NULL, NULL);
}
