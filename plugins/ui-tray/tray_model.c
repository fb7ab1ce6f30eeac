/* SPDX-License-Identifier: MIT */
/* From JSON to structures, see tray_model.h. */
#include "tray_model.h"

#include <realmjoin/kit/json.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS_MAX 4
#define ITEMS_MAX 4096u
#define PAGE_MAX 2048u

typedef struct reader {
    bool failed;
    size_t items;
} reader;

/* ---- Lists ----------------------------------------------------------------------------------- */

/* The element behind `last` (absent: the first), without counting from the start each time. */
static rj_json_value next_of(rj_json_value list, rj_json_value last)
{
    rj_json_value none = {NULL, NULL}, next;
    if (!list.start || *list.start != '[')
        return none;
    next.start = rj_json_pass_space(last.start ? last.end : list.start + 1, list.end);
    if (last.start && *next.start == ',')
        next.start = rj_json_pass_space(next.start + 1, list.end);
    if (*next.start == ']')
        return none;
    next.end = rj_json_pass(next.start, list.end, 1);
    return next;
}

static size_t count_of(rj_json_value list)
{
    size_t count = 0;
    rj_json_value at = {NULL, NULL};
    while ((at = next_of(list, at)).start)
        count++;
    return count;
}

static void *make_room(reader *r, size_t count, size_t size)
{
    void *room = count && count <= ITEMS_MAX ? calloc(count, size) : NULL;
    r->failed |= count && !room;
    return room;
}

/* ---- Values ---------------------------------------------------------------------------------- */

/* NULL when absent; a text is never longer than what it is written with. */
static char *text_or_null(reader *r, rj_json_value object, const char *key)
{
    rj_json_value value = rj_json_member(object, key);
    if (!value.start || *value.start != '"')
        return NULL;
    size_t size = (size_t)(value.end - value.start);
    char *text = malloc(size);
    if (!text) {
        r->failed = true;
        return NULL;
    }
    rj_json_string(value, text, size);
    return text;
}

static char *text_of(reader *r, rj_json_value object, const char *key)
{
    char *text = text_or_null(r, object, key);
    if (!text)
        text = calloc(1, 1);
    r->failed |= !text;
    return text;
}

/* The number of the word in the list; 0 for any other. */
static int word_of(rj_json_value object, const char *key, const char *const *words, int count)
{
    char word[16];
    rj_json_string(rj_json_member(object, key), word, sizeof word);
    for (int i = 1; i < count; i++)
        if (strcmp(word, words[i]) == 0)
            return i;
    return 0;
}

/* ---- The menu -------------------------------------------------------------------------------- */

static void read_items(reader *r, rj_json_value list, int level, tray_item **ret_items,
                       size_t *ret_count);

static void read_item(reader *r, rj_json_value from, int level, tray_item *item)
{
    static const char *const kinds[] = {"item", "heading", "separator"};
    rj_json_value enabled = rj_json_member(from, "enabled"), items = rj_json_member(from, "items");
    item->kind = (tray_kind)word_of(from, "kind", kinds, 3);
    item->enabled = item->kind == TRAY_ITEM && (!enabled.start || rj_json_is_true(enabled));
    item->checked = rj_json_is_true(rj_json_member(from, "checked"));
    item->text = text_of(r, from, "text");
    item->action = text_or_null(r, from, "action");
    item->open = text_or_null(r, from, "open");
    item->copy = text_or_null(r, from, "copy");
    item->submenu = items.start && *items.start == '[';
    if (item->submenu)
        read_items(r, items, level + 1, &item->items, &item->item_count);
}

static void read_items(reader *r, rj_json_value list, int level, tray_item **ret_items,
                       size_t *ret_count)
{
    size_t count = count_of(list);
    rj_json_value at = {NULL, NULL};
    r->items += count;
    r->failed |= level > LEVELS_MAX || r->items > ITEMS_MAX;
    if (r->failed)
        return;
    *ret_items = make_room(r, count, sizeof **ret_items);
    *ret_count = *ret_items ? count : 0;
    for (size_t i = 0; i < *ret_count; i++) {
        at = next_of(list, at);
        read_item(r, at, level, &(*ret_items)[i]);
    }
}

