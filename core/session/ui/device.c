/* SPDX-License-Identifier: MIT */
/*
 * See device.h.
 *
 *     thread: ask the directory --> found --> post to the loop --> the facts, and `changed`
 *
 * The thread may outlive the device, so what both use is the search, which goes with the last of them.
 */
#include "session/ui/device.h"

#include "base/alloc.h"
#include "session/ui/device_system.h"

#include <stdatomic.h>
#include <uv.h>

#define FRESH_MS 30000u

typedef struct search {
    atomic_int references; /* the device, the thread, and the post that is on its way */
    char *root;
    rj_post post;
    uv_mutex_t lock; /* guards what follows */
    uv_cond_t over;
    rj_ui_device *device; /* NULL: nobody wants to know any more */
    json_t *found;        /* NULL: nothing, or it was taken */
    bool ended;
} search;

struct rj_ui_device {
    void (*changed)(void *data);
    void *data;
    rj_loop *loop;
    char *root;
    json_t *facts;
    json_t *found;        /* by the directory; NULL: nothing */
    uint64_t gathered_ms; /* UINT64_MAX: a moment ago */
    bool is_old;          /* whenever that was */
    search *search;       /* NULL: nobody has to be asked */
};

/* ---- The directory --------------------------------------------------------------------------- */

static void drop(search *self)
{
    if (atomic_fetch_sub(&self->references, 1) > 1)
        return;
    json_decref(self->found);
    uv_cond_destroy(&self->over);
    uv_mutex_destroy(&self->lock);
    rj_free(self->root);
    rj_free(self);
}

/* What the device itself says of the user counts more. */
static void add_found(rj_ui_device *device)
{
    if (device->found && !json_object_get(device->facts, "owner"))
        json_object_update(device->facts, device->found);
}

/* True: there is news. */
static bool take_found(search *self)
{
    uv_mutex_lock(&self->lock);
    rj_ui_device *device = self->device;
    json_t *found = self->found;
    self->found = NULL;
    uv_mutex_unlock(&self->lock);
    if (!device || !found) {
        json_decref(found);
        return false;
    }
    device->found = found;
    add_found(device);
    return true;
}

static void on_found(void *data)
{
    search *self = data;
    if (take_found(self) && self->device->changed)
        self->device->changed(self->device->data);
    drop(self);
}

static void search_thread(void *data)
{
    search *self = data;
    json_t *found = rj_ui_device_ask_directory(self->root);
    uv_mutex_lock(&self->lock);
    self->found = found;
    self->ended = true;
    uv_cond_signal(&self->over);
    if (self->device) { /* and so is its loop */
        atomic_fetch_add(&self->references, 1);
        rj_loop_post(self->device->loop, &self->post, on_found, self);
    }
    uv_mutex_unlock(&self->lock);
    drop(self);
}

/* Where that fails the user stays known by the name of the account. */
static void begin_search(rj_ui_device *device)
{
    uv_thread_t thread;
    search *self = rj_calloc(1, sizeof *self);
    if (!self)
        return;
    self->device = device;
    self->root = rj_strdup(device->root);
    atomic_init(&self->references, 2);
    if (uv_mutex_init(&self->lock) != 0) {
        rj_free(self->root);
        rj_free(self);
        return;
    }
    if (uv_cond_init(&self->over) != 0) {
        uv_mutex_destroy(&self->lock);
        rj_free(self->root);
        rj_free(self);
        return;
    }
    if (!self->root || uv_thread_create(&thread, search_thread, self) != 0) {
        drop(self);
        drop(self);
        return;
    }
    uv_thread_detach(&thread);
    device->search = self;
}

/* ---- The device ------------------------------------------------------------------------------ */

rj_ui_device *rj_ui_device_new(rj_loop *loop, const char *root, void (*changed)(void *data),
                               void *data)
{
    rj_ui_device *device = rj_calloc(1, sizeof *device);
    if (!device)
        return NULL;
    device->loop = loop;
    device->changed = changed;
    device->data = data;
    device->root = rj_strdup(root ? root : "");
    device->facts = device->root ? rj_ui_device_gather(device->root) : NULL;
    device->gathered_ms = UINT64_MAX;
    if (!device->facts) {
        rj_ui_device_free(device);
        return NULL;
    }
    if (rj_ui_device_ask_directory && !json_object_get(device->facts, "owner"))
        begin_search(device);
    return device;
}

void rj_ui_device_free(rj_ui_device *device)
{
    if (!device)
        return;
    if (device->search) {
        uv_mutex_lock(&device->search->lock);
        device->search->device = NULL;
        uv_mutex_unlock(&device->search->lock);
        drop(device->search);
    }
    json_decref(device->facts);
    json_decref(device->found);
    rj_free(device->root);
    rj_free(device);
}

void rj_ui_device_wait(rj_ui_device *device, uint64_t time_ms)
{
    search *self = device->search;
    uint64_t end = uv_hrtime() + time_ms * 1000000u, now;
    if (!self)
        return;
    uv_mutex_lock(&self->lock);
    while (!self->ended && (now = uv_hrtime()) < end)
        uv_cond_timedwait(&self->over, &self->lock, end - now);
    uv_mutex_unlock(&self->lock);
    take_found(self);
}

void rj_ui_device_refresh(rj_ui_device *device)
{
    device->is_old = true;
}

const json_t *rj_ui_device_look(rj_ui_device *device, uint64_t now_ms)
{
    if (device->gathered_ms == UINT64_MAX)
        device->gathered_ms = now_ms;
    device->is_old |= now_ms - device->gathered_ms >= FRESH_MS;
    json_t *fresh = device->is_old ? rj_ui_device_gather(device->root) : NULL;
    if (fresh) {
        device->is_old = false;
        json_decref(device->facts);
        device->facts = fresh;
        device->gathered_ms = now_ms;
        add_found(device);
    }
    return device->facts;
}
