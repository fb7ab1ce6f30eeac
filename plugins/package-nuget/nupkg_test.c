/* SPDX-License-Identifier: MIT */
/* Package files: the real samples, the hostile ones, and manifests. */
#include "nupkg.h"

#include "archive_hash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tap_skip.h"
#include "vectors.h"

static unsigned failures, absent;

static void complain(const char *file, const char *what, const char *detail)
{
    print_message("# %s: %s: %s\n", file, what, detail ? detail : "");
    failures++;
}

/* Everything an install would find wrong with a package. */
static rj_status judge(const char *path, rj_failure *failure)
{
    rj_archive *archive = NULL;
    rj_nuspec nuspec;
    rj_status status = rj_nupkg_open(path, &archive, &nuspec, failure);
    if (status != RJ_OK)
        return status;
    status = rj_archive_verify(archive, failure);
    rj_archive_close(archive);
    rj_nuspec_clear(&nuspec);
    return status;
}

static void hostile_row(const vector_row *row, void *data)
{
    char name[300];
    rj_failure failure = {0};
    (void)data;
    snprintf(name, sizeof(name), "nupkg-samples/hostile/%s", row->column[0]);
    char *path = vectors_path(name);
    if (!path) {
        absent++;
        return;
    }
    rj_status status = judge(path, &failure);
    const char *wanted = row->column[3];
    if (strcmp(wanted, "accept") == 0) {
        if (status != RJ_OK)
            complain(row->column[0], "refused", failure.text);
    } else if (status == RJ_OK) {
        complain(row->column[0], "accepted", row->column[4]);
    } else if (strcmp(wanted, "reject-by-limit") == 0 && status != RJ_E_LIMIT &&
               strcmp(row->column[0], "bomb-overlap.nupkg") != 0) {
        complain(row->column[0], "refused for another reason", failure.text);
    } else if (!strstr(failure.text, row->column[0])) {
        complain(row->column[0], "message does not name the archive", failure.text);
    }
    free(path);
}

static void hostile_archives_get_their_verdict(void **state)
{
    (void)state;
    failures = absent = 0;
    assert_true(vectors_each_row("../nupkg-samples/hostile/hostile.tsv", hostile_row, NULL) > 40);
    if (absent > 0)
        print_message("# %u archives of the list are not here\n", absent);
    assert_int_equal(failures, 0);
}

/* Real packages that the archive policy refuses on purpose. */
static const char *known_refusal(const char *file)
{
    static const char *const refused[][2] = {
        {"gallery/PackageWithDoubleBackwardSlash.1.0.0.nupkg", "backslash"},
        {"gallery/PackageWithDoubleForwardSlash.1.0.0.nupkg", "empty segment"},
        {"gallery/PackageWithVeryLongZipFileEntry.1.0.0.nupkg", "empty segment"},
        {"gallery/Zip64Package.Corrupted.1.0.0.nupkg", "zip64 end record"},
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++)
        if (strcmp(refused[i][0], file) == 0)
            return refused[i][1];
    return NULL;
}

static void compare_groups(const char *file, const rj_nuspec *nuspec, json_t *groups)
{
    json_t *first = json_array_get(groups, 0);
    /* an empty <dependencies/> counts as one empty group there */
    if (nuspec->group_count == 0 && json_array_size(groups) == 1 &&
        json_array_size(json_object_get(first, "dependencies")) == 0)
        return;
    if (json_array_size(groups) != nuspec->group_count) {
        complain(file, "another number of dependency groups", NULL);
        return;
    }
    for (size_t i = 0; i < nuspec->group_count; i++) {
        json_t *group = json_array_get(groups, i), *list = json_object_get(group, "dependencies");
        const char *framework = json_string_value(json_object_get(group, "targetFramework"));
        const rj_dependency_group *have = &nuspec->groups[i];
        if (!framework != !have->framework)
            complain(file, "target framework", framework);
        if (json_array_size(list) != have->dependencies.count) {
            complain(file, "another number of dependencies", framework);
            continue;
        }
        for (size_t k = 0; k < have->dependencies.count; k++)
            if (!rj_id_equal(json_string_value(json_object_get(json_array_get(list, k), "id")),
                             have->dependencies.items[k].id))
                complain(file, "dependency", have->dependencies.items[k].id);
    }
}

