/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/ui.h -- "rj.ui/1": a view of the agent for the person at the device.
 *
 * Loaded only by the session role, in the person's own session and with the person's rights; the
 * service never loads it.  The view gets one model and shows it; it holds no truth of its own.
 * What a person does comes back as an action id taken from that very model: the view cannot ask for
 * anything the model did not offer, and the host checks again whether it may be done.
 *
 * The model is pushed whole and replaces the former one (ui-model.schema.json):
 *
 *   {"revision": 7,                       grows; a view may skip to the newest
 *    "title": "RealmJoin", "tooltip": "RealmJoin: installing Firefox",
 *    "icon": "normal" | "attention" | "working" | "debug",
 *    "direction": "ltr" | "rtl",
 *    "menu": [ITEM...], "progress": [WINDOW...], "notices": [NOTICE...],
 *    "device": [{"label": "...", "value": "..."}],
 *    "words": {"cancel": "...", "done": "...", "show-details": "...", "hide-details": "...",
 *              "copy": "..."},            what the view's own buttons say
 *    "open-menu": 2,                      absent: 0; greater than before: open the menu, as if the person
 *                                         had clicked; not with the first model a view gets
 *    "keys": "debug:on",                  absent: none; to be sent, instead of opening the menu, when the
 *                                         person asks for it with Ctrl and Shift held
 *    "menu-closed": "debug:off"}          absent: none; to be sent when a menu that "open-menu" opened
 *                                         has closed, after what was chosen in it
 *
 * ITEM, a line of the menu:
 *
 *   {"kind": "item" | "heading" | "separator",
 *    "text": "...", "enabled": true, "checked": false,
 *    "action": "package:vendor-tool:install",   absent: nothing happens on a click
 *    "open": "https://...",               with an action: the page that the view opens itself, with
 *                                         the person's browser, once act() has said RJ_OK
 *    "copy": "...",                       the same: the text it puts onto the clipboard
 *    "items": [ITEM...]}                  a submenu, at most 4 levels
 *
 * WINDOW, one piece of work that the person should be able to watch:
 *
 *   {"id": "...",                         the same work as in the former model
 *    "text": "Installing Firefox...",     what it is
 *    "state": "waiting" | "working" | "done" | "failed" | "cancelled",
 *    "permille": 420,                     -1: unknown
 *    "status": "...",                     one line: what is being done, or what came of it
 *    "next": "...",                       what the person can do now; "" if nothing
 *    "details": "...",                    lines of output, at most 64 KiB; "" if there are none
 *    "asked": true,                       the person waits for it: it may come to the front once
 *    "cancel": "cancel:...",              absent: it cannot be cancelled (any more)
 *    "close": "close:...",                to be sent when the person closes it
 *    "copy": "..."}                       text for the helpdesk; absent: nothing to copy
 *
 * A window that is not in the next model is closed.  NOTICE, told once for each id:
 *
 *   {"id": "...", "kind": "info" | "warning" | "error", "title": "...", "text": "..."}
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
#ifndef REALMJOIN_UI_H
#define REALMJOIN_UI_H

#include <realmjoin/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_UI "rj.ui/1"
typedef struct rj_ui {
    uint32_t size;
    uint32_t minor;
    /* Be there: called once after create().  The op lives as long as the view and is its licence to
     * use the lane (rj.host.exec/1), where it may block and keep windows; cancelled when the session
     * ends.  Finish with RJ_E_NOT_APPLICABLE if there never can be anything to show it on.  [loop] */
    void(RJ_CALL *run)(rj_plugin *plugin, rj_op op);
    /* Show this model from now on.  Copies what it needs and returns at once; no answer.  A view
     * that cannot show (no tray in this session) keeps quiet and tries again by itself.  [loop] */
    void(RJ_CALL *show)(rj_plugin *plugin, const char *model_json, size_t length);
    /* Ask; finish when it is answered.  RJ_E_NOT_APPLICABLE: nobody can be asked here, the host
     * tries another view.  Cancelled when it was answered elsewhere or has expired: take it off the
     * screen and finish with RJ_E_CANCELLED.  Optional.  [loop] */
    void(RJ_CALL *ask)(rj_plugin *plugin, const char *prompt_json, size_t length, rj_op op);
} rj_ui;

/* "rj.host.ui/1" -- what a view tells the host.  Granted to plugins that provide RJ_UI. */
#define RJ_HOST_UI "rj.host.ui/1"
typedef struct rj_host_ui {
    uint32_t size;
    uint32_t minor;
    /* The person chose `action` while model `revision` was shown.  RJ_OK: it will be done, the
     * outcome shows in later models.  RJ_E_NOT_FOUND: not offered by that revision, or it is too old;
     * show the newest and let the person choose again.  RJ_E_BUSY: too many at once.  [any] */
    rj_status(RJ_CALL *act)(const rj_host *host, int64_t revision, const char *action);
} rj_host_ui;

#ifdef __cplusplus
}
#endif

#endif
