/* SPDX-License-Identifier: MIT */
/* The plugin through its ABI: detect, fetch, install, uninstall, with packages made here. */
#include <realmjoin/package.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "archive.h"
#include "archive_hash.h"
#include "nuget_system.h"
#include "plugin_host.h"
#include "tap_skip.h"
#include "vectors.h"
#include "zip_writer.h"

typedef struct fixture {
    char folder[64]; /* with feed/, lib/ and scratch/ */
    plugin_host *host;
    const rj_package *table;
    plugin_answer answer;
    json_t *result; /* of the last call */
} fixture;

static char *path_of(const fixture *f, const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", f->folder, name);
    return path;
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));
    snprintf(f->folder, sizeof(f->folder), "/tmp/nuget-test-XXXXXX");
    if (!mkdtemp(f->folder) || mkdir(path_of(f, "feed"), 0755) != 0 ||
        mkdir(path_of(f, "scratch"), 0755) != 0)
        return -1;
    f->host = plugin_host_open(rj_plugin_entry_v1, "", path_of(f, "scratch"), "{}");
    f->table = plugin_host_table(f->host, RJ_PACKAGE);
    *state = f;
    return f->table ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    const char *misuse = plugin_host_close(f->host);
    if (misuse)
        print_message("# %s\n", misuse);
    json_decref(f->result);
    umount2(path_of(f, "lib"), MNT_DETACH);
    rj_archive_remove_tree("/tmp", f->folder + 5, NULL);
    free(f);
    return misuse ? -1 : 0;
}

/* ---- Packages ---------------------------------------------------------------------------------- */

static zip_writer *package(const char *id, const char *version, const char *dependencies)
{
    char text[2000];
    zip_writer *zip = zip_writer_new();
    snprintf(text, sizeof(text),
             "<package><metadata><id>%s</id><version>%s</version><authors>a</authors>"
             "<description>d</description><dependencies>%s</dependencies></metadata></package>",
             id, version, dependencies);
    zip_writer_text(zip, "_rels/.rels", "<x/>");
    zip_writer_text(zip, "[Content_Types].xml", "<x/>");
    zip_writer_text(zip, "some.nuspec", text);
    return zip;
}

static void save(const fixture *f, zip_writer *zip, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/feed/%s", f->folder, name);
    zip_writer_save(zip, NULL, path);
}

static void add_module(const fixture *f, const char *version)
{
    char name[100];
    zip_writer *zip = package("PSini", version, "");
    zip_writer_text(zip, "PsIni.psm1", version);
    zip_writer_text(zip, "Functions/Get-IniContent.ps1", "function");
    snprintf(name, sizeof(name), "psini.%s.nupkg", version);
    save(f, zip, name);
}

static void add_tool(const fixture *f, const char *version, const char *install,
                     const char *uninstall)
{
    char name[100];
    zip_writer *zip = package("hello", version, "<dependency id='psini' version='[2.0,3.0)'/>");
    zip_writer_text(zip, "tools/readme.txt", version);
    if (install)
        zip_writer_script(zip, "tools/install.sh", install);
    if (uninstall)
        zip_writer_script(zip, "tools/uninstall.sh", uninstall);
    snprintf(name, sizeof(name), "hello.%s.nupkg", version);
    save(f, zip, name);
}

/* ---- Calls ------------------------------------------------------------------------------------- */

typedef struct call {
    fixture *f;
    void(RJ_CALL *method)(rj_plugin *plugin, const char *request_json, rj_op op);
    char *request;
} call;

static void make_call(rj_plugin *plugin, rj_op op, void *data)
{
    call *c = data;
    c->method(plugin, c->request, op);
}

/* `more` is merged into the request. */
static json_t *request_for(fixture *f, const char *package_id, json_t *more)
{
    json_t *request = json_pack(
        "{s:s, s:s, s:s, s:s, s:[s], s:s, s:s, s:{s:s, s:s}, s:I, s:[s,s], s:s}", "id", "generic-x",
        "format", "nuget", "package", package_id, "scope", "system", "sources", path_of(f, "feed"),
        "lib_dir", path_of(f, "lib"), "log_path", path_of(f, "x.log"), "environment", "PATH",
        "/usr/bin:/bin", "OUT", path_of(f, "out"), "time_limit_ms", (json_int_t)20000, "arguments",
        "/Lang:de", "a b", "args", "/Lang:de \"a b\"");
    assert_non_null(request);
    if (more) {
        json_object_update(request, more);
        json_decref(more);
    }
    return request;
}

