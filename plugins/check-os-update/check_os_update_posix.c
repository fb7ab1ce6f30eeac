/* SPDX-License-Identifier: MIT */
/*
 * The check "os-update": no security update is pending and none waits for a restart.
 *
 * Happy path: the installed packages from dpkg's status file, each security list that apt has
 * fetched, compared by version; the age of those lists; whether a restart is asked for.
 * "not-met": pending updates or a restart were positively seen.  "unknown": none was seen, but the
 * lists are missing, old or cannot be read, so that nothing follows from it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "bounded_file.h"
#include "check_os_update.h"
#include "debian_version.h"
#include "package_list.h"
#include "release_date.h"

#define STATUS_FILE "/var/lib/dpkg/status"
#define LISTS_FOLDER "/var/lib/apt/lists"
#define MAX_LISTS 4096
#define MAX_KERNELS 512
#define MAX_NAMED 10
#define DAY 86400

typedef struct review {
    check_task *task;
    os_update_settings settings;
    unsigned lists;      /* security lists read to their end */
    int64_t oldest_days; /* age of the oldest of them */
    size_t pending;
    char named[300]; /* the first pending packages */
    bool reboot;
    char doubt[300]; /* why "none seen" would mean nothing, "" if it means something */
} review;

static void doubt(review *seen, const char *source, const char *found, const char *reason)
{
    evidence_add(check_task_evidence(seen->task), source, found, "%s", reason);
    if (!seen->doubt[0])
        snprintf(seen->doubt, sizeof seen->doubt, "%s %.200s", source, reason);
}

