/* SPDX-License-Identifier: MIT */
/* The command line: one table of options, read from left to right; the first mistake ends it. */
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum option_kind { TAKES_TEXT, TAKES_NUMBER } option_kind;

typedef struct option {
    const char *name;
    option_kind kind;
    int64_t least, most;
    size_t place; /* in rj_options */
} option;

#define PLACE(MEMBER) offsetof(rj_options, MEMBER)

static const option options[] = {
    {"--worker", TAKES_TEXT, 0, 0, PLACE(worker_program)},
    {"--settings", TAKES_TEXT, 0, 0, PLACE(settings_file)},
    {"--request", TAKES_TEXT, 0, 0, PLACE(request_file)},
    {"--feed", TAKES_TEXT, 0, 0, PLACE(feed)},
    {"--run", TAKES_TEXT, 0, 0, PLACE(run)},
    {"--base", TAKES_TEXT, 0, 0, PLACE(base)},
    {"--seed", TAKES_NUMBER, 0, INT64_C(1) << 40, PLACE(seed)},
    {"--seeds", TAKES_NUMBER, 1, 100000, PLACE(seeds)},
    {"--rounds", TAKES_NUMBER, 10, 1000000, PLACE(rounds)},
    {"--deadline-ms", TAKES_NUMBER, 50, 3600000, PLACE(deadline_ms)},
    {"--grace-ms", TAKES_NUMBER, 50, 3600000, PLACE(grace_ms)},
    {"--load-ms", TAKES_NUMBER, 1, 3600000, PLACE(load_ms)},
    {"--timeout", TAKES_NUMBER, 1, 86400, PLACE(timeout_s)},
    {"--jobs", TAKES_NUMBER, 1, 64, PLACE(jobs)},
};

const char *rj_options_help(void)
{
    return "usage: rj-validate [OPTION...] PLUGIN_FOLDER\n"
           "\n"
           "Tests a built plugin: a folder with plugin.json and the binary it names. Each test "
           "runs in\n"
           "a fresh process, below a folder of its own, against the agent's own runtime.\n"
           "\n"
           "  --only TEST          this test alone; may be repeated\n"
           "  --placement WHERE    in-process, worker or both\n"
           "  --worker PROGRAM     the realmjoin-worker to use\n"
           "  --settings FILE      the plugin's settings, a JSON object\n"
           "  --request FILE       a package that really can be installed, fetched and removed "
           "here:\n"
           "                       a JSON object, put over the request the tests of rj.package/1 "
           "use\n"
           "  --feed FOLDER        copied to where the request's first source is\n"
           "  --seed N             repeat one order of calls of the test random-order\n"
           "  --seeds N            so many orders (20)\n"
           "  --rounds N           so many rounds of create and destroy (1000)\n"
           "  --deadline-ms N      for one question (5000)\n"
           "  --grace-ms N         to answer after a deadline or a cancellation (2000)\n"
           "  --load-ms N          to be loaded and created (1000)\n"
           "  --timeout SECONDS    for one test (60)\n"
           "  --jobs N             so many tests at a time (2)\n"
           "  --json               one JSON document in place of lines\n"
           "  --list               what tests there are\n"
           "  --help, --version\n"
           "\n"
           "Ends with 0 if nothing failed, 1 if something did, 2 for wrong usage.\n";
}

const char *rj_place_name(rj_place placement)
{
    switch (placement) {
    case RJ_PLACED_IN_PROCESS:
        return "in-process";
    case RJ_PLACED_IN_WORKER:
        return "worker";
    case RJ_PLACED_NOWHERE:
        break;
    }
    return "-";
}

static rj_status take_placement(rj_options *o, const char *text, rj_error *err)
{
    bool both = strcmp(text, "both") == 0;
    o->in_process = both || strcmp(text, "in-process") == 0;
    o->in_worker = both || strcmp(text, "worker") == 0;
    o->placement_given = true;
    o->placement = o->in_process && !both  ? RJ_PLACED_IN_PROCESS
                   : o->in_worker && !both ? RJ_PLACED_IN_WORKER
                                           : RJ_PLACED_NOWHERE;
    if (!o->in_process && !o->in_worker && strcmp(text, "-") != 0)
        return rj_fail(err, RJ_E_INVALID, "--placement \"%s\": in-process, worker or both", text);
    return RJ_OK;
}

