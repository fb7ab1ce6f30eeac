/* SPDX-License-Identifier: MIT */
/*
 * The menu, top to bottom: web links, software packages by group, sync, what this device is.
 *
 * A package's state is one word that follows from what the service says of it; package_state.c has the
 * table.  The first failure to get memory sticks in `build` and ends in no model at all.
 */
#include "session/ui/model.h"

#include "base/alloc.h"
#include "base/text.h"
#include "session/ui/one_line.h"
#include "session/ui/package_state.h"

#include <stdlib.h>
#include <string.h>

#define GROUP_MOST 25u
#define TIP_COLUMNS 100u

typedef struct build {
    const rj_ui_facts *facts;
    bool failed;
} build;

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* A JSON string of an allocated text, which is freed. */
static json_t *take(build *b, char *text)
{
    json_t *string = text ? json_string(text) : NULL;
    rj_free(text);
    b->failed |= !string;
    return string;
}

static json_t *say(build *b, const char *id, const rj_text_value *values)
{
    return take(b, rj_texts_make(b->facts->texts, id, values));
}

static void append(build *b, json_t *list, json_t *item)
{
    if (!item || json_array_append_new(list, item) != 0)
        b->failed = true;
}

static void set(build *b, json_t *object, const char *key, json_t *value)
{
    if (!object || json_object_set_new(object, key, value) != 0)
        b->failed = true;
}

/* `text` and `action` are taken; without an action it is grey. */
static json_t *new_item(build *b, json_t *text, json_t *action)
{
    json_t *item =
        json_pack("{s:s, s:o, s:b}", "kind", "item", "text", text, "enabled", action != NULL);
    if (action)
        set(b, item, "action", action);
    b->failed |= !item;
    return item;
}

static json_t *heading(build *b, const char *id)
{
    return json_pack("{s:s, s:o}", "kind", "heading", "text", say(b, id, NULL));
}

static json_t *submenu(build *b, json_t *text, json_t *items)
{
    json_t *item = json_pack("{s:s, s:o, s:b, s:o}", "kind", "item", "text", text, "enabled", 1,
                             "items", items);
    b->failed |= !item;
    return item;
}

static void separate(build *b, json_t *menu)
{
    if (json_array_size(menu))
        append(b, menu, json_pack("{s:s}", "kind", "separator"));
}

/* ---- Web links ------------------------------------------------------------------------------- */

static bool begins(const char *text, const char *prefix)
{
    size_t length = strlen(prefix);
    char *start = rj_strndup(text, length);
    bool same = start && rj_ascii_casecmp(start, prefix) == 0;
    rj_free(start);
    return same;
}

/* "win", "Windows", "linux": the first three letters tell. */
static bool is_for_us(const char *platform, const char *ours)
{
    char prefix[4] = {0};
    strncpy(prefix, ours, 3);
    return !*platform || begins(platform, prefix) || rj_ascii_casecmp(platform, "any") == 0 ||
           rj_ascii_casecmp(platform, "all") == 0;
}

static void add_links(build *b, json_t *menu)
{
    const json_t *links = json_object_get(b->facts->ui, "links");
    bool any = false;
    for (size_t i = 0; i < json_array_size(links); i++) {
        const json_t *link = json_array_get(links, i);
        if (!is_for_us(text_of(link, "platform"), b->facts->platform))
            continue;
        if (!any)
            append(b, menu, heading(b, "menu.links"));
        any = true;
        char *name = rj_ui_one_line(text_of(link, "name"), RJ_UI_COLUMNS);
        const rj_text_value values[] = {{"name", name ? name : "", 0}, {NULL, NULL, 0}};
        json_t *item =
            new_item(b, say(b, "menu.link", values), json_sprintf("weblink:%u", (unsigned)i));
        set(b, item, "open", json_string(text_of(link, "target")));
        append(b, menu, item);
        rj_free(name);
    }
}

/* ---- Packages -------------------------------------------------------------------------------- */

static json_t *package_item(build *b, const json_t *package, bool tell_device)
{
    const rj_ui_facts *facts = b->facts;
    rj_ui_package_state state;
    rj_ui_state_of_package(package, facts->status, facts->debug, &state);
    char *name = rj_ui_one_line(text_of(package, "name"), RJ_UI_COLUMNS);
    char *word = rj_texts_make(facts->texts, state.word, NULL);
    char *version = NULL;
    bool mandatory = json_is_true(json_object_get(package, "mandatory"));
    if (facts->debug) {
        json_t *with_star =
            json_sprintf("%s%s", text_of(package, "version"), mandatory ? " *" : "");
        version = rj_ui_one_line(with_star ? json_string_value(with_star) : "", RJ_UI_COLUMNS);
        json_decref(with_star);
    }
    const rj_text_value values[] = {{"name", name ? name : "", 0},
                                    {"state", word ? word : "", 0},
                                    {"version", version ? version : "", 0},
                                    {NULL, NULL, 0}};
    bool of_device = tell_device && strcmp(text_of(package, "assigned_to"), "device") == 0;
    const char *id = facts->debug ? "package.line.debug"
                     : of_device  ? "package.line.device"
                                  : "package.line";
    json_t *text = say(b, id, values);
    b->failed |= !name || !word || (facts->debug && !version);
    rj_free(name);
    rj_free(word);
    rj_free(version);
    json_t *action =
        state.verb ? json_sprintf("package:%s:%s", text_of(package, "id"), state.verb) : NULL;
    b->failed |= state.verb && !action;
    return new_item(b, text, action);
}

