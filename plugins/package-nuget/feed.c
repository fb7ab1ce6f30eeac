/* SPDX-License-Identifier: MIT */
/* Folder feeds: see feed.h. */
#include "feed.h"

#include "nuget_system.h"
#include "nupkg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FILES_MAX 200000u
#define SHA512_BASE64_LENGTH 88u

/* One package file, as it was when it was read. */
typedef struct known {
    char *path;
    uint64_t size;
    int64_t changed_ns;
    rj_package_info package; /* .id NULL: not a valid package */
    char *problem;
} known;

struct rj_feeds {
    known *items; /* sorted by path */
    size_t count;
    const rj_package_info **view;
};

/* A load under way: the new list. */
typedef struct loading {
    rj_feeds *before;
    known *items;
    size_t count, capacity;
    uint32_t source;
    int (*cancelled)(void *data);
    void *data;
    rj_failure *failure;
} loading;

static void clear_known(known *k)
{
    free(k->path);
    free(k->problem);
    rj_package_info_clear(&k->package);
}

static void free_list(known *items, size_t count)
{
    for (size_t i = 0; i < count; i++)
        clear_known(&items[i]);
    free(items);
}

rj_feeds *rj_feeds_new(void)
{
    return calloc(1, sizeof(rj_feeds));
}

void rj_feeds_free(rj_feeds *feeds)
{
    if (!feeds)
        return;
    free_list(feeds->items, feeds->count);
    free(feeds->view);
    free(feeds);
}

static int by_path(const void *a, const void *b)
{
    const known *x = a, *y = b;
    return strcmp(x->path, y->path);
}

/* The order of the answer: by source, then by path. */
static int by_source(const void *a, const void *b)
{
    const rj_package_info *const *x = a, *const *y = b;
    if ((*x)->source != (*y)->source)
        return (*x)->source < (*y)->source ? -1 : 1;
    return strcmp((*x)->path, (*y)->path);
}

static int ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), n = strlen(end);
    return length > n && strcasecmp(text + length - n, end) == 0;
}

/* Take what is known of an unchanged file from the list before. */
static int reuse(loading *l, known *k)
{
    if (l->before->count == 0)
        return 0;
    known *old = bsearch(k, l->before->items, l->before->count, sizeof(*old), by_path);
    if (!old || old->size != k->size || old->changed_ns != k->changed_ns ||
        (!old->package.id && !old->problem))
        return 0;
    k->package = old->package;
    k->problem = old->problem;
    old->package = (rj_package_info){0};
    old->problem = NULL;
    return 1;
}

static rj_status read_hash(known *k, const char *hash_path, rj_failure *failure)
{
    char *text = NULL;
    size_t length = 0;
    rj_status status = nuget_read_file(hash_path, 4096, &text, &length, failure);
    if (status != RJ_OK)
        return status;
    while (length > 0 && strchr(" \t\r\n", text[length - 1]))
        text[--length] = '\0';
    free(k->package.sha512);
    k->package.sha512 = text;
    if (length == SHA512_BASE64_LENGTH)
        return RJ_OK;
    return rj_fail(failure, RJ_E_CORRUPT, "%s holds no SHA-512", hash_path);
}

/* Add one file; only running out of memory and cancellation end the load. */
static rj_status add_file(loading *l, const char *path, const char *hash_path)
{
    if (l->cancelled && l->cancelled(l->data))
        return rj_fail(l->failure, RJ_E_CANCELLED, "cancelled while reading the feeds");
    if (l->count >= FILES_MAX)
        return rj_fail(l->failure, RJ_E_LIMIT, "the feeds hold more than %u package files",
                       FILES_MAX);
    nuget_file file = nuget_look_through(path);
    if (file.kind != NUGET_FILE)
        return RJ_OK;
    if (l->count == l->capacity) {
        size_t capacity = l->capacity ? l->capacity * 2 : 64;
        known *items = realloc(l->items, capacity * sizeof(*items));
        if (!items)
            return rj_fail_memory(l->failure);
        l->items = items;
        l->capacity = capacity;
    }
    known *k = &l->items[l->count];
    *k = (known){.path = strdup(path), .size = file.size, .changed_ns = file.changed_ns};
    if (!k->path)
        return rj_fail_memory(l->failure);
    l->count++;
    rj_failure why = {0};
    if (!reuse(l, k))
        rj_nupkg_describe(path, &k->package, &why);
    if (k->package.id && hash_path && read_hash(k, hash_path, &why) != RJ_OK)
        rj_package_info_clear(&k->package);
    k->package.source = l->source;
    k->package.bytes = file.size;
    if (k->package.id || k->problem)
        return RJ_OK;
    if (why.status == RJ_E_NO_MEMORY || !(k->problem = strdup(why.text)))
        return rj_fail_memory(l->failure);
    return RJ_OK;
}

