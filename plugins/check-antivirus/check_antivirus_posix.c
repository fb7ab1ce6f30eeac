/* SPDX-License-Identifier: MIT */
/*
 * The check "antivirus": a virus scanner is at work, with recent signatures where that can be told.
 *
 * Happy path: a ClamAV daemon answers PING, and its signatures are recent; or a known product is
 * asked by the kernel before files are opened.
 * "not-met": no scanner at all although everything could be looked at, one that does not run, or
 * old signatures.  "unknown": an answer that is none, a product whose state cannot be read, or
 * processes that may not be looked at.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bounded_file.h"
#include "check_plugin.h"
#include "clamd.h"
#include "scanner_search.h"
#include "signature_date.h"

#define MAX_SOCKETS 8
#define MAX_DATABASES 8
#define DAY 86400

typedef struct review {
    check_task *task;
    const char *sockets[MAX_SOCKETS + 1];
    const char *databases[MAX_DATABASES + 1];
    int64_t max_age_days;
    bool require_on_access;
    clamd_outcome clamd; /* of the socket that tells most */
    const char *socket;
    char version[CLAMD_MAX_ANSWER];
    bool dated;
    int64_t signature_date;
    scanner_search search;
} review;

static bool stop(const void *data)
{
    return check_task_cancelled(data);
}

/* ---- ClamAV ---------------------------------------------------------------------------------- */

static clamd_outcome ask(const review *seen, const char *socket, const char *command, char *answer)
{
    return clamd_ask(check_task_root(seen->task), socket, command, stop, seen->task, answer);
}

static clamd_outcome ping(const review *seen, const char *socket)
{
    char answer[CLAMD_MAX_ANSWER];
    clamd_outcome outcome = ask(seen, socket, "PING", answer);
    bool is_pong = outcome == CLAMD_ANSWERED && strcmp(answer, "PONG") == 0;

    if (outcome == CLAMD_ANSWERED && !is_pong)
        outcome = CLAMD_GARBAGE;
    if (outcome != CLAMD_NO_SOCKET)
        evidence_add(check_task_evidence(seen->task), socket, is_pong ? answer : "no PONG",
                     "the ClamAV socket %s", clamd_outcome_text(outcome));
    return outcome;
}

/* A daemon that answers tells most, then one in doubt, then one that is dead, then none. */
static void review_daemon(review *seen)
{
    seen->clamd = CLAMD_NO_SOCKET;
    for (size_t i = 0; i < MAX_SOCKETS && seen->sockets[i]; i++) {
        clamd_outcome outcome = ping(seen, seen->sockets[i]);

        if (outcome == CLAMD_NO_SOCKET || (outcome == CLAMD_DEAD && seen->socket))
            continue;
        if (seen->socket && seen->clamd != CLAMD_DEAD && outcome != CLAMD_ANSWERED)
            continue;
        seen->clamd = outcome;
        seen->socket = seen->sockets[i];
        if (outcome == CLAMD_ANSWERED || outcome == CLAMD_STOPPED)
            break;
    }
    if (seen->clamd != CLAMD_ANSWERED)
        return;
    if (ask(seen, seen->socket, "VERSION", seen->version) == CLAMD_ANSWERED)
        evidence_add(check_task_evidence(seen->task), seen->socket, seen->version,
                     "the version of engine and signatures");
    else
        seen->version[0] = '\0';
}

static void note_date(review *seen, const char *source, const char *found, int64_t date)
{
    evidence_add(check_task_evidence(seen->task), source, found, "signatures made %lld days ago",
                 (long long)(((int64_t)time(NULL) - date) / DAY));
    if (!seen->dated || date > seen->signature_date)
        seen->signature_date = date;
    seen->dated = true;
}

static void review_signatures(review *seen)
{
    char header[128];
    int64_t date;

    for (size_t i = 0; i < MAX_DATABASES && seen->databases[i]; i++) {
        const char *path = seen->databases[i];
        file_outcome outcome =
            bounded_file_head(check_task_root(seen->task), path, header, sizeof header);

        if (outcome == FILE_MISSING)
            continue;
        if (outcome == FILE_READ && signature_date_of_database(header, &date))
            note_date(seen, path, header, date);
        else
            evidence_add(check_task_evidence(seen->task), path,
                         outcome == FILE_READ ? "no header" : file_outcome_text(outcome),
                         "the age of these signatures is not known");
    }
    if (!seen->dated && signature_date_of_version(seen->version, &date))
        note_date(seen, seen->socket, seen->version, date);
}

/* ---- Other products -------------------------------------------------------------------------- */

