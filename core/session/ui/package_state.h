/* SPDX-License-Identifier: MIT */
/* What the menu says of a package, and what a click on it does. */
#ifndef RJ_SESSION_UI_PACKAGE_STATE_H
#define RJ_SESSION_UI_PACKAGE_STATE_H

#include <jansson.h>
#include <stdbool.h>

typedef struct rj_ui_package_state {
    const char *word; /* id of a text: "state.installed" */
    const char *verb; /* "install", "upgrade"; NULL: a click does nothing, the line is grey */
} rj_ui_package_state;

bool rj_ui_package_is_shown(const json_t *package, bool debug);
/* `status` NULL: not known. */
void rj_ui_state_of_package(const json_t *package, const json_t *status, bool debug,
                            rj_ui_package_state *ret_state);

#endif
