/* SPDX-License-Identifier: MIT */
/*
 * Packages of the format "deb": a .deb file, installed by dpkg.
 *
 *     detect     what the package database says
 *     fetch      copy to the cache -> hash -> name and version          changes only the cache
 *     install    hash again -> dry run -> what is there -> dpkg --install -> keep a copy
 *     uninstall  what is there -> dpkg --remove
 *     recover    what is there -> finish or undo what dpkg was killed at
 *
 * Every step is a program that the host starts after it has looked at the grant; this code opens
 * nothing but its own folders, so it works as well in a sandbox.  An install that fails is undone:
 * by the copy kept of the former version, or by removing what was not there before.
 */
#include <errno.h>
#include <realmjoin/kit/simple_package.h>

#define DPKG "/usr/bin/dpkg"

struct rj_package_data {
    char name[128], version[128], hash[65];       /* what is wanted */
    char cached[4300], fresh[4304], former[4300]; /* the file fetched, being installed, installed */
    char root[4200], want[16], status[32], found[128]; /* dpkg's option; what its database says */
    const char *force;                                 /* dpkg's option */
    rj_package_verb known;                             /* goes on when the database has spoken */
    char reason[3600];                                 /* why an install is being undone */
};

/* "installed", "triggers-awaited", "triggers-pending"; no other state begins like these. */
#define IS_PRESENT(DATA) (strchr("it", (DATA)->status[0]) != NULL)

/* ---- What is asked for ----------------------------------------------------------------------- */

/* 0: it cannot be done, and that is answered. */
static int prepare(rj_package_task *task)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-";
    struct rj_package_data *d = task->data;
    char root[4096], role[16];

    rj_package_config(task, "role", role, sizeof role);
    if (strcmp(role, "service") != 0)
        rj_package_answer(task, RJ_E_NOT_APPLICABLE, "set \"Scope\" to \"system\" for a .deb");
    else if (rj_package_name(task, d->name, sizeof d->name) <= 0 || strchr("+.-", d->name[0]) ||
             strspn(d->name, allowed) != strlen(d->name))
        rj_package_answer(task, RJ_E_INVALID, "set \"Package\" to the name of a Debian package");
    else if (rj_package_config(task, "root", root, sizeof root) < 0 ||
             !rj_package_file(task, "cache_dir", d->name, d->cached, sizeof d->cached) ||
             !rj_package_file(task, "state_dir", d->name, d->former, sizeof d->former) ||
             rj_package_text(task, "version", d->version, sizeof d->version) < 0 ||
             rj_package_text(task, "hash", d->hash, sizeof d->hash) < 0)
        rj_package_answer(task, RJ_E_LIMIT, "a path, version or hash is too long");
    else {
        snprintf(d->root, sizeof d->root, "--root=%s", root[0] ? root : "/");
        snprintf(d->fresh, sizeof d->fresh, "%s.new", d->former);
        d->force = root[0] ? "--force-confold,script-chrootless" : "--force-confold";
        return 1;
    }
    return 0;
}

/* For every verb that changes something. */
static void answer_done(rj_package_task *task)
{
    rj_json_raw(&task->result, "{\"restart\": false, \"exit_code\": 0, \"outcome\": \"finished\"}");
    rj_package_answer(task, RJ_OK, NULL);
}

static void finished(rj_package_task *task, const rj_spawn_exit *how)
{
    if (rj_package_succeeded(task, how, "dpkg"))
        answer_done(task);
}

/* ---- What is there --------------------------------------------------------------------------- */

static void listed(rj_package_task *task, const rj_spawn_exit *how)
{
    struct rj_package_data *d = task->data;
    int absent = rj_package_exited(how, 1);

    snprintf(d->status, sizeof d->status, "not-installed");
    if (!absent && !rj_package_succeeded(task, how, "dpkg-query"))
        return;
    if (absent || sscanf(how->tail, "%15s %31s %127s", d->want, d->status, d->found) >= 2)
        d->known(task);
    else
        rj_package_answer(task, RJ_E_FAILED, "dpkg-query printed \"%.300s\"", how->tail);
}

static void look(rj_package_task *task, rj_package_verb known)
{
    task->data->known = known;
    rj_package_run(task, listed, "/usr/bin/dpkg-query", task->data->root, "--show",
                   "--showformat=${db:Status-Want} ${db:Status-Status} ${Version}\\n",
                   task->data->name);
}

static void tell(rj_package_task *task)
{
    const struct rj_package_data *d = task->data;

    if (IS_PRESENT(d))
        rj_json_format(&task->result, "{\"installed\": true, \"version\": %q}", d->found);
    else
        rj_json_format(&task->result, "{\"installed\": false, \"detail\": %q}", d->status);
    rj_package_answer(task, RJ_OK, NULL);
}

static void detect(rj_package_task *task)
{
    if (prepare(task))
        look(task, tell);
}

/* ---- fetch ----------------------------------------------------------------------------------- */