static void sample_row(json_t *row, void *data)
{
    const char *file = json_string_value(json_object_get(row, "file"));
    char name[300], sha512[RJ_SHA512_BASE64];
    unsigned char digest[RJ_SHA512_BYTES];
    rj_archive *archive = NULL;
    rj_nuspec nuspec;
    rj_failure failure = {0};
    (void)data;
    snprintf(name, sizeof(name), "nupkg-samples/%s", file);
    char *path = vectors_path(name);
    if (!path) {
        absent++;
        return;
    }
    rj_status status = rj_nupkg_open(path, &archive, &nuspec, &failure);
    const char *refusal = known_refusal(file);
    if (refusal) {
        if (status == RJ_OK || !strstr(failure.text, refusal))
            complain(file, "expected a refusal", refusal);
    } else if (status != RJ_OK) {
        complain(file, "refused", failure.text);
    }
    if (status != RJ_OK) {
        free(path);
        return;
    }
    size_t files = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < rj_archive_count(archive); i++) {
        const rj_archive_entry *entry = rj_archive_entry_at(archive, i);
        files += rj_nupkg_is_content(entry) != 0;
        bytes += entry->size;
    }
    char *normalized = rj_version_normalized(&nuspec.version);
    if (strcmp(nuspec.id, json_string_value(json_object_get(row, "id"))) != 0)
        complain(file, "id", nuspec.id);
    if (strcmp(nuspec.version_text, json_string_value(json_object_get(row, "version"))) != 0)
        complain(file, "version", nuspec.version_text);
    if (strcmp(normalized, json_string_value(json_object_get(row, "version_normalized"))) != 0)
        complain(file, "normalized version", normalized);
    if (rj_archive_count(archive) != (size_t)json_integer_value(json_object_get(row, "entries")))
        complain(file, "entries", NULL);
    if (files != (size_t)json_integer_value(json_object_get(row, "install_files")))
        complain(file, "install files", NULL);
    if (bytes != (uint64_t)json_integer_value(json_object_get(row, "unpacked_bytes")))
        complain(file, "unpacked bytes", NULL);
    if (rj_archive_verify(archive, &failure) != RJ_OK)
        complain(file, "damaged", failure.text);
    assert_int_equal(rj_hash_file(path, 512, digest, &failure), RJ_OK);
    rj_base64(digest, sizeof(digest), sha512);
    if (strcmp(sha512, json_string_value(json_object_get(row, "sha512_b64"))) != 0)
        complain(file, "SHA-512", sha512);
    compare_groups(file, &nuspec, json_object_get(row, "dependency_groups"));
    free(normalized);
    rj_nuspec_clear(&nuspec);
    rj_archive_close(archive);
    free(path);
}

static void real_packages_hold_what_is_known_of_them(void **state)
{
    (void)state;
    failures = absent = 0;
    assert_true(vectors_each_object("nupkg-expected.jsonl", sample_row, NULL) > 90);
    if (absent > 0)
        print_message("# %u packages of the list are not here\n", absent);
    assert_int_equal(failures, 0);
}

/* ---- Manifests --------------------------------------------------------------------------------- */

static rj_status parse(const char *text, size_t length, rj_nuspec *nuspec, rj_failure *failure)
{
    return rj_nuspec_parse("x.nuspec", text, length, nuspec, failure);
}

static void expect_refused(const char *text, rj_status wanted, const char *says)
{
    rj_nuspec nuspec;
    rj_failure failure = {0};
    assert_int_equal(parse(text, strlen(text), &nuspec, &failure), wanted);
    if (!strstr(failure.text, says) || !strstr(failure.text, "x.nuspec"))
        fail_msg("'%s' does not say '%s'", failure.text, says);
}

#define HEAD "<package><metadata><id>a</id><version>1.0</version>"
#define TAIL "</metadata></package>"

static void a_manifest_with_a_dtd_is_refused(void **state)
{
    (void)state;
    expect_refused("<!DOCTYPE package [<!ENTITY a 'b'>]>" HEAD TAIL, RJ_E_INVALID, "DTD");
    expect_refused("<!DOCTYPE package SYSTEM 'http://x.invalid/x.dtd'>" HEAD TAIL, RJ_E_INVALID,
                   "DTD");
    expect_refused(HEAD "<title>&unknown;</title>" TAIL, RJ_E_INVALID, "XML");
}

