/* SPDX-License-Identifier: MIT */
/* What the plugin offers: in time, by the ids it announces, in whole tables. */
#include "ask.h"
#include "case.h"

#include <stdio.h>
#include <string.h>

/* A worker starts with the first question; its time until then is that of a hopeless one. */
static bool ask_first(rj_stage *stage, uint64_t *ret_took_ms)
{
    static rj_method method = {.label = "the first question"};
    static rj_asked asked;
    if (stage->instance->check)
        method.check_id = "rj-validate-no-such-check";
    rj_ask_raw(stage, &method, method.check_id ? method.check_id : "{}", 20000, &asked);
    rj_ask_wait(stage, &asked, 25000);
    *ret_took_ms = asked.answered_ms - asked.asked_ms;
    bool good = rj_ask_judge(stage, &asked, RJ_ASKED_WRONGLY, "which starts the worker");
    if (!asked.answered || asked.status == RJ_E_NOT_STARTED || asked.status == RJ_E_ABANDONED)
        rj_report_unusable(stage->report);
    rj_ask_forget(&asked);
    return good;
}

void rj_case_load(rj_trial *trial)
{
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    bool loaded = rj_stage_load(&stage, true);
    uint64_t took = stage.load_ms;
    if (loaded && trial->options->placement == RJ_PLACED_IN_WORKER)
        loaded = ask_first(&stage, &took);
    if (loaded && took > (uint64_t)trial->options->load_ms)
        rj_report_finding(trial->report, "create() is fast",
                          "begin long work with the first question, on your lane; or allow more by "
                          "--load-ms",
                          "loading took %llu ms, %lld are allowed", (unsigned long long)took,
                          (long long)trial->options->load_ms);
    rj_stage_close(&stage);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static void lacks(rj_trial *trial, const char *interface, const char *what)
{
    rj_report_finding(trial->report, "a table has every member that is not optional",
                      "set it; a method that makes no sense here can answer RJ_E_NOT_APPLICABLE",
                      "the table of %s lacks %s", interface, what);
}

static void judge_check_table(rj_trial *trial, const rj_check *t)
{
    if (!RJ_HAS(t, rj_check, ids))
        lacks(trial, RJ_CHECK, "ids()");
    if (!RJ_HAS(t, rj_check, evaluate))
        lacks(trial, RJ_CHECK, "evaluate()");
}

static void judge_package_table(rj_trial *trial, const rj_package *t)
{
    if (!RJ_HAS(t, rj_package, formats))
        lacks(trial, RJ_PACKAGE, "formats()");
    if (!RJ_HAS(t, rj_package, detect))
        lacks(trial, RJ_PACKAGE, "detect()");
    if (!RJ_HAS(t, rj_package, fetch))
        lacks(trial, RJ_PACKAGE, "fetch()");
    if (!RJ_HAS(t, rj_package, install))
        lacks(trial, RJ_PACKAGE, "install()");
    if (!RJ_HAS(t, rj_package, uninstall))
        lacks(trial, RJ_PACKAGE, "uninstall()");
    if (!RJ_HAS(t, rj_package, recover))
        lacks(trial, RJ_PACKAGE, "recover()");
}

static void judge_table(rj_trial *trial, const rj_instance *instance, const char *id)
{
    rj_report_step(trial->report, "query(\"%s\")", id);
    const uint32_t *table = instance->desc.query(instance->plugin, id);
    const void *again = instance->desc.query(instance->plugin, id);
    if (!table || table != again) {
        rj_report_finding(trial->report, "query() gives the same table each time",
                          "return the address of one static const table", "query(\"%s\") gave %s",
                          id, table ? "another one" : "NULL");
        return;
    }
    if (table[0] < 2 * sizeof(uint32_t) || table[0] > 4096 || table[0] % 4)
        rj_report_finding(trial->report, "a table starts with its size", "set .size = sizeof",
                          "the table of %s has the size %u", id, table[0]);
    else if (strcmp(id, RJ_CHECK) == 0)
        judge_check_table(trial, (const rj_check *)(const void *)table);
    else if (strcmp(id, RJ_PACKAGE) == 0)
        judge_package_table(trial, (const rj_package *)(const void *)table);
}

void rj_case_tables(rj_trial *trial)
{
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true))
        for (char **id = stage.instance->manifest->provides; *id; id++)
            judge_table(trial, stage.instance, *id);
    rj_stage_close(&stage);
}

/* ---- Ids that must give nothing -------------------------------------------------------------- */

