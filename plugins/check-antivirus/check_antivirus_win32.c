/* SPDX-License-Identifier: MIT */
/*
 * The check "antivirus" on Windows: a product that the Security Center knows is on, and its
 * signatures are up to date.
 *
 * Happy path: one row of ROOT\SecurityCenter2 AntiVirusProduct whose productState says both.
 * "not-met": products were read, and each one is off or out of date.
 * "unknown": no Security Center (servers have none), no answer, no product, or a product whose
 * state could not be read while no other one is good.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check_plugin.h"
#include "wmi_win32.h"

#define SPACE "ROOT\\SecurityCenter2"
#define SOURCE "WMI " SPACE " AntiVirusProduct"
#define MODE_MASK 0xF000 /* of productState */
#define MODE_ON 0x1000
#define SIGNATURES_MASK 0xF0
#define SIGNATURES_OLD 0x10

typedef struct review {
    check_task *task;
    unsigned products, unreadable, good, on;
    char name[128]; /* of a product that is on, else of the last one */
} review;

static bool review_product(void *data, const wmi_row *row)
{
    review *seen = data;
    evidence *document = check_task_evidence(seen->task);
    char name[128] = "a product without a name", found[200];
    int64_t state = 0;
    bool on, recent;

    seen->products++;
    wmi_text(row, "displayName", name, sizeof name);
    if (!wmi_number(row, "productState", &state)) {
        seen->unreadable++;
        evidence_add(document, SOURCE, name, "its state cannot be read");
        return !check_task_cancelled(seen->task);
    }
    on = (state & MODE_MASK) == MODE_ON;
    recent = (state & SIGNATURES_MASK) == 0;
    if ((state & SIGNATURES_MASK) != 0 && (state & SIGNATURES_MASK) != SIGNATURES_OLD) {
        seen->unreadable++;
        on = false;
    }
    snprintf(found, sizeof found, "%s, productState 0x%06" PRIx64, name, (uint64_t)state);
    evidence_add(document, SOURCE, found, "%s, signatures %s", on ? "on" : "not on",
                 recent ? "up to date" : "not up to date");
    if (on || !seen->on)
        snprintf(seen->name, sizeof seen->name, "%s", name);
    seen->on += on;
    seen->good += on && recent;
    return !check_task_cancelled(seen->task);
}

rj_status check_plugin_judge(check_task *task)
{
    evidence *document = check_task_evidence(task);
    review seen = {.task = task};
    char problem[200] = "";
    bool complete = wmi_query(task, SPACE, "SELECT displayName, productState FROM AntiVirusProduct",
                              review_product, &seen, problem, sizeof problem);

    if (check_task_cancelled(task))
        return check_task_interrupted(task);
    if (!complete)
        evidence_add(document, SOURCE, problem, "the Security Center does not answer");
    if (seen.good)
        evidence_conclude(document, CHECK_OK, NULL, "%s is on and its signatures are up to date.",
                          seen.name);
    else if (!complete)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether a virus scanner is at work is not known: %s.", problem);
    else if (seen.products == 0)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether a virus scanner is at work is not known: the Security Center "
                          "names no product.");
    else if (seen.unreadable)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether a virus scanner is at work is not known: the state of %s cannot "
                          "be read.",
                          seen.products > 1 ? "a product" : "the product");
    else if (seen.on)
        evidence_conclude(document, CHECK_NOT_MET, "Let the virus scanner update its signatures.",
                          "%s is on, but its signatures are not up to date.", seen.name);
    else
        evidence_conclude(document, CHECK_NOT_MET,
                          "Switch a virus scanner on, for example Microsoft Defender.",
                          "No virus scanner is on; %s is installed.", seen.name);
    return RJ_OK;
}