static void named(rj_package_task *task, const rj_spawn_exit *how)
{
    struct rj_package_data *d = task->data;
    char name[128] = "", version[128] = "";
    int64_t bytes = rj_package_file_size(d->cached);

    if (!rj_package_succeeded(task, how, "dpkg-deb"))
        return;
    if (sscanf(how->tail, "%127s %127s", name, version) != 2 || strcmp(name, d->name) != 0 ||
        (d->version[0] && strcmp(version, d->version) != 0)) {
        rj_package_answer(task, RJ_E_INVALID, "wanted is %s %s, the file holds %s %s", d->name,
                          d->version, name, version);
    } else if (bytes < 0) {
        rj_package_answer(task, RJ_E_IO, "%s: %s", d->cached, strerror(errno));
    } else {
        rj_json_format(&task->result,
                       "{\"version\": %q, \"path\": %q, \"sha256\": %q, \"bytes\": %d}", version,
                       d->cached, d->hash, bytes);
        rj_package_answer(task, RJ_OK, NULL);
    }
}

static void ask_name(rj_package_task *task)
{
    rj_package_run(task, named, "/usr/bin/dpkg-deb", "--show",
                   "--showformat=${Package} ${Version}\\n", task->data->cached);
}

static void fetch(rj_package_task *task)
{
    if (prepare(task))
        rj_package_fetch_file(task, task->data->cached, task->data->hash, ask_name);
}

/* ---- install --------------------------------------------------------------------------------- */

static void undone(rj_package_task *task, const rj_spawn_exit *how)
{
    rj_package_answer(task, RJ_E_FAILED, "%s; %s", task->data->reason,
                      rj_package_exited(how, 0) ? "undone" : "not undone: see dpkg --audit");
}

static void undo(rj_package_task *task, const rj_spawn_exit *how)
{
    struct rj_package_data *d = task->data;

    rj_json_format(&task->result, "{\"restart\": false, \"exit_code\": %d}", (int64_t)how->value);
    snprintf(d->reason, sizeof d->reason, "dpkg --install failed: %.3000s", how->tail);
    if (IS_PRESENT(d))
        rj_package_run(task, undone, DPKG, d->root, d->force, "--install", d->former);
    else
        rj_package_run(task, undone, DPKG, d->root, "--force-remove-reinstreq", "--purge", d->name);
}

/* Without the rename only a later upgrade that fails is worse off. */
static void installed(rj_package_task *task, const rj_spawn_exit *how)
{
    if (rj_package_exited(how, 0))
        rename(task->data->fresh, task->data->former);
    if (how->kind != RJ_EXIT_CODE || rj_package_exited(how, 0))
        finished(task, how);
    else if (strstr(how->tail, "locked by another process"))
        rj_package_answer(task, RJ_E_BUSY, "dpkg is at work elsewhere: %.500s", how->tail);
    else
        undo(task, how);
}

static void change(rj_package_task *task)
{
    const struct rj_package_data *d = task->data;

    task->changing = 1;
    rj_package_run(task, installed, DPKG, d->root, d->force, "--install", d->fresh);
}

static void keep(rj_package_task *task)
{
    rj_package_copy(task, task->data->cached, task->data->fresh, change);
}

/* Missing dependencies, conflicts, another architecture: seen before anything is touched. */
static void tried(rj_package_task *task, const rj_spawn_exit *how)
{
    if (rj_package_succeeded(task, how, "dpkg --no-act --install"))
        look(task, keep);
}

static void try_it(rj_package_task *task)
{
    const struct rj_package_data *d = task->data;

    rj_package_run(task, tried, DPKG, d->root, d->force, "--no-act", "--install", d->cached);
}

static void install(rj_package_task *task)
{
    rj_json_value fetched = rj_json_member(task->request, "fetched");

    if (!prepare(task))
        return;
    rj_json_string(rj_json_member(fetched, "sha256"), task->data->hash, sizeof task->data->hash);
    rj_package_verify(task, task->data->cached, task->data->hash, try_it);
}

/* ---- uninstall, recover ---------------------------------------------------------------------- */

static void take_away(rj_package_task *task)
{
    struct rj_package_data *d = task->data;

    task->changing = 1;
    if (!strcmp(d->status, "not-installed"))
        answer_done(task);
    else
        rj_package_run(task, finished, DPKG, d->root, "--remove", d->name);
}

static void uninstall(rj_package_task *task)
{
    if (prepare(task))
        look(task, take_away);
}

static void put_right(rj_package_task *task)
{
    struct rj_package_data *d = task->data;

    if (IS_PRESENT(d) || !strcmp(d->status, "not-installed") ||
        !strcmp(d->status, "config-files")) {
        rj_json_raw(&task->result, "{\"outcome\": \"nothing\"}");
        rj_package_answer(task, RJ_OK, NULL);
    } else if (!strcmp(d->want, "install") && strcmp(d->status, "half-installed") != 0) {
        rj_package_run(task, finished, DPKG, d->root, d->force, "--configure", d->name);
    } else {
        rj_package_run(task, finished, DPKG, d->root, "--force-remove-reinstreq", "--remove",
                       d->name);
    }
}

static void recover(rj_package_task *task)
{
    if (prepare(task))
        look(task, put_right);
}

static const rj_package_verbs verbs = {detect, fetch, install, uninstall, recover};

RJ_SIMPLE_PACKAGE("com.example.package-deb", "1.0.0", "deb", verbs)
