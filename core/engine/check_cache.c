/* SPDX-License-Identifier: MIT */
#include "engine/check_cache.h"

#include "base/alloc.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#define LOGGER "engine.checks"
#define CHECK_LIMIT_MS 30000
#define CHECKS_MAX 64
#define WAITERS_MAX 8

typedef struct check {
    rj_check_cache *cache;
    char *id;
    rj_check_state state;
    char *summary;
    json_t *result; /* the sound result document, NULL if there is none */
    char *plugin;
    int64_t when_wall_ms; /* 0: never evaluated */
    uint64_t asked_ms;
    uint64_t took_ms;
    rj_question_id question;
    bool asking;
} check;

typedef struct waiter {
    void (*ended)(void *data);
    void *data;
} waiter;

struct rj_check_cache {
    rj_evaluator evaluator;
    check *checks[CHECKS_MAX];
    size_t count;
    size_t asking;
    bool all;   /* the refresh that is on is about all */
    bool again; /* and another one follows it */
    bool cancelled;
    const rj_policy *const *policy;
    char correlation[17];
    waiter waiters[WAITERS_MAX];
    size_t waiter_count;
    uint64_t all_evaluated_ms;
};

static const char *const state_names[] = {"unknown", "ok", "not-met", "not-applicable"};

rj_status rj_check_cache_new(const rj_evaluator *evaluator, const rj_policy *const *policy,
                             rj_check_cache **ret_cache, rj_error *err)
{
    rj_check_cache *cache = rj_calloc(1, sizeof *cache);
    if (!cache)
        return rj_fail_memory(err, "preparing the checks");
    cache->evaluator = *evaluator;
    cache->policy = policy;
    *ret_cache = cache;
    return RJ_OK;
}

static void free_check(check *gone)
{
    rj_free(gone->id);
    rj_free(gone->summary);
    rj_free(gone->plugin);
    json_decref(gone->result);
    rj_free(gone);
}

void rj_check_cache_free(rj_check_cache *cache)
{
    if (!cache)
        return;
    for (size_t i = 0; i < cache->count; i++)
        free_check(cache->checks[i]);
    rj_free(cache);
}

/* ---- Which checks there are ------------------------------------------------------------------ */

static check *find_check(const rj_check_cache *cache, const char *id)
{
    for (size_t i = 0; i < cache->count; i++)
        if (strcmp(cache->checks[i]->id, id) == 0)
            return cache->checks[i];
    return NULL;
}

static rj_status add_check(rj_check_cache *cache, const char *id, rj_error *err)
{
    if (find_check(cache, id))
        return RJ_OK;
    if (cache->count == CHECKS_MAX)
        return rj_fail(err, RJ_E_LIMIT, "more than %d checks", CHECKS_MAX);
    check *made = rj_calloc(1, sizeof *made);
    if (made)
        *made = (check){.cache = cache,
                        .id = rj_strdup(id),
                        .summary = rj_strdup("not evaluated yet"),
                        .plugin = rj_strdup("")};
    if (!made || !made->id || !made->summary || !made->plugin) {
        if (made)
            free_check(made);
        return rj_fail_memory(err, "preparing the checks");
    }
    size_t at = cache->count++;
    for (; at > 0 && strcmp(cache->checks[at - 1]->id, id) > 0; at--)
        cache->checks[at] = cache->checks[at - 1];
    cache->checks[at] = made;
    return RJ_OK;
}

static bool is_wanted(const rj_check_cache *cache, const char *const *offered, const char *id)
{
    const rj_policy *policy = *cache->policy;
    for (size_t i = 0; offered && offered[i]; i++)
        if (strcmp(offered[i], id) == 0)
            return true;
    for (size_t i = 0; policy && i < sizeof policy->requirements / sizeof *policy->requirements;
         i++)
        if (strcmp(policy->requirements[i].check_id, id) == 0)
            return true;
    return false;
}

/* Not while one is being asked: its answer would find it gone. */
static void drop_unwanted(rj_check_cache *cache, const char *const *offered)
{
    size_t kept = 0;
    for (size_t i = 0; i < cache->count; i++) {
        if (is_wanted(cache, offered, cache->checks[i]->id))
            cache->checks[kept++] = cache->checks[i];
        else
            free_check(cache->checks[i]);
    }
    cache->count = kept;
}

