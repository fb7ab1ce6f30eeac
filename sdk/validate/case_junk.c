/* SPDX-License-Identifier: MIT */
/* Input that is wrong: an error with a message, never a crash. */
#include "case.h"
#include "extra.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define LARGE ((size_t)1024 * 1024)

/* `count` times `unit`, between two texts.  rj_free(); NULL: out of memory. */
static char *repeat(const char *front, const char *unit, size_t count, const char *back)
{
    rj_text text = RJ_TEXT_EMPTY;
    rj_text_add(&text, front);
    for (size_t i = 0; i < count; i++)
        rj_text_add(&text, unit);
    rj_text_add(&text, back);
    return rj_text_take(&text);
}

/* ---- Requests -------------------------------------------------------------------------------- */

static bool ask_junk(rj_stage *stage, const rj_method *method, const char *text, rj_manner manner,
                     const char *how)
{
    static rj_asked asked;
    rj_report_step(stage->report, "%s, %s", method->label, how);
    rj_ask_raw(stage, method, text, stage->options->deadline_ms, &asked);
    rj_ask_wait(stage, &asked, rj_stage_patience_ms(stage));
    bool good = rj_ask_judge(stage, &asked, manner, how);
    rj_ask_forget(&asked);
    return good;
}

void rj_case_unknown_check(rj_trial *trial)
{
    static const char *const ids[] = {"",          "no-such-check", " ",        "../../etc/passwd",
                                      "%s%n%s",    "a\nb\tc\x01",   "\xff\xfe", "firewall'; --",
                                      "antivirus "};
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        rj_method method = {.check_id = ""};
        char *large = repeat("", "x", LARGE, "");
        snprintf(method.label, sizeof method.label, "evaluate");
        if (!stage.instance->check)
            rj_report_skip(trial->report, "the plugin offers no checks");
        for (size_t i = 0; stage.instance->check && i < sizeof ids / sizeof ids[0]; i++) {
            char how[80];
            snprintf(how, sizeof how, "of the unknown check \"%s\"", ids[i]);
            if (!ask_junk(&stage, &method, ids[i], RJ_ASKED_WRONGLY, how))
                break;
        }
        for (char **id = stage.instance->check_ids; id && *id; id++) {
            char text[100];
            snprintf(text, sizeof text, "%s ", *id);
            ask_junk(&stage, &method, text, RJ_ASKED_WRONGLY,
                     "of a known id with a blank behind it");
        }
        if (stage.instance->check && large)
            ask_junk(&stage, &method, large, RJ_ASKED_WRONGLY, "of an id of 1 MiB");
        rj_free(large);
    }
    rj_stage_close(&stage);
}

/* Must fail: no package can be meant. */
static const char *const hopeless[][2] = {
    {"", "with an empty request"},
    {"null", "with null as request"},
    {"[]", "with a list as request"},
    {"7", "with a number as request"},
    {"\"x\"", "with a text as request"},
    {"{", "with a request that is cut off"},
    {"{\"id\": \"x\"", "with a request that is cut off"},
    {"{}", "without an id"},
    {"{\"id\": 7, \"format\": \"x\", \"scope\": \"system\", \"environment\": {}}",
     "with a number as id"},
    {"{\"id\": null, \"format\": \"x\", \"scope\": \"system\", \"environment\": {}}",
     "with null as id"},
    {"{\"id\": \"\", \"format\": \"x\", \"scope\": \"system\", \"environment\": {}}",
     "with an empty id"},
    {"not JSON at all", "with a request that is not JSON"},
};

/* Members put over a good request; a plugin that does not look at one may ignore it. */
static const char *const odd[] = {
    "{\"package\": 7}",
    "{\"version\": {}}",
    "{\"version\": \"../../1\"}",
    "{\"args\": 7, \"arguments\": 7}",
    "{\"arguments\": [1, null, {}]}",
    "{\"scope\": \"galaxy\"}",
    "{\"scope\": null}",
    "{\"sources\": \"/\"}",
    "{\"sources\": []}",
    "{\"sources\": [7, \"\", \"relative\", \"../..\"]}",
    "{\"location\": \"../../../etc/passwd\"}",
    "{\"hash\": \"xyz\"}",
    "{\"lib_dir\": \"relative/path\"}",
    "{\"lib_dir\": 7}",
    "{\"log_path\": \"relative\"}",
    "{\"environment\": []}",
    "{\"environment\": {\"\": 7, \"A=B\": \"x\"}}",
    "{\"time_limit_ms\": -1}",
    "{\"time_limit_ms\": \"soon\"}",
    "{\"allow_downgrade\": \"yes\"}",
    "{\"installed_version\": []}",
    "{\"fetched\": []}",
    "{\"fetched\": {\"version\": 7, \"path\": \"/no/such\", \"sha256\": \"\", \"bytes\": -1}}",
    "{\"id\": \"../../../x\", \"package\": \"../../../x\"}",
    "{\"id\": \"a/b\", \"package\": \"a/b\"}",
    "{\"id\": \"con\\u0007trol\\n\", \"package\": \"con\\u0007trol\\n\"}",
    "{\"id\": \"%s%n\", \"package\": \"%s%n\"}",
};

