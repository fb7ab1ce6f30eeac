/* SPDX-License-Identifier: MIT */
/* What can be seen of a plugin without making an instance: manifest, exports, descriptor. */
#include "case.h"

#include "base/alloc.h"
#include "base/json.h"
#include "exports.h"
#include "platform/file.h"
#include "runtime/manifest.h"

#include <stdio.h>
#include <string.h>

/* ---- The manifest ---------------------------------------------------------------------------- */

/* A manifest without a fault, to see what one member of another one does to it. */
static json_t *faultless(void)
{
    return json_pack("{s:s, s:s, s:s, s:i, s:[s], s:[], s:s}", "id", "x", "name", "x", "version",
                     "1.0.0", "abi", 1, "provides", "rj.check/1", "capabilities", "binary", "x.so");
}

static void judge_document(rj_trial *trial, const json_t *document)
{
    rj_error err = RJ_ERROR_NONE;
    rj_manifest *manifest = NULL;
    size_t length = 0;
    char *text = rj_json_print(document, &length);
    if (text && rj_manifest_parse("plugin.json", text, length, &manifest, &err))
        rj_report_finding(trial->report, "plugin.json is a manifest of this ABI",
                          "correct it; share/realmjoin/schema/manifest.schema.json has every key",
                          "%s", err.text);
    else
        rj_manifest_free(manifest);
    rj_free(text);
}

/* Each member alone, so that every problem is told and not the first one only. */
static void judge_members(rj_trial *trial)
{
    const char *key;
    json_t *value;
    json_object_foreach(trial->manifest, key, value)
    {
        json_t *document = faultless();
        json_object_set(document, key, value);
        judge_document(trial, document);
        json_decref(document);
    }
    json_t *needed = faultless();
    json_object_foreach(needed, key, value)
    {
        if (json_object_get(trial->manifest, key))
            continue;
        rj_report_finding(trial->report, "plugin.json has every key that is needed",
                          "add the key; share/realmjoin/schema/manifest.schema.json explains it",
                          "plugin.json: /%s is missing", key);
    }
    json_decref(needed);
}

static bool provides(const rj_trial *trial, const char *interface)
{
    const json_t *list = json_object_get(trial->manifest, "provides");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *text = json_string_value(json_array_get(list, i));
        if (text && strcmp(text, interface) == 0)
            return true;
    }
    return false;
}

static void judge_lists(rj_trial *trial)
{
    static const char *const pairs[][2] = {{RJ_CHECK, "checks"}, {RJ_PACKAGE, "formats"}};
    const char *isolation = json_string_value(json_object_get(trial->manifest, "isolation"));
    bool in_worker = !isolation || strcmp(isolation, "in-process") != 0;
    for (size_t i = 0; i < 2; i++) {
        bool listed = json_array_size(json_object_get(trial->manifest, pairs[i][1])) > 0;
        if (!provides(trial, pairs[i][0]) || listed)
            continue;
        if (in_worker)
            rj_report_finding(trial->report,
                              "the ids a plugin offers stand in its manifest, as it is not started "
                              "to be asked",
                              "list in the manifest what the code offers",
                              "plugin.json: /provides has %s, and /%s is missing or empty",
                              pairs[i][0], pairs[i][1]);
        else
            rj_report_note(trial->report,
                           "plugin.json: without /%s it cannot be placed in a worker", pairs[i][1]);
    }
}

static void judge_capabilities(rj_trial *trial)
{
    rj_grants grants = {NULL, NULL};
    rj_error err = RJ_ERROR_NONE;
    const json_t *list = json_object_get(trial->manifest, "capabilities");
    const char *asked[65] = {NULL};
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list) && count < 64; i++)
        if (json_is_string(json_array_get(list, i)))
            asked[count++] = json_string_value(json_array_get(list, i));
    if (rj_grants_make(asked, NULL, true, &grants, &err))
        return;
    for (char **at = grants.refused; at && *at; at++)
        rj_report_finding(trial->report, "every capability is one the agent knows",
                          "compare with docs: a name, or a name, ':' and an absolute path without "
                          "\"..\"",
                          "plugin.json: /capabilities: \"%s\"", *at);
    rj_grants_free(&grants);
}

static void judge_binary(rj_trial *trial)
{
    rj_error err = RJ_ERROR_NONE;
    char path[RJ_STAGE_PATH * 2];
    char found[65];
    const char *binary = json_string_value(json_object_get(trial->manifest, "binary"));
    const char *wanted = json_string_value(json_object_get(trial->manifest, "sha256"));
    if (!binary)
        return;
    snprintf(path, sizeof path, "%s/%s", trial->options->folder, binary);
    if (rj_file_sha256(path, found, &err)) {
        rj_report_finding(trial->report, "the binary stands beside plugin.json",
                          "build it there, or correct \"binary\"", "%s", err.text);
        return;
    }
    if (!wanted)
        rj_report_finding(trial->report, "the manifest has the binary's SHA-256",
                          "write it when the binary is linked: realmjoin-stamp-manifest does",
                          "plugin.json: /sha256 is missing; now it is %s", found);
    else if (strcmp(wanted, found) != 0)
        rj_report_finding(trial->report, "the manifest has the binary's SHA-256",
                          "write it anew each time the binary is linked",
                          "plugin.json: /sha256 is %.64s, the binary's is %s", wanted, found);
}