/* Case does not count for people. */
static int compare(const char *a, const char *b)
{
    int order = rj_ascii_casecmp(a, b);
    return order ? order : strcmp(a, b);
}

static int by_group_and_name(const void *a, const void *b)
{
    const json_t *const *one = a, *const *other = b;
    const char *first = text_of(*one, "group"), *second = text_of(*other, "group");
    if (!*first != !*second)
        return !*first ? 1 : -1;                 /* without a group: last, under "Other" */
    int order = rj_ascii_casecmp(first, second); /* one group, however it is written */
    if (!order)
        order = compare(text_of(*one, "name"), text_of(*other, "name"));
    return order ? order : strcmp(text_of(*one, "id"), text_of(*other, "id"));
}

/* Where the lines of a group go: to its own menu, and beyond the most to "More" in it. */
static void add_to_group(build *b, json_t *group, json_t *item)
{
    size_t count = json_array_size(group);
    if (count < GROUP_MOST) {
        append(b, group, item);
        return;
    }
    if (count == GROUP_MOST)
        append(b, group, submenu(b, say(b, "menu.more", NULL), json_array()));
    json_t *more = json_object_get(json_array_get(group, GROUP_MOST), "items");
    if (more)
        append(b, more, item);
    else
        json_decref(item);
}

static json_t *group_title(build *b, const char *group)
{
    return *group ? take(b, rj_ui_one_line(group, RJ_UI_COLUMNS))
                  : say(b, "menu.group.other", NULL);
}

static size_t collect(const build *b, const json_t **sorted, bool *ret_tell_device)
{
    const json_t *all = b->facts->packages;
    size_t count = 0;
    *ret_tell_device = false;
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *package = json_array_get(all, i);
        if (!rj_ui_package_is_shown(package, b->facts->debug))
            continue;
        sorted[count++] = package;
        *ret_tell_device |= strcmp(text_of(package, "assigned_to"), "user") == 0;
    }
    return count;
}

static void add_packages(build *b, json_t *menu)
{
    size_t most = json_array_size(b->facts->packages);
    const json_t **sorted = rj_calloc(most + 1, sizeof *sorted);
    json_t *groups = json_array(), *group = NULL;
    bool tell_device = false;
    const char *last = NULL;
    if (!sorted || !groups) {
        b->failed = true;
        json_decref(groups);
        rj_free(sorted);
        return;
    }
    size_t count = collect(b, sorted, &tell_device);
    qsort(sorted, count, sizeof *sorted, by_group_and_name);
    for (size_t i = 0; i < count && !b->failed; i++) {
        const char *name = text_of(sorted[i], "group");
        if (!last || rj_ascii_casecmp(last, name) != 0) {
            group = json_array();
            append(b, groups, submenu(b, group_title(b, name), group));
        }
        last = name;
        if (!b->failed)
            add_to_group(b, group, package_item(b, sorted[i], tell_device));
    }
    rj_free(sorted);
    if (b->facts->packages && !count)
        append(b, groups, new_item(b, say(b, "menu.none", NULL), NULL));
    if (b->facts->packages)
        append(b, menu, submenu(b, say(b, "menu.packages", NULL), groups));
    else
        json_decref(groups);
}

/* ---- Sync and device ------------------------------------------------------------------------- */

static void add_sync(build *b, json_t *menu)
{
    const json_t *run = json_object_get(b->facts->status, "run");
    if (!b->facts->status) {
        const char *id = b->facts->refuses ? "menu.refused" : "menu.unreachable";
        append(b, menu, new_item(b, say(b, id, NULL), NULL));
        return;
    }
    if (strcmp(text_of(run, "trigger"), "sync") == 0)
        append(b, menu, new_item(b, say(b, "menu.syncing", NULL), NULL));
    else
        append(b, menu, new_item(b, say(b, "menu.sync", NULL), json_string("sync")));
}