/* Those a plugin offers and those the policy names, and no others. */
static rj_status collect_checks(rj_check_cache *cache, rj_error *err)
{
    const rj_policy *policy = *cache->policy;
    const char *const *offered = cache->evaluator.check_ids(cache->evaluator.data);
    rj_status status = RJ_OK;
    drop_unwanted(cache, offered);
    for (size_t i = 0; status == RJ_OK && offered && offered[i]; i++)
        status = add_check(cache, offered[i], err);
    for (size_t i = 0; status == RJ_OK && policy &&
                       i < sizeof policy->requirements / sizeof *policy->requirements;
         i++)
        status = add_check(cache, policy->requirements[i].check_id, err);
    return status;
}

static rj_enforcement enforcement_of(const check *about)
{
    const rj_policy *policy = *about->cache->policy;
    return policy ? rj_policy_enforcement(policy, about->id) : RJ_RECOMMEND;
}

/* ---- Answers --------------------------------------------------------------------------------- */

static bool state_of(const char *name, rj_check_state *ret_state)
{
    for (size_t i = 0; name && i < sizeof state_names / sizeof *state_names; i++) {
        if (strcmp(state_names[i], name) == 0) {
            *ret_state = (rj_check_state)i;
            return true;
        }
    }
    return false;
}

/* Without memory for the words the state is still told, as unknown. */
static void keep(check *about, rj_check_state state, const char *summary, json_t *result,
                 const char *plugin)
{
    char *words = rj_strdup(summary), *name = rj_strdup(plugin);
    if (!words || !name)
        state = RJ_CHECK_UNKNOWN;
    about->state = state;
    if (words) {
        rj_free(about->summary);
        about->summary = words;
    }
    if (name) {
        rj_free(about->plugin);
        about->plugin = name;
    }
    json_decref(about->result);
    about->result = json_incref(result);
    about->when_wall_ms = rj_clock_wall_ms();
    about->took_ms = rj_clock_monotonic_ms() - about->asked_ms;
}

static void read_answer(check *about, const rj_answer *answer)
{
    rj_check_state state = RJ_CHECK_UNKNOWN;
    const char *summary = json_string_value(json_object_get(answer->result, "summary"));
    if (answer->status != RJ_OK)
        keep(about, RJ_CHECK_UNKNOWN, answer->message, NULL, answer->plugin_id);
    else if (!summary ||
             !state_of(json_string_value(json_object_get(answer->result, "state")), &state))
        keep(about, RJ_CHECK_UNKNOWN, "the plugin's answer is no sound result", NULL,
             answer->plugin_id);
    else
        keep(about, state, summary, answer->result, answer->plugin_id);
}

static rj_status begin(rj_check_cache *cache, const char *check_id, rj_error *err);

static void end_if_answered(rj_check_cache *cache)
{
    if (cache->asking > 0)
        return;
    if (cache->all && !cache->cancelled)
        cache->all_evaluated_ms = rj_clock_monotonic_ms();
    if (cache->again && !cache->cancelled) {
        cache->again = false;
        if (begin(cache, NULL, NULL) == RJ_OK && cache->asking > 0)
            return;
    }
    waiter waiters[WAITERS_MAX];
    size_t count = cache->waiter_count;
    memcpy(waiters, cache->waiters, sizeof waiters);
    cache->waiter_count = 0;
    cache->cancelled = cache->again = false;
    for (size_t i = 0; i < count; i++)
        waiters[i].ended(waiters[i].data);
}

static void on_answered(void *data, const rj_answer *answer)
{
    check *about = data;
    rj_check_cache *cache = about->cache;
    about->asking = false;
    cache->asking--;
    if (answer->status != RJ_E_CANCELLED || !cache->cancelled)
        read_answer(about, answer);
    rj_log(about->state == RJ_CHECK_OK ? RJ_LOG_INFO : RJ_LOG_WARNING, LOGGER, cache->correlation,
           "%s: %s: %s", about->id, state_names[about->state], about->summary);
    end_if_answered(cache);
}

/* ---- Refresh --------------------------------------------------------------------------------- */

static void ask(rj_check_cache *cache, check *about)
{
    rj_question question = {.correlation = cache->correlation,
                            .deadline_ms = CHECK_LIMIT_MS,
                            .answered = on_answered,
                            .data = about};
    about->asking = true;
    about->asked_ms = rj_clock_monotonic_ms();
    cache->asking++;
    about->question = cache->evaluator.evaluate(cache->evaluator.data, about->id, &question);
}

static rj_status no_such_check(const char *check_id, rj_error *err)
{
    return rj_fail(err, RJ_E_NOT_FOUND, "there is no check \"%.63s\"; see `realmjoin check`",
                   check_id);
}

