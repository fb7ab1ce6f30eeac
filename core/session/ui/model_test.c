/* SPDX-License-Identifier: MIT */
/* The model of the user interface: what is in the menu, and what a package's line says. */
#include "session/ui/model.h"

#include "base/alloc.h"
#include "session/ui/one_line.h"
#include "session/ui/package_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    char json[8192];
    json_error_t error;
    snprintf(json, sizeof json, "%s", text);
    for (char *at = json; *at; at++)
        if (*at == '\'')
            *at = '"';
    json_t *value = json_loads(json, JSON_DECODE_ANY, &error);
    if (!value)
        fail_msg("%s in %s", error.text, json);
    return value;
}

typedef struct given {
    const char *language, *packages, *status, *ui, *device;
    bool debug;
} given;

static json_t *make(const given *g)
{
    json_t *packages = g->packages ? parse(g->packages) : NULL;
    json_t *status = g->status ? parse(g->status) : NULL;
    json_t *ui = g->ui ? parse(g->ui) : NULL, *device = g->device ? parse(g->device) : NULL;
    rj_ui_facts facts = {.texts = rj_texts_for(g->language ? g->language : "en"),
                         .platform = "windows",
                         .version = "0.1.0",
                         .debug = g->debug,
                         .packages = packages,
                         .status = status,
                         .ui = ui,
                         .device = device};
    json_t *model = rj_ui_model(&facts, 1);
    assert_non_null(model);
    json_decref(packages);
    json_decref(status);
    json_decref(ui);
    json_decref(device);
    return model;
}

/* "heading:Web Links|item:...": one level; grey items in parentheses. */
static const char *outline(const json_t *items, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *kind = json_string_value(json_object_get(item, "kind"));
        const char *label = json_string_value(json_object_get(item, "text"));
        bool grey = !json_is_true(json_object_get(item, "enabled"));
        bool is_item = strcmp(kind, "item") == 0;
        used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", i ? "|" : "",
                                 is_item && grey ? "(" : "", label ? label : "-",
                                 is_item && grey ? ")" : "");
    }
    return text;
}

static const json_t *below(const json_t *items, const char *label)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        const char *text = json_string_value(json_object_get(item, "text"));
        if (text && strcmp(text, label) == 0)
            return json_object_get(item, "items");
    }
    fail_msg("there is no \"%s\"", label);
    return NULL;
}

static void assert_outline(const json_t *items, const char *expected)
{
    char text[8192];
    assert_string_equal(outline(items, text, sizeof text), expected);
}

#define DEVICE                                                                                     \
    "{'manufacturer':'Contoso','model':'Latitude 5440','computer':'PC-0042',"                      \
    "'addresses':['192.0.2.17','2001:db8:1:2:3:4:5:17'],'user':'alice@contoso.example',"           \
    "'owner':true,'metered':false}"

static void the_menu_is_in_the_order_of_the_product(void **state)
{
    (void)state;
    const given g = {.status = "{'run':null}",
                     .ui = "{'links':[{'name':'Intranet','target':'https://a.example'},"
                           "{'name':'For Macs','target':'https://b.example','platform':'mac'},"
                           "{'name':'For us','target':'https://c.example','platform':'Win'}]}",
                     .packages =
                         "[{'id':'b','name':'Beta','group':'Tools','state':'not-installed'},"
                         "{'id':'a','name':'alpha','group':'tools','state':'installed'},"
                         "{'id':'c','name':'Chrome','group':'Browsers','state':'outdated'},"
                         "{'id':'n','name':'No group','state':'not-installed'},"
                         "{'id':'h','name':'Hidden','state':'not-installed','hidden':true}]",
                     .device = DEVICE};
    json_t *model = make(&g);
    const json_t *menu = json_object_get(model, "menu");
    assert_outline(menu,
                   "Web Links|Intranet \xe2\x86\x97|For us \xe2\x86\x97|-|Software Packages|-|"
                   "Sync this device|-|(Contoso Latitude 5440)|(PC-0042)|"
                   "(192.0.2.17, 2001:db8:\xe2\x80\xa6:17)|(alice@contoso.example (owner))|"
                   "(RealmJoin 0.1.0 (release))|Copy device information");
    const json_t *groups = below(menu, "Software Packages");
    assert_outline(groups, "Browsers|tools|Other");
    assert_outline(below(groups, "tools"), "(alpha (installed))|Beta (ready to install)");
    assert_outline(below(groups, "Browsers"), "Chrome (outdated)");
    assert_outline(below(groups, "Other"), "No group (ready to install)");
    assert_true(rj_ui_offers(model, "package:b:install"));
    assert_true(rj_ui_offers(model, "package:c:upgrade"));
    assert_true(rj_ui_offers(model, "weblink:2"));
    assert_true(rj_ui_offers(model, "sync"));
    assert_true(rj_ui_offers(model, "copy-device"));
    assert_false(rj_ui_offers(model, "package:a:install"));
    assert_false(rj_ui_offers(model, "package:h:install"));
    assert_false(rj_ui_offers(model, "weblink:1"));
    assert_false(rj_ui_offers(model, "exit"));
    assert_false(rj_ui_offers(model, ""));
    json_decref(model);
}