static char *addresses_of(build *b)
{
    const json_t *list = json_object_get(b->facts->device, "addresses");
    rj_text text = RJ_TEXT_EMPTY;
    for (size_t i = 0; i < json_array_size(list) && i < 4; i++) {
        char *one = rj_ui_short_address(json_string_value(json_array_get(list, i)));
        b->failed |= !one;
        rj_text_addf(&text, "%s%s", i ? ", " : "", one ? one : "");
        rj_free(one);
    }
    char *addresses = rj_text_take(&text);
    if (!addresses || !*addresses || !json_is_true(json_object_get(b->facts->device, "metered")))
        return addresses;
    const rj_text_value values[] = {{"addresses", addresses, 0}, {NULL, NULL, 0}};
    char *line = rj_texts_make(b->facts->texts, "fact.addresses.metered", values);
    rj_free(addresses);
    return line;
}

static char *model_of(const json_t *device)
{
    rj_text text = RJ_TEXT_EMPTY;
    const char *maker = text_of(device, "manufacturer"), *model = text_of(device, "model");
    rj_text_addf(&text, "%s%s%s", maker, *maker && *model ? " " : "", model);
    return rj_text_take(&text);
}

static char *user_of(build *b)
{
    const char *user = text_of(b->facts->device, "user");
    const rj_text_value values[] = {{"name", user, 0}, {NULL, NULL, 0}};
    return *user && json_is_true(json_object_get(b->facts->device, "owner"))
               ? rj_texts_make(b->facts->texts, "fact.user.owner", values)
               : rj_strdup(user);
}

/* Its first tag: "1.2.0-beta+57.abc"; one without a tag is a release. */
static const char *channel_of(const char *version)
{
    static const char *const tagged[] = {"canary", "beta"};
    const char *tag = version + strcspn(version, "-+");
    for (size_t i = 0; *tag == '-' && i < sizeof tagged / sizeof *tagged; i++) {
        size_t length = strlen(tagged[i]);
        if (strncmp(tag + 1, tagged[i], length) == 0 && strcspn(tag + 1, ".+-") == length)
            return tagged[i];
    }
    return *tag == '-' ? "" : "release";
}

static char *version_of(build *b)
{
    const char *channel = channel_of(b->facts->version);
    const rj_text_value values[] = {
        {"version", b->facts->version, 0}, {"channel", channel, 0}, {NULL, NULL, 0}};
    return rj_texts_make(b->facts->texts, *channel ? "fact.version.channel" : "fact.version.value",
                         values);
}

/* The line of the menu, and the fact for views that show a table; `value` is taken, "" is unknown. */
static void add_fact(build *b, json_t *menu, json_t *device, const char *label_id, char *value)
{
    char *label = rj_texts_make(b->facts->texts, label_id, NULL);
    const rj_text_value values[] = {{"label", label ? label : "", 0}, {NULL, NULL, 0}};
    char *line = value && *value ? rj_ui_one_line(value, RJ_UI_COLUMNS)
                                 : rj_texts_make(b->facts->texts, "fact.unknown", values);
    json_t *known = value && *value ? json_string(value) : say(b, "fact.value.unknown", NULL);
    b->failed |= !value || !line || !label || !known;
    if (b->failed) {
        json_decref(known);
    } else {
        append(b, device, json_pack("{s:s, s:o}", "label", label, "value", known));
        append(b, menu, new_item(b, json_string(line), NULL));
    }
    rj_free(line);
    rj_free(label);
    rj_free(value);
}

static json_t *copy_text(build *b, const json_t *device)
{
    rj_text text = RJ_TEXT_EMPTY;
    for (size_t i = 0; i < json_array_size(device); i++) {
        const json_t *fact = json_array_get(device, i);
        rj_text_addf(&text, "%s%s: %s", i ? "\n" : "", text_of(fact, "label"),
                     text_of(fact, "value"));
    }
    return take(b, rj_text_take(&text));
}

static void add_device(build *b, json_t *menu, json_t *device)
{
    add_fact(b, menu, device, "fact.model", model_of(b->facts->device));
    add_fact(b, menu, device, "fact.computer", rj_strdup(text_of(b->facts->device, "computer")));
    add_fact(b, menu, device, "fact.addresses", addresses_of(b));
    add_fact(b, menu, device, "fact.user", user_of(b));
    add_fact(b, menu, device, "fact.version", version_of(b));
    if (b->facts->refusal)
        add_fact(b, menu, device, "fact.service", rj_strdup(b->facts->refusal));
    json_t *item = new_item(b, say(b, "menu.copy", NULL), json_string("copy-device"));
    set(b, item, "copy", copy_text(b, device));
    append(b, menu, item);
}

/* ---- The whole ------------------------------------------------------------------------------- */

