/* SPDX-License-Identifier: MIT */
/*
 * Plugins for people, see plugin_view.h.
 *
 * Columns that are empty for all are left out.  Reasons that do not fit beside the table stand below
 * it, whole.
 */
#include "session/command/plugin_view.h"

#include "base/alloc.h"
#include "base/text.h"
#include "platform/paths.h"
#include "platform/system.h"
#include <stdlib.h>
#include <string.h>

enum { LABEL = 12, GAP = 2 };

static const char *text_of(const json_t *document, const char *key)
{
    const char *text = json_string_value(json_object_get(document, key));
    return text ? text : "";
}

static long long count_of(const json_t *document, const char *key)
{
    return (long long)json_integer_value(json_object_get(document, key));
}

static const char *text_at(const json_t *texts, size_t index)
{
    const char *text = json_string_value(json_array_get(texts, index));
    return text ? text : "";
}

static const json_t *worker_of(const json_t *plugin)
{
    return json_object_get(plugin, "worker");
}

/* ---- Words ----------------------------------------------------------------------------------- */

/* Of a plugin that is ready, its worker may have more to say. */
static const char *state_of(const json_t *plugin)
{
    const char *state = text_of(plugin, "state");
    bool waits = strcmp(text_of(worker_of(plugin), "state"), "back-off") == 0;
    return waits && strcmp(state, "ready") == 0 ? "back-off" : state;
}

static rj_style style_of(const char *state)
{
    if (strcmp(state, "ready") == 0)
        return RJ_STYLE_GOOD;
    bool meant = strcmp(state, "disabled") == 0 || strcmp(state, "back-off") == 0;
    return meant ? RJ_STYLE_CARE : RJ_STYLE_BAD;
}

/* What is worst comes first. */
static int rank_of(const char *state)
{
    static const char *const order[] = {"quarantined", "failed",   "refused", "back-off",
                                        "stopping",    "disabled", "ready"};
    enum { COUNT = sizeof order / sizeof order[0] };
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(order[i], state) == 0)
            return i;
    }
    return 0; /* a word of a newer service: not to be missed */
}

/* Broken between words at the edge of the terminal, further lines begin at `column`, where the first
 * begins, too. */
static void say_wrapped(rj_output *out, rj_style style, const char *text, int column)
{
    const char *clean = rj_clean(out, text);
    int room = out->width - column;
    while (room >= 20 && rj_text_columns(clean) > room) {
        const char *end = NULL;
        for (const char *at = strchr(clean, ' '); at && at - clean <= room;
             at = strchr(at + 1, ' '))
            end = at;
        if (!end)
            break; /* one long word: the terminal breaks it */
        rj_say(out, style, "%.*s", (int)(end - clean), clean);
        rj_say(out, RJ_STYLE_NONE, "\n%*s", column, "");
        clean = end + 1;
    }
    rj_say(out, style, "%s", clean);
    rj_say(out, RJ_STYLE_NONE, "\n");
}

static void say_size(long long kib, char *text, size_t size)
{
    if (kib >= 10 * 1024)
        snprintf(text, size, "%lld MiB", kib / 1024);
    else if (kib >= 1024)
        snprintf(text, size, "%lld.%lld MiB", kib / 1024, kib % 1024 * 10 / 1024);
    else
        snprintf(text, size, "%lld KiB", kib);
}

static void say_time(long long ms, char *text, size_t size)
{
    if (ms >= 120000)
        snprintf(text, size, "%lld min", ms / 60000);
    else if (ms >= 10000)
        snprintf(text, size, "%lld s", ms / 1000);
    else
        snprintf(text, size, "%lld.%02lld s", ms / 1000, ms % 1000 / 10);
}

/* Why it is as it is; "" if there is nothing to say. */
static void say_note(const json_t *plugin, char *text, size_t size)
{
    const json_t *worker = worker_of(plugin);
    const char *reason = text_of(plugin, "reason");
    if (reason[0])
        snprintf(text, size, "%s", reason);
    else if (strcmp(state_of(plugin), "back-off") == 0)
        snprintf(text, size, "waits %lld s before its next start%s%s",
                 (count_of(worker, "retry_in_ms") + 999) / 1000,
                 text_of(worker, "last_end")[0] ? ": " : "", text_of(worker, "last_end"));
    else
        snprintf(text, size, "%s", text_of(plugin, "last_error"));
}

/* ---- List ------------------------------------------------------------------------------------ */

enum { STATE, PLUGIN, VERSION, RUNS, PID, MEMORY, CPU, CRASHES, NOTE, COLUMNS };