static rj_status invoke(fixture *f,
                        void(RJ_CALL *method)(rj_plugin *plugin, const char *json, rj_op op),
                        const char *package_id, json_t *more)
{
    json_t *request = request_for(f, package_id, more);
    call c = {f, method, json_dumps(request, 0)};
    f->answer = plugin_host_call(f->host, 60000, make_call, &c);
    json_decref(f->result);
    f->result = f->answer.result ? json_loads(f->answer.result, 0, NULL) : NULL;
    free(c.request);
    json_decref(request);
    return f->answer.status;
}

static const char *result_text(const fixture *f, const char *member)
{
    const char *text = json_string_value(json_object_get(f->result, member));
    return text ? text : "";
}

static int is_installed(fixture *f, const char *id)
{
    assert_int_equal(invoke(f, f->table->detect, id, NULL), RJ_OK);
    return json_is_true(json_object_get(f->result, "installed"));
}

/* fetch and install; the status of the first that fails. */
static rj_status install(fixture *f, const char *id, json_t *more)
{
    json_incref(more);
    rj_status status = invoke(f, f->table->fetch, id, more);
    json_t *again = more ? more : json_object();
    if (status == RJ_OK) {
        json_object_set(again, "fetched", f->result);
        return invoke(f, f->table->install, id, again);
    }
    json_decref(again);
    return status;
}

static void expect_ok(const fixture *f, rj_status status)
{
    if (status != RJ_OK)
        fail_msg("%d: %s", (int)status, f->answer.message);
}

static void expect_failure(const fixture *f, rj_status status, rj_status wanted, const char *says)
{
    if (status != wanted || !strstr(f->answer.message, says))
        fail_msg("%d '%s' instead of %d '%s'", (int)status, f->answer.message, (int)wanted, says);
}

static int exists(const fixture *f, const char *name)
{
    return access(path_of(f, name), F_OK) == 0;
}

static char *content(const fixture *f, const char *name)
{
    static char text[4096];
    FILE *file = fopen(path_of(f, name), "r");
    size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
    text[n] = '\0';
    if (file)
        fclose(file);
    return text;
}

/* Nothing but the named packages below lib: no temporary folder, no journal. */
static void expect_lib_holds(const fixture *f, const char *wanted)
{
    char listing[1000] = "";
    size_t used = 0;
    nuget_names names = {0};
    nuget_list(path_of(f, "lib"), &names, NULL);
    for (size_t i = 0; i < names.count; i++)
        used += (size_t)snprintf(listing + used, sizeof(listing) - used, "%s ", names.items[i]);
    nuget_names_free(&names);
    assert_string_equal(listing, wanted);
}

/* ---- Tests ------------------------------------------------------------------------------------- */

static void a_dependency_comes_in_at_the_newest_allowed_version(void **state)
{
    fixture *f = *state;
    add_module(f, "1.9.0");
    add_module(f, "2.0.0");
    add_module(f, "2.7.0");
    add_module(f, "3.0.0");
    add_tool(f, "1.0.0", NULL, NULL);
    assert_false(is_installed(f, "hello"));
    expect_ok(f, install(f, "HELLO", NULL));
    assert_string_equal(result_text(f, "version"), "1.0.0");
    assert_string_equal(content(f, "lib/PSini/PsIni.psm1"), "2.7.0");
    assert_true(exists(f, "lib/PSini/PSini.nuspec"));
    assert_true(exists(f, "lib/PSini/PSini.nupkg"));
    assert_false(exists(f, "lib/PSini/_rels"));
    assert_false(exists(f, "lib/PSini/some.nuspec"));
    assert_true(is_installed(f, "psini"));
    assert_string_equal(result_text(f, "version"), "2.7.0");
    assert_true(is_installed(f, "hello"));
    expect_lib_holds(f, "PSini hello ");
}