static json_t *make_menu(build *b, json_t *device)
{
    json_t *menu = json_array();
    b->failed |= !menu || !device;
    add_links(b, menu);
    if (b->facts->packages) {
        separate(b, menu);
        add_packages(b, menu);
    }
    separate(b, menu);
    add_sync(b, menu);
    separate(b, menu);
    add_device(b, menu, device);
    if (b->facts->debug) {
        separate(b, menu);
        append(b, menu, new_item(b, say(b, "menu.exit", NULL), json_string("exit")));
    }
    return menu;
}

static json_int_t count_of(const json_t *status, const char *key)
{
    return json_integer_value(json_object_get(json_object_get(status, "packages"), key));
}

static json_t *make_tooltip(build *b, bool *ret_attention, bool *ret_busy)
{
    const json_t *status = b->facts->status, *run = json_object_get(status, "run");
    const json_t *gate = json_object_get(status, "gate");
    const char *package = text_of(run, "package");
    char *name = rj_ui_one_line(rj_ui_package_name(b->facts->packages, package), RJ_UI_COLUMNS);
    json_int_t failed = count_of(status, "failed"), wanted = count_of(status, "wanted");
    const rj_text_value values[] = {
        {"name", name ? name : "", 0}, {"count", NULL, failed ? failed : wanted}, {NULL, NULL, 0}};
    const char *id = "tip.ready";
    *ret_busy = json_is_object(run);
    *ret_attention = !status || failed || json_is_false(json_object_get(gate, "open"));
    if (!status)
        id = b->facts->refuses ? "tip.refused" : "tip.unreachable";
    else if (*package)
        id = "tip.running";
    else if (*ret_busy)
        id = "tip.working";
    else if (json_is_false(json_object_get(gate, "open")))
        id = "tip.gate";
    else if (failed)
        id = "tip.failed";
    else if (json_is_true(json_object_get(status, "restart_pending")))
        id = "tip.restart";
    else if (wanted)
        id = "tip.pending";
    char *text = rj_texts_make(b->facts->texts, id, values);
    json_t *tip = take(b, text ? rj_ui_one_line(text, TIP_COLUMNS) : NULL);
    rj_free(text);
    rj_free(name);
    return tip;
}

static json_t *make_words(build *b)
{
    static const char *const words[] = {"cancel", "done", "show-details", "hide-details", "copy"};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        char id[32] = "button.";
        strncat(id, words[i], sizeof id - strlen(id) - 1);
        set(b, object, words[i], say(b, id, NULL));
    }
    return object;
}

static json_t *list_or_empty(const json_t *list)
{
    return list ? json_incref((json_t *)(uintptr_t)list) : json_array();
}

json_t *rj_ui_model(const rj_ui_facts *facts, int64_t revision)
{
    build b = {.facts = facts};
    bool attention = false, busy = false;
    json_t *model = json_object(), *device = json_array();
    set(&b, model, "revision", json_integer(revision));
    set(&b, model, "title", json_string("RealmJoin"));
    set(&b, model, "tooltip", make_tooltip(&b, &attention, &busy));
    set(&b, model, "icon",
        json_string(facts->debug ? "debug"
                    : busy       ? "working"
                    : attention  ? "attention"
                                 : "normal"));
    set(&b, model, "direction", say(&b, "dir", NULL));
    set(&b, model, "menu", make_menu(&b, device));
    set(&b, model, "progress", list_or_empty(facts->progress));
    set(&b, model, "notices", list_or_empty(facts->notices));
    set(&b, model, "device", device);
    set(&b, model, "words", make_words(&b));
    if (!b.failed)
        return model;
    json_decref(model);
    return NULL;
}

/* ---- Looking into it ------------------------------------------------------------------------- */

static bool items_offer(const json_t *items, const char *action)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const json_t *item = json_array_get(items, i);
        if (strcmp(text_of(item, "action"), action) == 0 ||
            items_offer(json_object_get(item, "items"), action))
            return true;
    }
    return false;
}

bool rj_ui_offers(const json_t *model, const char *action)
{
    const json_t *jobs = json_object_get(model, "progress");
    if (!*action)
        return false;
    for (size_t i = 0; i < json_array_size(jobs); i++) {
        const json_t *job = json_array_get(jobs, i);
        if (strcmp(text_of(job, "cancel"), action) == 0 ||
            strcmp(text_of(job, "close"), action) == 0)
            return true;
    }
    return items_offer(json_object_get(model, "menu"), action);
}

const char *rj_ui_package_name(const json_t *packages, const char *id)
{
    for (size_t i = 0; i < json_array_size(packages); i++) {
        const json_t *package = json_array_get(packages, i);
        if (rj_ascii_casecmp(text_of(package, "id"), id) == 0 && *text_of(package, "name"))
            return text_of(package, "name");
    }
    return id;
}