static void every_state_has_its_word(void **state)
{
    (void)state;
    static const struct {
        const char *package, *word, *verb;
    } cases[] = {
        {"{'id':'x','state':'not-installed','verdict':'nothing'}", "ready-to-install", "install"},
        {"{'id':'x','state':'not-installed','verdict':'install'}", "ready-to-install", "install"},
        {"{'id':'x','state':'installed','verdict':'nothing'}", "installed", NULL},
        {"{'id':'x','state':'installed','allow_reinstall':true}", "ready-to-run", "install"},
        {"{'id':'x','state':'installed','restart_pending':true}", "restart", NULL},
        {"{'id':'x','state':'installed','restart_pending':true,'allow_reinstall':true}", "restart",
         "install"},
        {"{'id':'x','state':'outdated','verdict':'upgrade'}", "outdated", "upgrade"},
        {"{'id':'x','state':'installed','verdict':'reinstall','reason_code':'args-changed'}",
         "new-configuration", "install"},
        {"{'id':'busy','state':'not-installed'}", "running", NULL},
        {"{'id':'x','state':'not-installed','last':{'success':false}}", "failed", "install"},
        {"{'id':'x','state':'installed','last':{'success':false}}", "installed", NULL},
        {"{'id':'x','state':'not-installed','verdict':'held'}", "waiting", "install"},
        {"{'id':'x','state':'installed','verdict':'uninstall'}", "waiting", NULL},
        {"{'id':'x','state':'unknown'}", "unknown", "install"},
        {"{}", "unknown", "install"},
    };
    json_t *status = parse("{'run':{'package':'BUSY'}}");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *package = parse(cases[i].package);
        rj_ui_package_state found;
        char word[64];
        rj_ui_state_of_package(package, status, false, &found);
        snprintf(word, sizeof word, "state.%s", cases[i].word);
        assert_string_equal(found.word, word);
        if (cases[i].verb)
            assert_string_equal(found.verb, cases[i].verb);
        else
            assert_null(found.verb);
        json_decref(package);
    }
    json_decref(status);
}

static void only_beside_own_packages_those_of_the_device_are_marked(void **state)
{
    (void)state;
    const given alone = {.packages = "[{'id':'a','name':'A','state':'installed',"
                                     "'assigned_to':'device'}]"};
    json_t *model = make(&alone);
    const json_t *groups = below(json_object_get(model, "menu"), "Software Packages");
    assert_outline(below(groups, "Other"), "(A (installed))");
    json_decref(model);
    const given mixed = {.packages = "[{'id':'a','name':'A','state':'installed',"
                                     "'assigned_to':'device'},{'id':'b','name':'B',"
                                     "'state':'installed','assigned_to':'user'}]"};
    model = make(&mixed);
    groups = below(json_object_get(model, "menu"), "Software Packages");
    assert_outline(below(groups, "Other"), "(A (installed) (this device only))|(B (installed))");
    json_decref(model);
}

static void debug_mode_shows_everything_and_the_way_out(void **state)
{
    (void)state;
    const given g = {.debug = true,
                     .status = "{}",
                     .packages = "[{'id':'h','name':'H','state':'installed','hidden':true,"
                                 "'version':'1.2','mandatory':true}]"};
    json_t *model = make(&g);
    const json_t *groups = below(json_object_get(model, "menu"), "Software Packages");
    assert_outline(below(groups, "Other"), "H [1.2 *] (installed)");
    assert_true(rj_ui_offers(model, "exit"));
    assert_true(rj_ui_offers(model, "package:h:install"));
    assert_string_equal(json_string_value(json_object_get(model, "icon")), "debug");
    json_decref(model);
}

