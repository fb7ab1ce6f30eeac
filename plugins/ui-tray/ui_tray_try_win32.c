/* SPDX-License-Identifier: MIT */
/*
 * Shows what the view makes of models, for tests and for trying.
 *
 *     ui_tray_try PATH-OF-DLL        and on stdin, one a line:
 *         show {...}                 a model
 *         ask {...}                  a prompt
 *         withdraw                   takes all prompts back
 *         look                       lines of ui_tray_try_look_win32.c, then "looked"
 *         select FROM TO, scroll LINES, details
 *                                    of the progress window's details:
 *                                    "details FIRST-LINE FROM TO of LENGTH framed N"
 *         dark 1, dark 0             the person wants dark windows, or light ones
 *         busy                       the next that the person does is not taken: "busy REVISION ACTION"
 *         quit                       or the end of stdin
 *
 * Prints what the view says, one a line: "ready", "act REVISION ACTION", "answer STATUS RESULT-OR-TEXT",
 * "log LEVEL TEXT", "ended STATUS".
 */
#include "ui_tray_try_win32.h"

#include <realmjoin/ui.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#define LINE_MAX_BYTES (1024 * 1024)
enum { OP_RUN = 1, OP_STOP = 2, OP_FIRST_PROMPT = 100 };

typedef struct job {
    void(RJ_CALL *work)(rj_op op, void *data);
    void(RJ_CALL *done)(rj_op op, void *data, int32_t started);
    void *data;
    rj_op op;
    HANDLE thread;
} job;

static CRITICAL_SECTION output;
static volatile LONG withdrawn_below; /* prompts of a lower number are withdrawn */
static volatile LONG run_cancelled;
static job lane;
static void(RJ_CALL *wake)(void *data);
static void *wake_data;
static volatile LONG busy;
static char result[4096];

static void say(const char *word, long long number, const char *text)
{
    EnterCriticalSection(&output);
    printf("%s %lld %s\n", word, number, text ? text : "");
    fflush(stdout);
    LeaveCriticalSection(&output);
}

static void RJ_CALL progress(const rj_host *host, rj_op op, int32_t permille, const char *text)
{
    (void)host;
    (void)op;
    (void)permille;
    (void)text;
}

static rj_status RJ_CALL set_result(const rj_host *host, rj_op op, const char *json, size_t length)
{
    (void)host;
    (void)op;
    (void)length;
    strncpy(result, json, sizeof result - 1);
    return RJ_OK;
}

static void RJ_CALL finish(const rj_host *host, rj_op op, rj_status status, const char *message)
{
    (void)host;
    if (op == OP_RUN)
        say("ended", status, message);
    else if (op != OP_STOP)
        say("answer", status, status == RJ_OK ? result : message);
    result[0] = '\0';
}

static int32_t RJ_CALL cancelled(const rj_host *host, rj_op op)
{
    (void)host;
    return op == OP_RUN ? run_cancelled != 0 : (LONG)op < withdrawn_below;
}

static int64_t RJ_CALL remaining_ms(const rj_host *host, rj_op op)
{
    (void)host;
    (void)op;
    return 1000000;
}

static rj_status RJ_CALL on_cancel(const rj_host *host, rj_op op, void(RJ_CALL *function)(void *),
                                   void *data)
{
    (void)host;
    (void)op;
    wake = function;
    wake_data = data;
    return RJ_OK;
}

static DWORD WINAPI run_lane(void *data)
{
    const job *self = data;
    self->work(self->op, self->data);
    return 0;
}

static rj_status RJ_CALL exec_run(const rj_host *host, rj_op op,
                                  void(RJ_CALL *work)(rj_op op, void *data),
                                  void(RJ_CALL *done)(rj_op op, void *data, int32_t started),
                                  void *data)
{
    (void)host;
    lane = (job){.work = work, .done = done, .data = data, .op = op};
    lane.thread = CreateThread(NULL, 0, run_lane, &lane, 0, NULL);
    return lane.thread ? RJ_OK : RJ_E_BUSY;
}

