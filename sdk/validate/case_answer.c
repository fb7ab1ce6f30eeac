/* SPDX-License-Identifier: MIT */
/* Questions as the agent asks them, and whether their answers can be used. */
#include "ask.h"
#include "case.h"
#include "extra.h"

#include <stdio.h>
#include <string.h>

void rj_case_answers(rj_trial *trial)
{
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        if (rj_ask_all(&stage, RJ_ASKED_PLAINLY, "asked once"))
            rj_ask_all(&stage, RJ_ASKED_PLAINLY, "asked again");
        rj_stage_turn(&stage, 60); /* a second answer has its time to come */
    }
    rj_stage_close(&stage);
}

/* ---- A package that is there ----------------------------------------------------------------- */

static bool step(rj_stage *stage, const char *format, rj_package_verb verb, const char *how,
                 json_t *request, rj_asked *asked)
{
    static rj_method method;
    static const char *const names[] = {"detect", "fetch", "install", "uninstall", "recover"};
    method = (rj_method){.format = format, .verb = verb};
    snprintf(method.label, sizeof method.label, "%s", names[verb]);
    rj_report_step(stage->report, "%s, %s", names[verb], how);
    rj_ask_with(stage, &method, request, stage->options->deadline_ms, asked);
    rj_ask_wait(stage, asked, rj_stage_patience_ms(stage));
    if (!rj_ask_judge(stage, asked, RJ_ASKED_PLAINLY, how))
        return false;
    if (asked->status == RJ_OK)
        return true;
    rj_report_finding(stage->report, "the package of --request can be fetched, installed, removed",
                      "mend it, or the request", "%s, %s: %s, %s", names[verb], how,
                      rj_status_name(asked->status), asked->message);
    return false;
}

static void expect_installed(rj_stage *stage, const rj_asked *asked, bool wanted, const char *how)
{
    if (json_is_true(json_object_get(asked->result, "installed")) != wanted)
        rj_report_finding(stage->report, "detect() sees what install() and uninstall() did",
                          "look at what is really there, each time", "detect, %s: installed is %s",
                          how, wanted ? "false" : "true");
}

static void cycle(rj_stage *stage, const char *format)
{
    static rj_asked asked;
    rj_method method = {.format = format};
    json_t *request = rj_ask_request(stage, &method, stage->trial->request);
    bool good = step(stage, format, RJ_PACKAGE_RECOVER, "before all", request, &asked);
    rj_ask_forget(&asked);
    if (good)
        good = step(stage, format, RJ_PACKAGE_FETCH, "of the package", request, &asked);
    if (good)
        json_object_set(request, "fetched", asked.result);
    rj_ask_forget(&asked);
    if (good)
        good = step(stage, format, RJ_PACKAGE_INSTALL, "of what was fetched", request, &asked);
    rj_ask_forget(&asked);
    if (good && (good = step(stage, format, RJ_PACKAGE_DETECT, "when installed", request, &asked)))
        expect_installed(stage, &asked, true, "when installed");
    rj_ask_forget(&asked);
    if (good) {
        good = step(stage, format, RJ_PACKAGE_UNINSTALL, "of the package", request, &asked);
        rj_ask_forget(&asked);
    }
    if (good && step(stage, format, RJ_PACKAGE_DETECT, "when removed", request, &asked))
        expect_installed(stage, &asked, false, "when removed");
    rj_ask_forget(&asked);
    json_decref(request);
}

void rj_case_package_cycle(rj_trial *trial)
{
    rj_stage stage;
    const char *format = json_string_value(json_object_get(trial->request, "format"));
    if (!trial->request) {
        rj_report_skip(trial->report, "give a package by --request");
        return;
    }
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        if (!format && stage.instance->formats)
            format = stage.instance->formats[0];
        if (!format)
            rj_report_skip(trial->report, "the plugin handles no packages");
        else if (!rj_runtime_has_format(stage.runtime, format))
            rj_report_finding(trial->report, "the format of --request is one of the plugin's",
                              "correct the request", "\"%s\" is not", format);
        else
            cycle(&stage, format);
    }
    rj_stage_close(&stage);
}

/* ---- Nothing granted ------------------------------------------------------------------------- */

void rj_case_refused_capabilities(rj_trial *trial)
{
    rj_stage stage;
    if (!json_array_size(json_object_get(trial->manifest, "capabilities"))) {
        rj_report_skip(trial->report, "the plugin asks for no capability");
        return;
    }
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, false)) {
        rj_ask_all(&stage, RJ_ASKED_PLAINLY, "with nothing granted");
        rj_stage_turn(&stage, 20);
    }
    rj_stage_close(&stage);
}

/* ---- The process ----------------------------------------------------------------------------- */

/* The trial itself compares the process before and after; here is what may change it. */
void rj_case_process_contract(rj_trial *trial)
{
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        rj_ask_all(&stage, RJ_ASKED_ODDLY, "to see what it does to the process");
        rj_stage_configure(&stage, trial->settings);
        rj_stage_turn(&stage, 20);
        rj_plugin *extra = NULL;
        if (rj_extra_create(&stage, stage.instance->config, &extra) == RJ_OK && extra)
            rj_extra_destroy(&stage, extra);
    }
    rj_stage_close(&stage);
}