static void expect_none(rj_trial *trial, const rj_instance *instance, const char *id)
{
    char shown[100];
    snprintf(shown, sizeof shown, "%.90s", id);
    rj_report_step(trial->report, "query(\"%s\")", shown);
    if (instance->desc.query(instance->plugin, id))
        rj_report_finding(trial->report, "query() gives NULL for every id not listed in `provides`",
                          "compare the whole id: strcmp(), not strncmp() or a prefix",
                          "query(\"%s\") gave a table", shown);
}

static void expect_none_like(rj_trial *trial, const rj_instance *instance, const char *id)
{
    static const char *const behind[] = {" ",  "x",  "1",      ".0",      "/1",
                                         "\n", "\t", "-draft", ",rj.ui/1"};
    char text[300];
    size_t length = strlen(id);
    for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
        snprintf(text, sizeof text, "%s%s", id, behind[i]);
        expect_none(trial, instance, text);
    }
    snprintf(text, sizeof text, " %s", id);
    expect_none(trial, instance, text);
    snprintf(text, sizeof text, "%.*s", (int)length - 1, id);
    expect_none(trial, instance, text); /* no major */
    snprintf(text, sizeof text, "%.*s", (int)length - 2, id);
    expect_none(trial, instance, text);
    for (const char *major = "02345"; *major; major++) {
        snprintf(text, sizeof text, "%.*s%c", (int)length - 1, id, *major);
        expect_none(trial, instance, text);
    }
    snprintf(text, sizeof text, "%s", id);
    text[0] = (char)(text[0] - 'a' + 'A');
    expect_none(trial, instance, text);
}

static bool is_provided(const rj_instance *instance, const char *id)
{
    for (char **at = instance->manifest->provides; *at; at++)
        if (strcmp(*at, id) == 0)
            return true;
    return false;
}

void rj_case_unknown_interface(rj_trial *trial)
{
    static const char *const ids[] = {"",          "/",           "rj",           "rj.",
                                      "rj.check",  "rj.package/", RJ_CHECK,       RJ_PACKAGE,
                                      "rj.ui/1",   "rj.auth/1",   "rj.host.op/1", "rj.nothing/1",
                                      "../../etc", "%s%n",        "\xff\xfe",     "com.example/1"};
    static char lengthy[5000];
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
            if (!is_provided(stage.instance, ids[i]))
                expect_none(trial, stage.instance, ids[i]);
        memset(lengthy, 'a', sizeof lengthy - 1);
        expect_none(trial, stage.instance, lengthy);
        for (char **id = stage.instance->manifest->provides; *id; id++)
            if (strlen(*id) > 3 && strlen(*id) < 200)
                expect_none_like(trial, stage.instance, *id);
    }
    rj_stage_close(&stage);
}

/* ---- Ids of checks and formats --------------------------------------------------------------- */

static bool contains(char *const *list, const char *text)
{
    for (; list && *list; list++)
        if (strcmp(*list, text) == 0)
            return true;
    return false;
}

static void judge_ids(rj_trial *trial, const char *what, char *const *offered, char *const *listed,
                      const char *const *now)
{
    for (size_t i = 0; offered && offered[i]; i++) {
        if (!now || !now[i] || strcmp(now[i], offered[i]) != 0) {
            rj_report_finding(trial->report, "the ids offered are constant",
                              "return one static const list",
                              "%s offered \"%s\" first, and \"%.64s\" later", what, offered[i],
                              now && now[i] ? now[i] : "nothing");
            return;
        }
        if (i && contains((char *const[]){offered[i - 1], NULL}, offered[i]))
            rj_report_finding(trial->report, "each id is offered once", "remove one",
                              "%s offers \"%s\" twice", what, offered[i]);
        if (listed && !contains(listed, offered[i]))
            rj_report_finding(trial->report, "the code offers what the manifest lists",
                              "make both lists the same",
                              "%s offers \"%s\", the manifest does not list it", what, offered[i]);
    }
    for (char *const *at = listed; at && *at; at++)
        if (!contains(offered, *at))
            rj_report_finding(trial->report, "the code offers what the manifest lists",
                              "make both lists the same",
                              "the manifest lists \"%s\", %s does not offer it", *at, what);
}

void rj_case_ids(rj_trial *trial)
{
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        const rj_instance *instance = stage.instance;
        for (int i = 0; i < 3 && !trial->report->findings; i++) {
            rj_report_step(trial->report, "asking for ids again");
            if (instance->check)
                judge_ids(trial, "ids()", instance->check_ids, instance->manifest->checks,
                          instance->check->ids(instance->plugin));
            if (instance->package)
                judge_ids(trial, "formats()", instance->formats, instance->manifest->formats,
                          instance->package->formats(instance->plugin));
        }
    }
    rj_stage_close(&stage);
}
