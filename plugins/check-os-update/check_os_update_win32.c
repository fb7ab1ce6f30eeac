/* SPDX-License-Identifier: MIT */
/*
 * The check "os-update" on Windows: no important update is pending and none waits for a restart.
 *
 * Happy path: the update agent's own list, asked without the network; when Windows last searched;
 * whether a restart is asked for.
 * "not-met": pending updates or a restart were positively seen.  "unknown": none was seen, but the
 * agent gave an error or no answer in time, or Windows has not searched for too long, so that nothing
 * follows from it.
 *
 * The agent and the registry are those of the running system, whatever the root prefix.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bounded_call_win32.h"
#include "check_os_update.h"
#include "registry_win32.h"
#include "update_agent_win32.h"

#define VERSION_KEY "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion"
#define AGENT "Windows Update Agent"
#define DAY 86400
#define MAX_SECONDS 25 /* a check has thirty */

typedef struct review {
    check_task *task;
    os_update_settings settings;
    int64_t max_seconds;
    update_answer *answer;
    int64_t age_days;
    char doubt[300]; /* why "none seen" would mean nothing, "" if it means something */
} review;

static void doubt(review *seen, const char *source, const char *found, const char *means)
{
    evidence_add(check_task_evidence(seen->task), source, found, "%s", means);
    if (!seen->doubt[0])
        snprintf(seen->doubt, sizeof seen->doubt, "%s: %s", source, found);
}

static bool stop(const void *data)
{
    return check_task_cancelled(data);
}

static void ask(void *data)
{
    update_agent_ask(data);
}

/* Which Windows it is; evidence only, as how long it gets updates is written nowhere on it. */
static void review_edition(const review *seen)
{
    static const struct {
        const char *name, *before;
    } texts[] = {{"ProductName", ""},
                 {"EditionID", ", edition "},
                 {"DisplayVersion", ", version "},
                 {"CurrentBuild", ", build "}};
    char found[400] = "", value[80];
    uint32_t revision = 0;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t used = strlen(found);

        if (registry_text(VERSION_KEY, texts[i].name, value, sizeof value) == REGISTRY_READ)
            snprintf(found + used, sizeof found - used, "%s%s", used ? texts[i].before : "", value);
    }
    if (found[0] &&
        registry_number(VERSION_KEY, "UBR", &revision, value, sizeof value) == REGISTRY_READ) {
        size_t used = strlen(found);

        snprintf(found + used, sizeof found - used, ".%u", (unsigned)revision);
    }
    evidence_add(check_task_evidence(seen->task), "HKLM\\" VERSION_KEY,
                 found[0] ? found : "not readable",
                 "the Windows that runs; until when it gets updates is not recorded on it");
}

static void date_text(const update_date *date, char *ret_text, size_t size)
{
    time_t seconds = (time_t)date->seconds;
    struct tm broken;

    if (date->problem[0])
        snprintf(ret_text, size, "%s", date->problem);
    else if (date->never)
        snprintf(ret_text, size, "never");
    else if (gmtime_s(&broken, &seconds) != 0 || !strftime(ret_text, size, "%Y-%m-%d", &broken))
        snprintf(ret_text, size, "%lld s after 1970", (long long)date->seconds);
}

static void review_dates(review *seen)
{
    static const char searched[] = AGENT ", last successful search";
    const update_date *date = &seen->answer->searched;
    int64_t age = (int64_t)time(NULL) - date->seconds;
    char found[UPDATE_PROBLEM], means[160];

    date_text(date, found, sizeof found);
    seen->age_days = age / DAY;
    if (date->problem[0]) {
        doubt(seen, searched, found, "how old the list of updates is, is not known");
    } else if (date->never) {
        doubt(seen, searched, found, "there is no list of updates yet");
    } else if (age < -DAY) {
        doubt(seen, searched, found, "lies in the future: the clock is wrong");
    } else if (age > seen->settings.max_age_days * DAY) {
        snprintf(means, sizeof means, "%lld days ago (at most %lld): later updates are not known",
                 (long long)seen->age_days, (long long)seen->settings.max_age_days);
        doubt(seen, searched, found, means);
    } else {
        evidence_add(check_task_evidence(seen->task), searched, found, "recent enough");
    }
    date_text(&seen->answer->installed, found, sizeof found);
    evidence_add(check_task_evidence(seen->task), AGENT ", last successful installation", found,
                 "shown, not judged");
}