static void an_untouched_package_is_uninstalled_without_a_leftover(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0", "#!/bin/sh\nmkdir -p made; echo x > made/by-script; rm tools/readme.txt\n",
             "#!/bin/sh\necho gone > \"$OUT\"\n");
    expect_ok(f, install(f, "hello", NULL));
    assert_true(is_installed(f, "hello"));
    expect_failure(f, invoke(f, f->table->uninstall, "PSINI", NULL), RJ_E_BUSY, "'hello 1.0.0'");
    expect_ok(f, invoke(f, f->table->uninstall, "hello", NULL));
    assert_int_equal(json_array_size(json_object_get(f->result, "left")), 0);
    assert_string_equal(content(f, "out"), "gone\n");
    expect_ok(f, invoke(f, f->table->uninstall, "psini", NULL));
    expect_lib_holds(f, "");
    expect_failure(f, invoke(f, f->table->uninstall, "psini", NULL), RJ_E_NOT_FOUND,
                   "not installed");
}

static void changed_files_stay_and_are_listed(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    expect_ok(f, install(f, "psini", NULL));
    FILE *file = fopen(path_of(f, "lib/PSini/PsIni.psm1"), "w");
    fputs("9.9.9", file); /* same size, other content */
    fclose(file);
    file = fopen(path_of(f, "lib/PSini/Functions/added"), "w");
    fclose(file);
    assert_true(is_installed(f, "psini"));
    expect_ok(f, invoke(f, f->table->uninstall, "psini", NULL));
    assert_int_equal(json_array_size(json_object_get(f->result, "left")), 2);
    assert_true(exists(f, "lib/PSini/PsIni.psm1"));
    assert_false(exists(f, "lib/PSini/Functions/Get-IniContent.ps1"));
    assert_false(is_installed(f, "psini"));
}

static void a_missing_file_means_not_installed(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    expect_ok(f, install(f, "psini", NULL));
    unlink(path_of(f, "lib/PSini/PsIni.psm1"));
    assert_false(is_installed(f, "psini"));
    assert_non_null(strstr(result_text(f, "detail"), "PsIni.psm1"));
}

static void the_script_gets_arguments_environment_and_folder(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0",
             "#!/bin/sh\n"
             "echo \"$#|$1|$2|$chocolateyPackageName|$chocolateyPackageVersion|$PWD\" > \"$OUT\"\n"
             "echo said\nexit 194\n",
             NULL);
    expect_ok(f, install(f, "hello", NULL));
    char wanted[600];
    snprintf(wanted, sizeof(wanted), "2|/Lang:de|a b|hello|1.0.0|%s/lib/hello\n", f->folder);
    assert_string_equal(content(f, "out"), wanted);
    assert_true(json_is_true(json_object_get(f->result, "restart")));
    assert_int_equal(json_integer_value(json_object_get(f->result, "exit_code")), 194);
    assert_non_null(strstr(result_text(f, "output"), "said"));
}

static void a_failing_script_takes_everything_back(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0", "#!/bin/sh\necho broken >&2\nexit 7\n", NULL);
    expect_failure(f, install(f, "hello", NULL), RJ_E_FAILED, "exit code 7");
    assert_non_null(strstr(f->answer.message, "broken"));
    assert_int_equal(json_integer_value(json_object_get(f->result, "exit_code")), 7);
    expect_lib_holds(f, "");
}

static void a_failing_upgrade_leaves_the_old_version(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    add_tool(f, "1.0.0", NULL, NULL);
    expect_ok(f, install(f, "hello", NULL));
    add_tool(f, "1.1.0", "#!/bin/sh\nexit 1\n", NULL);
    expect_failure(f, install(f, "hello", NULL), RJ_E_FAILED, "exit code 1");
    assert_true(is_installed(f, "hello"));
    assert_string_equal(result_text(f, "version"), "1.0.0");
    assert_string_equal(content(f, "lib/hello/tools/readme.txt"), "1.0.0");
    expect_lib_holds(f, "PSini hello ");
}

