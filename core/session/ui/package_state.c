/* SPDX-License-Identifier: MIT */
/* From what the service says of a package to one word; the first rule that fits counts. */
#include "session/ui/package_state.h"

#include "base/text.h"

#include <string.h>

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

static bool is(const json_t *object, const char *key, const char *value)
{
    return strcmp(text_of(object, key), value) == 0;
}

/* What the policy had removed, and is gone, is no longer anything to show. */
bool rj_ui_package_is_shown(const json_t *package, bool debug)
{
    if (debug)
        return true;
    return !json_is_true(json_object_get(package, "hidden")) &&
           !is(package, "reason_code", "already-absent") && !is(package, "verdict", "refused");
}

static bool is_running(const json_t *package, const json_t *status)
{
    const char *running = text_of(json_object_get(status, "run"), "package");
    return *running && rj_ascii_casecmp(running, text_of(package, "id")) == 0;
}

static bool has_failed(const json_t *package)
{
    const json_t *last = json_object_get(package, "last");
    return last && json_is_false(json_object_get(last, "success"));
}

static rj_ui_package_state state_of(const json_t *package)
{
    bool installed = is(package, "state", "installed");
    if (is(package, "verdict", "uninstall"))
        return (rj_ui_package_state){"state.waiting", NULL};
    if (is(package, "reason_code", "args-changed"))
        return (rj_ui_package_state){"state.new-configuration", "install"};
    if (has_failed(package) && (!installed || is(package, "reason_code", "last-failed") ||
                                is(package, "reason_code", "last-failed-kept")))
        return (rj_ui_package_state){"state.failed", "install"};
    if (is(package, "state", "outdated"))
        return (rj_ui_package_state){"state.outdated", "upgrade"};
    if (installed && json_is_true(json_object_get(package, "restart_pending")))
        return (rj_ui_package_state){
            "state.restart",
            json_is_true(json_object_get(package, "allow_reinstall")) ? "install" : NULL};
    if (installed && json_is_true(json_object_get(package, "allow_reinstall")))
        return (rj_ui_package_state){"state.ready-to-run", "install"};
    if (installed)
        return (rj_ui_package_state){"state.installed", NULL};
    if (is(package, "verdict", "held"))
        return (rj_ui_package_state){"state.waiting", "install"};
    if (is(package, "state", "not-installed"))
        return (rj_ui_package_state){"state.ready-to-install", "install"};
    return (rj_ui_package_state){"state.unknown", "install"};
}

void rj_ui_state_of_package(const json_t *package, const json_t *status, bool debug,
                            rj_ui_package_state *ret_state)
{
    if (is_running(package, status)) {
        *ret_state = (rj_ui_package_state){"state.running", NULL};
        return;
    }
    *ret_state = state_of(package);
    if (debug && !ret_state->verb && !is(package, "verdict", "uninstall"))
        ret_state->verb = "install";
}