typedef struct row {
    const json_t *plugin;
    char pid[24], memory[24], cpu[24], crashes[24], note[RJ_CLEAN_SIZE];
} row;

static const char *cell_of(const row *r, int column)
{
    const char *worker = text_of(worker_of(r->plugin), "state");
    switch (column) {
    case STATE:
        return state_of(r->plugin);
    case PLUGIN:
        return text_of(r->plugin, "id");
    case VERSION:
        return text_of(r->plugin, "version");
    case RUNS:
        if (strcmp(text_of(r->plugin, "isolation"), "worker") != 0)
            return text_of(r->plugin, "isolation");
        return strcmp(worker, "asleep") == 0 ? worker : "worker";
    case PID:
        return r->pid;
    case MEMORY:
        return r->memory;
    case CPU:
        return r->cpu;
    case CRASHES:
        return r->crashes;
    default:
        return r->note;
    }
}

static rj_style style_of_cell(const row *r, int column)
{
    switch (column) {
    case STATE:
        return style_of(state_of(r->plugin));
    case PLUGIN:
        return RJ_STYLE_STRONG;
    case CRASHES:
        return RJ_STYLE_CARE;
    case NOTE:
        return RJ_STYLE_FAINT;
    default:
        return RJ_STYLE_NONE;
    }
}

static void fill(row *r, const json_t *plugin)
{
    const json_t *worker = worker_of(plugin);
    r->plugin = plugin;
    if (count_of(worker, "pid") > 0)
        snprintf(r->pid, sizeof r->pid, "%lld", count_of(worker, "pid"));
    if (count_of(worker, "memory_kb") > 0)
        say_size(count_of(worker, "memory_kb"), r->memory, sizeof r->memory);
    if (count_of(worker, "cpu_ms") > 0)
        say_time(count_of(worker, "cpu_ms"), r->cpu, sizeof r->cpu);
    if (count_of(worker, "crashes") > 0)
        snprintf(r->crashes, sizeof r->crashes, "%lld", count_of(worker, "crashes"));
    say_note(plugin, r->note, sizeof r->note);
}

/* What runs and has something to say comes before what runs well. */
static int rank_of_row(const row *r)
{
    return 2 * rank_of(state_of(r->plugin)) - (r->note[0] != '\0');
}

static int compare(const void *left, const void *right)
{
    const row *a = left, *b = right;
    int order = rank_of_row(a) - rank_of_row(b);
    return order ? order : strcmp(text_of(a->plugin, "id"), text_of(b->plugin, "id"));
}

static const char *head_of(int column)
{
    static const char *const heads[COLUMNS] = {"STATE",  "PLUGIN", "VERSION", "RUNS", "PID",
                                               "MEMORY", "CPU",    "CRASHES", "WHY"};
    return heads[column];
}

/* 0: it is empty for all, and left out. */
static int width_of(const row *rows, size_t count, int column)
{
    int width = 0;
    for (size_t i = 0; i < count; i++) {
        int columns = rj_text_columns(cell_of(&rows[i], column));
        width = columns > width ? columns : width;
    }
    int head = rj_text_columns(head_of(column));
    return width > 0 && width < head ? head : width;
}

static size_t choose_columns(const rj_output *out, const row *rows, size_t count, int *ret_columns)
{
    size_t chosen = 0;
    int used = 0;
    for (int column = 0; column < COLUMNS; column++) {
        int width = width_of(rows, count, column);
        if (width == 0 || (column == NOTE && out->width > 0 && used + width > out->width))
            continue;
        ret_columns[chosen++] = column;
        used += width + GAP;
    }
    return chosen;
}

static void show_notes_below(rj_output *out, const row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *id = rj_clean(out, text_of(rows[i].plugin, "id"));
        if (!rows[i].note[0])
            continue;
        rj_say(out, RJ_STYLE_NONE, "\n");
        rj_say(out, style_of(state_of(rows[i].plugin)), "%s", id);
        rj_say(out, RJ_STYLE_NONE, "\n%*s", GAP, "");
        say_wrapped(out, RJ_STYLE_NONE, rows[i].note, GAP);
    }
}

static void show_rows(rj_output *out, const row *rows, size_t count)
{
    int columns[COLUMNS];
    size_t chosen = choose_columns(out, rows, count, columns);
    rj_table *table = rj_table_new(chosen);
    for (size_t i = 0; i < chosen; i++)
        rj_table_add(table, RJ_STYLE_FAINT, head_of(columns[i]));
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < chosen; j++)
            rj_table_add(table, style_of_cell(&rows[i], columns[j]), cell_of(&rows[i], columns[j]));
    rj_table_print(table, out);
    if (columns[chosen - 1] != NOTE)
        show_notes_below(out, rows, count);
}

