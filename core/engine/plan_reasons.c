/* SPDX-License-Identifier: MIT */
/*
 * Reasons as sentences for a person.
 *
 * In a text %a and %b are the reason's strings, %n its number, %u the user of that number (or, in
 * "asked-" texts, who %a says), and %w says for whom: "on this device" or "for <user>".  Where a string is missing, the text behind the
 * '|' is meant.
 */
#include "engine/plan.h"

#include "base/text.h"
#include "platform/system.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *code;
    const char *text;
} texts[] = {
    /* why it is looked at */
    {"assigned-mandatory", "the policy requires it %w"},
    {"assigned-available", "the policy offers it %w"},
    {"assigned-hidden", "the policy has it ready %w for packages that need it"},
    {"assigned-uninstall", "the policy wants it removed %w"},
    {"asked-install", "%u asked to install it"},
    {"asked-by-link", "%u opened a link to install it"},
    {"asked-upgrade", "%u asked to upgrade it"},
    {"asked-upgrade-by-link", "%u opened a link to upgrade it"},
    {"asked-retry", "%u asked to try again"},
    {"asked-uninstall", "%u asked to remove it"},
    {"needed-by", "%a needs it"},
    /* what was found */
    {"found-version", "version %a is there"},
    {"found-unversioned", "it is there, in a version that cannot be told"},
    {"found-absent", "it is not there"},
    {"found-unknown", "whether it is there could not be found out: %a|"
                      "whether it is there could not be found out"},
    {"record-version", "on record: version %a installed|on record: installed"},
    {"record-failed", "on record: the last run of version %a failed with exit code %n|"
                      "on record: the last run failed with exit code %n"},
    {"record-none", "nothing on record"},
    /* what follows */
    {"not-installed", "not installed, version %b is wanted|"
                      "not installed, the newest version is wanted"},
    {"was-removed", "version %a was installed and is gone, so it is installed again|"
                    "it was installed and is gone, so it is installed again"},
    {"outdated", "installed %a, policy wants %b, AutoUpgrade is on"},
    {"outdated-asked", "installed %a, policy wants %b"},
    {"outdated-kept", "installed %a, policy wants %b, but AutoUpgrade is off"},
    {"newer-kept", "installed %a is newer than %b of the policy and is kept"},
    {"downgrade", "installed %a, policy wants the older %b, AutoUpgradeCanDowngrade is on"},
    {"newest-asked", "installed %a, the newest version was asked for|"
                     "the newest version was asked for"},
    {"newest-kept", "installed %a, the policy asks for no certain version|"
                    "installed, the policy asks for no certain version"},
    {"version-unknown", "installed in a version that cannot be compared with %b, so it is kept"},
    {"version-unknown-asked", "installed in a version that cannot be compared with %b"},
    {"args-changed", "installed %a, but with other arguments than the policy gives now|"
                     "installed with other arguments than the policy gives now"},
    {"last-failed", "version %a is there, but its last run failed with exit code %n|"
                    "it is there, but its last run failed with exit code %n"},
    {"last-failed-kept",
     "version %a is there, its last run failed with exit code %n; it is optional, so it waits to "
     "be "
     "asked for|it is there, its last run failed with exit code %n; it is optional, so it waits to "
     "be asked for"},
    {"present-without-record", "version %a was installed by something else and is taken as it is|"
                               "it was installed by something else and is taken as it is"},
    {"as-wanted", "installed %a, as the policy wants"},
    {"already-installed", "version %a is installed already|it is installed already"},
    {"not-outdated", "installed %a is not outdated"},
    {"not-there-to-upgrade", "not installed, so there is nothing to upgrade"},
    {"reinstall-asked", "installed %a, AllowReinstall is on|installed, AllowReinstall is on"},
    {"not-asked", "not installed, nobody asked for it"},
    {"hidden-not-needed", "not installed, nothing needs it"},
    {"not-part-of-request", "nothing has to change for what was asked"},
    {"asked-despite-unknown", "installed on request, though what is there is not known"},
    {"policy-removes", "installed %a, policy wants it removed|installed, policy wants it removed"},
    {"already-absent", "not installed, so there is nothing to remove"},
    {"removal-asked", "removed as asked"},
    {"removal-asked-comes-back",
     "removed as asked; it is required, so the next sync installs it again"},
    /* why it waits */
    {"detection-unknown", "nothing is changed until it is known what is there"},
    {"gate-unknown", "the enforced check \"%a\" has no result: %b|"
                     "the enforced check \"%a\" has no result"},
    {"gate", "waits until the enforced check \"%a\" is met: %b|"
             "waits until the enforced check \"%a\" is met"},
    {"gave-up", "given up after %n failures, the last: %a; \"realmjoin install %b\" tries again|"
                "given up after %n failures; \"realmjoin install %b\" tries again"},
    {"no-session", "waits until %u is signed in"},
    {"dependency-held", "waits for %a, which it needs and which cannot be installed now"},
    {"dependency-removed", "needs %a, which the policy wants removed"},
    {"needed-by-installed", "%a is installed and needs %b; remove %a first"},
    /* why not */
    {"not-assigned", "%a is not assigned to %u"},
    {"not-for-root",
     "%a is installed for users, as themselves, never with an administrator's rights; ask as the "
     "user, without them"},
    {"hidden", "%a is hidden: it is installed only when another package needs it"},
    {"mandatory", "%a is required by the policy and stays"},
    {"needs-admin", "%a is installed for the whole device; removing it needs an administrator"},
    {"policy-wants-it-gone", "the policy wants %a removed"},
};

