/* SPDX-License-Identifier: MIT */
/*
 * The check "firewall": incoming connections that nothing allows are turned away.
 *
 * Happy path: the nftables rule set from the kernel over netlink (iptables of today writes there
 * too), for IPv4 and, where the device has IPv6 addresses, for IPv6.
 * "ok": both are denied by default.  "not-met": the rule set was read and lets something in.
 * "unknown": no right to read it, or the rules are in the old iptables tables, which are not read.
 *
 * Below a root prefix the kernel of the machine is not asked, unless the setting "live" says so: a
 * recorded answer is read from RECORDING instead, by the same parser.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bounded_file.h"
#include "check_plugin.h"
#include "input_default.h"
#include "nft_dump.h"
#include "nft_ruleset.h"

#define RECORDING "/run/realmjoin/nftables.netlink"
#define NETLINK "netlink: nftables"
#define SMALL_FILE ((size_t)256 * 1024)

typedef struct review {
    check_task *task;
    const char *kernel_root; /* where /proc is read: the live system or the root prefix */
    bool live;
    bool uses_ipv6;
    char doubt[300];
} review;

static void doubt(review *seen, const char *source, const char *found, const char *means)
{
    evidence_add(check_task_evidence(seen->task), source, found, "%s", means);
    if (!seen->doubt[0])
        snprintf(seen->doubt, sizeof seen->doubt, "%s", means);
}

static bool stop(const void *data)
{
    return check_task_cancelled(data);
}

static bool has_line(const char *text, const char *line)
{
    size_t length = strlen(line);

    for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL)
        if (strncmp(at, line, length) == 0 && (at[length] == '\n' || at[length] == '\0'))
            return true;
    return false;
}

/* Lines end in the name of the interface; "lo" alone is no IPv6 network. */
static void review_ipv6(review *seen)
{
    static const char path[] = "/proc/net/if_inet6";
    file_outcome outcome;
    size_t length;
    char *text, *save = NULL;

    outcome = bounded_file_read(seen->kernel_root, path, SMALL_FILE, &text, &length);
    if (outcome == FILE_MISSING) {
        evidence_add(check_task_evidence(seen->task), path, "not there", "no IPv6 in use");
        return;
    }
    seen->uses_ipv6 = true; /* until the opposite was read */
    if (outcome != FILE_READ) {
        evidence_add(check_task_evidence(seen->task), path, file_outcome_text(outcome),
                     "taken as: IPv6 is in use");
        return;
    }
    seen->uses_ipv6 = false;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        const char *space = strrchr(line, ' ');

        if (!space || strcmp(space + 1, "lo") != 0)
            seen->uses_ipv6 = true;
    }
    free(text);
    evidence_add(check_task_evidence(seen->task), path,
                 seen->uses_ipv6 ? "addresses" : "no address but the loopback's",
                 seen->uses_ipv6 ? "IPv6 is in use" : "no IPv6 in use");
}

/* True if the old iptables of that family hold a filter table. */
static bool has_legacy_rules(const review *seen, const char *path)
{
    file_outcome outcome;
    char text[512] = "";

    outcome = bounded_file_head(seen->kernel_root, path, text, sizeof text);
    if (outcome == FILE_MISSING)
        return false; /* the old tables are not in the kernel */
    if (outcome != FILE_READ) {
        evidence_add(check_task_evidence(seen->task), path, file_outcome_text(outcome),
                     "whether there are old iptables rules is not known");
        return true;
    }
    if (!has_line(text, "filter"))
        return false;
    evidence_add(check_task_evidence(seen->task), path, "filter",
                 "rules of the old iptables are loaded, which are not read here");
    return true;
}

static void review_ufw(const review *seen)
{
    static const char path[] = "/etc/ufw/ufw.conf";
    size_t length;
    char *text;

    if (bounded_file_read(check_task_root(seen->task), path, SMALL_FILE, &text, &length) !=
        FILE_READ)
        return;
    evidence_add(check_task_evidence(seen->task), path,
                 has_line(text, "ENABLED=yes") ? "ENABLED=yes" : "not ENABLED=yes",
                 has_line(text, "ENABLED=yes") ? "ufw is to manage the rules"
                                               : "ufw is there, but switched off");
    free(text);
}