static void free_items(tray_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(items[i].text);
        free(items[i].action);
        free(items[i].open);
        free(items[i].copy);
        free_items(items[i].items, items[i].item_count);
    }
    free(items);
}

/* ---- Jobs and notices ------------------------------------------------------------------------ */

static void read_job(reader *r, rj_json_value from, tray_job *job)
{
    static const char *const states[] = {"waiting", "working", "done", "failed", "cancelled"};
    int64_t permille = -1;
    job->id = text_of(r, from, "id");
    job->text = text_of(r, from, "text");
    job->status = text_of(r, from, "status");
    job->next = text_of(r, from, "next");
    job->details = text_of(r, from, "details");
    job->cancel = text_or_null(r, from, "cancel");
    job->close = text_or_null(r, from, "close");
    job->copy = text_or_null(r, from, "copy");
    job->state = (tray_state)word_of(from, "state", states, 5);
    job->asked = rj_json_is_true(rj_json_member(from, "asked"));
    rj_json_integer(rj_json_member(from, "permille"), &permille);
    job->permille = permille < 0 || permille > 1000 ? -1 : (int)permille;
}

static void read_jobs(reader *r, rj_json_value list, tray_model *model)
{
    size_t count = count_of(list);
    rj_json_value at = {NULL, NULL};
    model->jobs = make_room(r, count, sizeof *model->jobs);
    model->job_count = model->jobs ? count : 0;
    for (size_t i = 0; i < model->job_count; i++) {
        at = next_of(list, at);
        read_job(r, at, &model->jobs[i]);
    }
}

static void read_notices(reader *r, rj_json_value list, tray_model *model)
{
    static const char *const kinds[] = {"info", "warning", "error"};
    size_t count = count_of(list);
    rj_json_value at = {NULL, NULL};
    model->notices = make_room(r, count, sizeof *model->notices);
    model->notice_count = model->notices ? count : 0;
    for (size_t i = 0; i < model->notice_count; i++) {
        at = next_of(list, at);
        model->notices[i].kind = (tray_notice_kind)word_of(at, "kind", kinds, 3);
        model->notices[i].id = text_of(r, at, "id");
        model->notices[i].title = text_of(r, at, "title");
        model->notices[i].text = text_of(r, at, "text");
    }
}

/* ---- The whole ------------------------------------------------------------------------------- */

tray_model *tray_model_read(const char *json, size_t length)
{
    static const char *const looks[] = {"normal", "attention", "working", "debug"};
    static const char *const directions[] = {"ltr", "rtl"};
    static const char *const words[TRAY_WORD_COUNT] = {"cancel", "done", "show-details",
                                                       "hide-details", "copy"};
    rj_json_value root = rj_json_document(json, length);
    tray_model *model = root.start && *root.start == '{' ? calloc(1, sizeof *model) : NULL;
    reader r = {false, 0};
    if (!model)
        return NULL;
    rj_json_integer(rj_json_member(root, "revision"), &model->revision);
    rj_json_integer(rj_json_member(root, "open-menu"), &model->open_menu);
    model->keys = text_or_null(&r, root, "keys");
    model->menu_closed = text_or_null(&r, root, "menu-closed");
    model->title = text_of(&r, root, "title");
    model->tooltip = text_of(&r, root, "tooltip");
    model->look = (tray_shade)word_of(root, "icon", looks, 4);
    model->right_to_left = word_of(root, "direction", directions, 2) == 1;
    for (int i = 0; i < TRAY_WORD_COUNT; i++)
        model->words[i] = text_of(&r, rj_json_member(root, "words"), words[i]);
    read_items(&r, rj_json_member(root, "menu"), 1, &model->items, &model->item_count);
    read_jobs(&r, rj_json_member(root, "progress"), model);
    read_notices(&r, rj_json_member(root, "notices"), model);
    if (!r.failed)
        return model;
    tray_model_free(model);
    return NULL;
}

