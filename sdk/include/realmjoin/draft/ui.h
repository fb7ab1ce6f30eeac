/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/draft/ui.h -- "rj.ui.draft-1/1": a view of the agent for the person at the device.
 *
 * DRAFT: may change or vanish with any release; see docs/abi-policy.md.
 *
 * Loaded only by the session role, in the person's own session and with the person's rights; the
 * service never loads it.  The view gets one model and shows it; it holds no truth of its own.
 * What a person does comes back as an action id taken from that very model: the view cannot ask for
 * anything the model did not offer, and the host checks again whether it may be done.
 *
 * The model is pushed whole and replaces the former one:
 *
 *   {"revision": 7,                                     grows; a view may skip to the newest
 *    "title": "...", "icon": "normal" | "attention" | "working",
 *    "menu": [{"kind": "heading" | "item" | "separator",
 *              "text": "...", "detail": "...", "enabled": true, "checked": false,
 *              "action": "package:generic-hello:install",   absent: nothing happens on a click
 *              "items": [...]}],                        a submenu, at most 4 levels
 *    "progress": [{"id": "...", "text": "...", "permille": 420}],      -1: unknown
 *    "device": [{"label": "...", "value": "..."}]}
 *
 * A prompt is one question:
 *
 *   {"id": "...", "title": "...", "text": "...",
 *    "details": ["..."],                                  optional lines
 *    "choices": [{"answer": "now", "text": "Start now", "default": true},
 *                {"answer": "later", "text": "Snooze"}],
 *    "closing": "later",                                 the answer if it is closed
 *    "expires_ms": 60000, "expired": "now"}             counted and answered by the host
 *
 * answered by the op's result {"answer": "now"}.
 *
 * All texts are final (translated, plain, without mark-up) and untrusted: show them literally.
 */
#ifndef REALMJOIN_DRAFT_UI_H
#define REALMJOIN_DRAFT_UI_H

#include <realmjoin/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_UI "rj.ui.draft-1/1"
typedef struct rj_ui {
    uint32_t size;
    uint32_t minor;
    /* Show this model from now on.  Copies what it needs and returns at once; no answer.  A view
     * that cannot show (no tray in this session) keeps quiet and tries again by itself.  [loop] */
    void(RJ_CALL *show)(rj_plugin *plugin, const char *model_json, size_t length);
    /* Ask; finish when it is answered.  RJ_E_NOT_APPLICABLE: nobody can be asked here, the host
     * tries another view.  Cancelled when it was answered elsewhere or has expired: take it off the
     * screen and finish with RJ_E_CANCELLED.  Optional.  [loop] */
    void(RJ_CALL *ask)(rj_plugin *plugin, const char *prompt_json, size_t length, rj_op op);
} rj_ui;

/* "rj.host.ui.draft-1/1" -- what a view tells the host.  Granted to plugins that provide RJ_UI. */
#define RJ_HOST_UI "rj.host.ui.draft-1/1"
typedef struct rj_host_ui {
    uint32_t size;
    uint32_t minor;
    /* The person chose `action` while model `revision` was shown.  RJ_E_NOT_FOUND: not offered by
     * that revision, or it is too old; show the newest and let the person choose again.
     * RJ_E_BUSY: too many at once.  The outcome shows in later models.  [any] */
    rj_status(RJ_CALL *act)(const rj_host *host, int64_t revision, const char *action);
} rj_host_ui;

#ifdef __cplusplus
}
#endif

#endif