static char *join(const char *folder, const char *name, const char *suffix)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s%s", folder, name, suffix) < 0 ? NULL : path;
}

/* The package files of a folder; with `complete_only`, those with their hash beside them. */
static rj_status scan_files(loading *l, const char *folder, const nuget_names *names,
                            int complete_only)
{
    rj_status status = RJ_OK;
    for (size_t i = 0; i < names->count && status == RJ_OK; i++) {
        if (!ends_with(names->items[i], ".nupkg"))
            continue;
        char *path = join(folder, names->items[i], ""),
             *hash = join(folder, names->items[i], ".sha512");
        if (!path || !hash)
            status = rj_fail_memory(l->failure);
        else if (!complete_only || nuget_look_through(hash).kind == NUGET_FILE)
            status = add_file(l, path, complete_only ? hash : NULL);
        free(path);
        free(hash);
    }
    return status;
}

/* Depth 0: the root; 1: <root>/<id>; 2: <root>/<id>/<version>. */
static rj_status scan_folder(loading *l, const char *folder, int depth)
{
    nuget_names names;
    rj_status status = nuget_list(folder, &names, l->failure);
    if (status == RJ_E_NOT_FOUND && depth > 0)
        return RJ_OK; /* went away meanwhile */
    if (status != RJ_OK)
        return status;
    status = scan_files(l, folder, &names, depth == 2);
    for (size_t i = 0; i < names.count && status == RJ_OK && depth < 2; i++) {
        if (names.items[i][0] == '.')
            continue;
        char *path = join(folder, names.items[i], "");
        if (!path)
            status = rj_fail_memory(l->failure);
        else if (nuget_look_through(path).kind == NUGET_FOLDER)
            status = scan_folder(l, path, depth + 1);
        free(path);
    }
    nuget_names_free(&names);
    return status;
}

static rj_status scan_source(loading *l, const char *source)
{
    rj_status status = scan_folder(l, source, 0);
    if (status == RJ_OK || status == RJ_E_NO_MEMORY || status == RJ_E_CANCELLED ||
        status == RJ_E_LIMIT)
        return status;
    char why[sizeof(l->failure->text)] = "";
    if (l->failure)
        memcpy(why, l->failure->text, sizeof(why));
    return rj_fail(
        l->failure, RJ_E_IO,
        "source %s cannot be read (%s); what it offers is unknown: check that the folder "
        "is there and readable",
        source, why);
}

static rj_status make_view(rj_feeds *feeds, rj_feed_view *view, rj_failure *failure)
{
    *view = (rj_feed_view){0};
    free(feeds->view);
    feeds->view = malloc((feeds->count + 1) * sizeof(*feeds->view));
    if (!feeds->view)
        return rj_fail_memory(failure);
    for (size_t i = 0; i < feeds->count; i++) {
        const known *k = &feeds->items[i];
        if (k->package.id) {
            feeds->view[view->count++] = &k->package;
            continue;
        }
        view->refused++;
        if (!view->first_refused)
            view->first_refused = k->problem;
    }
    qsort(feeds->view, view->count, sizeof(*feeds->view), by_source);
    view->packages = feeds->view;
    return RJ_OK;
}

rj_status rj_feeds_load(rj_feeds *feeds, const char *const *sources, size_t source_count,
                        int (*cancelled)(void *data), void *data, rj_feed_view *ret_view,
                        rj_failure *failure)
{
    loading l = {.before = feeds, .cancelled = cancelled, .data = data, .failure = failure};
    rj_status status = RJ_OK;
    for (size_t i = 0; i < source_count && status == RJ_OK; i++) {
        l.source = (uint32_t)i;
        status = scan_source(&l, sources[i]);
    }
    /* also after a failure: what was taken out of the former list lives in the new one only */
    free_list(feeds->items, feeds->count);
    feeds->items = l.items;
    feeds->count = l.count;
    if (feeds->count > 0)
        qsort(feeds->items, feeds->count, sizeof(*feeds->items), by_path);
    return status == RJ_OK ? make_view(feeds, ret_view, failure) : status;
}