static void what_nobody_knows_says_so(void **state)
{
    (void)state;
    const given g = {.language = "de"};
    json_t *model = make(&g);
    assert_outline(json_object_get(model, "menu"),
                   "(Der RealmJoin-Dienst antwortet nicht)|-|(Modell: unbekannt)|"
                   "(Computername: unbekannt)|(IP-Adressen: unbekannt)|(Benutzer: unbekannt)|"
                   "(RealmJoin 0.1.0 (release))|Ger\xc3\xa4teinformationen kopieren");
    assert_string_equal(json_string_value(json_object_get(model, "icon")), "attention");
    assert_string_equal(json_string_value(json_object_get(model, "tooltip")),
                        "RealmJoin: Der Dienst antwortet nicht");
    json_decref(model);
    const given none = {.packages = "[]"};
    model = make(&none);
    assert_outline(below(json_object_get(model, "menu"), "Software Packages"),
                   "(No software is assigned to you)");
    json_decref(model);
}

/* The grey line of the fact with this label. */
static void assert_fact(const given *g, const char *version, const char *label, const char *value)
{
    json_t *device = g->device ? parse(g->device) : NULL;
    rj_ui_facts facts = {
        .texts = rj_texts_for("en"), .platform = "windows", .version = version, .device = device};
    json_t *model = rj_ui_model(&facts, 1);
    const json_t *all = json_object_get(model, "device");
    const char *found = NULL;
    for (size_t i = 0; i < json_array_size(all); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(all, i), "label")), label) == 0)
            found = json_string_value(json_object_get(json_array_get(all, i), "value"));
    assert_string_equal(found, value);
    json_decref(model);
    json_decref(device);
}

static void the_channel_is_the_versions_tag(void **state)
{
    (void)state;
    static const struct {
        const char *version, *line;
    } cases[] = {
        {"1.2.0", "RealmJoin 1.2.0 (release)"},
        {"1.2.0+57.abc-beta", "RealmJoin 1.2.0+57.abc-beta (release)"},
        {"1.2.0-canary", "RealmJoin 1.2.0-canary (canary)"},
        {"1.2.0-beta+57.abc", "RealmJoin 1.2.0-beta+57.abc (beta)"},
        {"1.2.0-beta.2", "RealmJoin 1.2.0-beta.2 (beta)"},
        {"1.2.0-betamax", "RealmJoin 1.2.0-betamax"},
    };
    const given nothing = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_fact(&nothing, cases[i].version, "Version", cases[i].line);
}

static void who_is_signed_in_owns_the_device_only_if_known_to(void **state)
{
    (void)state;
    const given other = {.device = "{'user':'bob','owner':false}"};
    const given plain = {.device = "{'user':'bob'}"};
    assert_fact(&other, "1", "User", "bob");
    assert_fact(&plain, "1", "User", "bob");
}

static void a_metered_connection_is_hinted_at(void **state)
{
    (void)state;
    const given metered = {.device = "{'addresses':['192.0.2.17'],'metered':true}"};
    const given offline = {.device = "{'addresses':[],'metered':true}"};
    assert_fact(&metered, "1", "IP addresses", "192.0.2.17 (metered connection)");
    assert_fact(&offline, "1", "IP addresses", "unknown");
}

static void more_than_25_of_a_group_are_one_level_down(void **state)
{
    (void)state;
    json_t *packages = json_array();
    for (int i = 0; i < 60; i++)
        json_array_append_new(
            packages, json_pack("{s:o, s:o, s:s, s:s}", "id", json_sprintf("p%02d", i), "name",
                                json_sprintf("P%02d", i), "group", "G", "state", "not-installed"));
    rj_ui_facts facts = {
        .texts = rj_texts_for("en"), .platform = "linux", .version = "1", .packages = packages};
    json_t *model = rj_ui_model(&facts, 1);
    const json_t *group = below(below(json_object_get(model, "menu"), "Software Packages"), "G");
    assert_int_equal(json_array_size(group), 26);
    assert_int_equal(json_array_size(below(group, "More\xe2\x80\xa6")), 35);
    assert_true(rj_ui_offers(model, "package:p59:install"));
    json_decref(model);
    json_decref(packages);
}