/* The rule set as raw messages; false: doubt says why not. */
static bool obtain(review *seen, char **ret_bytes, size_t *ret_length)
{
    const char *root = check_task_root(seen->task), *reason;
    file_outcome outcome;
    char means[300];

    if (seen->live) {
        reason = nft_dump_live(stop, seen->task, ret_bytes, ret_length);
        if (!reason)
            return true;
        snprintf(means, sizeof means, "the rules cannot be read: %s", reason);
        doubt(seen, NETLINK, reason, means);
        return false;
    }
    outcome = bounded_file_read(root, RECORDING, NFT_DUMP_LIMIT, ret_bytes, ret_length);
    if (outcome == FILE_READ)
        return true;
    snprintf(means, sizeof means, "the recorded rules %s%s%s", RECORDING " ",
             file_outcome_text(outcome),
             outcome == FILE_MISSING
                 ? ", and below a root prefix the kernel is asked only with \"live\": true"
                 : "");
    doubt(seen, RECORDING, file_outcome_text(outcome), means);
    return false;
}

/* One family; true if what nothing allows is denied. */
static bool review_family(review *seen, const nft_ruleset *set, uint8_t family, const char *name,
                          const char *legacy_names)
{
    const char *source = seen->live ? NETLINK : RECORDING;
    const nft_chain *chain;
    input_default found = input_default_find(set, family, &chain);
    char where[300] = "no chain at the input hook", means[300];

    if (chain)
        snprintf(where, sizeof where, "chain %.100s of table %.100s, policy %s", chain->name,
                 chain->table, chain->policy_drop ? "drop" : "accept");
    switch (found) {
    case INPUT_DENIED:
        evidence_add(check_task_evidence(seen->task), source, where,
                     "%s: denied unless a rule allows it", name);
        return true;
    case INPUT_UNDECIDED:
        snprintf(means, sizeof means, "%s: too many jumps to follow", name);
        doubt(seen, source, where, means);
        return false;
    case INPUT_ACCEPTED:
    case INPUT_UNFILTERED:
        break;
    }
    evidence_add(check_task_evidence(seen->task), source, where, "%s: everything is let in", name);
    if (has_legacy_rules(seen, legacy_names)) {
        snprintf(means, sizeof means, "%s: rules of the old iptables may filter, but are not read",
                 name);
        doubt(seen, legacy_names, "", means);
    }
    return false;
}

static void conclude(const review *seen, bool ipv4, bool ipv6)
{
    evidence *document = check_task_evidence(seen->task);

    if (ipv4 && ipv6)
        evidence_conclude(document, CHECK_OK, NULL,
                          "The firewall turns away incoming connections that no rule allows.");
    else if (seen->doubt[0])
        evidence_conclude(document, CHECK_UNKNOWN, NULL,
                          "Whether a firewall protects the device is not known: %s.", seen->doubt);
    else
        evidence_conclude(document, CHECK_NOT_MET,
                          "Switch a firewall on, for example: ufw enable, or an nftables input "
                          "chain with policy drop.",
                          "Incoming %s connections are not filtered.",
                          ipv4   ? "IPv6"
                          : ipv6 ? "IPv4"
                                 : "IPv4 and IPv6");
}

static rj_status review_rules(review *seen, const char *bytes, size_t length)
{
    nft_ruleset set;
    const char *reason = nft_ruleset_parse(&set, bytes, length);
    char text[200];
    bool ipv4, ipv6;

    if (reason) {
        snprintf(text, sizeof text, "the rule set %s", reason);
        doubt(seen, seen->live ? NETLINK : RECORDING, reason, text);
        conclude(seen, false, false);
        return RJ_OK;
    }
    snprintf(text, sizeof text, "%zu tables, %zu chains, %zu rules", set.table_count,
             set.chain_count, set.rules_seen);
    evidence_add(check_task_evidence(seen->task), seen->live ? NETLINK : RECORDING, text,
                 "the whole rule set");
    ipv4 = review_family(seen, &set, NFT_FAMILY_IPV4, "IPv4", "/proc/net/ip_tables_names");
    ipv6 = !seen->uses_ipv6 ||
           review_family(seen, &set, NFT_FAMILY_IPV6, "IPv6", "/proc/net/ip6_tables_names");
    nft_ruleset_free(&set);
    conclude(seen, ipv4, ipv6);
    return RJ_OK;
}

rj_status check_plugin_judge(check_task *task)
{
    review seen = {.task = task};
    rj_status status;
    size_t length;
    char *bytes;

    seen.live = check_task_root(task)[0] == '\0';
    status = check_task_boolean(task, "live", &seen.live);
    if (status)
        return status;
    seen.kernel_root = seen.live ? "" : check_task_root(task);
    review_ufw(&seen);
    review_ipv6(&seen);
    if (!obtain(&seen, &bytes, &length)) {
        if (check_task_cancelled(task))
            return check_task_interrupted(task);
        conclude(&seen, false, false);
        return RJ_OK;
    }
    status = review_rules(&seen, bytes, length);
    free(bytes);
    return status;
}