static void an_upgrade_keeps_the_folder_and_replaces_the_files(void **state)
{
    fixture *f = *state;
    add_module(f, "2.7.0");
    expect_ok(f, install(f, "PSINI", json_pack("{s:s}", "version", "2.7")));
    add_module(f, "2.10.0");
    expect_ok(f, install(f, "psini", NULL));
    assert_string_equal(content(f, "lib/PSini/PsIni.psm1"), "2.10.0");
    expect_failure(f, install(f, "psini", json_pack("{s:s}", "version", "2.7.0")), RJ_E_DENIED,
                   "downgrades");
    expect_ok(
        f, install(f, "psini", json_pack("{s:s, s:b}", "version", "2.7.0", "allow_downgrade", 1)));
    assert_string_equal(content(f, "lib/PSini/PsIni.psm1"), "2.7.0");
    expect_lib_holds(f, "PSini ");
}

static void a_script_without_its_x_bit_is_an_error_that_says_so(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("plain", "1.0.0", "");
    zip_writer_text(zip, "tools/install.sh", "#!/bin/sh\n");
    save(f, zip, "plain.nupkg");
    expect_failure(f, install(f, "plain", NULL), RJ_E_INVALID, "not executable");
    expect_lib_holds(f, "");
}

static void a_hanging_script_is_ended_and_taken_back(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("slow", "1.0.0", "");
    zip_writer_script(zip, "tools/install.sh", "#!/bin/sh\nsleep 60\n");
    save(f, zip, "slow.nupkg");
    expect_failure(f, install(f, "slow", json_pack("{s:I}", "time_limit_ms", (json_int_t)300)),
                   RJ_E_TIMEOUT, "too long");
    expect_lib_holds(f, "");
}

static void a_cancelled_install_is_taken_back(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("slow", "1.0.0", "");
    zip_writer_script(zip, "tools/install.sh", "#!/bin/sh\nsleep 60\n");
    save(f, zip, "slow.nupkg");
    expect_ok(f, invoke(f, f->table->fetch, "slow", NULL));
    json_t *request = request_for(f, "slow", json_pack("{s:O}", "fetched", f->result));
    call c = {f, f->table->install, json_dumps(request, 0)};
    f->answer = plugin_host_call_cancelled(f->host, 60000, 400, make_call, &c);
    assert_int_equal(f->answer.status, RJ_E_CANCELLED);
    assert_non_null(f->answer.result);
    assert_non_null(strstr(f->answer.result, "\"certain\":false"));
    free(c.request);
    json_decref(request);
    expect_lib_holds(f, "");
}

static void what_a_script_makes_is_removed_with_the_package(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("odd", "1.0.0", "");
    zip_writer_script(
        zip, "tools/install.sh",
        "#!/bin/sh\nln -s /etc link; ln -s nowhere dangling; mkfifo pipe; echo x >new\n");
    save(f, zip, "odd.nupkg");
    expect_ok(f, install(f, "odd", NULL));
    expect_ok(f, invoke(f, f->table->uninstall, "odd", NULL));
    assert_int_equal(json_array_size(json_object_get(f->result, "left")), 0);
    expect_lib_holds(f, "");
    assert_int_equal(access("/etc/passwd", F_OK), 0);
}

static void a_file_whose_name_is_no_text_stays_and_is_named(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("odd", "1.0.0", "");
    zip_writer_script(zip, "tools/install.sh", "#!/bin/sh\ntouch \"$(printf 'a\\377b')\"\n");
    save(f, zip, "odd.nupkg");
    expect_ok(f, install(f, "odd", NULL));
    assert_true(is_installed(f, "odd"));
    expect_ok(f, invoke(f, f->table->uninstall, "odd", NULL));
    const char *left = json_string_value(json_array_get(json_object_get(f->result, "left"), 0));
    assert_non_null(left);
    assert_non_null(strstr(left, "/odd/a?b"));
}

static void arguments_reach_the_package_however_its_id_is_spelled(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("Odd", "1.0.0", "");
    zip_writer_script(zip, "tools/install.sh",
                      "#!/bin/sh\n[ \"$chocolateyPackageParameters\" = '/Lang:de \"a b\"' ]\n");
    save(f, zip, "odd.nupkg");
    expect_ok(f, install(f, "oDD", NULL));
}

