/* SPDX-License-Identifier: MIT */
/*
 * A first plugin: one check, "hello", that answers what it knows for sure -- that it was loaded, and
 * that it was asked.
 *
 * The kit makes a plugin of judge(): the descriptor the agent reads, the instance, the one answer.
 */
#include <realmjoin/kit/simple_check.h>
#include <stdio.h>

#define ID "com.example.hello-check"
#define VERSION "1.0.0"

/* Runs on the plugin's own thread, so it may take its time. */
static rj_status judge(rj_check_task *task)
{
    char greeting[64] = "Hello", summary[128];

    /* "Plugins": {"com.example.hello-check": {"Settings": {"Greeting": "Good morning"}}} */
    if (rj_check_setting(task, "Greeting").start &&
        rj_json_string(rj_check_setting(task, "Greeting"), greeting, sizeof greeting) < 0) {
        rj_check_evidence(task, "setting Greeting", "no text of at most 63 bytes",
                          "not known how to greet");
        return rj_check_conclude(task, "unknown", "The setting Greeting cannot be used.", NULL);
    }
    rj_check_evidence(task, ID, "version " VERSION, "the plugin is loaded and answers");
    snprintf(summary, sizeof summary, "%s from a plugin.", greeting);
    return rj_check_conclude(task, "ok", summary, NULL);
}

/* Id and version stand in plugin.json too; the agent compares them. */
RJ_SIMPLE_CHECK(ID, VERSION, "hello", judge)
