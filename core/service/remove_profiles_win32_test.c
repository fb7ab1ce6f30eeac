/* SPDX-License-Identifier: MIT */
/* What an uninstallation takes out of people's profiles, and what it does not touch. */
#include "service/remove_profiles_win32.h"

#include "base/alloc.h"
#include "platform/file.h"
#include "platform/win32/registry_win32.h"
#include "test_system.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"

#define ROOT "C:/rj-profiles-test"
#define LIST "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\"

static char folder[TEST_FOLDER_MAX];
static rj_paths *paths;

static int set_up(void **state)
{
    (void)state;
    return test_folder("profiles", folder, sizeof folder) &&
                   rj_paths_new(RJ_ROLE_SERVICE, ROOT, NULL, &paths, NULL) == RJ_OK
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rj_registry_key list = {ROOT, RJ_HIVE_MACHINE, "SOFTWARE\\Microsoft"};
    rj_registry_key users = {ROOT, RJ_HIVE_USERS, "S-1-5-21-1"};
    rj_registry_remove_key(&list, NULL);
    rj_registry_remove_key(&users, NULL);
    rj_paths_free(paths);
    test_remove_tree(folder);
    return 0;
}

static const char *in_folder(const char *name)
{
    static char path[4][2 * TEST_FOLDER_MAX];
    static unsigned next;
    char *at = path[next++ % 4];
    snprintf(at, sizeof path[0], "%s/%s", folder, name);
    return at;
}

static void make(const char *name)
{
    char parent[2 * TEST_FOLDER_MAX];
    rj_error error = RJ_ERROR_NONE;
    snprintf(parent, sizeof parent, "%s", in_folder(name));
    *strrchr(parent, '/') = '\0';
    if (rj_dir_make(parent, 0700, &error) != RJ_OK ||
        rj_file_write(in_folder(name), "x", 1, 0600, &error) != RJ_OK)
        fail_msg("%s", error.text);
}

static void list_profile(const char *sid, const char *path)
{
    char key[200], native[2 * TEST_FOLDER_MAX];
    snprintf(key, sizeof key, LIST "%s", sid);
    snprintf(native, sizeof native, "%s", path);
    for (char *c = native; *c; c++)
        *c = *c == '/' ? '\\' : *c;
    rj_registry_key where = {ROOT, RJ_HIVE_MACHINE, key};
    assert_int_equal(rj_registry_set_text(&where, "ProfileImagePath", native, NULL), RJ_OK);
}

static void what_the_agent_keeps_goes_from_each_profile_and_nothing_else(void **state)
{
    (void)state;
    make("alice/AppData/Local/RealmJoin/agent.db");
    make("alice/AppData/Local/RealmJoin/Packages/tool/1.log");
    make("alice/AppData/Local/Other/file");
    make("bob/AppData/Local/RealmJoin/tray.log");
    make("stranger/AppData/Local/RealmJoin/tray.log"); /* no profile of this machine */
    list_profile("S-1-5-21-1", in_folder("alice"));
    list_profile("S-1-5-21-2", in_folder("bob"));
    list_profile("S-1-5-21-3", in_folder("never-signed-in"));
    list_profile("S-1-5-21-4", "\\\\server\\share\\carol");
    list_profile("S-1-5-21-5", "");
    assert_true(rj_service_remove_profiles(paths));
    assert_false(rj_file_exists(in_folder("alice/AppData/Local/RealmJoin")));
    assert_true(rj_file_exists(in_folder("alice/AppData/Local/Other/file")));
    assert_false(rj_file_exists(in_folder("bob/AppData/Local/RealmJoin")));
    assert_true(rj_file_exists(in_folder("stranger/AppData/Local/RealmJoin/tray.log")));
}

static void a_library_stays_with_its_packages_and_goes_when_it_is_empty(void **state)
{
    (void)state;
    make("alice/AppData/Local/RealmJoin/chocolatey/lib/tool/tool.exe");
    make("alice/AppData/Local/RealmJoin/agent.db");
    make("bob/AppData/Local/RealmJoin/agent.db");
    assert_int_equal(
        rj_dir_make(in_folder("bob/AppData/Local/RealmJoin/chocolatey/lib"), 0700, NULL), RJ_OK);
    list_profile("S-1-5-21-1", in_folder("alice"));
    list_profile("S-1-5-21-2", in_folder("bob"));
    assert_true(rj_service_remove_profiles(paths));
    assert_true(
        rj_file_exists(in_folder("alice/AppData/Local/RealmJoin/chocolatey/lib/tool/tool.exe")));
    assert_false(rj_file_exists(in_folder("alice/AppData/Local/RealmJoin/agent.db")));
    assert_false(rj_file_exists(in_folder("bob/AppData/Local/RealmJoin")));
}

static void a_profile_with_a_link_on_the_way_stays_and_is_named(void **state)
{
    (void)state;
    make("elsewhere/RealmJoin/kept");
    make("mallory/AppData/file");
    make("eve/AppData/Local/RealmJoin/file");
    make("target/kept");
    if (!test_link(in_folder("elsewhere"), in_folder("mallory/AppData/Local")) ||
        !test_link(in_folder("target"), in_folder("eve/AppData/Local/RealmJoin/link")))
        tap_skip("this system makes no junctions");
    list_profile("S-1-5-21-1", in_folder("mallory"));
    list_profile("S-1-5-21-2", in_folder("eve"));
    assert_false(rj_service_remove_profiles(paths));
    assert_true(rj_file_exists(in_folder("elsewhere/RealmJoin/kept")));
    assert_true(rj_file_exists(in_folder("target/kept"))); /* its link is gone */
    assert_false(rj_file_exists(in_folder("eve/AppData/Local/RealmJoin")));
}

static void the_keys_of_records_go_only_when_they_are_empty(void **state)
{
    (void)state;
    rj_registry_key foreign = {ROOT, RJ_HIVE_USERS, "S-1-5-21-1\\SOFTWARE\\RealmJoin\\Custom"};
    rj_registry_key packages = {ROOT, RJ_HIVE_USERS, "S-1-5-21-1\\SOFTWARE\\RealmJoin\\Packages"};
    rj_registry_key ours = {ROOT, RJ_HIVE_USERS, "S-1-5-21-1\\SOFTWARE\\RealmJoin"};
    HKEY key = NULL;
    uint32_t value = 0;
    assert_int_equal(rj_registry_set_u32(&foreign, "Executed", 1, NULL), RJ_OK);
    assert_int_equal(rj_registry_open(ROOT, packages.hive, packages.key, true, &key, NULL), RJ_OK);
    RegCloseKey(key);
    rj_service_remove_user_keys(paths);
    assert_int_equal(rj_registry_open(ROOT, packages.hive, packages.key, false, &key, NULL),
                     RJ_E_NOT_FOUND);
    assert_int_equal(rj_registry_get_u32(&foreign, "Executed", &value, NULL), RJ_OK);
    assert_int_equal(rj_registry_remove_key(&foreign, NULL), RJ_OK);
    rj_service_remove_user_keys(paths);
    assert_int_equal(rj_registry_open(ROOT, ours.hive, ours.key, false, &key, NULL),
                     RJ_E_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_the_agent_keeps_goes_from_each_profile_and_nothing_else, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_library_stays_with_its_packages_and_goes_when_it_is_empty,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_profile_with_a_link_on_the_way_stays_and_is_named, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(the_keys_of_records_go_only_when_they_are_empty, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("remove_profiles", tests, NULL, NULL);
}
