/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/check.h -- "rj.check/1": a plugin that judges one or more facts of the device.
 *
 * An answer has three values and carries its evidence.  Only what was positively read may be "ok"
 * or "not-met"; a missing source, a refused access, an unreadable file is "unknown" with a reason.
 * A plugin that crashes, times out or is missing counts as "unknown" too: never as "ok".
 *
 * The result document pushed by evaluate() (sdk/schema/check-result.schema.json):
 *
 *   {"state": "ok" | "not-met" | "unknown" | "not-applicable",
 *    "summary": "one sentence for a person",
 *    "remedy": "what to do about it",                   only with not-met, optional
 *    "evidence": [{"source": "/proc/swaps",             where it was read
 *                  "found": "...",                      what stood there
 *                  "means": "..."}]}                    what was concluded
 *
 * evaluate() finishes with RJ_OK whenever it pushed such a document, whatever its state.
 */
#ifndef REALMJOIN_CHECK_H
#define REALMJOIN_CHECK_H

#include <realmjoin/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_CHECK "rj.check/1"
typedef struct rj_check {
    uint32_t size;
    uint32_t minor;
    /* The check ids offered, NULL-terminated, constant: {"firewall", NULL}.  [loop] */
    const char *const *(RJ_CALL *ids)(rj_plugin *plugin);
    /* Judge `check_id`, push the result, finish.  Changes nothing on the device.  [loop] */
    void(RJ_CALL *evaluate)(rj_plugin *plugin, const char *check_id, rj_op op);
    /* Optional: bring the device into the wanted state, then push a fresh result.  [loop] */
    void(RJ_CALL *remediate)(rj_plugin *plugin, const char *check_id, rj_op op);
} rj_check;

#ifdef __cplusplus
}
#endif

#endif
