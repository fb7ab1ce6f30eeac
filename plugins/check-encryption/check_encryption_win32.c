/* SPDX-License-Identifier: MIT */
/*
 * The check "encryption" on Windows: BitLocker protects the system's volume and every fixed data
 * volume that has a drive letter.
 *
 * Happy path: the rows of Win32_EncryptableVolume, each with ProtectionStatus 1.
 * "not-met": a volume that counts was read as not protected.
 * "unknown": no answer (only administrators get one), no row of the system's volume, a property
 * that is not there, or a status that BitLocker itself calls unknown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check_plugin.h"
#include "wmi_win32.h"

#define SPACE "ROOT\\CIMV2\\Security\\MicrosoftVolumeEncryption"
#define SOURCE "WMI " SPACE " Win32_EncryptableVolume"
#define VOLUME_SYSTEM 0
#define VOLUME_FIXED 1
#define PROTECTION_OFF 0
#define PROTECTION_ON 1

typedef struct review {
    check_task *task;
    bool has_system;
    char plain[64], doubtful[64]; /* names of volumes */
} review;

static void add_name(char *names, size_t size, const char *name)
{
    size_t used = strlen(names);

    snprintf(names + used, size - used, "%s%s", used ? ", " : "", name);
}

static bool review_volume(void *data, const wmi_row *row)
{
    review *seen = data;
    int64_t type = -1, protection = -1;
    char letter[16] = "", found[100];
    bool has_letter = wmi_text(row, "DriveLetter", letter, sizeof letter) && letter[0];
    bool typed = wmi_number(row, "VolumeType", &type);
    const char *name = has_letter              ? letter
                       : type == VOLUME_SYSTEM ? "the system's volume"
                                               : "a volume";
    const char *means;

    if (typed && type != VOLUME_SYSTEM && (type != VOLUME_FIXED || !has_letter))
        return true; /* removable, or nothing that people write to */
    seen->has_system |= typed && type == VOLUME_SYSTEM;
    if (!typed || !wmi_number(row, "ProtectionStatus", &protection) ||
        (protection != PROTECTION_ON && protection != PROTECTION_OFF)) {
        means = "whether it is protected is not known";
        add_name(seen->doubtful, sizeof seen->doubtful, name);
    } else if (protection == PROTECTION_ON) {
        means = "protected by BitLocker";
    } else {
        means = "not protected by BitLocker";
        add_name(seen->plain, sizeof seen->plain, name);
    }
    snprintf(found, sizeof found, "%s: type %" PRId64 ", ProtectionStatus %" PRId64, name, type,
             protection);
    evidence_add(check_task_evidence(seen->task), SOURCE, found, "%s", means);
    return !check_task_cancelled(seen->task);
}

rj_status check_plugin_judge(check_task *task)
{
    evidence *document = check_task_evidence(task);
    review seen = {.task = task};
    char problem[200] = "";
    bool complete =
        wmi_query(task, SPACE,
                  "SELECT DriveLetter, VolumeType, ProtectionStatus FROM Win32_EncryptableVolume",
                  review_volume, &seen, problem, sizeof problem);

    if (check_task_cancelled(task))
        return check_task_interrupted(task);
    if (!complete)
        evidence_add(document, SOURCE, problem, "BitLocker does not answer");
    if (seen.plain[0])
        evidence_conclude(document, CHECK_NOT_MET, "Switch BitLocker on for these volumes.",
                          "Not protected by BitLocker: %s.", seen.plain);
    else if (!complete)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether the volumes are encrypted is not known: %s.", problem);
    else if (seen.doubtful[0])
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether these volumes are encrypted is not known: %s.", seen.doubtful);
    else if (!seen.has_system)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether the volumes are encrypted is not known: the answer does not "
                          "name the system's volume.");
    else
        evidence_conclude(document, CHECK_OK, NULL,
                          "BitLocker protects the system's volume and every fixed one.");
    return RJ_OK;
}
