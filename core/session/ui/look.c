/* SPDX-License-Identifier: MIT */
/* See look.h. */
#include "session/ui/look.h"

#include "base/log.h"
#include "platform/system.h"

#define LOGGER "ui"
#define DIRECTORY_MS 2000u /* a far one may take much longer, or never answer */

json_t *rj_ui_ask(rj_client *client, const char *method, json_t *params)
{
    return rj_ui_ask_until(client, 0, method, params);
}

json_t *rj_ui_ask_until(rj_client *client, uint64_t end_ms, const char *method, json_t *params)
{
    json_t *result = NULL;
    rj_error error = RJ_ERROR_NONE;
    uint64_t now = end_ms ? rj_clock_monotonic_ms() : 0;
    int64_t time_ms = end_ms ? (int64_t)end_ms - (int64_t)now : RJ_UI_ASK_MS;
    if (!client || time_ms <= 0) { /* lost since the question before, or that took all the time */
        json_decref(params);
        return NULL;
    }
    if (rj_client_call(client, method, params, time_ms, &result, NULL, &error) == RJ_OK)
        return result;
    rj_log(RJ_LOG_WARNING, LOGGER, NULL, "%s: %s", method, error.text);
    return NULL;
}

json_t *rj_ui_ask_packages(rj_client *client, uint64_t end_ms)
{
    json_t *all = NULL;
    json_int_t offset = 0;
    do {
        json_t *page =
            rj_ui_ask_until(client, end_ms, "list", json_pack("{s:I}", "offset", offset));
        json_t *packages = json_object_get(page, "packages");
        json_int_t next = json_integer_value(json_object_get(page, "next"));
        if (!packages) {
            json_decref(page);
            json_decref(all);
            return NULL;
        }
        if (all)
            json_array_extend(all, packages);
        else
            all = json_incref(packages);
        json_decref(page);
        offset = next > offset ? next : 0;
    } while (offset);
    return all;
}

json_t *rj_ui_make_model(const rj_ui_facts *known, rj_ui_device *device, int64_t revision,
                         const rj_ui_jobs *jobs)
{
    rj_ui_facts facts = *known;
    facts.device = rj_ui_device_look(device, rj_clock_monotonic_ms());
    json_t *progress = jobs ? rj_ui_jobs_windows(jobs, facts.device) : NULL;
    json_t *notices = jobs ? rj_ui_jobs_notices(jobs) : NULL;
    json_t *model = NULL;
    facts.platform = rj_ui_platform;
    facts.version = RJ_VERSION;
    facts.progress = progress;
    facts.notices = notices;
    if (!jobs || (progress && notices))
        model = rj_ui_model(&facts, revision);
    json_decref(progress);
    json_decref(notices);
    return model;
}

rj_status rj_ui_look(rj_loop *loop, rj_client *client, const rj_paths *paths, bool debug,
                     json_t **ret_model, rj_error *err)
{
    rj_ui_device *device = rj_ui_device_new(loop, rj_paths_root(paths), NULL, NULL);
    json_t *status = client ? rj_ui_ask(client, "status", NULL) : NULL;
    json_t *packages = client ? rj_ui_ask_packages(client, 0) : NULL;
    json_t *ui = client ? rj_ui_ask(client, "ui", NULL) : NULL;
    const rj_ui_facts facts = {
        .texts = rj_texts_own(), .debug = debug, .status = status, .packages = packages, .ui = ui};
    if (device) /* it had the time of the questions above, too */
        rj_ui_device_wait(device, DIRECTORY_MS);
    json_t *model = device ? rj_ui_make_model(&facts, device, 1, NULL) : NULL;
    rj_ui_device_free(device);
    json_decref(status);
    json_decref(packages);
    json_decref(ui);
    if (!model)
        return rj_fail_memory(err, "making the menu");
    *ret_model = model;
    return RJ_OK;
}