static void a_damaged_record_holds_up_nothing_and_is_replaced(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("one", "1.0.0", "");
    save(f, zip, "one.nupkg");
    zip = package("two", "1.0.0", "");
    save(f, zip, "two.nupkg");
    expect_ok(f, install(f, "one", NULL));
    assert_int_equal(truncate(path_of(f, "lib/one/.realmjoin.json"), 0), 0);
    expect_ok(f, install(f, "two", NULL));
    assert_false(is_installed(f, "one"));
    expect_ok(f, install(f, "one", NULL));
    assert_true(is_installed(f, "one"));
}

static void an_uninstall_script_that_cannot_start_is_refused_at_the_install(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("odd", "1.0.0", "");
    zip_writer_text(zip, "tools/uninstall.sh", "#!/bin/sh\n");
    save(f, zip, "odd.nupkg");
    expect_failure(f, install(f, "odd", NULL), RJ_E_INVALID,
                   "tools/uninstall.sh is not executable");
    expect_lib_holds(f, "");
}

static void damaged_packages_install_nothing(void **state)
{
    fixture *f = *state;
    zip_writer *zip = package("crc", "1.0.0", "");
    zip_writer_add(zip, &(zip_member){.name = "a", .bytes = "abc", .length = 3, .crc_lie = 1});
    save(f, zip, "crc.nupkg");
    expect_failure(f, install(f, "crc", NULL), RJ_E_CORRUPT, "CRC");
    expect_lib_holds(f, "");
    zip = package("link", "1.0.0", "");
    zip_writer_add(zip,
                   &(zip_member){.name = "a", .bytes = "/etc", .length = 4, .unix_mode = 0120777});
    save(f, zip, "link.nupkg");
    expect_failure(f, install(f, "link", NULL), RJ_E_NOT_FOUND, "symbolic link");
    add_module(f, "1.0.0");
    expect_failure(
        f,
        install(f, "psini",
                json_pack("{s:s}", "hash",
                          "0000000000000000000000000000000000000000000000000000000000000000")),
        RJ_E_CORRUPT, "SHA-256");
    expect_lib_holds(f, "");
}

static void a_source_that_cannot_be_read_is_not_a_missing_package(void **state)
{
    fixture *f = *state;
    expect_failure(f, install(f, "x", json_pack("{s:[s]}", "sources", "/nonexistent/feed")),
                   RJ_E_IO, "/nonexistent/feed cannot be read");
    expect_failure(f, install(f, "x", NULL), RJ_E_NOT_FOUND, "no source has a package 'x'");
    expect_failure(f, install(f, "../x", NULL), RJ_E_INVALID, "not the id");
}

static void a_hierarchical_feed_is_held_to_its_hash(void **state)
{
    fixture *f = *state;
    unsigned char digest[RJ_SHA512_BYTES];
    char text[RJ_SHA512_BASE64];
    mkdir(path_of(f, "feed/psini"), 0755);
    mkdir(path_of(f, "feed/psini/2.7.0"), 0755);
    zip_writer *zip = package("PSini", "2.7.0", "");
    zip_writer_text(zip, "PsIni.psm1", "x");
    save(f, zip, "psini/2.7.0/psini.2.7.0.nupkg");
    expect_failure(f, install(f, "psini", NULL), RJ_E_NOT_FOUND, "no source");
    assert_int_equal(
        rj_hash_file(path_of(f, "feed/psini/2.7.0/psini.2.7.0.nupkg"), 512, digest, NULL), RJ_OK);
    for (int right = 0; right <= 1; right++) {
        rj_base64(digest, sizeof(digest), text);
        if (!right)
            text[0] = text[0] == 'A' ? 'B' : 'A';
        FILE *file = fopen(path_of(f, "feed/psini/2.7.0/psini.2.7.0.nupkg.sha512"), "w");
        fputs(text, file);
        fclose(file);
        if (right)
            expect_ok(f, install(f, "psini", NULL));
        else
            expect_failure(f, install(f, "psini", NULL), RJ_E_CORRUPT, "SHA-512");
    }
}