void rj_plugin_show_list(rj_output *out, const json_t *plugins)
{
    size_t count = json_array_size(plugins);
    if (count == 0) {
        rj_say(out, RJ_STYLE_CARE, "There are no plugins.\n");
        return;
    }
    row *rows = rj_calloc(count, sizeof *rows);
    if (!rows) {
        rj_say_error(out, "out of memory while listing plugins");
        return;
    }
    for (size_t i = 0; i < count; i++)
        fill(&rows[i], json_array_get(plugins, i));
    qsort(rows, count, sizeof *rows, compare);
    show_rows(out, rows, count);
    bool trouble = rank_of(state_of(rows[0].plugin)) < rank_of("disabled");
    if (trouble)
        rj_say(out, RJ_STYLE_NONE, "\n-> realmjoin plugin info %s\n",
               rj_clean(out, text_of(rows[0].plugin, "id")));
    rj_free(rows);
}

/* ---- One plugin ------------------------------------------------------------------------------ */

static void say_label(rj_output *out, const char *label)
{
    rj_say(out, RJ_STYLE_FAINT, "%-*s", LABEL, label);
}

/* A line of its own, unless there is nothing to say. */
static void show_text(rj_output *out, const char *label, rj_style style, const char *text)
{
    if (!text[0])
        return;
    say_label(out, label);
    say_wrapped(out, style, text, LABEL);
}

static void show_texts(rj_output *out, const char *label, const json_t *texts)
{
    rj_text line = RJ_TEXT_EMPTY;
    for (size_t i = 0; i < json_array_size(texts); i++)
        rj_text_addf(&line, "%s%s", i ? ", " : "", text_at(texts, i));
    char *whole = rj_text_take(&line);
    show_text(out, label, RJ_STYLE_NONE, whole ? whole : "?");
    rj_free(whole);
}

static void show_place(rj_output *out, const json_t *plugin)
{
    bool in_worker = strcmp(text_of(plugin, "isolation"), "worker") == 0;
    bool ready = strcmp(text_of(plugin, "state"), "ready") == 0;
    say_label(out, ready ? "Runs" : "Would run");
    rj_say(out, RJ_STYLE_NONE, "%s; %s\n",
           in_worker ? "in a worker, a process of its own with a sandbox around it"
                     : "inside the service, with all its rights",
           json_is_true(json_object_get(plugin, "built_in")) ? "part of the agent" : "third-party");
}

static void show_capabilities(rj_output *out, const json_t *plugin)
{
    const json_t *refused = json_object_get(plugin, "refused");
    show_texts(out, "Granted", json_object_get(plugin, "granted"));
    show_texts(out, "Refused", refused);
    if (json_array_size(refused) > 0) {
        say_label(out, "");
        rj_say(out, RJ_STYLE_FAINT, "the policy's Plugins.%s.Grant gives what it names\n",
               rj_clean(out, text_of(plugin, "id")));
    }
}

static void show_worker_now(rj_output *out, const json_t *worker)
{
    char size[32], spent[32], user[64];
    say_size(count_of(worker, "memory_kb"), size, sizeof size);
    say_time(count_of(worker, "cpu_ms"), spent, sizeof spent);
    say_label(out, "Worker");
    rj_say(out, RJ_STYLE_NONE, "%s", rj_clean(out, text_of(worker, "state")));
    if (count_of(worker, "pid") > 0)
        rj_say(out, RJ_STYLE_NONE, ", pid %lld, %s of memory", count_of(worker, "pid"), size);
    if (count_of(worker, "cpu_ms") > 0)
        rj_say(out, RJ_STYLE_NONE, ", %s of processor time", spent);
    if (json_is_integer(json_object_get(worker, "user")))
        rj_say(out, RJ_STYLE_NONE, ", as %s",
               rj_system_user_name((rj_uid)count_of(worker, "user"), user, sizeof user));
    rj_say(out, RJ_STYLE_NONE, "\n");
}