static void a_manifest_lacking_something_is_refused(void **state)
{
    (void)state;
    expect_refused("<package><metadata><version>1</version>" TAIL, RJ_E_INVALID, "no id");
    expect_refused("<package><metadata><id>a</id>" TAIL, RJ_E_INVALID, "no version");
    expect_refused("<package><metadata><id>../a</id><version>1</version>" TAIL, RJ_E_INVALID, "id");
    expect_refused("<package><metadata><id>CON</id><version>1</version>" TAIL, RJ_E_INVALID, "id");
    expect_refused("<package><metadata><id>a</id><version>x</version>" TAIL, RJ_E_INVALID,
                   "not a version");
    expect_refused(HEAD "<version>2.0</version>" TAIL, RJ_E_INVALID, "twice");
    expect_refused(HEAD "<dependencies><dependency id='b' version='1.*'/></dependencies>" TAIL,
                   RJ_E_INVALID, "range");
    expect_refused(HEAD "<dependencies><dependency id='A'/></dependencies>" TAIL, RJ_E_INVALID,
                   "itself");
    expect_refused("<html></html>", RJ_E_INVALID, "root element");
    expect_refused("", RJ_E_INVALID, "XML");
}

static void a_manifest_of_endless_depth_is_refused(void **state)
{
    (void)state;
    size_t depth = 100000;
    char *text = malloc(depth * 3 + 1);
    rj_nuspec nuspec;
    rj_failure failure;
    for (size_t i = 0; i < depth; i++)
        memcpy(text + i * 3, i ? "<a>" : "<p>", 3);
    memcpy(text, "<package>", 9);
    assert_int_equal(parse(text, depth * 3, &nuspec, &failure), RJ_E_LIMIT);
    free(text);
}

static void a_manifest_in_utf_16_is_read(void **state)
{
    const char *text = "<?xml version='1.0' encoding='utf-16'?>" HEAD TAIL;
    char wide[600] = "\xFF\xFE";
    size_t length = 2;
    rj_nuspec nuspec;
    rj_failure failure;
    (void)state;
    for (const char *p = text; *p; p++) {
        wide[length++] = *p;
        wide[length++] = '\0';
    }
    assert_int_equal(parse(wide, length, &nuspec, &failure), RJ_OK);
    assert_string_equal(nuspec.id, "a");
    rj_nuspec_clear(&nuspec);
}

static void dependencies_outside_groups_do_not_count_beside_groups(void **state)
{
    static const char text[] =
        HEAD "<dependencies><dependency id='flat'/><group targetFramework='net45'>"
             "<dependency id='x' version='[1.0,2.0)'/></group><group targetFramework='net46'>"
             "<dependency id='X' version='[3.0]'/><dependency id='y'/></group></dependencies>" TAIL;
    rj_nuspec nuspec;
    rj_dependencies list;
    rj_failure failure;
    (void)state;
    assert_int_equal(parse(text, sizeof(text) - 1, &nuspec, &failure), RJ_OK);
    assert_int_equal(rj_nuspec_dependencies(&nuspec, &list, &failure), RJ_OK);
    assert_int_equal(list.count, 2);
    char *range = rj_range_normalized(&list.items[0].range);
    assert_string_equal(range, "[1.0.0, 3.0.0]");
    free(range);
    rj_dependencies_clear(&list);
    rj_nuspec_clear(&nuspec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_archives_get_their_verdict),
        cmocka_unit_test(real_packages_hold_what_is_known_of_them),
        cmocka_unit_test(a_manifest_with_a_dtd_is_refused),
        cmocka_unit_test(a_manifest_lacking_something_is_refused),
        cmocka_unit_test(a_manifest_of_endless_depth_is_refused),
        cmocka_unit_test(a_manifest_in_utf_16_is_read),
        cmocka_unit_test(dependencies_outside_groups_do_not_count_beside_groups),
    };
    return cmocka_run_group_tests_name("nupkg", tests, NULL, NULL);
}
