/* SPDX-License-Identifier: MIT */
/*
 * rj-validate: tests a built plugin the way the agent would use it, and ways it never would.
 *
 *     rj-validate FOLDER --> for each test: itself again, with --run, below a temporary folder
 *                                           --> report --> lines or JSON
 */
#include "base/json.h"
#include "output.h"
#include "platform/file.h"
#include "platform/system.h"
#include "tree.h"
#include "trial.h"

#include <stdio.h>
#include <string.h>

enum { EXIT_GOOD = 0, EXIT_BAD = 1, EXIT_WRONG_USAGE = 2 };

static int wrong_usage(const char *text)
{
    fprintf(stderr, "rj-validate: %s\n", text);
    return EXIT_WRONG_USAGE;
}

static int list_tests(void)
{
    static const char *const reaches[] = {"files", "in-process", "both"};
    for (const rj_case *test = rj_cases; test->name; test++)
        printf("%-22s %-10s %s\n", test->name, reaches[test->reach], test->summary);
    return EXIT_GOOD;
}

/* Beside this program as installed, or in a build folder. */
static bool find_worker(char ret_path[4096])
{
    static const char *const places[] = {"../libexec/realmjoin/realmjoin-worker",
                                         "realmjoin-worker", "../../core/worker/realmjoin-worker"};
    char self[4096];
    rj_error err = RJ_ERROR_NONE;
    if (rj_tree_real_path("/proc/self/exe", self, &err))
        return false;
    *strrchr(self, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%s/%s", self, places[i]);
        if (rj_file_exists(path) && rj_tree_real_path(path, ret_path, &err) == RJ_OK)
            return true;
    }
    return false;
}

/* Absolute, as the tests run in a folder of their own.  False: said why. */
static bool make_absolute(const char **path, char buffer[4096])
{
    rj_error err = RJ_ERROR_NONE;
    if (!*path)
        return true;
    if (rj_tree_real_path(*path, buffer, &err)) {
        wrong_usage(err.text);
        return false;
    }
    *path = buffer;
    return true;
}

static int run_all(rj_options *options)
{
    static char paths[5][4096];
    char remark[200] = "";
    char manifest[4200];
    rj_error err = RJ_ERROR_NONE;
    rj_counts counts;
    rj_output output;
    if (!make_absolute(&options->folder, paths[0]) ||
        !make_absolute(&options->settings_file, paths[1]) ||
        !make_absolute(&options->request_file, paths[2]) ||
        !make_absolute(&options->feed, paths[4]) ||
        !make_absolute(&options->worker_program, paths[3]))
        return EXIT_WRONG_USAGE;
    snprintf(manifest, sizeof manifest, "%s/plugin.json", options->folder);
    if (!rj_file_exists(manifest)) {
        snprintf(err.text, sizeof err.text,
                 "%.800s has no plugin.json; give the folder of a built plugin", options->folder);
        return wrong_usage(err.text);
    }
    for (size_t i = 0; i < options->only_count; i++)
        if (!rj_case_find(options->only[i])) {
            snprintf(err.text, sizeof err.text, "there is no test \"%.100s\"; see --list",
                     options->only[i]);
            return wrong_usage(err.text);
        }
    if (options->in_worker && !options->worker_program) {
        if (find_worker(paths[3]))
            options->worker_program = paths[3];
        else if (options->placement_given)
            return wrong_usage("there is no realmjoin-worker beside this program; give --worker");
        else
            snprintf(remark, sizeof remark,
                     "in-process only: there is no realmjoin-worker beside this program");
        options->in_worker = options->worker_program != NULL;
    }
    rj_output_begin(&output, stdout, options->json);
    rj_output_remark(&output, remark);
    if (rj_runs_all(options, rj_output_tell, &output, &counts, &err)) {
        fprintf(stderr, "rj-validate: %s\n", err.text);
        return EXIT_BAD;
    }
    if (counts.passed + counts.failed == 0)
        counts.failed++; /* nothing was tested */
    rj_output_end(&output, options->folder, remark, &counts);
    return counts.failed ? EXIT_BAD : EXIT_GOOD;
}

int main(int argc, char **argv)
{
    rj_options options;
    rj_error err = RJ_ERROR_NONE;
    rj_system_prepare_process();
    rj_json_use_base_alloc();
    if (rj_options_read(argc, (const char *const *)argv, &options, &err))
        return wrong_usage(err.text);
    switch (options.wanted) {
    case RJ_WANT_HELP:
        fputs(rj_options_help(), stdout);
        return EXIT_GOOD;
    case RJ_WANT_VERSION:
        puts("rj-validate " RJ_VERSION);
        return EXIT_GOOD;
    case RJ_WANT_LIST:
        return list_tests();
    case RJ_WANT_TESTS:
        break;
    }
    return options.run ? rj_trial_run(&options) : run_all(&options);
}
