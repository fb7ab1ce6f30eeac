/* SPDX-License-Identifier: MIT */
/*
 * The check "firewall" on Windows: incoming connections that nothing allows are turned away, in
 * each of the three profiles.
 *
 * Happy path: the service MpsSvc runs; for each profile, what a policy says, or else the device's
 * own setting, is "on", and the default for incoming connections is not "allow".
 * "not-met": a profile was read as off or as letting everything in, or the service as stopped.
 * "unknown": whatever could not be read.  An absent setting is not taken for "on".
 *
 * The registry is that of the running system, whatever the root prefix.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "check_plugin.h"
#include "firewall_service.h"
#include "registry_win32.h"

#define LOCAL "SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy\\"
#define POLICY "SOFTWARE\\Policies\\Microsoft\\WindowsFirewall\\"
#define SERVICE "MpsSvc"
#define PLACES 4

typedef enum profile_state {
    PROFILE_DENIES,
    PROFILE_OFF,
    PROFILE_OPEN,
    PROFILE_UNKNOWN,
} profile_state;

/* The strongest place first: group policy, device management, the device's own setting. */
static const struct {
    const char *name;
    const char *places[PLACES];
} profiles[] = {
    {"domain", {POLICY "DomainProfile", LOCAL "Mdm\\DomainProfile", LOCAL "DomainProfile", NULL}},
    {"private",
     {POLICY "PrivateProfile", POLICY "StandardProfile", LOCAL "Mdm\\StandardProfile",
      LOCAL "StandardProfile"}},
    {"public", {POLICY "PublicProfile", LOCAL "Mdm\\PublicProfile", LOCAL "PublicProfile", NULL}},
};

/* The value of the strongest place that has it; REGISTRY_MISSING when none has. */
static registry_outcome strongest(check_task *task, size_t profile, const char *name,
                                  uint32_t *ret_number)
{
    registry_outcome outcome = REGISTRY_MISSING;
    char source[300], found[64];

    for (size_t i = 0; i < PLACES && profiles[profile].places[i]; i++) {
        const char *place = profiles[profile].places[i];

        outcome = registry_number(place, name, ret_number, found, sizeof found);
        if (outcome == REGISTRY_MISSING)
            continue;
        snprintf(source, sizeof source, "HKLM\\%s %s", place, name);
        evidence_add(check_task_evidence(task), source, found, "the %s profile's setting",
                     profiles[profile].name);
        break;
    }
    return outcome;
}

static profile_state review_profile(check_task *task, size_t profile)
{
    uint32_t enabled = 0, action = 0;
    registry_outcome outcome = strongest(task, profile, "EnableFirewall", &enabled);

    if (outcome == REGISTRY_MISSING)
        evidence_add(check_task_evidence(task), "HKLM\\" LOCAL, "EnableFirewall is not there",
                     "whether the %s profile is on is not known", profiles[profile].name);
    if (outcome != REGISTRY_READ || enabled > 1)
        return PROFILE_UNKNOWN;
    if (!enabled)
        return PROFILE_OFF;
    outcome = strongest(task, profile, "DefaultInboundAction", &action);
    if (outcome == REGISTRY_MISSING)
        return PROFILE_DENIES; /* documented: what is not set is "block" */
    if (outcome != REGISTRY_READ || action > 1)
        return PROFILE_UNKNOWN;
    return action ? PROFILE_OPEN : PROFILE_DENIES;
}

static void add_name(char *names, size_t size, const char *name)
{
    size_t used = strlen(names);

    snprintf(names + used, size - used, "%s%s", used ? ", " : "", name);
}

rj_status check_plugin_judge(check_task *task)
{
    evidence *document = check_task_evidence(task);
    char found[64], bad[64] = "", unknown[64] = "";
    firewall_service service = firewall_service_look(SERVICE, found, sizeof found);

    evidence_add(document, "service " SERVICE, found, "it enforces Windows' firewall");
    for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
        profile_state state = review_profile(task, i);

        if (state == PROFILE_UNKNOWN)
            add_name(unknown, sizeof unknown, profiles[i].name);
        else if (state != PROFILE_DENIES)
            add_name(bad, sizeof bad, profiles[i].name);
    }
    if (bad[0])
        evidence_conclude(document, CHECK_NOT_MET,
                          "Switch Windows Defender Firewall on for every profile, with incoming "
                          "connections blocked by default.",
                          "Incoming connections are not filtered in these profiles: %s.", bad);
    else if (service == FIREWALL_SERVICE_STOPPED)
        evidence_conclude(document, CHECK_NOT_MET,
                          "Start the service Windows Defender Firewall (" SERVICE ").",
                          "The firewall is switched on, but its service does not run.");
    else if (unknown[0])
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether a firewall protects the device is not known for these profiles: "
                          "%s.",
                          unknown);
    else if (service != FIREWALL_SERVICE_RUNS)
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "The firewall is switched on, but whether its service runs is not known: "
                          "%s.",
                          found);
    else
        evidence_conclude(document, CHECK_OK, NULL,
                          "The firewall turns away incoming connections that no rule allows.");
    return RJ_OK;
}
