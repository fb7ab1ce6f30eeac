/* SPDX-License-Identifier: MIT */
/*
 * The view itself: icon, menu, progress windows, prompts.  Everything on the screen belongs to the one
 * thread that is in tray_run(); the others are called from anywhere and only leave word for it.
 */
#ifndef UI_TRAY_TRAY_H
#define UI_TRAY_TRAY_H

#include <realmjoin/ui.h>
#include <stdbool.h>

typedef struct tray tray;

typedef struct tray_host {
    void *data;
    rj_status (*act)(void *data, int64_t revision, const char *action);
    void (*log)(void *data, int32_t level, const char *text);
    bool (*is_withdrawn)(void *data, rj_op question);
    /* `answer` NULL: there is none, `message` says why. */
    void (*answered)(void *data, rj_op question, rj_status status, const char *answer,
                     const char *message);
} tray_host;

tray *tray_new(const tray_host *host); /* NULL: out of memory */
void tray_free(tray *view);            /* nobody is in tray_run() */
/* Until tray_quit().  RJ_E_NOT_APPLICABLE: this session has no windows. */
rj_status tray_run(tray *view);
/* False: out of memory. */
bool tray_show(tray *view, const char *model_json, size_t length);
bool tray_ask(tray *view, const char *prompt_json, size_t length, rj_op question);
void tray_look(tray *view); /* a question was withdrawn */
void tray_quit(tray *view);

#endif
