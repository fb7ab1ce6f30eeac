/* SPDX-License-Identifier: MIT */
/* The parser's keys, the schema and the documentation name the same things. */
#include "engine/policy_keys.h"

#include "base/alloc.h"
#include "engine/policy.h"
#include "platform/file.h"
#include "platform/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *read_source(const char *name, size_t *ret_length)
{
    const char *root = getenv("RJ_SOURCE_ROOT");
    char path[1024], *bytes = NULL;
    rj_error err = RJ_ERROR_NONE;
    assert_non_null(root);
    snprintf(path, sizeof(path), "%s/%s", root, name);
    if (rj_file_read(path, (size_t)1 << 20, &bytes, ret_length, &err) != RJ_OK)
        fail_msg("%s", err.text);
    return bytes;
}

/* ---- The schema -------------------------------------------------------------------------------- */

static json_t *schema;

static const char *definition_of(const json_t *property)
{
    static const char prefix[] = "#/$defs/";
    const char *reference = json_string_value(json_object_get(property, "$ref"));
    if (!reference || strncmp(reference, prefix, sizeof(prefix) - 1) != 0)
        return "";
    return reference + sizeof(prefix) - 1;
}

static const char *expected_definition(const rj_policy_key *key)
{
    static const char *const kinds[] = {
        [RJ_KIND_ANY] = "any",           [RJ_KIND_STRING] = "string",
        [RJ_KIND_TEXT] = "text",         [RJ_KIND_BOOLEAN] = "boolean",
        [RJ_KIND_INTEGER] = "integer",   [RJ_KIND_ENFORCEMENT] = "enforcement",
        [RJ_KIND_TIMESPAN] = "timespan", [RJ_KIND_IDS] = "ids",
        [RJ_KIND_OBJECT] = NULL,         [RJ_KIND_LIST] = NULL,
    };
    if (key->use == RJ_USE_NONE)
        return "unused";
    if (key->use == RJ_USE_HISTORIC)
        return "ignored";
    return key->kind == RJ_KIND_OBJECT ? key->name : kinds[key->kind];
}

static void compare(const rj_policy_shape *shape, const json_t *object, const char *where);

static void compare_key(const rj_policy_key *key, const json_t *property, const char *where)
{
    const json_t *definitions = json_object_get(schema, "$defs");
    if (!property)
        fail_msg("%s: the schema lacks %s", where, key->name);
    if (key->kind == RJ_KIND_LIST) {
        const char *items = definition_of(json_object_get(property, "items"));
        compare(key->shape, json_object_get(definitions, items), key->name);
        return;
    }
    if (strcmp(definition_of(property), expected_definition(key)) != 0)
        fail_msg("%s: %s is \"%s\" in the schema, \"%s\" in the parser", where, key->name,
                 definition_of(property), expected_definition(key));
    if (key->kind == RJ_KIND_OBJECT)
        compare(key->shape, json_object_get(definitions, key->name), key->name);
}

static void compare(const rj_policy_shape *shape, const json_t *object, const char *where)
{
    json_t *properties = json_object_get(object, "properties");
    const char *name;
    json_t *property;
    if (!properties)
        fail_msg("%s: the schema has no properties", where);
    for (size_t i = 0; i < shape->count; i++)
        compare_key(&shape->keys[i], json_object_get(properties, shape->keys[i].name), where);
    json_object_foreach(properties, name, property)
    {
        if (!rj_policy_key_find(shape, name, strlen(name)))
            fail_msg("%s: the parser lacks %s", where, name);
    }
}

static void parser_and_schema_know_the_same_keys(void **state)
{
    (void)state;
    size_t length;
    char *bytes = read_source("sdk/schema/policy.schema.json", &length);
    const rj_json_limits limits = {.max_bytes = length, .max_depth = 32};
    rj_error err = RJ_ERROR_NONE;
    if (rj_json_parse("policy.schema.json", bytes, length, &limits, &schema, &err) != RJ_OK)
        fail_msg("%s", err.text);
    compare(&rj_policy_document, schema, "document");
    json_decref(schema);
    rj_free(bytes);
}

/* ---- The documentation ------------------------------------------------------------------------- */

static void assert_documented(const rj_policy_shape *shape, const char *text)
{
    for (size_t i = 0; i < shape->count; i++) {
        const rj_policy_key *key = &shape->keys[i];
        char quoted[80];
        snprintf(quoted, sizeof(quoted), "`%s`", key->name);
        if (key->use != RJ_USE_EFFECT)
            continue;
        if (!strstr(text, quoted))
            fail_msg("docs/policy.md does not explain %s", quoted);
        if (key->shape)
            assert_documented(key->shape, text);
    }
}

static void every_key_with_an_effect_is_documented(void **state)
{
    (void)state;
    size_t length;
    char *text = read_source("docs/policy.md", &length);
    assert_documented(&rj_policy_document, text);
    rj_free(text);
}

static void the_documented_example_is_a_policy_without_warnings(void **state)
{
    (void)state;
    size_t length;
    char *text = read_source("docs/policy.md", &length);
    char *begin = strstr(text, "```json\n");
    assert_non_null(begin);
    begin += strlen("```json\n");
    char *stop = strstr(begin, "\n```");
    assert_non_null(stop);

    const rj_policy_source document = {"docs/policy.md", begin, (size_t)(stop - begin),
                                       RJ_UID_MACHINE};
    rj_policy *policy;
    rj_error err = RJ_ERROR_NONE;
    if (rj_policy_parse(&document, 1, &policy, &err) != RJ_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < policy->warning_count; i++) /* its feed is a folder of one system */
        if (rj_path_is_absolute("/srv") || !strstr(policy->warnings[i], "/Sources/0"))
            fail_msg("%s", policy->warnings[i]);
    assert_true(policy->assignment_count >= 4);
    rj_policy_free(policy);
    rj_free(text);
}

static void no_key_stands_twice_in_one_table(void **state)
{
    (void)state;
    const rj_policy_shape *shapes[16] = {&rj_policy_document};
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < shapes[i]->count; k++) {
            const rj_policy_key *key = &shapes[i]->keys[k];
            assert_ptr_equal(rj_policy_key_find(shapes[i], key->name, strlen(key->name)), key);
            if (key->shape)
                shapes[count++] = key->shape;
            assert_true(count < 16);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parser_and_schema_know_the_same_keys),
        cmocka_unit_test(every_key_with_an_effect_is_documented),
        cmocka_unit_test(the_documented_example_is_a_policy_without_warnings),
        cmocka_unit_test(no_key_stands_twice_in_one_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