static void long_and_hostile_names_fit_on_a_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *line;
    } cases[] = {
        {"plain", "plain"},
        {"R&D", "R&D"},
        {"0123456789", "0123456789"},
        {"0123456789a", "01234\xe2\x80\xa6"
                        "789a"},
        {"a\nb\tc\x1b[31m", "abc[31m"},
        {"a\xe2\x80\xae"
         "b",
         "ab"},
        {"bad\xff", "bad?"},
        {"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6z",
         "\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xe2\x80\xa6\xc3\x9f\xc3\xa4\xc3\xb6z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *line = rj_ui_one_line(cases[i].text, 10);
        assert_string_equal(line, cases[i].line);
        rj_free(line);
    }
}

static void the_tooltip_begins_with_what_matters_most(void **state)
{
    (void)state;
    static const struct {
        const char *status, *tip, *icon;
    } cases[] = {
        {"{'run':null,'packages':{'wanted':0,'failed':0}}", "RealmJoin", "normal"},
        {"{'packages':{'wanted':2}}", "RealmJoin: 2 installs pending", "normal"},
        {"{'packages':{'wanted':2,'failed':1}}", "RealmJoin: 1 install failed", "attention"},
        {"{'restart_pending':true}", "RealmJoin: a restart is needed", "normal"},
        {"{'gate':{'open':false},'packages':{'failed':1}}",
         "RealmJoin: a security requirement is not met", "attention"},
        {"{'run':{'trigger':'sync'}}", "RealmJoin: working", "working"},
        {"{'run':{'package':'ff'}}", "RealmJoin: installing Firefox", "working"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const given g = {.status = cases[i].status, .packages = "[{'id':'FF','name':'Firefox'}]"};
        json_t *model = make(&g);
        assert_string_equal(json_string_value(json_object_get(model, "tooltip")), cases[i].tip);
        assert_string_equal(json_string_value(json_object_get(model, "icon")), cases[i].icon);
        json_decref(model);
    }
}

/* ---- Translation ----------------------------------------------------------------------------- */

static void assert_bracketed(const json_t *value, const char *key)
{
    static const char *const visible[] = {"text", "label", "tooltip"};
    const char *member;
    json_t *part;
    bool shown = false;
    for (size_t i = 0; key && i < sizeof visible / sizeof *visible; i++)
        shown |= strcmp(key, visible[i]) == 0;
    if (json_is_string(value) && shown && !strstr(json_string_value(value), "[!! "))
        fail_msg("\"%s\" is not translated", json_string_value(value));
    for (size_t i = 0; i < json_array_size(value); i++)
        assert_bracketed(json_array_get(value, i), key);
    json_object_foreach((json_t *)(uintptr_t)value, member, part)
        assert_bracketed(part, key && strcmp(key, "words") == 0 ? "text" : member);
}

/* "fact.version: RealmJoin 0.1.0", a line of what is copied, has an id in the place of its label. */
static void assert_bracketed_lines(const char *text)
{
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, "[!! ", 4) != 0)
            fail_msg("\"%s\" is copied with a line that is not translated", text);
    }
}

static void every_visible_text_comes_from_the_catalogue(void **state)
{
    (void)state;
    const given g = {.language = "qps-ploc",
                     .debug = true,
                     .status = "{'packages':{'wanted':2}}",
                     .ui = "{'links':[{'name':'Intranet','target':'https://a.example'}]}",
                     .packages = "[{'id':'a','name':'A','state':'installed'}]"};
    json_t *model = make(&g);
    assert_bracketed(model, NULL);
    const json_t *menu = json_object_get(model, "menu");
    const json_t *copy = json_object_get(json_array_get(menu, json_array_size(menu) - 3), "copy");
    assert_true(json_is_string(copy));
    assert_bracketed_lines(json_string_value(copy));
    assert_string_equal(json_string_value(json_object_get(model, "direction")), "ltr");
    json_decref(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_menu_is_in_the_order_of_the_product),
        cmocka_unit_test(every_state_has_its_word),
        cmocka_unit_test(only_beside_own_packages_those_of_the_device_are_marked),
        cmocka_unit_test(debug_mode_shows_everything_and_the_way_out),
        cmocka_unit_test(what_nobody_knows_says_so),
        cmocka_unit_test(the_channel_is_the_versions_tag),
        cmocka_unit_test(who_is_signed_in_owns_the_device_only_if_known_to),
        cmocka_unit_test(a_metered_connection_is_hinted_at),
        cmocka_unit_test(more_than_25_of_a_group_are_one_level_down),
        cmocka_unit_test(long_and_hostile_names_fit_on_a_line),
        cmocka_unit_test(the_tooltip_begins_with_what_matters_most),
        cmocka_unit_test(every_visible_text_comes_from_the_catalogue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
