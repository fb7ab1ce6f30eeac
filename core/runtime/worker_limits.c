/* SPDX-License-Identifier: MIT */
/* Limits from the policy, see worker_limits.h. */
#include "runtime/worker_limits.h"

#include "base/json.h"
#include "base/text.h"

#include <string.h>

#define MIB ((uint64_t)1024 * 1024)

/* A worker that does nothing needs less than the least of each. */
static const struct {
    const char *name;
    json_int_t least;
    json_int_t most;
} bounds[] = {
    {"MemoryMB", 32, 65536}, {"Files", 32, 4096}, {"Threads", 8, 1024}, {"CpuSeconds", 1, 86400}};

static void set(rj_sandbox *sandbox, size_t which, json_int_t value)
{
    switch (which) {
    case 0:
        sandbox->memory_bytes = (uint64_t)value * MIB;
        return;
    case 1:
        sandbox->files = (uint32_t)value;
        return;
    case 2:
        sandbox->processes = (uint32_t)value;
        return;
    default:
        sandbox->cpu_seconds = (uint32_t)value;
    }
}

static rj_status apply_one(const char *name, const json_t *value, const char *plugin_id,
                           rj_sandbox *sandbox, rj_error *err)
{
    char shown[80];
    for (size_t i = 0; i < sizeof bounds / sizeof bounds[0]; i++) {
        if (rj_ascii_casecmp(name, bounds[i].name) != 0)
            continue;
        json_int_t number = json_integer_value(value);
        if (!json_is_integer(value) || number < bounds[i].least || number > bounds[i].most)
            return rj_fail(err, RJ_E_INVALID,
                           "policy: /Plugins/%s/Limits/%s: expected is a whole number from %lld to "
                           "%lld",
                           plugin_id, bounds[i].name, (long long)bounds[i].least,
                           (long long)bounds[i].most);
        set(sandbox, i, number);
        return RJ_OK;
    }
    rj_text_to_line(shown, sizeof shown, name, strlen(name));
    return rj_fail(err, RJ_E_INVALID,
                   "policy: /Plugins/%s/Limits/%s: no such limit; there are MemoryMB, Files, "
                   "Threads and CpuSeconds",
                   plugin_id, shown);
}

rj_status rj_limits_apply(const json_t *section, const char *plugin_id, rj_sandbox *sandbox,
                          rj_error *err)
{
    json_t *limits = rj_json_get(section, "Limits");
    const char *name;
    json_t *value;
    rj_sandbox changed = *sandbox;
    rj_status status = RJ_OK;
    if (limits && !json_is_object(limits))
        return rj_fail(err, RJ_E_INVALID, "policy: /Plugins/%s/Limits: expected is an object",
                       plugin_id);
    json_object_foreach(limits, name, value)
    {
        status = apply_one(name, value, plugin_id, &changed, err);
        if (status)
            return status;
    }
    *sandbox = changed;
    return RJ_OK;
}
