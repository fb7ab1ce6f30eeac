/* SPDX-License-Identifier: MIT */
/*
 * The model of the user interface, of which tray and terminal are views (realmjoin/ui.h says what is in
 * it).  Pure: what is known goes in, the model comes out.  What is not known says so.
 */
#ifndef RJ_SESSION_UI_MODEL_H
#define RJ_SESSION_UI_MODEL_H

#include "session/ui/texts.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct rj_ui_facts {
    const rj_texts *texts;
    const char *platform; /* "windows", "linux": what Platform of a web link means here */
    const char *version;
    bool debug;
    /* Answers of docs/ipc.md; NULL: the service has not given any. */
    const json_t *status;   /* of "status" */
    const json_t *packages; /* of "list": the array "packages" of all pages */
    const json_t *ui;       /* of "ui" */
    const char *refusal;    /* why this session is not with it; NULL: it is, or nobody answers */
    bool refuses;           /* it was the service that said so */
    /* What the session itself found: {"manufacturer", "model", "computer", "addresses": [],
     * "metered": bool, "user": who is signed in, "owner": bool, is that who joined the device};
     * what is absent is not known. */
    const json_t *device;
    const json_t *progress; /* arrays of ui.h, NULL: none */
    const json_t *notices;
} rj_ui_facts;

/* NULL: out of memory. */
json_t *rj_ui_model(const rj_ui_facts *facts, int64_t revision);
/* Does the model's menu or progress offer this action? */
bool rj_ui_offers(const json_t *model, const char *action);
/* The person's name of a package; the id if it has none. */
const char *rj_ui_package_name(const json_t *packages, const char *id);

extern const char *const rj_ui_platform; /* device_posix.c, device_win32.c */

#endif