void rj_case_manifest(rj_trial *trial)
{
    unsigned before = trial->report->findings;
    const char *slash = strrchr(trial->options->folder, '/');
    judge_members(trial);
    if (trial->report->findings == before)
        judge_document(trial, trial->manifest); /* duplicates, size, depth */
    judge_lists(trial);
    judge_capabilities(trial);
    judge_binary(trial);
    if (slash && strcmp(slash + 1, trial->id) != 0)
        rj_report_note(trial->report, "install it as a folder named \"%s\", as its id says",
                       trial->id);
}

/* ---- Exports --------------------------------------------------------------------------------- */

static void on_export(void *data, const char *name)
{
    rj_trial *trial = data;
    if (strcmp(name, RJ_PLUGIN_ENTRY) != 0)
        rj_report_finding(trial->report, "the only exported symbol is " RJ_PLUGIN_ENTRY,
                          "compile with -fvisibility=hidden and link static libraries with "
                          "-Wl,--exclude-libs,ALL",
                          "the library exports %s", name);
}

void rj_case_exports(rj_trial *trial)
{
    rj_error err = RJ_ERROR_NONE;
    char path[RJ_STAGE_PATH * 2];
    bool has_entry = false;
    const char *binary = json_string_value(json_object_get(trial->manifest, "binary"));
    snprintf(path, sizeof path, "%s/%s", trial->options->folder, binary ? binary : "");
    if (rj_exports_read(path, RJ_PLUGIN_ENTRY, &has_entry, on_export, trial, &err))
        rj_report_finding(trial->report, "the binary is a shared library of this machine",
                          "link it with -shared for this architecture", "%s", err.text);
    else if (!has_entry)
        rj_report_finding(trial->report, "the library exports " RJ_PLUGIN_ENTRY,
                          "define it with RJ_EXPORT, in C++ also with extern \"C\"", "it does not");
}

/* ---- The entry function ---------------------------------------------------------------------- */

typedef const rj_plugin_desc *(RJ_CALL *entry_function)(void);

static void judge_descriptor(rj_trial *trial, const rj_plugin_desc *desc,
                             const rj_manifest *manifest)
{
    if (desc->size % sizeof(void *) || desc->size > 4096)
        rj_report_finding(trial->report, "the descriptor's size is sizeof(rj_plugin_desc)",
                          "set .size = sizeof(rj_plugin_desc)", "its size is %u", desc->size);
    if (desc->minor > 1000)
        rj_report_finding(trial->report, "the descriptor's minor is RJ_ABI_MINOR",
                          "set .minor = RJ_ABI_MINOR", "it is %u", desc->minor);
    (void)manifest;
}

void rj_case_entry(rj_trial *trial)
{
    rj_error err = RJ_ERROR_NONE;
    rj_stage stage;
    rj_library *library = NULL;
    rj_manifest *manifest = NULL;
    rj_plugin_desc desc;
    char folder[RJ_STAGE_PATH];
    if (!rj_stage_open(trial, "root", &stage))
        return;
    snprintf(folder, sizeof folder, "%s/%s", rj_path(stage.paths, RJ_PATH_PLUGINS_3RD), trial->id);
    rj_report_step(trial->report, "loading the library and calling %s", RJ_PLUGIN_ENTRY);
    rj_status status = rj_loader_read(folder, stage.root, &manifest, &err);
    if (!status)
        status = rj_loader_map(folder, stage.root, manifest, NULL, &library, &desc, &err);
    if (status) {
        rj_report_finding(trial->report, "the descriptor fits the manifest",
                          "make id, version and provides the same in both", "%s", err.text);
    } else {
        void *symbol = rj_library_symbol(library, RJ_PLUGIN_ENTRY);
        entry_function entry;
        memcpy(&entry, &symbol, sizeof entry);
        const rj_plugin_desc *first = entry();
        rj_plugin_desc copy = *first;
        const rj_plugin_desc *second = entry();
        if (first != second || memcmp(&copy, second, sizeof copy) != 0)
            rj_report_finding(trial->report, "the descriptor is static and immutable",
                              "return the address of one static const rj_plugin_desc",
                              "the second call returned %s",
                              first != second ? "another address" : "other content");
        judge_descriptor(trial, second, manifest);
    }
    rj_library_close(library);
    rj_manifest_free(manifest);
    rj_stage_close(&stage);
}
