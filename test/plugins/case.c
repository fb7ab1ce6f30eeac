/* SPDX-License-Identifier: MIT */
/* One wrong plugin for each value of CASE, named in meson.build; the loader must refuse it. */
#include <realmjoin/check.h>

#include <stdlib.h>
#include <string.h>

enum {
    CASE_GOOD,
    CASE_NO_SYMBOL,
    CASE_NULL_DESCRIPTOR,
    CASE_SHORT_DESCRIPTOR,
    CASE_OTHER_ID,
    CASE_OTHER_VERSION,
    CASE_NULL_PROVIDES,
    CASE_OTHER_PROVIDES,
    CASE_NO_CREATE,
    CASE_CREATE_FAILS,
    CASE_CREATE_EMPTY,
    CASE_NO_TABLE,
    CASE_SHORT_TABLE,
    CASE_NO_IDS,
    CASE_BAD_IDS,
    CASE_OLD_TABLE,
    CASE_LONGER_DESCRIPTOR,
    CASE_CREATE_CRASHES,
    CASE_TWO_IDS
};

struct rj_plugin {
    const rj_host *host;
    const rj_host_op *op;
};

static const char *const *ids(rj_plugin *p)
{
    static const char *const bad[] = {"UPPER/../x", NULL};
    static const char *const none[] = {NULL};
    static const char *const good[] = {"case", CASE == CASE_TWO_IDS ? "second" : NULL, NULL};
    (void)p;
    return CASE == CASE_BAD_IDS ? bad : CASE == CASE_NO_IDS ? none : good;
}

static void evaluate(rj_plugin *p, const char *id, rj_op op)
{
    static const char result[] = "{\"state\":\"ok\",\"summary\":\"as it should be\"}";
    (void)id;
    p->op->set_result(p->host, op, result, sizeof result - 1);
    p->op->finish(p->host, op, RJ_OK, NULL);
}

/* As of a header that did not have remediate() yet, or even less. */
static const rj_check table = {.size = CASE == CASE_SHORT_TABLE ? 12
                                       : CASE == CASE_OLD_TABLE ? offsetof(rj_check, remediate)
                                                                : sizeof(rj_check),
                               .ids = ids,
                               .evaluate = evaluate};

static const void *query(rj_plugin *p, const char *id)
{
    (void)p;
    return CASE == CASE_NO_TABLE || strcmp(id, RJ_CHECK) != 0 ? NULL : &table;
}

static rj_status create(const rj_host *host, const char *config, rj_plugin **ret_plugin)
{
    (void)config;
    if (CASE == CASE_CREATE_CRASHES)
        abort();
    if (CASE == CASE_CREATE_FAILS)
        return RJ_E_IO;
    if (CASE == CASE_CREATE_EMPTY)
        return RJ_OK;
    rj_plugin *p = calloc(1, sizeof *p);
    if (!p)
        return RJ_E_NO_MEMORY;
    p->host = host;
    p->op = host->query(host, RJ_HOST_OP);
    *ret_plugin = p;
    return RJ_OK;
}

static void stop(rj_plugin *p, rj_op op)
{
    p->op->finish(p->host, op, RJ_OK, NULL);
}

static void destroy(rj_plugin *p)
{
    free(p);
}

static const char *const provides[] = {CASE == CASE_OTHER_PROVIDES ? "rj.other/1" : RJ_CHECK, NULL};

/* A later SDK's descriptor has members we do not know. */
static const struct {
    rj_plugin_desc known;
    void *unknown;
} desc = {.known = {.size = CASE == CASE_SHORT_DESCRIPTOR ? 40
                            : CASE == CASE_LONGER_DESCRIPTOR
                                ? sizeof(rj_plugin_desc) + sizeof(void *)
                                : sizeof(rj_plugin_desc),
                    .id = CASE == CASE_OTHER_ID ? "other" : "case",
                    .version = CASE == CASE_OTHER_VERSION ? "2.0.0" : "1.0.0",
                    .provides = CASE == CASE_NULL_PROVIDES ? NULL : provides,
                    .create = CASE == CASE_NO_CREATE ? NULL : create,
                    .query = query,
                    .stop = stop,
                    .destroy = destroy}};

#if CASE == 1
#define rj_plugin_entry_v1 rj_plugin_entry_v9
RJ_EXPORT const rj_plugin_desc *RJ_CALL rj_plugin_entry_v9(void);
#endif

const rj_plugin_desc *rj_plugin_entry_v1(void)
{
    return CASE == CASE_NULL_DESCRIPTOR ? NULL : &desc.known;
}