static const char *find_text(const char *code)
{
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (strcmp(texts[i].code, code) == 0)
            return texts[i].text;
    return NULL;
}

static bool is_complete(const rj_reason *reason, const char *text, size_t length)
{
    for (size_t i = 0; i + 1 < length; i++) {
        if (text[i] != '%')
            continue;
        if ((text[i + 1] == 'a' && !reason->a) || (text[i + 1] == 'b' && !reason->b))
            return false;
    }
    return true;
}

#define SENTENCE_MAX 2048

typedef struct sentence {
    char text[SENTENCE_MAX];
    size_t length;
} sentence;

static void put(sentence *out, const char *bytes, size_t length)
{
    size_t room = sizeof(out->text) - out->length;
    if (length > room)
        length = room;
    memcpy(out->text + out->length, bytes, length);
    out->length += length;
}

static void put_user(sentence *out, rj_uid uid)
{
    char name[128];
    const char *text =
        uid == RJ_UID_MACHINE ? "the agent" : rj_system_user_name(uid, name, sizeof(name));
    put(out, text, strlen(text));
}

static void put_value(sentence *out, const rj_reason *reason, char which)
{
    char number[24];
    const char *text = NULL;
    switch (which) {
    case 'a':
        text = reason->a;
        break;
    case 'b':
        text = reason->b;
        break;
    case 'n':
        snprintf(number, sizeof(number), "%" PRId64, reason->n);
        text = number;
        break;
    case 'u':
        if (reason->a && strncmp(reason->code, "asked-", 6) == 0)
            text = reason->a; /* who asked may be known better than by the number */
        else
            put_user(out, (rj_uid)reason->n);
        break;
    default:
        text = "on this device";
        if ((rj_uid)reason->n != RJ_UID_MACHINE) {
            put(out, "for ", 4);
            put_user(out, (rj_uid)reason->n);
            text = NULL;
        }
        break;
    }
    if (text)
        put(out, text, strlen(text));
    else if (which == 'a' || which == 'b')
        put(out, "?", 1);
}

size_t rj_reason_text(const rj_reason *reason, char *ret_text, size_t size)
{
    sentence out;
    out.length = 0;
    const char *text = find_text(reason->code);
    if (!text)
        text = reason->code;

    const char *bar = strchr(text, '|');
    size_t length = bar ? (size_t)(bar - text) : strlen(text);
    if (bar && !is_complete(reason, text, length)) {
        text = bar + 1;
        length = strlen(text);
    }
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '%' && i + 1 < length)
            put_value(&out, reason, text[++i]);
        else
            put(&out, &text[i], 1);
    }
    return rj_text_to_line(ret_text, size, out.text, out.length);
}

const char *rj_verdict_name(rj_verdict verdict)
{
    static const char *const names[] = {
        [RJ_VERDICT_INSTALL] = "install",     [RJ_VERDICT_UPGRADE] = "upgrade",
        [RJ_VERDICT_REINSTALL] = "reinstall", [RJ_VERDICT_UNINSTALL] = "uninstall",
        [RJ_VERDICT_NOTHING] = "nothing",     [RJ_VERDICT_HELD] = "held",
        [RJ_VERDICT_REFUSED] = "refused",
    };
    return (size_t)verdict < sizeof(names) / sizeof(names[0]) ? names[verdict] : "unknown";
}