static void review_others(review *seen)
{
    evidence *document = check_task_evidence(seen->task);
    const scanner_search *search = &seen->search;

    scanner_search_run(&seen->search, check_task_root(seen->task), stop, seen->task);
    if (search->intercepting)
        evidence_add(document, search->intercepting_path, "fanotify permission events",
                     "%s is asked before files are opened", search->intercepting);
    else if (search->unnamed[0])
        evidence_add(document, search->intercepting_path, search->unnamed,
                     "a process unknown here is asked before files are opened");
    if (search->running)
        evidence_add(document, "/proc", search->running, "a process of this product runs");
    if (search->installed)
        evidence_add(document, search->installed_path, "present", "%s is installed",
                     search->installed);
    if (search->incomplete[0])
        evidence_add(document, "/proc", search->incomplete, "something may have been overlooked");
    else if (!search->intercepting && !search->unnamed[0])
        evidence_add(document, "/proc", "every process was looked at",
                     "nothing is asked before files are opened");
}

/* ---- Verdict --------------------------------------------------------------------------------- */

static void conclude_clamav(const review *seen)
{
    evidence *document = check_task_evidence(seen->task);
    int64_t age = (int64_t)time(NULL) - seen->signature_date;

    if (!seen->dated)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "ClamAV runs, but how old its signatures are is not known.");
    else if (age < -DAY)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "ClamAV runs, but its signatures lie in the future: the clock is wrong "
                          "or they are.");
    else if (age > seen->max_age_days * DAY)
        evidence_conclude(document, CHECK_NOT_MET,
                          "Update the signatures: run freshclam, and enable the service "
                          "clamav-freshclam.",
                          "ClamAV runs, but its signatures are %lld days old (at most %lld).",
                          (long long)(age / DAY), (long long)seen->max_age_days);
    else if (seen->require_on_access && !seen->search.intercepting && seen->search.incomplete[0])
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether files are scanned when they are opened is not known: %s.",
                          seen->search.incomplete);
    else if (seen->require_on_access && !seen->search.intercepting)
        evidence_conclude(document, CHECK_NOT_MET, "Enable the service clamav-clamonacc.",
                          "ClamAV runs, but does not scan files when they are opened.");
    else
        evidence_conclude(document, CHECK_OK, NULL,
                          "ClamAV runs with signatures that are %lld days old.",
                          (long long)(age / DAY));
}

static void conclude(const review *seen)
{
    static const char remedy[] = "Install and start a virus scanner, for example the packages "
                                 "clamav-daemon and clamav-freshclam.";
    evidence *document = check_task_evidence(seen->task);
    const scanner_search *search = &seen->search;

    if (search->intercepting && seen->clamd != CLAMD_ANSWERED &&
        strcmp(search->intercepting, "ClamAV") != 0)
        evidence_conclude(document, CHECK_OK, NULL, "%s scans files when they are opened.",
                          search->intercepting);
    else if (seen->clamd == CLAMD_ANSWERED)
        conclude_clamav(seen);
    else if (seen->clamd != CLAMD_NO_SOCKET && seen->clamd != CLAMD_DEAD)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether ClamAV protects the device is not known: %s %s.", seen->socket,
                          clamd_outcome_text(seen->clamd));
    else if (search->unnamed[0])
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "%s is asked before files are opened; whether it is a virus scanner is "
                          "not known.",
                          search->unnamed);
    else if (search->running)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "%s runs, but whether it protects the device cannot be read.",
                          search->running);
    else if (search->incomplete[0])
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether a virus scanner runs is not known: %s.", search->incomplete);
    else if (seen->clamd == CLAMD_DEAD || search->installed)
        evidence_conclude(document, CHECK_NOT_MET, "Start the virus scanner's service.",
                          "%s is installed, but does not run.",
                          search->installed ? search->installed : "ClamAV");
    else
        evidence_conclude(document, CHECK_NOT_MET, remedy, "No virus scanner was found.");
}

rj_status check_plugin_judge(check_task *task)
{
    review seen = {
        .task = task,
        .max_age_days = 7,
        .sockets = {"/run/clamav/clamd.ctl", "/run/clamav/clamd.sock", "/run/clamd.scan/clamd.sock",
                    "/var/run/clamav/clamd.ctl"},
        .databases = {"/var/lib/clamav/daily.cld", "/var/lib/clamav/daily.cvd"},
    };
    rj_status status;

    status = check_task_paths(task, "sockets", seen.sockets, MAX_SOCKETS);
    if (!status)
        status = check_task_paths(task, "databases", seen.databases, MAX_DATABASES);
    if (!status)
        status = check_task_integer(task, "maxDatabaseAgeDays", 0, 3650, &seen.max_age_days);
    if (!status)
        status = check_task_boolean(task, "requireOnAccess", &seen.require_on_access);
    if (status)
        return status;
    review_daemon(&seen);
    if (seen.clamd == CLAMD_ANSWERED)
        review_signatures(&seen);
    if (!check_task_cancelled(task))
        review_others(&seen);
    if (check_task_cancelled(task))
        return check_task_interrupted(task);
    conclude(&seen);
    return RJ_OK;
}
