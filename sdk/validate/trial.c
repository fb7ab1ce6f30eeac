/* SPDX-License-Identifier: MIT */
/*
 * Around every test: the process, its files and its threads are looked at before and after, and what
 * the plugin changed without having the right to is a finding, whatever the test was about.
 */
#include "trial.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/log.h"
#include "case.h"
#include "misbehaviour.h"
#include "platform/file.h"
#include "process_facts.h"
#include "tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENT_MAX ((size_t)1024 * 1024)

typedef struct watch {
    rj_footprint *footprint;
    rj_usage usage;
} watch;

/* ---- Documents ------------------------------------------------------------------------------- */

static rj_status read_object(const char *path, json_t **ret_object, rj_error *err)
{
    static const rj_json_limits limits = {.max_bytes = DOCUMENT_MAX, .max_depth = 32};
    char *bytes = NULL;
    size_t length = 0;
    json_t *value = NULL;
    rj_status status = rj_file_read(path, DOCUMENT_MAX, &bytes, &length, err);
    if (!status)
        status = rj_json_parse(path, bytes, length, &limits, &value, err);
    rj_free(bytes);
    if (!status && !json_is_object(value)) {
        json_decref(value);
        return rj_fail(err, RJ_E_INVALID, "%s: expected one JSON object", path);
    }
    if (!status)
        *ret_object = value;
    return status;
}

static rj_status read_documents(rj_trial *trial, rj_error *err)
{
    char path[RJ_STAGE_PATH * 2];
    const rj_options *options = trial->options;
    snprintf(path, sizeof path, "%s/plugin.json", options->folder);
    rj_status status = read_object(path, &trial->manifest, err);
    if (!status && options->settings_file)
        status = read_object(options->settings_file, &trial->settings, err);
    else if (!status)
        trial->settings = json_object();
    if (!status && options->request_file)
        status = read_object(options->request_file, &trial->request, err);
    if (!status)
        snprintf(trial->id, sizeof trial->id, "%s",
                 json_is_string(json_object_get(trial->manifest, "id"))
                     ? json_string_value(json_object_get(trial->manifest, "id"))
                     : "plugin");
    return status;
}

/* ---- Before and after ------------------------------------------------------------------------ */

static rj_status look_before(rj_trial *trial, watch *w, rj_error *err)
{
    trial->tree = rj_tree_take(trial->options->base);
    if (!trial->tree)
        return rj_fail_memory(err, "looking at files");
    /* The loop's library keeps descriptors for itself from its first use on. */
    rj_loop *loop = NULL;
    rj_status status = rj_loop_new(&loop, err);
    if (status)
        return status;
    rj_loop_free(loop);
    rj_usage_read(NULL, &w->usage);
    return rj_footprint_take(&w->footprint, err);
}

static void on_footprint(void *data, const char *expected, const char *advice, const char *found)
{
    const rj_trial *trial = data;
    rj_report_finding(trial->report, expected, advice, "%s", found);
}

static void on_file(void *data, const char *path, const char *how)
{
    const rj_trial *trial = data;
    rj_report_finding(trial->report, "a plugin writes below its state_dir and cache_dir only",
                      "take these paths from create()'s configuration; packages belong into the "
                      "request's lib_dir",
                      "%s was %s (paths as seen from the test's folder)", path, how);
}

/* What the runtime itself and the plugin may write. */
static void compare_files(rj_trial *trial)
{
    char own[8][RJ_STAGE_PATH];
    const char *allowed[16] = {RJ_TRIAL_REPORT, RJ_TRIAL_OUT, RJ_TRIAL_ERROR, RJ_TRIAL_LOG};
    size_t count = 4;
    for (size_t i = 0; i < 2; i++) {
        const char *root = i ? "root2" : "root";
        char(*at)[RJ_STAGE_PATH] = &own[i * 4];
        snprintf(at[0], sizeof at[0], "%s/var/lib/realmjoin/plugins/%s", root, trial->id);
        snprintf(at[1], sizeof at[1], "%s/var/cache/realmjoin/plugins/%s", root, trial->id);
        snprintf(at[2], sizeof at[2], "%s/var/log/realmjoin/packages", root);
        snprintf(at[3], sizeof at[3], "%s/var/lib/realmjoin/chocolatey/lib", root);
        for (size_t j = 0; j < 4; j++)
            allowed[count++] = at[j];
    }
    json_t *after = rj_tree_take(trial->options->base);
    rj_tree_compare(trial->tree, after, allowed, on_file, trial);
    json_decref(after);
}