static void a_full_disk_installs_nothing(void **state)
{
    fixture *f = *state;
    mkdir(path_of(f, "lib"), 0755);
    if (geteuid() != 0 || mount("none", path_of(f, "lib"), "tmpfs", 0, "size=3m,mode=755") != 0)
        tap_skip("a small file system of its own cannot be mounted here");
    size_t size = (size_t)8 << 20;
    char *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)(i * 2654435761u >> 13);
    zip_writer *zip = package("large", "1.0.0", "");
    zip_writer_add(zip, &(zip_member){.name = "large", .bytes = bytes, .length = size});
    free(bytes);
    save(f, zip, "large.nupkg");
    expect_failure(f, install(f, "large", NULL), RJ_E_IO, "not enough space: needs");
    expect_lib_holds(f, "");
}

static void files_of(json_t *row, void *data)
{
    static const char *const refused[] = {"DoubleBackwardSlash", "DoubleForwardSlash",
                                          "VeryLongZipFileEntry", "Corrupted", NULL};
    fixture *f = data;
    const char *file = json_string_value(json_object_get(row, "file"));
    const char *id = json_string_value(json_object_get(row, "id"));
    const char *version = json_string_value(json_object_get(row, "version"));
    char name[400];
    json_t *group;
    size_t i;
    for (i = 0; refused[i]; i++)
        if (strstr(file, refused[i]))
            return;
    json_array_foreach(json_object_get(row, "dependency_groups"), i,
                       group) if (json_array_size(json_object_get(group, "dependencies")) >
                                  0) return; /* its dependencies are no samples */
    snprintf(name, sizeof(name), "nupkg-samples/%s", file);
    char *path = vectors_path(name);
    if (!path)
        return;
    unlink(path_of(f, "feed/a.nupkg"));
    assert_int_equal(nuget_link_or_copy(path, path_of(f, "feed/a.nupkg"), NULL), RJ_OK);
    free(path);
    expect_ok(f, install(f, id, json_pack("{s:s}", "version", version)));
    json_int_t wanted = json_integer_value(json_object_get(row, "install_files")) + 1;
    if (json_integer_value(json_object_get(f->result, "files")) != wanted)
        fail_msg("%s: %d files instead of %d", file,
                 (int)json_integer_value(json_object_get(f->result, "files")), (int)wanted);
    assert_true(is_installed(f, id));
    expect_ok(f, invoke(f, f->table->uninstall, id, NULL));
    expect_lib_holds(f, "");
}

static void real_packages_install_and_leave_nothing(void **state)
{
    vectors_each_object("nupkg-expected.jsonl", files_of, *state);
}

#define with_fixture(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_fixture(a_dependency_comes_in_at_the_newest_allowed_version),
        with_fixture(an_untouched_package_is_uninstalled_without_a_leftover),
        with_fixture(changed_files_stay_and_are_listed),
        with_fixture(a_missing_file_means_not_installed),
        with_fixture(the_script_gets_arguments_environment_and_folder),
        with_fixture(a_failing_script_takes_everything_back),
        with_fixture(a_failing_upgrade_leaves_the_old_version),
        with_fixture(an_upgrade_keeps_the_folder_and_replaces_the_files),
        with_fixture(a_script_without_its_x_bit_is_an_error_that_says_so),
        with_fixture(a_hanging_script_is_ended_and_taken_back),
        with_fixture(a_cancelled_install_is_taken_back),
        with_fixture(what_a_script_makes_is_removed_with_the_package),
        with_fixture(a_file_whose_name_is_no_text_stays_and_is_named),
        with_fixture(arguments_reach_the_package_however_its_id_is_spelled),
        with_fixture(a_damaged_record_holds_up_nothing_and_is_replaced),
        with_fixture(an_uninstall_script_that_cannot_start_is_refused_at_the_install),
        with_fixture(damaged_packages_install_nothing),
        with_fixture(a_source_that_cannot_be_read_is_not_a_missing_package),
        with_fixture(a_hierarchical_feed_is_held_to_its_hash),
        with_fixture(a_full_disk_installs_nothing),
        with_fixture(real_packages_install_and_leave_nothing),
    };
    return cmocka_run_group_tests_name("package-nuget", tests, NULL, NULL);
}
