/* SPDX-License-Identifier: MIT */
/* Virus scanners of any maker, by what is seen from outside; see scanner_search.h. */
#include "scanner_search.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounded_file.h"

#define MAX_PROCESSES 65536
#define MAX_DESCRIPTORS 65536 /* of one process */
#define MAX_LOOKS 2000000     /* descriptors in all */
#define MAX_FDINFO ((size_t)4 * 1024 * 1024)
#define PERMISSION_EVENTS 0x70000u /* FAN_OPEN_PERM, FAN_ACCESS_PERM, FAN_OPEN_EXEC_PERM */

/* What a product is called, its process (at most 15 characters, as the kernel keeps them) and a
 * file that is there when it is installed. */
static const struct {
    const char *product, *process, *path;
} known[] = {
    {"ClamAV", "clamonacc", "/usr/sbin/clamd"},
    {"Microsoft Defender", "wdavdaemon", "/opt/microsoft/mdatp/sbin/wdavdaemon"},
    {"CrowdStrike Falcon", "falcon-sensor", "/opt/CrowdStrike/falcon-sensor"},
    {"SentinelOne", "s1-agent", "/opt/sentinelone/bin/sentinelctl"},
    {"Sophos", "savd", "/opt/sophos-av/bin/savdctl"},
    {"Sophos Protection", "soapd", "/opt/sophos-spl"},
    {"ESET", "oaeventd", "/opt/eset"},
    {"Kaspersky Endpoint Security", "kesl", "/opt/kaspersky/kesl"},
    {"Bitdefender", "bdsecd", "/opt/bitdefender-security-tools"},
    {"Trend Micro", "ds_am", "/opt/ds_agent/ds_agent"},
    {"Trellix", "mfetpd", "/opt/McAfee/ens/tp"},
    {"WithSecure", "fsavd", "/opt/f-secure"},
};

static const char *product_of(const char *process)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i].process, process) == 0)
            return known[i].product;
    return NULL;
}

static void note_incomplete(scanner_search *search, const char *what, const char *why)
{
    if (!search->incomplete[0])
        snprintf(search->incomplete, sizeof search->incomplete, "%.100s %.90s", what, why);
}

/* "fanotify mnt_id:1d mflags:0 mask:10000 ignored_mask:0": any mark that waits for a permission. */
static bool asks_for_permission(const char *fdinfo)
{
    for (const char *at = fdinfo; (at = strstr(at, " mask:")); at++)
        if (strtoul(at + 6, NULL, 16) & PERMISSION_EVENTS)
            return true;
    return false;
}

/* One descriptor of a process; true if it is a scanner's. */
static bool intercepts(scanner_search *search, const char *root, const char *process,
                       const char *descriptor)
{
    char path[64], target[64], *fdinfo;
    bool found = false;
    file_outcome outcome;
    size_t length;

    snprintf(path, sizeof path, "/proc/%.10s/fd/%.10s", process, descriptor);
    if (bounded_file_link(root, path, target, sizeof target) != FILE_READ ||
        strcmp(target, "anon_inode:[fanotify]") != 0)
        return false;
    snprintf(path, sizeof path, "/proc/%.10s/fdinfo/%.10s", process, descriptor);
    outcome = bounded_file_read(root, path, MAX_FDINFO, &fdinfo, &length);
    if (outcome == FILE_READ) {
        found = asks_for_permission(fdinfo);
        free(fdinfo);
    } else if (outcome != FILE_MISSING) {
        note_incomplete(search, path, file_outcome_text(outcome));
    }
    return found;
}

static void look_at_process(scanner_search *search, const char *root, const char *process,
                            size_t *looks)
{
    char path[64], name[32];
    file_names descriptors;
    file_outcome outcome;
    const char *product;

    snprintf(path, sizeof path, "/proc/%.10s/comm", process);
    if (bounded_file_head(root, path, name, sizeof name) != FILE_READ)
        return; /* it has ended meanwhile */
    product = product_of(name);
    if (product && !search->running)
        search->running = product;
    snprintf(path, sizeof path, "/proc/%.10s/fd", process);
    outcome = bounded_file_list(root, path, MAX_DESCRIPTORS, &descriptors);
    if (outcome == FILE_MISSING)
        return;
    if (outcome != FILE_READ) {
        note_incomplete(search, path, file_outcome_text(outcome));
        return;
    }
    for (size_t i = 0; i < descriptors.count && *looks < MAX_LOOKS; i++) {
        ++*looks;
        if (search->intercepting || !intercepts(search, root, process, descriptors.names[i]))
            continue;
        snprintf(search->intercepting_path, sizeof search->intercepting_path,
                 "/proc/%.10s/fdinfo/%.10s", process, descriptors.names[i]);
        if (product)
            search->intercepting = product;
        else
            snprintf(search->unnamed, sizeof search->unnamed, "%s", name);
    }
    file_names_free(&descriptors);
    if (*looks >= MAX_LOOKS)
        note_incomplete(search, "/proc", "holds more descriptors than are looked at");
}

static void look_at_processes(scanner_search *search, const char *root,
                              bool (*stop)(const void *data), const void *data)
{
    file_names processes;
    bool saw_first = false;
    size_t looks = 0;
    file_outcome outcome = bounded_file_list(root, "/proc", MAX_PROCESSES, &processes);

    if (outcome != FILE_READ) {
        note_incomplete(search, "/proc", file_outcome_text(outcome));
        return;
    }
    for (size_t i = 0; i < processes.count && !stop(data); i++) {
        const char *name = processes.names[i];

        if (strspn(name, "0123456789") != strlen(name))
            continue;
        saw_first = saw_first || strcmp(name, "1") == 0;
        look_at_process(search, root, name, &looks);
    }
    if (!saw_first)
        note_incomplete(search, "/proc", "does not show the processes of the system");
    file_names_free(&processes);
}

void scanner_search_run(scanner_search *ret_search, const char *root,
                        bool (*stop)(const void *data), const void *data)
{
    scanner_search search = {0};

    for (size_t i = 0; i < sizeof known / sizeof known[0] && !search.installed; i++) {
        if (bounded_file_exists(root, known[i].path) != FILE_READ)
            continue;
        search.installed = known[i].product;
        snprintf(search.installed_path, sizeof search.installed_path, "%s", known[i].path);
    }
    look_at_processes(&search, root, stop, data);
    *ret_search = search;
}
