/* SPDX-License-Identifier: MIT */
/*
 * The check "encryption": what the device writes to its disks is encrypted.
 *
 * Happy path: for each wanted place (root, /home, /var) the file system from mountinfo, for it the
 * device tree in /sys; then each swap area the same way.
 * "ok": everything is encrypted or never leaves memory.  "not-met": something was seen to be plain.
 * "unknown": nothing plain was seen, but not everything could be judged.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "block_device.h"
#include "bounded_file.h"
#include "check_plugin.h"
#include "mount_table.h"

#define MOUNTINFO "/proc/self/mountinfo"
#define SWAPS "/proc/swaps"
#define TABLE_LIMIT ((size_t)4 * 1024 * 1024)
#define MAX_PLACES 16
#define MAX_SWAPS 32

/* What came of all places so far: the first of each bad kind is named in the summary. */
typedef struct tally {
    check_task *task;
    unsigned plain, unknown;
    const mount_entry *judged[MAX_PLACES];
    size_t judged_count;
    char first_plain[200];
    char first_unknown[400];
} tally;

static void count(tally *out, const char *place, block_verdict verdict,
                  const block_finding *finding)
{
    switch (verdict) {
    case BLOCK_ENCRYPTED:
    case BLOCK_IN_MEMORY:
        break;
    case BLOCK_PLAIN:
        if (out->plain++ == 0)
            snprintf(out->first_plain, sizeof out->first_plain, "%.150s", place);
        break;
    case BLOCK_UNKNOWN:
        if (out->unknown++ == 0)
            snprintf(out->first_unknown, sizeof out->first_unknown, "%.80s: %.200s", place,
                     finding->means);
        break;
    }
    evidence_add(check_task_evidence(out->task), finding->source, finding->found, "%.80s: %s",
                 place, finding->means);
}

static block_verdict unknown_because(block_finding *finding, const char *source, const char *found,
                                     const char *means)
{
    snprintf(finding->source, sizeof finding->source, "%s", source);
    snprintf(finding->found, sizeof finding->found, "%.200s", found);
    snprintf(finding->means, sizeof finding->means, "%s", means);
    return BLOCK_UNKNOWN;
}

static bool is_one_of(const char *type, const char *const *types)
{
    for (; *types; types++)
        if (strcmp(type, *types) == 0)
            return true;
    return false;
}

/* File systems without a block device number of their own. */
static block_verdict judge_without_device(const char *root, const mount_entry *mount,
                                          block_finding *finding)
{
    static const char *const in_memory[] = {"tmpfs", "ramfs", NULL};
    static const char *const remote[] = {"nfs",  "nfs4",     "cifs",       "smb3", "9p",
                                         "ceph", "virtiofs", "fuse.sshfs", NULL};
    char found[256], name[256];

    snprintf(found, sizeof found, "%.60s on %.150s", mount->type, mount->source);
    if (is_one_of(mount->type, in_memory)) {
        unknown_because(finding, MOUNTINFO, found, "a file system in memory, no disk");
        /* the root of a device does not live in memory: this is a live or an installation system */
        return strcmp(mount->point, "/") == 0 ? BLOCK_UNKNOWN : BLOCK_IN_MEMORY;
    }
    if (is_one_of(mount->type, remote))
        return unknown_because(finding, MOUNTINFO, found, "lies on another machine");
    if (strcmp(mount->type, "overlay") == 0)
        return unknown_because(finding, MOUNTINFO, found,
                               "an overlay (container): the disk beneath is not seen from here");
    if (strcmp(mount->type, "zfs") == 0)
        return unknown_because(finding, MOUNTINFO, found,
                               "whether a ZFS dataset is encrypted is not read");
    if (!block_device_name(root, mount->source, name, sizeof name))
        return unknown_because(finding, MOUNTINFO, found,
                               "which device this is cannot be told from its source");
    return strcmp(mount->type, "btrfs") == 0 ? block_device_judge_btrfs(root, name, finding)
                                             : block_device_judge_name(root, name, finding);
}

static block_verdict judge_mount(const char *root, const mount_entry *mount, block_finding *finding)
{
    return mount->major == 0 ? judge_without_device(root, mount, finding)
                             : block_device_judge(root, mount->major, mount->minor, finding);
}

static void judge_place(tally *out, const mount_table *table, const char *place)
{
    const mount_entry *mount = mount_table_at(table, place);
    const mount_entry *holder = mount ? mount : mount_table_holding(table, place);
    block_finding finding;
    block_verdict verdict;
    char label[200];

    for (size_t i = 0; i < out->judged_count; i++) {
        if (out->judged[i] == holder) {
            evidence_add(check_task_evidence(out->task), MOUNTINFO, "no file system of its own",
                         "%s: part of %s", place, holder->point);
            return;
        }
    }
    if (!holder) {
        verdict = unknown_because(&finding, MOUNTINFO, "no such mount",
                                  "no file system is mounted there or above");
        count(out, place, verdict, &finding);
        return;
    }
    out->judged[out->judged_count++] = holder;
    verdict = judge_mount(check_task_root(out->task), holder, &finding);
    if (mount)
        snprintf(label, sizeof label, "%.60s", place);
    else
        snprintf(label, sizeof label, "%.60s (part of %.60s)", place, holder->point);
    count(out, label, verdict, &finding);
}

