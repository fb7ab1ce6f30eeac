/* SPDX-License-Identifier: MIT */
/* Records in the registry, below a root: named and typed as other products read them. */
#include "platform/record_mirror.h"

#include "base/alloc.h"
#include "platform/win32/account_win32.h"
#include "platform/win32/registry_win32.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

#define ROOT "C:/rj-mirror-test"
#define USER_SID "S-1-5-21-1-2-3-1001"

static rj_paths *paths;

static int set_up(void **state)
{
    (void)state;
    return rj_paths_new(RJ_ROLE_SERVICE, ROOT, NULL, &paths, NULL) == RJ_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    rj_registry_key all = {ROOT, RJ_HIVE_MACHINE, "SOFTWARE"};
    rj_registry_key users = {ROOT, RJ_HIVE_USERS, USER_SID};
    rj_registry_remove_key(&all, NULL);
    rj_registry_remove_key(&users, NULL);
    rj_paths_free(paths);
    return 0;
}

static void put(const char *id, rj_uid owner, bool ended, uint32_t code)
{
    const rj_mirror_value values[] = {
        {"Version", RJ_MIRROR_TEXT, "1.0 ü", 0},
        {"Success", ended ? RJ_MIRROR_NUMBER : RJ_MIRROR_ABSENT, NULL, 1},
        {"LastExitCode", ended ? RJ_MIRROR_NUMBER : RJ_MIRROR_ABSENT, NULL, code}};
    rj_mirror_id whose = {id, owner};
    rj_error error = RJ_ERROR_NONE;
    if (rj_record_mirror_put(paths, &whose, values, 3, &error) != RJ_OK)
        fail_msg("%s", error.text);
}

static rj_registry_key key_of(rj_hive hive, const char *key)
{
    return (rj_registry_key){ROOT, hive, key};
}

