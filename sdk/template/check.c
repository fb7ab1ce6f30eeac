/* SPDX-License-Identifier: MIT */
/*
 * The check "@OFFERS@".  It looks at nothing yet and says so: what is not known is "unknown", never
 * "ok".
 *
 * judge() runs on the plugin's own thread and may block.  realmjoin/kit/simple_check.h makes a
 * plugin of it; what "ok", "not-met", "unknown" and "not-applicable" mean stands in
 * realmjoin/check.h.
 */
#include <realmjoin/kit/simple_check.h>

#define ID "@ID@"
#define VERSION "@VERSION@" /* as in plugin.json */

/*
 * What a judgement usually does:
 *
 *     char path[4096];
 *     rj_check_path(task, "/etc/thing.conf", path, sizeof path);       behind the root of a test
 *     rj_check_setting(task, "Name")                                   Plugins.ID.Settings.Name
 *     if (rj_check_cancelled(task))
 *         return RJ_E_CANCELLED;                                       in loops and after waiting
 *     rj_check_evidence(task, path, "what stood there", "what that means");
 *     return rj_check_conclude(task, "not-met", "One sentence.", "What to do about it.");
 */
static rj_status judge(rj_check_task *task)
{
    rj_check_evidence(task, ID " " VERSION, "nothing", "this check looks at nothing yet");
    return rj_check_conclude(task, "unknown", "Not known: nothing is looked at yet.", NULL);
}

RJ_SIMPLE_CHECK(ID, VERSION, "@OFFERS@", judge)