static bool ask_odd(rj_stage *stage, const rj_method *method, const char *members)
{
    char how[160];
    json_t *more = json_loads(members, 0, NULL);
    json_t *request = rj_ask_request(stage, method, more);
    char *text = rj_json_print(request, NULL);
    snprintf(how, sizeof how, "with %s in the request", members);
    bool good = !text || ask_junk(stage, method, text, RJ_ASKED_ODDLY, how);
    rj_free(text);
    json_decref(request);
    json_decref(more);
    return good;
}

static bool ask_large(rj_stage *stage, const rj_method *method)
{
    const struct {
        char *text;
        const char *how;
    } large[] = {
        {repeat("{\"id\": \"", "x", LARGE, "\"}"), "with an id of 1 MiB"},
        {repeat("{\"id\": ", "[", 100000, ""), "with 100,000 open lists"},
        {repeat("{\"id\": ", "{\"id\":", 2000, ""), "with 2,000 open objects"},
        {repeat("", " ", LARGE, ""), "with 1 MiB of blanks"},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        if (good && large[i].text)
            good = ask_junk(stage, method, large[i].text,
                            i == 0 ? RJ_ASKED_ODDLY : RJ_ASKED_WRONGLY, large[i].how);
        rj_free(large[i].text);
    }
    return good;
}

static bool ask_all_junk(rj_stage *stage, const rj_method *method)
{
    bool good = true;
    for (size_t i = 0; i < sizeof hopeless / sizeof hopeless[0] && good; i++)
        good = ask_junk(stage, method, hopeless[i][0], RJ_ASKED_WRONGLY, hopeless[i][1]);
    for (size_t i = 0; i < sizeof odd / sizeof odd[0] && good; i++)
        good = ask_odd(stage, method, odd[i]);
    return good && ask_large(stage, method);
}

void rj_case_junk_request(rj_trial *trial)
{
    rj_method methods[RJ_METHODS_MAX];
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        size_t count = rj_methods_of(&stage, methods);
        if (!stage.instance->package)
            rj_report_skip(trial->report, "the plugin handles no packages");
        for (size_t i = 0; i < count; i++)
            if (!methods[i].check_id && !ask_all_junk(&stage, &methods[i]))
                break;
    }
    rj_stage_close(&stage);
}

/* ---- Configurations -------------------------------------------------------------------------- */

static bool create_with(rj_stage *stage, const char *config, const char *how)
{
    char nothing = 0;
    rj_plugin *const untouched = (rj_plugin *)(void *)&nothing;
    rj_plugin *plugin = untouched;
    rj_report_step(stage->report, "create() with %s", how);
    rj_status status = rj_extra_create(stage, config, &plugin);
    if (status == RJ_OK && plugin && plugin != untouched)
        return rj_extra_destroy(stage, plugin);
    if (status == RJ_OK)
        rj_report_finding(stage->report, "create() succeeds with an instance",
                          "set *ret_plugin before you return RJ_OK",
                          "with %s it succeeded and gave none", how);
    else if (plugin != untouched)
        rj_report_finding(stage->report, "a create() that fails leaves *ret_plugin untouched",
                          "set it as the last step, when nothing can fail any more",
                          "with %s it ended with %s, and *ret_plugin was changed", how,
                          rj_status_name(status));
    else if (status > RJ_OK || status < RJ_E_EXISTS)
        rj_report_finding(stage->report, "create() ends with a status of plugin.h",
                          "return RJ_OK or one of the RJ_E_ values", "with %s it returned %d", how,
                          (int)status);
    else
        return true;
    return false;
}

/* The stage's own configuration with one member changed to JSON text; NULL: left out. */
static bool create_without(rj_stage *stage, const char *key, const char *value)
{
    char how[120];
    json_t *config = json_loads(stage->instance->config, 0, NULL);
    if (value)
        json_object_set_new(config, key, json_loads(value, JSON_DECODE_ANY, NULL));
    else
        json_object_del(config, key);
    char *text = rj_json_print(config, NULL);
    snprintf(how, sizeof how, value ? "\"%s\": %s in its configuration" : "no \"%s\"%s in it", key,
             value ? value : "");
    bool good = !text || create_with(stage, text, how);
    rj_free(text);
    json_decref(config);
    return good;
}