void tray_model_free(tray_model *model)
{
    if (!model)
        return;
    free(model->title);
    free(model->tooltip);
    free(model->keys);
    free(model->menu_closed);
    for (int i = 0; i < TRAY_WORD_COUNT; i++)
        free(model->words[i]);
    free_items(model->items, model->item_count);
    for (size_t i = 0; i < model->job_count; i++) {
        tray_job *job = &model->jobs[i];
        char *const texts[] = {job->id,      job->text,   job->status, job->next,
                               job->details, job->cancel, job->close,  job->copy};
        for (size_t j = 0; j < sizeof texts / sizeof *texts; j++)
            free(texts[j]);
    }
    free(model->jobs);
    for (size_t i = 0; i < model->notice_count; i++) {
        free(model->notices[i].id);
        free(model->notices[i].title);
        free(model->notices[i].text);
    }
    free(model->notices);
    free(model);
}

/* ---- Prompts --------------------------------------------------------------------------------- */

/* A list of texts as lines. */
static char *lines_of(reader *r, rj_json_value list)
{
    size_t size = list.start ? (size_t)(list.end - list.start) + 1 : 1, used = 0;
    rj_json_value at = {NULL, NULL};
    char *lines = malloc(size);
    if (!lines) {
        r->failed = true;
        return NULL;
    }
    while ((at = next_of(list, at)).start) {
        ptrdiff_t length = rj_json_string(at, lines + used, size - used);
        if (length >= 0) {
            used += (size_t)length;
            lines[used++] = '\n'; /* in place of a quote */
        }
    }
    lines[used ? used - 1 : 0] = '\0';
    return lines;
}

tray_prompt *tray_prompt_read(const char *json, size_t length)
{
    rj_json_value root = rj_json_document(json, length);
    rj_json_value choices = rj_json_member(root, "choices"), at = {NULL, NULL};
    tray_prompt *prompt = root.start && *root.start == '{' ? calloc(1, sizeof *prompt) : NULL;
    reader r = {false, 0};
    if (!prompt)
        return NULL;
    prompt->id = text_of(&r, root, "id");
    prompt->title = text_of(&r, root, "title");
    prompt->text = text_of(&r, root, "text");
    prompt->closing = text_of(&r, root, "closing");
    prompt->details = lines_of(&r, rj_json_member(root, "details"));
    size_t count = count_of(choices);
    prompt->choices = make_room(&r, count, sizeof *prompt->choices);
    prompt->choice_count = prompt->choices ? count : 0;
    for (size_t i = 0; i < prompt->choice_count; i++) {
        at = next_of(choices, at);
        prompt->choices[i].answer = text_of(&r, at, "answer");
        prompt->choices[i].text = text_of(&r, at, "text");
        prompt->choices[i].preferred = rj_json_is_true(rj_json_member(at, "default"));
    }
    if (!r.failed && prompt->choice_count)
        return prompt;
    tray_prompt_free(prompt);
    return NULL;
}

void tray_prompt_free(tray_prompt *prompt)
{
    if (!prompt)
        return;
    for (size_t i = 0; i < prompt->choice_count; i++) {
        free(prompt->choices[i].answer);
        free(prompt->choices[i].text);
    }
    free(prompt->choices);
    free(prompt->id);
    free(prompt->title);
    free(prompt->text);
    free(prompt->details);
    free(prompt->closing);
    free(prompt);
}

/* ---- Pages ----------------------------------------------------------------------------------- */

static const char *behind(const char *text, const char *prefix)
{
    for (; *prefix; text++, prefix++)
        if ((*text >= 'A' && *text <= 'Z' ? *text + 32 : *text) != *prefix)
            return NULL;
    return text;
}

bool tray_is_page(const char *target)
{
    const char *page = behind(target, "microsoft-edge:"), *rest;
    page = page ? page : target;
    rest = behind(page, "https://");
    rest = rest ? rest : behind(page, "http://");
    if (!rest || !*rest || *rest == '/' || strlen(target) > PAGE_MAX)
        return false;
    for (const char *at = target; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr("\"<>\\^`{|}", *at))
            return false;
    return true;
}