static void review_updates(review *seen)
{
    static const char search[] = AGENT ", search without the network";
    const update_answer *answer = seen->answer;
    char found[100];

    for (uint32_t i = 0; i < answer->important && i < UPDATE_NAMED; i++)
        evidence_add(check_task_evidence(seen->task), search, answer->titles[i],
                     "an important update is pending");
    if (answer->search_problem[0])
        doubt(seen, search, answer->search_problem, "the list of updates is not known whole");
    snprintf(found, sizeof found, "%u offered, %u of them important", (unsigned)answer->offered,
             (unsigned)answer->important);
    if (answer->offered || !answer->search_problem[0])
        evidence_add(check_task_evidence(seen->task), search, found,
                     "rule: a security or critical update, or one with a severity");
}

static void review_restart(review *seen)
{
    static const char restart[] = AGENT ", RebootRequired";

    if (seen->answer->restart_problem[0])
        doubt(seen, restart, seen->answer->restart_problem,
              "whether a restart is needed is not known");
    else
        evidence_add(check_task_evidence(seen->task), restart,
                     seen->answer->restart ? "true" : "false",
                     seen->answer->restart ? "a restart is needed" : "no restart is waited for");
}

static void conclude_pending(const review *seen)
{
    const update_answer *answer = seen->answer;
    char named[600] = "";

    for (uint32_t i = 0; i < answer->important && i < UPDATE_NAMED; i++) {
        size_t used = strlen(named);

        snprintf(named + used, sizeof named - used, "%s%.60s", used ? "; " : "", answer->titles[i]);
    }
    evidence_conclude(check_task_evidence(seen->task), CHECK_NOT_MET,
                      "Install the updates: Settings, Windows Update.",
                      "%u important update%s pending: %s%s.", (unsigned)answer->important,
                      answer->important == 1 ? " is" : "s are", named,
                      answer->important > UPDATE_NAMED ? " and more" : "");
}

static void conclude(const review *seen)
{
    evidence *document = check_task_evidence(seen->task);
    const update_answer *answer = seen->answer;

    if (answer && (int64_t)answer->important > seen->settings.max_pending)
        conclude_pending(seen);
    else if (answer && answer->restart && !seen->settings.allow_pending_reboot)
        evidence_conclude(document, CHECK_NOT_MET, "Restart the device.",
                          "Installed updates take effect only after a restart.");
    else if (!answer || seen->doubt[0])
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether important updates are pending is not known: %s.", seen->doubt);
    else if (answer->important)
        evidence_conclude(document, CHECK_OK, NULL,
                          "%u important updates are pending, no more than allowed.",
                          (unsigned)answer->important);
    else
        evidence_conclude(document, CHECK_OK, NULL,
                          "No important update is pending; Windows searched %lld days ago.",
                          (long long)seen->age_days);
}

/* seen->answer stays NULL if there is none; doubt says why. */
static bounded_outcome obtain(review *seen)
{
    update_answer *answer = malloc(sizeof *answer);
    bounded_outcome outcome = CALL_FAILED;
    char found[64];

    if (answer)
        outcome = bounded_call(ask, answer, (uint32_t)seen->max_seconds * 1000, stop, seen->task);
    snprintf(found, sizeof found, "no answer within %d s", (int)seen->max_seconds);
    switch (outcome) {
    case CALL_DONE:
        seen->answer = answer;
        break;
    case CALL_LATE:
        doubt(seen, AGENT, found, "given up");
        break;
    case CALL_BUSY:
        doubt(seen, AGENT, "an earlier question has no answer yet", "not asked again");
        break;
    case CALL_FAILED:
        doubt(seen, AGENT, "out of memory", "not asked");
        break;
    case CALL_STOPPED:
        break;
    }
    return outcome;
}

rj_status check_plugin_judge(check_task *task)
{
    review seen = {.task = task, .max_seconds = MAX_SECONDS};
    rj_status status;

    status = os_update_read_settings(task, &seen.settings);
    if (!status)
        status = check_task_integer(task, "maxSearchSeconds", 1, MAX_SECONDS, &seen.max_seconds);
    if (status)
        return status;
    if (obtain(&seen) == CALL_STOPPED)
        return check_task_interrupted(task);
    review_edition(&seen);
    if (seen.answer) {
        review_dates(&seen);
        review_updates(&seen);
        review_restart(&seen);
    }
    conclude(&seen);
    free(seen.answer);
    return RJ_OK;
}