static bool create_with_large(rj_stage *stage)
{
    const struct {
        char *text;
        const char *how;
    } large[] = {
        {repeat("{\"root\": \"\", \"role\": \"service\", \"state_dir\": \"/tmp\", \"cache_dir\": "
                "\"/tmp\", \"settings\": {\"x\": \"",
                "x", LARGE, "\"}}"),
         "settings of 1 MiB"},
        {repeat("", "[", 100000, ""), "100,000 open lists"},
        {repeat("{\"settings\": ", "{\"a\":", 2000, ""), "2,000 open objects"},
    };
    bool good = true;
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++) {
        if (good && large[i].text)
            good = create_with(stage, large[i].text, large[i].how);
        rj_free(large[i].text);
    }
    return good;
}

void rj_case_junk_config(rj_trial *trial)
{
    static const char *const texts[] = {
        "", "null", "[]", "7", "\"x\"", "{", "{}}", "{}", "\x01", "\xff", "{\"settings\": {}"};
    static const char *const keys[] = {"root", "role", "state_dir", "cache_dir", "settings"};
    static const char *const values[] = {NULL,
                                         "null",
                                         "7",
                                         "[]",
                                         "\"\"",
                                         "\"relative/path\"",
                                         "{\"a\": [{}, null, -1, 1e308, \"\"]}"};
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        bool good = true;
        for (size_t i = 0; i < sizeof texts / sizeof texts[0] && good; i++) {
            char how[60];
            snprintf(how, sizeof how, "the configuration \"%s\"", texts[i]);
            good = create_with(&stage, texts[i], how);
        }
        for (size_t i = 0; i < sizeof keys / sizeof keys[0] && good; i++)
            for (size_t j = 0; j < sizeof values / sizeof values[0] && good; j++)
                good = create_without(&stage, keys[i], values[j]);
        if (good)
            create_with_large(&stage);
    }
    rj_stage_close(&stage);
}

/* ---- Settings -------------------------------------------------------------------------------- */

static bool live_with(rj_stage *stage, json_t *settings, const char *how)
{
    rj_report_step(stage->report, "new settings: %s", how);
    rj_stage_configure(stage, settings);
    rj_stage_turn(stage, 3);
    return rj_ask_all(stage, RJ_ASKED_ODDLY, how);
}

/* Each of the settings given by --settings, with values of wrong types. */
static bool live_with_wrong_types(rj_stage *stage)
{
    static const char *const values[] = {"null", "7", "-1", "\"\"", "[]", "{}", "true", "[[{}]]"};
    const char *key;
    json_t *value;
    bool good = true;
    json_object_foreach(stage->trial->settings, key, value)
    {
        for (size_t i = 0; i < sizeof values / sizeof values[0] && good; i++) {
            char how[160];
            json_t *settings = json_copy(stage->trial->settings);
            json_object_set_new(settings, key, json_loads(values[i], JSON_DECODE_ANY, NULL));
            snprintf(how, sizeof how, "with the setting \"%.60s\": %s", key, values[i]);
            good = live_with(stage, settings, how);
            json_decref(settings);
        }
    }
    return good;
}

static json_t *deep(int levels)
{
    json_t *value = json_object();
    for (int i = 0; i < levels; i++)
        value = json_pack("{s:o}", "x", value);
    return value;
}

void rj_case_junk_settings(rj_trial *trial)
{
    rj_stage stage;
    if (!rj_stage_open(trial, "root", &stage))
        return;
    if (rj_stage_load(&stage, true)) {
        char *large = repeat("", "x", LARGE / 4, "");
        json_t *many = json_object();
        for (int i = 0; i < 5000; i++) {
            char key[32];
            snprintf(key, sizeof key, "key-%d", i);
            json_object_set_new(many, key, json_integer(i));
        }
        json_t *all[] = {json_object(), json_pack("{s:s}", "x", large ? large : ""), deep(20), many,
                         json_pack("{s:n, s:[i], s:s}", "", "%s%n", 1, "../..", "\t")};
        static const char *const words[] = {"with none", "with a text of 256 KiB", "with 20 levels",
                                            "with 5,000 members", "with odd names"};
        bool good = true;
        for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
            good = good && live_with(&stage, all[i], words[i]);
            json_decref(all[i]);
        }
        if (good && live_with_wrong_types(&stage)) {
            rj_stage_configure(&stage, trial->settings);
            rj_stage_turn(&stage, 3);
            rj_ask_all(&stage, RJ_ASKED_PLAINLY, "with its settings put right again");
        }
        rj_free(large);
    }
    rj_stage_close(&stage);
}