static bool stop(const void *data)
{
    return check_task_cancelled(data);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

/* "HOST_PATH_dists_bookworm-security_InRelease": length of the part before the last word, 0 if this
 * is no release file of a security suite. */
static size_t security_stem(const char *name)
{
    const char *suite = strstr(name, "_dists_");

    if (!suite || !strstr(suite, "security"))
        return 0;
    if (ends_with(name, "_InRelease"))
        return strlen(name) - strlen("_InRelease");
    return ends_with(name, "_Release") ? strlen(name) - strlen("_Release") : 0;
}

/* A package list of any compression: "..._binary-amd64_Packages", "..._Packages.lz4". */
static bool is_package_list(const char *name)
{
    const char *word = strstr(name, "_Packages");

    return word && (word[9] == '\0' || word[9] == '.') && strstr(name, "_binary-") &&
           strstr(name, "_dists_");
}

static bool is_security_list(const char *name)
{
    const char *suite = strstr(name, "_dists_");

    return is_package_list(name) && suite && strstr(suite, "security");
}

/* Judge the age of the archive state that a release file describes. */
static void review_age(review *seen, const char *name)
{
    char path[400], text[8192], found[64];
    int64_t date, age;
    file_outcome outcome;

    snprintf(path, sizeof path, LISTS_FOLDER "/%.300s", name);
    outcome = bounded_file_head(check_task_root(seen->task), path, text, sizeof text);
    if (outcome != FILE_READ) {
        doubt(seen, path, "", file_outcome_text(outcome));
        return;
    }
    if (!release_date_find(text, &date)) {
        doubt(seen, path, "no date", "does not say how old it is");
        return;
    }
    age = (int64_t)time(NULL) - date;
    snprintf(found, sizeof found, "%lld days old", (long long)(age / DAY));
    if (age < -DAY) {
        doubt(seen, path, found, "lies in the future: the clock or the list is wrong");
    } else if (age > seen->settings.max_age_days * DAY) {
        snprintf(text, sizeof text, "is %lld days old (at most %lld): later updates are not known",
                 (long long)(age / DAY), (long long)seen->settings.max_age_days);
        doubt(seen, path, found, text);
    } else {
        evidence_add(check_task_evidence(seen->task), path, found, "recent enough");
    }
    if (age / DAY > seen->oldest_days)
        seen->oldest_days = age / DAY;
}

/* The release file that a package list belongs to, NULL if there is none. */
static const char *release_of(const file_names *names, const char *list)
{
    for (size_t i = 0; i < names->count; i++) {
        size_t stem = security_stem(names->names[i]);

        if (stem && strncmp(names->names[i], list, stem) == 0 && list[stem] == '_')
            return names->names[i];
    }
    return NULL;
}

static void review_lists(review *seen, installed_packages *packages)
{
    const char *root = check_task_root(seen->task), *last_release = NULL;
    file_names names;
    file_outcome outcome = bounded_file_list(root, LISTS_FOLDER, MAX_LISTS, &names);

    if (outcome != FILE_READ) {
        doubt(seen, LISTS_FOLDER, "", file_outcome_text(outcome));
        return;
    }
    for (size_t i = 0; i < names.count && !check_task_cancelled(seen->task); i++) {
        const char *reason, *release;
        char path[400];

        if (!is_security_list(names.names[i]))
            continue;
        snprintf(path, sizeof path, LISTS_FOLDER "/%.300s", names.names[i]);
        reason = installed_offer(packages, root, path, stop, seen->task);
        if (reason) {
            doubt(seen, path, "", reason);
            continue;
        }
        seen->lists++;
        release = release_of(&names, names.names[i]);
        if (!release)
            doubt(seen, path, "no release file", "does not say how old it is");
        else if (release != last_release)
            review_age(seen, release);
        last_release = release;
    }
    if (!seen->lists && !seen->doubt[0])
        doubt(seen, LISTS_FOLDER, "no security list",
              "holds no list of security updates: run \"apt-get update\" or add the security "
              "archive");
    file_names_free(&names);
}

static void count_pending(review *seen, const installed_packages *packages)
{
    evidence *document = check_task_evidence(seen->task);
    char found[2 * PACKAGE_FIELD + 16];

    for (size_t i = 0; i < packages->count; i++) {
        const installed_package *package = &packages->entries[i];
        size_t used = strlen(seen->named);

        if (!package->newer)
            continue;
        if (seen->pending++ >= MAX_NAMED)
            continue;
        snprintf(seen->named + used, sizeof seen->named - used, "%s%.60s", used ? ", " : "",
                 package->name);
        snprintf(found, sizeof found, "%s, offered %s", package->version, package->newer);
        evidence_add(document, STATUS_FILE, found, "a security update of %s is pending",
                     package->name);
    }
    snprintf(found, sizeof found, "%zu installed packages, %u security lists", packages->count,
             seen->lists);
    evidence_add(document, STATUS_FILE, found,
                 "pending security updates: %zu (rule: any newer version in a security list)",
                 seen->pending);
}

/* "6.1.0-18-amd64" -> "amd64": kernels of one flavour follow each other. */
static const char *flavour(const char *release)
{
    const char *dash = strrchr(release, '-');

    return dash ? dash + 1 : "";
}

/* A newer kernel than the running one, if the running one is among the installed ones. */
static void review_kernel(review *seen)
{
    static const char prefix[] = "vmlinuz-";
    char running[128], newest[128] = "", found[300];
    const char *root = check_task_root(seen->task);
    bool listed = false;
    file_names names;

    if (bounded_file_head(root, "/proc/sys/kernel/osrelease", running, sizeof running) !=
            FILE_READ ||
        bounded_file_list(root, "/boot", MAX_KERNELS, &names) != FILE_READ)
        return;
    snprintf(newest, sizeof newest, "%s", running);
    for (size_t i = 0; i < names.count; i++) {
        const char *version = names.names[i] + sizeof prefix - 1;

        if (strncmp(names.names[i], prefix, sizeof prefix - 1) != 0)
            continue;
        listed = listed || strcmp(version, running) == 0;
        if (strcmp(flavour(version), flavour(running)) == 0 &&
            debian_version_compare(version, newest) > 0)
            snprintf(newest, sizeof newest, "%s", version);
    }
    file_names_free(&names);
    if (!listed || strcmp(newest, running) == 0)
        return;
    seen->reboot = true;
    snprintf(found, sizeof found, "%s is installed, %s runs", newest, running);
    evidence_add(check_task_evidence(seen->task), "/boot", found, "a restart is needed");
}

static void review_reboot(review *seen)
{
    const char *root = check_task_root(seen->task);
    char packages[300] = "";

    if (bounded_file_exists(root, "/run/reboot-required") == FILE_READ) {
        seen->reboot = true;
        bounded_file_head(root, "/run/reboot-required.pkgs", packages, sizeof packages);
        evidence_add(check_task_evidence(seen->task), "/run/reboot-required",
                     packages[0] ? packages : "present", "a restart is needed");
    }
    review_kernel(seen);
}

static void conclude(const review *seen)
{
    evidence *document = check_task_evidence(seen->task);

    if ((int64_t)seen->pending > seen->settings.max_pending)
        evidence_conclude(document, CHECK_NOT_MET,
                          "Install the updates: apt-get update, then apt-get upgrade.",
                          "%zu security update%s pending: %s%s.", seen->pending,
                          seen->pending == 1 ? " is" : "s are", seen->named,
                          seen->pending > MAX_NAMED ? " and more" : "");
    else if (seen->reboot && !seen->settings.allow_pending_reboot)
        evidence_conclude(document, CHECK_NOT_MET, "Restart the device.",
                          "Installed updates take effect only after a restart.");
    else if (seen->doubt[0])
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether security updates are pending is not known: %s.", seen->doubt);
    else if (seen->pending)
        evidence_conclude(document, CHECK_OK, NULL,
                          "%zu security updates are pending, no more than allowed.", seen->pending);
    else
        evidence_conclude(document, CHECK_OK, NULL,
                          "No security update is pending; the lists are %lld days old.",
                          (long long)seen->oldest_days);
}

rj_status check_plugin_judge(check_task *task)
{
    review seen = {.task = task};
    installed_packages packages = {0};
    const char *reason;
    rj_status status;

    status = os_update_read_settings(task, &seen.settings);
    if (status)
        return status;
    reason = installed_read(&packages, check_task_root(task), STATUS_FILE, stop, task);
    if (reason) {
        doubt(&seen, STATUS_FILE, "", reason);
    } else {
        review_lists(&seen, &packages);
        count_pending(&seen, &packages);
    }
    installed_free(&packages);
    review_reboot(&seen);
    if (check_task_cancelled(task))
        return check_task_interrupted(task);
    conclude(&seen);
    return RJ_OK;
}