static void a_result_appears_with_all_its_bits_and_goes_when_the_package_starts_again(void **state)
{
    (void)state;
    rj_registry_key key = key_of(RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin\\Packages\\tool");
    uint32_t number = 7;
    char *text = NULL;
    put("tool", RJ_MIRROR_MACHINE, false, 0);
    assert_int_equal(rj_registry_get_text(&key, "Version", &text, NULL), RJ_OK);
    assert_string_equal(text, "1.0 ü");
    rj_free(text);
    assert_int_equal(rj_registry_get_u32(&key, "Success", &number, NULL), RJ_E_NOT_FOUND);
    put("tool", RJ_MIRROR_MACHINE, true, 0xc0000005u);
    assert_int_equal(rj_registry_get_u32(&key, "LastExitCode", &number, NULL), RJ_OK);
    assert_int_equal(number, 0xc0000005u);
    put("tool", RJ_MIRROR_MACHINE, false, 0);
    assert_int_equal(rj_registry_get_u32(&key, "LastExitCode", &number, NULL), RJ_E_NOT_FOUND);
}

static void a_value_of_the_wrong_type_is_written_anew(void **state)
{
    (void)state;
    rj_registry_key key = key_of(RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin\\Packages\\tool");
    uint32_t number = 7;
    assert_int_equal(rj_registry_set_text(&key, "Success", "yes", NULL), RJ_OK);
    put("tool", RJ_MIRROR_MACHINE, true, 0);
    assert_int_equal(rj_registry_get_u32(&key, "Success", &number, NULL), RJ_OK);
    assert_int_equal(number, 1);
}

static void a_users_record_lies_below_that_users_sid(void **state)
{
    (void)state;
    rj_uid uid = 0;
    uint32_t number = 0;
    assert_int_equal(rj_account_of_sid(USER_SID, ROOT, &uid, NULL), RJ_OK);
    put("tool", uid, true, 3);
    rj_registry_key key = key_of(RJ_HIVE_USERS, USER_SID "\\SOFTWARE\\RealmJoin\\Packages\\tool");
    assert_int_equal(rj_registry_get_u32(&key, "LastExitCode", &number, NULL), RJ_OK);
    assert_int_equal(number, 3);
    rj_mirror_id whose = {"tool", uid};
    assert_int_equal(rj_record_mirror_remove(paths, &whose, NULL), RJ_OK);
    assert_int_equal(rj_registry_get_u32(&key, "LastExitCode", &number, NULL), RJ_E_NOT_FOUND);
    assert_int_equal(rj_record_mirror_remove(paths, &whose, NULL), RJ_OK); /* absent is fine */
}

#define USERS_RECORDS USER_SID "\\SOFTWARE\\RealmJoin\\Packages"
#define USERS_POLICIES USER_SID "\\SOFTWARE\\Policies"

/* A link in the user's hive to what an administrator set there, as the user can make one. */
static void link_to_policies(const char *parent, const wchar_t *name)
{
    char tag[17], *sid = NULL;
    wchar_t target[400];
    HKEY folder = NULL, made = NULL;
    rj_root_tag(ROOT, tag);
    assert_int_equal(rj_account_token_sid(NULL, &sid, NULL), RJ_OK);
    int length =
        swprintf(target, 400, L"\\Registry\\User\\%hs\\Software\\RealmJoin-Roots\\%hs\\HKU\\%hs",
                 sid, tag, USERS_POLICIES);
    rj_free(sid);
    assert_int_equal(rj_registry_open(ROOT, RJ_HIVE_USERS, parent, true, &folder, NULL), RJ_OK);
    assert_int_equal(RegCreateKeyExW(folder, name, 0, NULL, REG_OPTION_CREATE_LINK,
                                     KEY_CREATE_LINK | KEY_WRITE | KEY_WOW64_64KEY, NULL, &made,
                                     NULL),
                     0);
    assert_int_equal(RegSetValueExW(made, L"SymbolicLinkValue", 0, REG_LINK,
                                    (const BYTE *)(const void *)target,
                                    (DWORD)length * sizeof *target),
                     0);
    RegCloseKey(made);
    RegCloseKey(folder);
}

static void assert_policies_untouched(void)
{
    rj_registry_key policies = key_of(RJ_HIVE_USERS, USERS_POLICIES);
    rj_registry_key below = key_of(RJ_HIVE_USERS, USERS_POLICIES "\\Below");
    char **names = NULL;
    size_t count = 0;
    uint32_t number = 0;
    assert_int_equal(rj_registry_list_values(&policies, 10, &names, &count, NULL), RJ_OK);
    assert_int_equal(count, 1);
    rj_free(names);
    assert_int_equal(rj_registry_get_u32(&below, "Set", &number, NULL), RJ_OK);
}

static void a_link_in_a_users_hive_leads_to_nothing(void **state)
{
    (void)state;
    rj_uid uid = 0;
    rj_registry_key policies = key_of(RJ_HIVE_USERS, USERS_POLICIES);
    rj_registry_key below = key_of(RJ_HIVE_USERS, USERS_POLICIES "\\Below");
    rj_registry_key records = key_of(RJ_HIVE_USERS, USERS_RECORDS);
    const rj_mirror_value value = {"Version", RJ_MIRROR_TEXT, "1.0", 0};
    rj_mirror_id whose = {"tool", 0};
    rj_error err = RJ_ERROR_NONE;
    assert_int_equal(rj_account_of_sid(USER_SID, ROOT, &uid, NULL), RJ_OK);
    whose.owner = uid;
    assert_int_equal(rj_registry_set_u32(&policies, "Set", 1, NULL), RJ_OK);
    assert_int_equal(rj_registry_set_u32(&below, "Set", 1, NULL), RJ_OK);

    link_to_policies(USERS_RECORDS, L"tool");
    assert_int_not_equal(rj_record_mirror_put(paths, &whose, &value, 1, &err), RJ_OK);
    assert_non_null(strstr(err.text, "Packages\\tool"));
    assert_policies_untouched();
    assert_int_equal(rj_record_mirror_remove(paths, &whose, &err), RJ_OK); /* the link itself */
    assert_policies_untouched();
    assert_int_equal(rj_record_mirror_put(paths, &whose, &value, 1, &err), RJ_OK);
    link_to_policies(USERS_RECORDS "\\tool", L"inside");
    assert_int_equal(rj_record_mirror_remove(paths, &whose, &err), RJ_OK);
    assert_policies_untouched();

    assert_int_equal(rj_registry_remove_key(&records, NULL), RJ_OK);
    link_to_policies(USER_SID "\\SOFTWARE\\RealmJoin", L"Packages");
    assert_int_not_equal(rj_record_mirror_put(paths, &whose, &value, 1, NULL), RJ_OK);
    assert_int_not_equal(rj_record_mirror_remove(paths, &whose, NULL), RJ_OK);
    assert_policies_untouched();
}

static void pruning_takes_our_own_keys_and_leaves_those_of_others(void **state)
{
    (void)state;
    char **names = NULL;
    size_t count = 0;
    rj_registry_key theirs = key_of(RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin\\Packages\\theirs");
    rj_registry_key packages = key_of(RJ_HIVE_MACHINE, "SOFTWARE\\RealmJoin\\Packages");
    rj_mirror_id kept = {"b", RJ_MIRROR_MACHINE};
    put("a", RJ_MIRROR_MACHINE, true, 0);
    put("b", RJ_MIRROR_MACHINE, true, 0);
    assert_int_equal(rj_registry_set_text(&theirs, "Version", "9", NULL), RJ_OK);
    assert_int_equal(rj_record_mirror_prune(paths, &kept, 1, NULL), RJ_OK);
    assert_int_equal(rj_registry_list_keys(&packages, 10, &names, &count, NULL), RJ_OK);
    assert_int_equal(count, 2);
    assert_string_equal(names[0], "b");
    assert_string_equal(names[1], "theirs");
    rj_free(names);
}

static void an_id_that_is_no_single_name_is_refused(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "a\\b", "..\\x", "a/b", "a:b"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        rj_mirror_id whose = {ids[i], RJ_MIRROR_MACHINE};
        assert_int_equal(rj_record_mirror_put(paths, &whose, NULL, 0, NULL), RJ_E_INVALID);
        assert_int_equal(rj_record_mirror_remove(paths, &whose, NULL), RJ_E_INVALID);
    }
}

#define MIRROR_TEST(NAME) cmocka_unit_test_setup_teardown(NAME, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MIRROR_TEST(a_result_appears_with_all_its_bits_and_goes_when_the_package_starts_again),
        MIRROR_TEST(a_value_of_the_wrong_type_is_written_anew),
        MIRROR_TEST(a_users_record_lies_below_that_users_sid),
        MIRROR_TEST(a_link_in_a_users_hive_leads_to_nothing),
        MIRROR_TEST(pruning_takes_our_own_keys_and_leaves_those_of_others),
        MIRROR_TEST(an_id_that_is_no_single_name_is_refused),
    };
    return cmocka_run_group_tests_name("record_mirror", tests, NULL, NULL);
}