static rj_status take_only(rj_options *o, const char *text, rj_error *err)
{
    if (o->only_count == RJ_ONLY_MAX)
        return rj_fail(err, RJ_E_INVALID, "--only may stand there %d times", RJ_ONLY_MAX);
    o->only[o->only_count++] = text;
    return RJ_OK;
}

static rj_status take_number(const option *wanted, const char *text, void *target, rj_error *err)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || end == text || *end || value < wanted->least || value > wanted->most)
        return rj_fail(err, RJ_E_INVALID, "%s \"%s\": a number from %lld to %lld", wanted->name,
                       text, (long long)wanted->least, (long long)wanted->most);
    *(int64_t *)target = value;
    return RJ_OK;
}

static rj_status take_valued(rj_options *o, const char *name, const char *value, rj_error *err)
{
    if (strcmp(name, "--placement") == 0)
        return take_placement(o, value, err);
    if (strcmp(name, "--only") == 0)
        return take_only(o, value, err);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        if (strcmp(options[i].name, name) != 0)
            continue;
        void *target = (char *)o + options[i].place;
        if (options[i].kind == TAKES_NUMBER)
            return take_number(&options[i], value, target, err);
        *(const char **)target = value;
        return RJ_OK;
    }
    return rj_fail(err, RJ_E_INVALID, "there is no option %s; see --help", name);
}

/* True if it was one without a value. */
static bool take_switch(rj_options *o, const char *name)
{
    if (strcmp(name, "--json") == 0)
        o->json = true;
    else if (strcmp(name, "--list") == 0)
        o->wanted = RJ_WANT_LIST;
    else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        o->wanted = RJ_WANT_HELP;
    else if (strcmp(name, "--version") == 0)
        o->wanted = RJ_WANT_VERSION;
    else
        return false;
    return true;
}

rj_status rj_options_read(int count, const char *const *arguments, rj_options *ret_options,
                          rj_error *err)
{
    rj_options o = {.in_process = true,
                    .in_worker = true,
                    .seed = -1,
                    .seeds = 20,
                    .rounds = 1000,
                    .deadline_ms = 5000,
                    .grace_ms = 2000,
                    .load_ms = 1000,
                    .timeout_s = 60,
                    .jobs = 2};
    rj_status status = RJ_OK;
    for (int i = 1; i < count && !status; i++) {
        const char *argument = arguments[i];
        if (argument[0] == '-' && argument[1]) {
            if (take_switch(&o, argument))
                continue;
            status = i + 1 < count
                         ? take_valued(&o, argument, arguments[i + 1], err)
                         : rj_fail(err, RJ_E_INVALID,
                                   "%s: unknown, or its value is missing; see --help", argument);
            i++;
        } else if (o.folder) {
            status = rj_fail(err, RJ_E_INVALID, "one plugin folder, not \"%s\" and \"%s\"",
                             o.folder, argument);
        } else {
            o.folder = argument;
        }
    }
    if (!status && o.wanted == RJ_WANT_TESTS && (!o.folder || !*o.folder))
        status = rj_fail(err, RJ_E_INVALID, "which plugin? Give the folder with its plugin.json");
    if (!status)
        *ret_options = o;
    return status;
}

/* Options of their default value stay away: an unset seed is no number that could be given. */
void rj_options_write(const rj_options *o, rj_argument_list *list)
{
    size_t n = 0;
    memset(list, 0, sizeof *list);
    list->arguments[n++] = "rj-validate";
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        const void *place = (const char *)o + options[i].place;
        if (options[i].kind == TAKES_TEXT) {
            const char *text;
            memcpy(&text, place, sizeof text);
            if (!text)
                continue;
            list->arguments[n++] = options[i].name;
            list->arguments[n++] = text;
            continue;
        }
        int64_t number;
        memcpy(&number, place, sizeof number);
        if (number < options[i].least)
            continue;
        char *text = list->numbers[list->number_count++];
        snprintf(text, sizeof list->numbers[0], "%lld", (long long)number);
        list->arguments[n++] = options[i].name;
        list->arguments[n++] = text;
    }
    list->arguments[n++] = "--placement";
    list->arguments[n++] = rj_place_name(o->placement);
    list->arguments[n++] = o->folder;
    list->count = n;
}