static void compare_usage(const rj_trial *trial, const watch *w)
{
    rj_usage now;
    for (int tries = 0;; tries++) { /* a thread that has ended is listed for a moment */
        rj_usage_read(*trial->mapped ? trial->mapped : NULL, &now);
        if (now.threads <= w->usage.threads || tries == 20)
            break;
        rj_usage_pause();
    }
    if (now.threads > w->usage.threads && !trial->left_behind)
        rj_report_finding(trial->report, "a plugin starts no threads of its own",
                          "give work to rj.host.exec/1, which runs it on your lane",
                          "after destroy() %u threads were left", now.threads - w->usage.threads);
    if (now.descriptors > w->usage.descriptors && !trial->left_behind)
        rj_report_finding(trial->report, "descriptors are given back",
                          "close what was opened on every way out, at the latest in destroy()",
                          "after destroy() %u descriptors were left open",
                          now.descriptors - w->usage.descriptors);
}

static void look_after(rj_trial *trial, const watch *w)
{
    rj_error err = RJ_ERROR_NONE;
    rj_footprint *after = NULL;
    if (rj_footprint_take(&after, &err) == RJ_OK)
        rj_footprint_compare(w->footprint, after, on_footprint, trial);
    rj_footprint_free(after);
    compare_files(trial);
    compare_usage(trial, w);
}

/* ---- The test -------------------------------------------------------------------------------- */

static rj_status prepare(rj_trial *trial, rj_error *err)
{
    char out[RJ_STAGE_PATH];
    char error[RJ_STAGE_PATH];
    char log[RJ_STAGE_PATH];
    const char *base = trial->options->base;
    snprintf(out, sizeof out, "%s/" RJ_TRIAL_OUT, base);
    snprintf(error, sizeof error, "%s/" RJ_TRIAL_ERROR, base);
    snprintf(log, sizeof log, "%s/" RJ_TRIAL_LOG, base);
    rj_status status = rj_tree_capture(out, error, err);
    if (!status)
        status = rj_log_open(log, "agent", err);
    if (!status)
        status = rj_misbehaviour_watch(err);
    return status ? status : read_documents(trial, err);
}

int rj_trial_run(const rj_options *options)
{
    rj_error err = RJ_ERROR_NONE;
    rj_report report;
    watch w = {NULL, {0, 0, 0}};
    char path[RJ_STAGE_PATH];
    rj_trial trial = {.options = options, .report = &report};
    const rj_case *c = rj_case_find(options->run);
    snprintf(path, sizeof path, "%s/" RJ_TRIAL_REPORT, options->base ? options->base : "");
    if (!c || !options->base || rj_report_open(path, &report, &err)) {
        fprintf(stderr, "rj-validate: --run is for its own use. %s\n", err.text);
        return 2;
    }
    rj_status status = prepare(&trial, &err);
    if (!status)
        status = look_before(&trial, &w, &err);
    if (status) {
        rj_report_finding(&report, "the test can be prepared",
                          "correct the file named here; otherwise free some space, or set TMPDIR",
                          "%s", err.text);
    } else {
        c->run(&trial);
        look_after(&trial, &w);
    }
    rj_report_done(&report);
    if (trial.left_behind)
        _Exit(report.findings > 0); /* its code may still run: no destructors */
    rj_footprint_free(w.footprint);
    json_decref(trial.tree);
    json_decref(trial.manifest);
    json_decref(trial.settings);
    json_decref(trial.request);
    rj_log_set_listener(NULL, NULL);
    rj_log_close();
    rj_report_close(&report);
    return report.findings > 0;
}
