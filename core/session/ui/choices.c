/* SPDX-License-Identifier: MIT */
/* See choices.h. */
#include "session/ui/choices.h"

#include "base/alloc.h"
#include "session/ui/model.h"

#include <string.h>
#include <uv.h>

#define CHOSEN_MAX 8u
#define OFFERS_MAX 8u /* models whose actions may still be chosen */

struct rj_ui_choices {
    rj_loop *loop;
    uv_mutex_t lock; /* guards what follows */
    json_t *offers[OFFERS_MAX];
    int64_t offer_revisions[OFFERS_MAX];
    char *chosen[CHOSEN_MAX];
    size_t chosen_count;
    rj_post post;
    bool posted;
    bool left; /* to be freed with the post that is on its way */
};

static void free_now(rj_ui_choices *choices)
{
    uv_mutex_destroy(&choices->lock);
    rj_free(choices);
}

static void on_chosen(void *data)
{
    rj_ui_choices *choices = data;
    uv_mutex_lock(&choices->lock);
    choices->posted = false;
    uv_mutex_unlock(&choices->lock);
    if (choices->left)
        free_now(choices);
    else
        rj_loop_stop(choices->loop);
}

static void wake(rj_ui_choices *choices)
{
    if (!choices->posted)
        rj_loop_post(choices->loop, &choices->post, on_chosen, choices);
    choices->posted = true;
}

static const json_t *offer_of(const rj_ui_choices *choices, int64_t revision)
{
    size_t place = (size_t)(revision % (int64_t)OFFERS_MAX);
    bool kept = revision > 0 && choices->offer_revisions[place] == revision;
    return kept ? choices->offers[place] : NULL;
}

static bool is_member(const json_t *model, const char *key, const char *action)
{
    const char *offered = json_string_value(json_object_get(model, key));
    return offered && strcmp(offered, action) == 0;
}

static rj_status choose(rj_ui_choices *choices, int64_t revision, const char *action)
{
    const json_t *offer = revision > 0 ? offer_of(choices, revision) : NULL;
    if (!offer || (!rj_ui_offers(offer, action) && !is_member(offer, "keys", action) &&
                   !is_member(offer, "menu-closed", action)))
        return RJ_E_NOT_FOUND;
    if (choices->chosen_count == CHOSEN_MAX)
        return RJ_E_BUSY;
    char *copy = rj_strdup(action);
    if (!copy)
        return RJ_E_NO_MEMORY;
    choices->chosen[choices->chosen_count++] = copy;
    wake(choices);
    return RJ_OK;
}

rj_status rj_ui_choices_choose(rj_ui_choices *choices, int64_t revision, const char *action)
{
    uv_mutex_lock(&choices->lock);
    rj_status status = choose(choices, revision, action);
    uv_mutex_unlock(&choices->lock);
    return status;
}

bool rj_ui_choices_add(rj_ui_choices *choices, char *action)
{
    uv_mutex_lock(&choices->lock);
    bool kept = choices->chosen_count < CHOSEN_MAX;
    if (kept) {
        choices->chosen[choices->chosen_count++] = action;
        wake(choices);
    }
    uv_mutex_unlock(&choices->lock);
    if (!kept)
        rj_free(action);
    return kept;
}

char *rj_ui_choices_next(rj_ui_choices *choices)
{
    char *first = NULL;
    uv_mutex_lock(&choices->lock);
    if (choices->chosen_count) {
        first = choices->chosen[0];
        choices->chosen_count--;
        memmove(choices->chosen, choices->chosen + 1,
                choices->chosen_count * sizeof *choices->chosen);
    }
    uv_mutex_unlock(&choices->lock);
    return first;
}

void rj_ui_choices_offer(rj_ui_choices *choices, json_t *model, int64_t revision)
{
    size_t place = (size_t)(revision % (int64_t)OFFERS_MAX);
    uv_mutex_lock(&choices->lock);
    json_t *old = choices->offers[place];
    choices->offers[place] = model;
    choices->offer_revisions[place] = revision;
    uv_mutex_unlock(&choices->lock);
    json_decref(old);
}

rj_ui_choices *rj_ui_choices_new(rj_loop *loop)
{
    rj_ui_choices *choices = rj_calloc(1, sizeof *choices);
    if (!choices)
        return NULL;
    choices->loop = loop;
    if (uv_mutex_init(&choices->lock) != 0) {
        rj_free(choices);
        return NULL;
    }
    return choices;
}

void rj_ui_choices_free(rj_ui_choices *choices)
{
    if (!choices)
        return;
    for (char *action; (action = rj_ui_choices_next(choices));)
        rj_free(action);
    for (size_t i = 0; i < OFFERS_MAX; i++)
        json_decref(choices->offers[i]);
    choices->left = choices->posted;
    if (!choices->left)
        free_now(choices);
}
