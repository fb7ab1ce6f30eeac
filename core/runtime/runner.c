/* SPDX-License-Identifier: MIT */
/* Calls into plugins, and what comes back. */
#include "runtime/runner.h"

#include "base/alloc.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define IDS_MAX 64u
#define ID_MAX 64u
#define ANSWER_MAX 5000u

/* ---- Creating -------------------------------------------------------------------------------- */

static void free_ids(char **ids)
{
    for (char **at = ids; at && *at; at++)
        rj_free(*at);
    rj_free(ids);
}

static bool is_listed(char *const *list, const char *text)
{
    for (; *list; list++)
        if (strcmp(*list, text) == 0)
            return true;
    return false;
}

/* Of the manifest's list, the first that the code does not offer. */
static const char *first_missing(const char *const *ids, char *const *announced)
{
    for (; announced && *announced; announced++) {
        const char *const *at = ids;
        while (*at && strcmp(*at, *announced) != 0)
            at++;
        if (!*at)
            return *announced;
    }
    return NULL;
}

/* A copy of the plugin's list, the same as in its manifest if that has such a list; each word of a form
 * that may stand in policies and messages. */
static rj_status copy_ids(const char *const *ids, char *const *announced, const char *what,
                          char ***ret_ids, rj_error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.-";
    size_t count = 0;
    while (ids && ids[count] && count <= IDS_MAX)
        count++;
    if (count == 0 || count > IDS_MAX)
        return rj_fail(err, RJ_E_INVALID, "it offers %s %s", count ? "too many" : "no", what);
    const char *missing = first_missing(ids, announced);
    if (missing)
        return rj_fail(err, RJ_E_INVALID, "its manifest offers \"%s\", its code does not", missing);
    char **copy = rj_calloc(count + 1, sizeof *copy);
    if (!copy)
        return rj_fail_memory(err, "asking a plugin what it offers");
    for (size_t i = 0; i < count; i++) {
        size_t length = strnlen(ids[i], ID_MAX + 1);
        if (!length || length > ID_MAX || strspn(ids[i], allowed) != length) {
            free_ids(copy);
            return rj_fail(err, RJ_E_INVALID, "one of its %s is not of the form a-z, 0-9, '.', '-'",
                           what);
        }
        if (announced && !is_listed(announced, ids[i])) {
            free_ids(copy);
            return rj_fail(err, RJ_E_INVALID, "its code offers \"%s\", its manifest does not",
                           ids[i]);
        }
        copy[i] = rj_strdup(ids[i]);
        if (!copy[i]) {
            free_ids(copy);
            return rj_fail_memory(err, "asking a plugin what it offers");
        }
    }
    *ret_ids = copy;
    return RJ_OK;
}

static const void *table_of(rj_instance *instance, const char *id, uint32_t least_size,
                            rj_status *status, rj_error *err)
{
    const void *table = instance->desc.query(instance->plugin, id);
    if (!table) {
        *status = rj_fail(err, RJ_E_INVALID, "it provides %s but gives no table for it", id);
        return NULL;
    }
    uint32_t size;
    memcpy(&size, table, sizeof size); /* every table begins with it */
    if (size < least_size) {
        *status = rj_fail(err, RJ_E_INVALID, "its table for %s has %u bytes, too few to be used",
                          id, size);
        return NULL;
    }
    return table;
}

static rj_status take_tables(rj_instance *instance, rj_error *err)
{
    rj_status status = RJ_OK;
    for (size_t i = 0; i < instance->manifest->provides_count && !status; i++) {
        const char *id = instance->manifest->provides[i];
        if (strcmp(id, RJ_CHECK) == 0) {
            const rj_check *check =
                table_of(instance, id, offsetof(rj_check, remediate), &status, err);
            if (check && (!check->ids || !check->evaluate))
                status = rj_fail(err, RJ_E_INVALID, "its table for %s lacks a function", id);
            else if (check)
                status = copy_ids(check->ids(instance->plugin), instance->manifest->checks,
                                  "check ids", &instance->check_ids, err);
            instance->check = status ? NULL : check;
        } else if (strcmp(id, RJ_PACKAGE) == 0) {
            const rj_package *package =
                table_of(instance, id, offsetof(rj_package, detect), &status, err);
            if (package && !package->formats)
                status = rj_fail(err, RJ_E_INVALID, "its table for %s lacks a function", id);
            else if (package)
                status = copy_ids(package->formats(instance->plugin), instance->manifest->formats,
                                  "package formats", &instance->formats, err);
            instance->package = status ? NULL : package;
        } else if (strcmp(id, RJ_UI) == 0) {
            const rj_ui *ui = table_of(instance, id, offsetof(rj_ui, ask), &status, err);
            if (ui && (!ui->run || !ui->show))
                status = rj_fail(err, RJ_E_INVALID, "its table for %s lacks a function", id);
            instance->ui = status ? NULL : ui;
        } else {
            rj_log(RJ_LOG_WARNING, "runtime", NULL, "plugin %s provides %s, which is not used here",
                   instance->id, id);
        }
    }
    return status;
}

