/* SPDX-License-Identifier: MIT */
/*
 * Packages of the format "@OFFERS@".  As it stands a package is one file: installed means that a
 * copy of it stands in this plugin's state folder.  Put your format's way in the place of that, verb
 * by verb; each one keeps its promise now and has to keep it then.
 *
 *     detect     is the copy there
 *     fetch      copy to the cache, compare the hash               changes only the cache
 *     install    compare again, copy beside the place, rename      the old or the new, never half
 *     uninstall  remove the copy
 *     recover    nothing: a rename is done or not done
 *
 * realmjoin/kit/simple_package.h makes a plugin of the verbs; what each one promises stands in
 * realmjoin/package.h.
 */
#include <errno.h>
#include <realmjoin/kit/simple_package.h>

#define ID "@ID@"
#define VERSION "@VERSION@" /* as in plugin.json */

/* One question's own; zeroed before, freed after. */
struct rj_package_data {
    char name[128], version[128], hash[65];
    char cached[4300], placed[4300], fresh[4304];
};

/* 0: it cannot be done, and that is answered. */
static int prepare(rj_package_task *task)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    struct rj_package_data *d = task->data;

    if (rj_package_name(task, d->name, sizeof d->name) <= 0 || d->name[0] == '.' ||
        strspn(d->name, allowed) != strlen(d->name)) {
        rj_package_answer(task, RJ_E_INVALID, "\"Package\" is no plain file name");
    } else if (!rj_package_file(task, "cache_dir", d->name, d->cached, sizeof d->cached) ||
               !rj_package_file(task, "state_dir", d->name, d->placed, sizeof d->placed) ||
               rj_package_text(task, "version", d->version, sizeof d->version) < 0 ||
               rj_package_text(task, "hash", d->hash, sizeof d->hash) < 0) {
        rj_package_answer(task, RJ_E_LIMIT, "a path, version or hash is too long");
    } else {
        snprintf(d->fresh, sizeof d->fresh, "%s.new", d->placed);
        return 1;
    }
    return 0;
}

static void detect(rj_package_task *task)
{
    struct rj_package_data *d = task->data;

    if (!prepare(task))
        return;
    if (rj_package_file_size(d->placed) >= 0)
        rj_json_format(&task->result, "{\"installed\": true, \"detail\": %q}", d->placed);
    else if (errno == ENOENT)
        rj_json_raw(&task->result, "{\"installed\": false}");
    else {
        rj_package_answer(task, RJ_E_IO, "%s: %s", d->placed, strerror(errno));
        return;
    }
    rj_package_answer(task, RJ_OK, NULL);
}

/* ---- fetch ----------------------------------------------------------------------------------- */

static void tell_fetched(rj_package_task *task)
{
    const struct rj_package_data *d = task->data;
    int64_t bytes = rj_package_file_size(d->cached);

    if (bytes < 0) {
        rj_package_answer(task, RJ_E_IO, "%s: %s", d->cached, strerror(errno));
        return;
    }
    rj_json_format(&task->result, "{\"version\": %q, \"path\": %q, \"sha256\": %q, \"bytes\": %d}",
                   d->version[0] ? d->version : "1", d->cached, d->hash, bytes);
    rj_package_answer(task, RJ_OK, NULL);
}

static void fetch(rj_package_task *task)
{
    if (prepare(task))
        rj_package_fetch_file(task, task->data->cached, task->data->hash, tell_fetched);
}

/* ---- install, uninstall, recover ------------------------------------------------------------- */

static void put_in_place(rj_package_task *task)
{
    const struct rj_package_data *d = task->data;

    if (rj_package_move(d->fresh, d->placed) != 0) {
        rj_package_answer(task, RJ_E_IO, "%s: %s", d->placed, strerror(errno));
        return;
    }
    rj_json_raw(&task->result, "{\"restart\": false, \"files\": 1}");
    rj_package_answer(task, RJ_OK, NULL);
}

static void copy_beside(rj_package_task *task)
{
    rj_package_copy(task, task->data->cached, task->data->fresh, put_in_place);
}

static void install(rj_package_task *task)
{
    rj_json_value fetched = rj_json_member(task->request, "fetched");

    if (!prepare(task))
        return;
    rj_json_string(rj_json_member(fetched, "sha256"), task->data->hash, sizeof task->data->hash);
    rj_package_verify(task, task->data->cached, task->data->hash, copy_beside);
}

static void uninstall(rj_package_task *task)
{
    if (!prepare(task))
        return;
    if (rj_package_remove(task->data->placed) != 0 && errno != ENOENT) {
        rj_package_answer(task, RJ_E_IO, "%s: %s", task->data->placed, strerror(errno));
        return;
    }
    rj_json_raw(&task->result, "{\"restart\": false}");
    rj_package_answer(task, RJ_OK, NULL);
}

static void recover(rj_package_task *task)
{
    if (!prepare(task))
        return;
    rj_json_raw(&task->result, "{\"outcome\": \"nothing\"}");
    rj_package_answer(task, RJ_OK, NULL);
}

static const rj_package_verbs verbs = {detect, fetch, install, uninstall, recover};

RJ_SIMPLE_PACKAGE(ID, VERSION, "@OFFERS@", verbs)
