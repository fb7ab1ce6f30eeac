/* SPDX-License-Identifier: MIT */
/* One JSON object a line; a line that cannot be written is lost, and the test counts as not ended. */
#include "report.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"
#include "platform/file.h"

#include <stdio.h>
#include <string.h>

#define FINDINGS_MAX 12u /* written; beyond that they are only counted */
#define TEXT_MAX 1500

rj_status rj_report_open(const char *path, rj_report *ret_report, rj_error *err)
{
    uint64_t size = 0;
    const char *slash = strrchr(path, '/');
    *ret_report = (rj_report){.handle = -1};
    if (!slash || slash == path)
        return rj_fail(err, RJ_E_INVALID, "\"%s\" is no absolute path of a report", path);
    char *folder = rj_strndup(path, (size_t)(slash - path));
    if (!folder)
        return rj_fail_memory(err, "opening a report");
    rj_status status =
        rj_file_append_open(folder, slash + 1, 0600, &ret_report->handle, &size, err);
    rj_free(folder);
    return status;
}

void rj_report_close(rj_report *report)
{
    rj_file_append_close(report->handle);
}

/* Takes the object over. */
static void put(rj_report *report, json_t *line)
{
    size_t length = 0;
    char *text = line ? rj_json_print(line, &length) : NULL;
    if (text) {
        rj_file_append(report->handle, text, length);
        rj_file_append(report->handle, "\n", 1);
    }
    rj_free(text);
    json_decref(line);
}

static json_t *printable(const char *raw)
{
    char text[TEXT_MAX];
    rj_text_to_line(text, sizeof text, raw, strlen(raw));
    return json_string(text);
}

void rj_report_step(rj_report *report, const char *format, ...)
{
    char raw[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    char whole[TEXT_MAX + sizeof report->prefix];
    snprintf(whole, sizeof whole, "%s%s", report->prefix, raw);
    put(report, json_pack("{s:o}", "step", printable(whole)));
}

void rj_report_note(rj_report *report, const char *format, ...)
{
    char raw[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    put(report, json_pack("{s:o}", "note", printable(raw)));
}

void rj_report_finding(rj_report *report, const char *expected, const char *advice,
                       const char *format, ...)
{
    char raw[TEXT_MAX];
    va_list arguments;
    if (report->findings++ >= FINDINGS_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(raw, sizeof raw, format, arguments);
    va_end(arguments);
    put(report, json_pack("{s:{s:o, s:o, s:o}}", "finding", "expected", printable(expected),
                          "found", printable(raw), "advice", printable(advice)));
}

void rj_report_skip(rj_report *report, const char *reason)
{
    report->skipped = true;
    put(report, json_pack("{s:o}", "skip", printable(reason)));
}

void rj_report_loaded(rj_report *report)
{
    put(report, json_pack("{s:b}", "loaded", 1));
}

void rj_report_unusable(rj_report *report)
{
    put(report, json_pack("{s:b}", "loaded", 0));
}

void rj_report_done(rj_report *report)
{
    put(report, json_pack("{s:i}", "done", (int)report->findings));
}