/* One line of /proc/swaps: name, type, size, used, priority. */
static void judge_swap(tally *out, const mount_table *table, char *line)
{
    const char *root = check_task_root(out->task);
    char *save = NULL, place[200], name[256];
    char *path = strtok_r(line, " \t", &save);
    const char *type = path ? strtok_r(NULL, " \t", &save) : NULL;
    const mount_entry *holder;
    block_finding finding;
    block_verdict verdict;

    if (!type) {
        verdict = unknown_because(&finding, SWAPS, path ? path : "an empty line",
                                  "a line that cannot be understood");
        count(out, "swap", verdict, &finding);
        return;
    }
    mount_table_unescape(path);
    snprintf(place, sizeof place, "swap %.150s", path);
    if (strcmp(type, "file") == 0) {
        holder = mount_table_holding(table, path);
        verdict = holder ? judge_mount(root, holder, &finding)
                         : unknown_because(&finding, SWAPS, path, "on which disk is not known");
    } else if (block_device_name(root, path, name, sizeof name)) {
        verdict = block_device_judge_name(root, name, &finding);
    } else {
        verdict = unknown_because(&finding, SWAPS, path, "which device this is cannot be told");
    }
    count(out, place, verdict, &finding);
}

static void judge_swaps(tally *out, const mount_table *table)
{
    block_finding finding;
    unsigned lines = 0;
    char *text, *save = NULL;
    size_t length;
    file_outcome outcome =
        bounded_file_read(check_task_root(out->task), SWAPS, TABLE_LIMIT, &text, &length);

    if (outcome != FILE_READ) {
        unknown_because(&finding, SWAPS, file_outcome_text(outcome),
                        "whether memory is written to a disk is not known");
        count(out, "swap", BLOCK_UNKNOWN, &finding);
        return;
    }
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (lines++ == 0)
            continue; /* the heading */
        if (lines > MAX_SWAPS + 1) {
            unknown_because(&finding, SWAPS, "too many lines", "not every swap area was judged");
            count(out, "swap", BLOCK_UNKNOWN, &finding);
            break;
        }
        judge_swap(out, table, line);
    }
    if (lines == 1)
        evidence_add(check_task_evidence(out->task), SWAPS, "no entries", "swap: none in use");
    if (lines == 0) {
        unknown_because(&finding, SWAPS, "an empty file", "not the kernel's list of swap areas");
        count(out, "swap", BLOCK_UNKNOWN, &finding);
    }
    free(text);
}

static void conclude(const tally *out)
{
    evidence *document = check_task_evidence(out->task);

    if (out->plain)
        evidence_conclude(document, CHECK_NOT_MET,
                          "Move the data to a LUKS volume, or set the device up again with "
                          "full-disk encryption.",
                          "The disk is not encrypted: %s%s.", out->first_plain,
                          out->plain > 1 ? " and more" : "");
    else if (out->unknown)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether the disk is encrypted is not known: %s.", out->first_unknown);
    else
        evidence_conclude(document, CHECK_OK, NULL,
                          "Everything the device writes to its disks is encrypted.");
}

rj_status check_plugin_judge(check_task *task)
{
    const char *places[MAX_PLACES + 1] = {"/", "/home", "/var"};
    evidence *document = check_task_evidence(task);
    tally out = {.task = task};
    bool with_swap = true;
    mount_table table;
    file_outcome outcome;
    rj_status status;
    size_t length;
    char *text;

    status = check_task_paths(task, "mounts", places, MAX_PLACES);
    if (!status)
        status = check_task_boolean(task, "swap", &with_swap);
    if (status)
        return status;
    outcome = bounded_file_read(check_task_root(task), MOUNTINFO, TABLE_LIMIT, &text, &length);
    if (outcome != FILE_READ) {
        evidence_add(document, MOUNTINFO, file_outcome_text(outcome),
                     "what is mounted is not known");
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether the disk is encrypted is not known: %s %s.", MOUNTINFO,
                          file_outcome_text(outcome));
        return RJ_OK;
    }
    if (!mount_table_parse(&table, text))
        return check_task_fail(task, RJ_E_NO_MEMORY, "out of memory");
    for (size_t i = 0; places[i] && !check_task_cancelled(task); i++)
        judge_place(&out, &table, places[i]);
    if (with_swap && !check_task_cancelled(task))
        judge_swaps(&out, &table);
    mount_table_free(&table);
    if (check_task_cancelled(task))
        return check_task_interrupted(task);
    conclude(&out);
    return RJ_OK;
}