static void RJ_CALL log_write(const rj_host *host, int32_t level, rj_op op, const char *text)
{
    (void)host;
    (void)op;
    say("log", level, text);
}

static rj_status RJ_CALL act(const rj_host *host, int64_t revision, const char *action)
{
    (void)host;
    bool taken = !InterlockedExchange(&busy, 0);
    say(taken ? "act" : "busy", revision, action);
    return taken ? RJ_OK : RJ_E_BUSY;
}

static const rj_host_op op_table = {.size = sizeof op_table,
                                    .progress = progress,
                                    .set_result = set_result,
                                    .finish = finish,
                                    .cancelled = cancelled,
                                    .remaining_ms = remaining_ms,
                                    .on_cancel = on_cancel};
static const rj_host_exec exec_table = {.size = sizeof exec_table, .run = exec_run};
static const rj_host_log log_table = {.size = sizeof log_table, .write = log_write};
static const rj_host_ui ui_table = {.size = sizeof ui_table, .act = act};

static const void *RJ_CALL host_query(const rj_host *host, const char *id)
{
    (void)host;
    return strcmp(id, RJ_HOST_OP) == 0     ? (const void *)&op_table
           : strcmp(id, RJ_HOST_EXEC) == 0 ? (const void *)&exec_table
           : strcmp(id, RJ_HOST_LOG) == 0  ? (const void *)&log_table
           : strcmp(id, RJ_HOST_UI) == 0   ? (const void *)&ui_table
                                           : NULL;
}

static void withdraw(rj_op next)
{
    InterlockedExchange(&withdrawn_below, (LONG)next);
    if (wake)
        wake(wake_data);
}

static void details(const char *line)
{
    char text[96];
    try_details(line, text, sizeof text);
    say("details", try_first_line(), text);
}

static void serve(rj_plugin *plugin, const rj_ui *ui)
{
    char *line = malloc(LINE_MAX_BYTES);
    rj_op next = OP_FIRST_PROMPT;
    while (line && fgets(line, LINE_MAX_BYTES, stdin)) {
        line[strcspn(line, "\r\n")] = '\0';
        if (strncmp(line, "show ", 5) == 0)
            ui->show(plugin, line + 5, strlen(line + 5));
        else if (strncmp(line, "ask ", 4) == 0)
            ui->ask(plugin, line + 4, strlen(line + 4), next++);
        else if (strcmp(line, "withdraw") == 0)
            withdraw(next);
        else if (strcmp(line, "quit") == 0)
            break;
        else if (strcmp(line, "look") == 0) {
            try_look();
            say("looked", 0, "");
        } else if (strncmp(line, "dark ", 5) == 0)
            try_dark(line[5] == '1');
        else if (strcmp(line, "busy") == 0)
            InterlockedExchange(&busy, 1);
        else
            details(line);
    }
    free(line);
}

int main(int argc, char **argv)
{
    typedef const rj_plugin_desc *(RJ_CALL * entry_function)(void);
    entry_function entry = NULL;
    rj_plugin *plugin = NULL;
    const rj_host host = {.size = sizeof host, .query = host_query};
    InitializeCriticalSection(&output);
    HMODULE module = argc == 2 ? LoadLibraryA(argv[1]) : NULL;
    FARPROC found = module ? GetProcAddress(module, RJ_PLUGIN_ENTRY) : NULL;
    memcpy(&entry, &found, sizeof entry);
    if (!entry) {
        fprintf(stderr, "usage: ui_tray_try PATH-OF-DLL (error %lu)\n", GetLastError());
        return 2;
    }
    const rj_plugin_desc *desc = entry();
    if (desc->create(&host, "{}", &plugin) != RJ_OK)
        return 1;
    const rj_ui *ui = desc->query(plugin, RJ_UI);
    ui->run(plugin, OP_RUN);
    say("ready", 0, "");
    serve(plugin, ui);
    withdraw(OP_FIRST_PROMPT + 1000);
    desc->stop(plugin, OP_STOP);
    WaitForSingleObject(lane.thread, 10000);
    lane.done(lane.op, lane.data, 1);
    desc->destroy(plugin);
    return 0;
}