rj_status rj_runner_create(rj_instance *instance, rj_error *err)
{
    rj_plugin *plugin = NULL;
    rj_status status = instance->desc.create(&instance->host, instance->config, &plugin);
    if (status)
        return rj_fail(err, status < 0 ? status : RJ_E_FAILED, "create() failed: %s%s%s",
                       rj_status_name(status), *instance->owner.last_error ? ", " : "",
                       instance->owner.last_error);
    if (!plugin)
        return rj_fail(err, RJ_E_INVALID, "create() succeeded without an instance");
    instance->plugin = plugin;
    return rj_runner_take_tables(instance, err);
}

rj_status rj_runner_take_tables(rj_instance *instance, rj_error *err)
{
    rj_status status = take_tables(instance, err);
    if (status) { /* it exists and will be stopped, but is asked nothing */
        instance->check = NULL;
        instance->package = NULL;
        instance->ui = NULL;
    }
    return status;
}

/* ---- Asking ---------------------------------------------------------------------------------- */

static void absent(rj_instance *instance, rj_op op, const char *member)
{
    char message[128];
    snprintf(message, sizeof message, "the plugin cannot %s", member);
    rj_op_answer_by_host(instance->runtime->ops, op, RJ_E_NOT_APPLICABLE, message);
}

void rj_runner_evaluate(rj_instance *instance, const char *check_id, rj_op op)
{
    instance->check->evaluate(instance->plugin, check_id, op);
}

void rj_runner_remediate(rj_instance *instance, const char *check_id, rj_op op)
{
    if (RJ_HAS(instance->check, rj_check, remediate))
        instance->check->remediate(instance->plugin, check_id, op);
    else
        absent(instance, op, "bring the device into the wanted state");
}

void rj_runner_package(rj_instance *instance, rj_package_verb verb, const char *request, rj_op op)
{
    const rj_package *table = instance->package;
    rj_plugin *plugin = instance->plugin;
    switch (verb) {
    case RJ_PACKAGE_DETECT:
        if (RJ_HAS(table, rj_package, detect))
            table->detect(plugin, request, op);
        else
            absent(instance, op, "detect");
        return;
    case RJ_PACKAGE_FETCH:
        if (RJ_HAS(table, rj_package, fetch))
            table->fetch(plugin, request, op);
        else
            absent(instance, op, "fetch");
        return;
    case RJ_PACKAGE_INSTALL:
        if (RJ_HAS(table, rj_package, install))
            table->install(plugin, request, op);
        else
            absent(instance, op, "install");
        return;
    case RJ_PACKAGE_UNINSTALL:
        if (RJ_HAS(table, rj_package, uninstall))
            table->uninstall(plugin, request, op);
        else
            absent(instance, op, "uninstall");
        return;
    case RJ_PACKAGE_RECOVER:
        if (RJ_HAS(table, rj_package, recover))
            table->recover(plugin, request, op);
        else
            absent(instance, op, "recover");
        return;
    }
    absent(instance, op, "do what was asked");
}

void rj_runner_run_view(rj_instance *instance, rj_op op)
{
    instance->ui->run(instance->plugin, op);
}

void rj_runner_show(rj_instance *instance, const char *model, size_t length)
{
    instance->ui->show(instance->plugin, model, length);
}

void rj_runner_ask(rj_instance *instance, const char *prompt, size_t length, rj_op op)
{
    if (RJ_HAS(instance->ui, rj_ui, ask))
        instance->ui->ask(instance->plugin, prompt, length, op);
    else
        absent(instance, op, "ask the person");
}

void rj_runner_stop(rj_instance *instance, rj_op op)
{
    instance->desc.stop(instance->plugin, op);
}

void rj_runner_destroy(rj_instance *instance)
{
    instance->desc.destroy(instance->plugin);
    instance->plugin = NULL;
    instance->check = NULL;
    instance->package = NULL;
    instance->ui = NULL;
}

/* ---- Answers --------------------------------------------------------------------------------- */

/* A status of the header, or RJ_E_FAILED in its place. */
static rj_status known_status(const rj_op_answer *answer, rj_instance *instance)
{
    if (answer->status <= RJ_OK && answer->status >= RJ_E_EXISTS)
        return answer->status;
    rj_op_misbehaved(instance->runtime->ops, answer->owner, answer->op,
                     "answered with %d, which is no status", (int)answer->status);
    return RJ_E_FAILED;
}

void rj_runner_answered(const rj_op_answer *answer)
{
    rj_instance *instance = answer->data;
    const rj_question *question = answer->question;
    rj_answer told = {.status = answer->status, .message = answer->message, .plugin_id = ""};
    char line[ANSWER_MAX];
    if (instance) {
        told.plugin_id = instance->id;
        told.result = answer->result;
        told.secrets = answer->secrets;
        told.status = known_status(answer, instance);
        const char *message = answer->message;
        if (told.status && !*message) {
            rj_op_misbehaved(instance->runtime->ops, answer->owner, answer->op,
                             "failed with %s and gave no message", rj_status_name(told.status));
            message = "failed without saying why";
        }
        size_t used = (size_t)snprintf(line, sizeof line, "%s: ", instance->id);
        rj_text_to_line(line + used, sizeof line - used, message, strlen(message));
        told.message = told.status ? line : "";
    }
    if (question->answered)
        question->answered(question->data, &told);
}