static void show_worker(rj_output *out, const json_t *worker)
{
    const json_t *downgrades = json_object_get(worker, "downgrades");
    long long crashes = count_of(worker, "crashes"), starts = count_of(worker, "starts");
    if (!worker)
        return;
    show_worker_now(out, worker);
    say_label(out, "");
    rj_say(out, RJ_STYLE_NONE, "started %lld time%s since the service began, ", starts,
           starts == 1 ? "" : "s");
    rj_say(out, crashes ? RJ_STYLE_CARE : RJ_STYLE_NONE, "%lld crash%s\n", crashes,
           crashes == 1 ? "" : "es");
    show_text(out, "Last end", RJ_STYLE_NONE, text_of(worker, "last_end"));
    for (size_t i = 0; i < json_array_size(downgrades); i++)
        show_text(out, i ? "" : "Sandbox", RJ_STYLE_CARE, text_at(downgrades, i));
    if (json_is_array(downgrades) && json_array_size(downgrades) == 0)
        show_text(out, "Sandbox", RJ_STYLE_NONE, "complete");
}

static void show_advice(rj_output *out, const json_t *plugin)
{
    const char *state = state_of(plugin);
    const char *id = rj_clean(out, text_of(plugin, "id"));
    char text[RJ_CLEAN_SIZE] = "";
    if (strcmp(state, "ready") == 0)
        return;
    if (strcmp(state, "disabled") == 0 && strcmp(text_of(plugin, "disabled_by"), "policy") == 0)
        snprintf(text, sizeof text,
                 "set Plugins.%s.Enabled in the policy to true, then realmjoin plugin enable %s",
                 id, id);
    else if (strcmp(state, "disabled") == 0)
        snprintf(text, sizeof text, "realmjoin plugin enable %s", id);
    else if (strcmp(state, "quarantined") == 0)
        snprintf(text, sizeof text,
                 "find the cause (realmjoin log) or install another version; then realmjoin plugin "
                 "quarantine %s --clear",
                 id);
    else if (strcmp(state, "refused") == 0)
        snprintf(text, sizeof text,
                 "mend what the reason names, then realmjoin plugin enable %s loads it again", id);
    else if (strcmp(state, "failed") == 0)
        snprintf(
            text, sizeof text,
            "realmjoin log says more; realmjoin plugin enable %s, or a restart of the service, "
            "tries again",
            id);
    else if (strcmp(state, "back-off") == 0)
        snprintf(text, sizeof text,
                 "nothing: it is started again in %lld s if it is needed; three crashes within ten "
                 "minutes quarantine its file",
                 (count_of(worker_of(plugin), "retry_in_ms") + 999) / 1000);
    show_text(out, "What to do", RJ_STYLE_STRONG, text);
}

void rj_plugin_show(rj_output *out, const json_t *plugin)
{
    const char *state = state_of(plugin);
    long long ops = count_of(plugin, "ops"), misbehaved = count_of(plugin, "misbehaved");
    char text[128] = "";
    rj_say(out, RJ_STYLE_STRONG, "%s", rj_clean(out, text_of(plugin, "id")));
    if (text_of(plugin, "version")[0])
        rj_say(out, RJ_STYLE_NONE, " %s", rj_clean(out, text_of(plugin, "version")));
    rj_say(out, RJ_STYLE_NONE, "  ");
    rj_say(out, style_of(state), "%s", rj_clean(out, state));
    rj_say(out, RJ_STYLE_NONE, "\n");
    show_text(out, "Why", RJ_STYLE_NONE, text_of(plugin, "reason"));
    show_advice(out, plugin);
    show_place(out, plugin);
    char *folder = rj_path_native(text_of(plugin, "folder"));
    show_text(out, "Folder", RJ_STYLE_NONE, folder ? folder : "");
    rj_free(folder);
    show_text(out, "SHA-256", RJ_STYLE_NONE, text_of(plugin, "sha256"));
    show_texts(out, "Provides", json_object_get(plugin, "provides"));
    show_texts(out, "Checks", json_object_get(plugin, "checks"));
    show_texts(out, "Formats", json_object_get(plugin, "formats"));
    show_capabilities(out, plugin);
    show_worker(out, worker_of(plugin));
    if (ops > 0)
        snprintf(text, sizeof text, "%lld question%s unanswered", ops, ops == 1 ? "" : "s");
    show_text(out, "Work", RJ_STYLE_NONE, text);
    text[0] = '\0';
    if (misbehaved > 0)
        snprintf(text, sizeof text, "broke its contract %lld time%s since the service began",
                 misbehaved, misbehaved == 1 ? "" : "s");
    show_text(out, "Conduct", RJ_STYLE_CARE, text);
    show_text(out, "Last error", RJ_STYLE_CARE, text_of(plugin, "last_error"));
}