static rj_status begin(rj_check_cache *cache, const char *check_id, rj_error *err)
{
    rj_status status = collect_checks(cache, err);
    if (status != RJ_OK)
        return status;
    if (check_id && !find_check(cache, check_id))
        return no_such_check(check_id, err);
    cache->all = !check_id;
    for (size_t i = 0; i < cache->count; i++) {
        check *about = cache->checks[i];
        bool wanted =
            check_id ? strcmp(about->id, check_id) == 0 : enforcement_of(about) != RJ_SKIP;
        if (wanted && !about->asking)
            ask(cache, about);
    }
    return RJ_OK;
}

rj_status rj_check_cache_refresh(rj_check_cache *cache, const char *check_id,
                                 const char *correlation, void (*ended)(void *data), void *data,
                                 rj_error *err)
{
    rj_status status = RJ_OK;
    if (ended && cache->waiter_count == WAITERS_MAX)
        return rj_fail(err, RJ_E_BUSY, "the checks are being evaluated; ask again later");
    if (cache->asking > 0) {
        if (check_id && !find_check(cache, check_id))
            return no_such_check(check_id, err);
        cache->again = cache->again || !cache->all;
    } else {
        snprintf(cache->correlation, sizeof cache->correlation, "%s", correlation);
        status = begin(cache, check_id, err);
    }
    if (status != RJ_OK)
        return status;
    if (ended)
        cache->waiters[cache->waiter_count++] = (waiter){ended, data};
    end_if_answered(cache);
    return RJ_OK;
}

void rj_check_cache_outdate(rj_check_cache *cache)
{
    cache->again = cache->again || cache->asking > 0;
}

void rj_check_cache_cancel(rj_check_cache *cache)
{
    if (cache->asking == 0)
        return;
    cache->cancelled = true;
    for (size_t i = 0; i < cache->count; i++)
        if (cache->checks[i]->asking)
            cache->evaluator.cancel(cache->evaluator.data, cache->checks[i]->question);
}

bool rj_check_cache_is_busy(const rj_check_cache *cache)
{
    return cache->asking > 0;
}

uint64_t rj_check_cache_time(const rj_check_cache *cache)
{
    return cache->all_evaluated_ms;
}

/* ---- Views ----------------------------------------------------------------------------------- */

rj_status rj_check_cache_facts(const rj_check_cache *cache, rj_check_fact **ret_facts,
                               size_t *ret_count, rj_error *err)
{
    rj_check_fact *facts = rj_calloc(cache->count + 1, sizeof *facts);
    if (!facts)
        return rj_fail_memory(err, "planning");
    for (size_t i = 0; i < cache->count; i++)
        facts[i] = (rj_check_fact){
            .check_id = cache->checks[i]->id,
            .state = cache->checks[i]->state,
            .enforcement = enforcement_of(cache->checks[i]),
            .summary = cache->checks[i]->summary,
        };
    *ret_facts = facts;
    *ret_count = cache->count;
    return RJ_OK;
}

static json_t *view_check(const check *about, bool with_evidence)
{
    static const char *const words[] = {"enforced", "recommended", "skipped"};
    json_t *remedy = json_object_get(about->result, "remedy");
    json_t *evidence = with_evidence ? json_object_get(about->result, "evidence") : NULL;
    json_t *view =
        json_pack("{s:s, s:s, s:s, s:s}", "id", about->id, "state", state_names[about->state],
                  "enforcement", words[enforcement_of(about)], "summary", about->summary);
    int failed = !view;
    if (json_is_string(remedy))
        failed |= json_object_set(view, "remedy", remedy);
    if (json_is_array(evidence))
        failed |= json_object_set(view, "evidence", evidence);
    if (about->plugin[0])
        failed |= json_object_set_new(view, "plugin", json_string(about->plugin));
    if (about->when_wall_ms) {
        char when[25];
        rj_clock_format(about->when_wall_ms, when);
        failed |= json_object_set_new(view, "when", json_string(when));
        failed |= json_object_set_new(view, "took_ms", json_integer((json_int_t)about->took_ms));
    }
    if (!failed)
        return view;
    json_decref(view);
    return NULL;
}

json_t *rj_check_cache_view(const rj_check_cache *cache, bool with_evidence)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < cache->count; i++) {
        if (json_array_append_new(list, view_check(cache->checks[i], with_evidence)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

json_t *rj_check_cache_gate(const rj_check_cache *cache)
{
    for (size_t i = 0; i < cache->count; i++) {
        const check *about = cache->checks[i];
        if (about->state != RJ_CHECK_NOT_MET || enforcement_of(about) != RJ_ENFORCE)
            continue;
        json_t *reason = json_sprintf("%s: %s", about->id, about->summary);
        return reason ? json_pack("{s:b, s:o}", "open", 0, "reason", reason) : NULL;
    }
    return json_pack("{s:b}", "open", 1);
}
