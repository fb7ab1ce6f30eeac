/* SPDX-License-Identifier: MIT */
#include "engine/fake_performer_test.h"

#include "platform/system.h"
#include "test_system.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void file_of(const fake_performer *fake, const char *id, rj_uid owner, const char *suffix,
                    char ret_path[512])
{
    snprintf(ret_path, 512, "%s/%lu-%s%s", fake->folder, (unsigned long)owner, id, suffix);
}

const char *fake_installed(const fake_performer *fake, const char *id, rj_uid owner)
{
    static char version[64];
    char path[512];
    version[0] = '\0';
    file_of(fake, id, owner, "", path);
    FILE *file = fopen(path, "r");
    if (!file)
        return version;
    size_t length = fread(version, 1, sizeof version - 1, file);
    version[length] = '\0';
    fclose(file);
    return version;
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    assert(file);
    fputs(text, file);
    fclose(file);
}

void fake_put(const fake_performer *fake, const char *id, rj_uid owner, const char *version)
{
    char path[512];
    file_of(fake, id, owner, "", path);
    if (version)
        write_file(path, version);
    else
        remove(path);
}

static void kill_if(const fake_performer *fake, unsigned point)
{
    if (fake->kill_in_change == point)
        rj_system_kill_self();
}

/* Through a ".part" file, so that a kill in the middle can be seen and undone. */
static void change(const fake_performer *fake, const char *id, rj_uid owner, const char *version)
{
    char part[512], path[512];
    file_of(fake, id, owner, ".part", part);
    file_of(fake, id, owner, "", path);
    kill_if(fake, 1);
    write_file(part, version ? version : "");
    kill_if(fake, 2);
    if (version) {
        assert(test_rename(part, path));
    } else {
        remove(path);
        remove(part);
    }
    kill_if(fake, 3);
}

static json_t *recover(const fake_performer *fake, const char *id, rj_uid owner)
{
    char part[512];
    file_of(fake, id, owner, ".part", part);
    return json_pack("{s:s}", "outcome", remove(part) == 0 ? "rolled-back" : "nothing");
}

static json_t *perform(const fake_performer *fake, const fake_question *asked)
{
    const char *id = json_string_value(json_object_get(asked->request, "id"));
    const char *version = json_string_value(json_object_get(asked->request, "version"));
    const char *there = fake_installed(fake, id, asked->owner);
    if (!version)
        version = "9.0";
    switch (asked->verb) {
    case RJ_PACKAGE_DETECT:
        if (!there[0])
            return json_pack("{s:b, s:s}", "installed", 0, "detail", "no file");
        return json_pack("{s:b, s:s, s:s}", "installed", 1, "version", there, "detail", "file");
    case RJ_PACKAGE_FETCH:
        return json_pack("{s:s, s:s}", "version", version, "path", "/cache/x");
    case RJ_PACKAGE_INSTALL:
        change(fake, id, asked->owner, version);
        return json_pack("{s:s, s:i, s:b}", "version", version, "exit_code", 0, "restart", 0);
    case RJ_PACKAGE_UNINSTALL:
        change(fake, id, asked->owner, NULL);
        return json_pack("{s:i, s:b}", "exit_code", 0, "restart", 0);
    default:
        return recover(fake, id, asked->owner);
    }
}

static fake_script *script_for(fake_performer *fake, const fake_question *asked)
{
    const char *id = json_string_value(json_object_get(asked->request, "id"));
    for (size_t i = 0; i < fake->script_count; i++) {
        fake_script *script = &fake->scripts[i];
        if (script->verb != asked->verb || (script->id && strcmp(script->id, id) != 0))
            continue;
        if (script->times == 0)
            return script;
        if (script->times == 1)
            script->verb = (rj_package_verb)FAKE_VERBS; /* used up */
        else
            script->times--;
        return script;
    }
    return NULL;
}

bool fake_turn(fake_performer *fake)
{
    static const char *const names[] = {"detect", "fetch", "install", "uninstall", "recover"};
    if (fake->question_count == 0)
        return false;
    fake_question asked = fake->questions[0];
    fake->question_count--;
    memmove(fake->questions, fake->questions + 1, fake->question_count * sizeof(fake_question));
    size_t used = strlen(fake->trace);
    snprintf(fake->trace + used, sizeof fake->trace - used, "%s %s; ", names[asked.verb],
             json_string_value(json_object_get(asked.request, "id")));

    if (fake->writes && asked.verb == RJ_PACKAGE_INSTALL)
        asked.question.wrote(asked.question.data, 0, fake->writes, strlen(fake->writes));
    const fake_script *script = script_for(fake, &asked);
    rj_answer answer = {.status = RJ_OK, .message = "", .plugin_id = "fake"};
    if (asked.owner != RJ_UID_MACHINE && fake->session_absent) {
        answer.status = RJ_E_NOT_STARTED;
        answer.message = "fake: the user is not signed in";
    } else if (asked.cancelled) {
        answer.status = RJ_E_CANCELLED;
        answer.message = "fake: cancelled";
    } else if (script) {
        if (script->do_it)
            json_decref(perform(fake, &asked));
        answer.status = script->status;
        answer.message = script->message ? script->message : "";
        answer.result = script->result ? json_loads(script->result, 0, NULL) : NULL;
    } else {
        answer.result = perform(fake, &asked);
    }
    asked.question.answered(asked.question.data, &answer);
    json_decref(answer.result);
    json_decref(asked.request);
    return true;
}

static rj_question_id ask(void *data, rj_uid owner, rj_package_verb verb, const json_t *request,
                          const rj_question *question)
{
    fake_performer *fake = data;
    assert(fake->question_count < FAKE_QUESTIONS);
    fake->questions[fake->question_count++] = (fake_question){
        .id = ++fake->last_id,
        .owner = owner,
        .verb = verb,
        .request = json_deep_copy(request),
        .question = *question,
    };
    if (fake->question_count > fake->most_at_once)
        fake->most_at_once = fake->question_count;
    fake->asked[verb]++;
    return fake->last_id;
}

static void cancel(void *data, rj_uid owner, rj_question_id question)
{
    fake_performer *fake = data;
    (void)owner;
    for (size_t i = 0; i < fake->question_count; i++)
        if (fake->questions[i].id == question)
            fake->questions[i].cancelled = true;
}

static bool present(void *data, rj_uid owner)
{
    const fake_performer *fake = data;
    return owner == RJ_UID_MACHINE || !fake->session_absent;
}

void fake_begin(fake_performer *fake, const char *folder)
{
    memset(fake, 0, sizeof *fake);
    snprintf(fake->folder, sizeof fake->folder, "%s", folder);
    fake->performer =
        (rj_performer){.data = fake, .package = ask, .cancel = cancel, .present = present};
}

void fake_end(fake_performer *fake)
{
    for (size_t i = 0; i < fake->question_count; i++)
        json_decref(fake->questions[i].request);
    fake->question_count = 0;
}

void fake_script_add(fake_performer *fake, fake_script script)
{
    assert(fake->script_count < sizeof fake->scripts / sizeof *fake->scripts);
    fake->scripts[fake->script_count++] = script;
}
