/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/json.h"
#include "runtime/manifest.h"

#include <stdio.h>
#include <string.h>

static const char good[] =
    "{\"id\": \"com.vendor.x-1\", \"name\": \"X\", \"version\": \"1.2.3-rc.1\", \"abi\": 1,"
    " \"provides\": [\"rj.check/1\", \"rj.package/12\"], \"checks\": [\"a\", \"b\"],"
    " \"capabilities\": [\"spawn:/usr/bin/x\"], \"isolation\": \"in-process\","
    " \"binary\": \"x.so\","
    " \"sha256\": \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"}";

static rj_status parse(const char *text, rj_manifest **manifest, rj_error *err)
{
    return rj_manifest_parse("m", text, strlen(text), manifest, err);
}

static void a_good_manifest_is_read_whole(void **state)
{
    (void)state;
    rj_manifest *m = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (parse(good, &m, &err))
        fail_msg("%s", err.text);
    assert_string_equal(m->id, "com.vendor.x-1");
    assert_string_equal(m->name, "X");
    assert_string_equal(m->version, "1.2.3-rc.1");
    assert_int_equal(m->provides_count, 2);
    assert_string_equal(m->provides[1], "rj.package/12");
    assert_string_equal(m->checks[1], "b");
    assert_null(m->formats);
    assert_int_equal(m->capability_count, 1);
    assert_false(m->wants_worker);
    assert_string_equal(m->binary, "x.so");
    assert_int_equal(strlen(m->sha256), 64);
    rj_manifest_free(m);
}

/* `good` with one piece replaced. */
static void assert_refused(const char *piece, const char *replacement, const char *message)
{
    char text[2000];
    const char *at = strstr(good, piece);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, replacement,
             at + strlen(piece));
    rj_manifest *m = NULL;
    rj_error err = RJ_ERROR_NONE;
    if (parse(text, &m, &err) != RJ_E_INVALID || !strstr(err.text, message))
        fail_msg("%s -> \"%s\"", replacement, err.text);
    assert_null(m);
}

static void every_wrong_member_is_named(void **state)
{
    (void)state;
    static const char *const ids[] = {"", "../x", "A", "a..b", "a-", ".a", "a/b", "a b", "a_b"};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        assert_refused("com.vendor.x-1", ids[i], "m: /id: expected is");
    static const char *const settings[] = {"requiresignature", "trustedsigners"};
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++)
        assert_refused("com.vendor.x-1", settings[i], "is a setting of the policy");
    static const char *const versions[] = {"1",    "1.",      "1.2.3.4.5", "v1.2",
                                           "1.2-", "1.2-a_b", "1..2"};
    for (size_t i = 0; i < sizeof versions / sizeof versions[0]; i++)
        assert_refused("1.2.3-rc.1", versions[i], "m: /version: expected is");
    static const char *const binaries[] = {"../x.so", "/x.so", "a/b.so", "", ".so", "x\\\\y"};
    for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++)
        assert_refused("x.so", binaries[i], "m: /binary: expected is the plain name");
    assert_refused("\"abi\": 1", "\"abi\": 2", "made for plugin ABI 2; this agent speaks 1");
    assert_refused("\"abi\": 1", "\"abi\": \"1\"", "m: /abi: expected is");
    assert_refused("rj.package/12", "rj.check/1", "m: /provides/1: expected is");
    assert_refused("rj.package/12", "rj.package/0", "m: /provides/1: expected is");
    assert_refused("rj.package/12", "package", "m: /provides/1: expected is");
    assert_refused("[\"rj.check/1\", \"rj.package/12\"]", "[]", "m: /provides: expected is");
    assert_refused("[\"spawn:/usr/bin/x\"]", "[7]", "m: /capabilities/0: expected is");
    assert_refused("spawn:/usr/bin/x", "spawn:", "m: /capabilities/0: expected is");
    assert_refused("[\"a\", \"b\"]", "[\"a\", \"A\"]", "m: /checks/1: expected is");
    assert_refused("in-process", "kernel", "m: /isolation: expected is");
    assert_refused("0123456789abcdef\"}", "0123456789ABCDEF\"}", "m: /sha256: expected is");
    assert_refused("\"name\": \"X\"", "\"name\": 7", "m: /name: expected is");
}

static void unknown_and_repeated_keys_are_refused(void **state)
{
    (void)state;
    assert_refused("\"name\"", "\"autostart\": true, \"name\"", "key \"autostart\" is not known");
    assert_refused("\"name\"", "\"Id\": \"x\", \"name\"", "a key that is there already");
}

static void every_required_member_must_be_there(void **state)
{
    (void)state;
    static const char *const keys[] = {"id", "name", "version", "abi", "provides", "binary"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *root = json_loads(good, 0, NULL);
        json_object_del(root, keys[i]);
        char *text = json_dumps(root, 0);
        rj_manifest *m = NULL;
        rj_error err = RJ_ERROR_NONE;
        assert_int_equal(parse(text, &m, &err), RJ_E_INVALID);
        assert_non_null(strstr(err.text, keys[i]));
        rj_free(text);
        json_decref(root);
    }
}

static void without_isolation_a_worker_is_wanted(void **state)
{
    (void)state;
    json_t *root = json_loads(good, 0, NULL);
    json_object_del(root, "isolation");
    json_object_del(root, "sha256");
    json_object_del(root, "checks");
    char *text = json_dumps(root, 0);
    rj_manifest *m = NULL;
    assert_int_equal(parse(text, &m, NULL), RJ_OK);
    assert_true(m->wants_worker);
    assert_null(m->sha256);
    rj_manifest_free(m);
    rj_free(text);
    json_decref(root);
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 500; n++) {
        rj_manifest *m = NULL;
        rj_alloc_fail_from(n);
        rj_status status = parse(good, &m, NULL);
        rj_alloc_fail_from(0);
        if (status == RJ_OK) {
            rj_manifest_free(m);
            assert_true(n > 20);
            return;
        }
        assert_int_equal(status, RJ_E_NO_MEMORY);
        assert_null(m);
    }
    fail();
}

int main(void)
{
    rj_json_use_base_alloc();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_manifest_is_read_whole),
        cmocka_unit_test(every_wrong_member_is_named),
        cmocka_unit_test(unknown_and_repeated_keys_are_refused),
        cmocka_unit_test(every_required_member_must_be_there),
        cmocka_unit_test(without_isolation_a_worker_is_wanted),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    return cmocka_run_group_tests_name("runtime_manifest", tests, NULL, NULL);
}
