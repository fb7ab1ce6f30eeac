/* SPDX-License-Identifier: MIT */
/* Secrets of ops, see op_secret.h.  A secret's handle is its op's with one more bit: it is checked as
 * that is, and no op has that bit. */
#include "runtime/op_secret.h"

#include "base/alloc.h"
#include "op_internal.h"
#include "platform/secret_memory.h"

#include <string.h>

#define SECRET_BIT UINT64_C(0x80000000)
#define NAME_MAX_LENGTH 128u

static bool name_is_good(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = name ? strnlen(name, NAME_MAX_LENGTH + 1) : 0;
    return length >= 1 && length <= NAME_MAX_LENGTH && strspn(name, allowed) == length;
}

static void free_one(op_secret *secret)
{
    rj_secret_free(secret->bytes, secret->length);
    rj_free(secret->name);
    rj_free(secret);
}

static op_secret *make(const char *name, const void *bytes, size_t length)
{
    op_secret *secret = rj_calloc(1, sizeof *secret);
    if (!secret)
        return NULL;
    secret->name = rj_strdup(name);
    secret->length = length;
    secret->bytes = rj_secret_alloc(length);
    if (!secret->name || !secret->bytes) {
        free_one(secret);
        return NULL;
    }
    if (length)
        memcpy(secret->bytes, bytes, length);
    secret->shown = (rj_attached_secret){
        .name = secret->name, .bytes = secret->bytes, .length = secret->length};
    return secret;
}

/* With the lock held: the op, if it is live and the owner's. */
static op_slot *find_live(rj_ops *ops, const rj_op_owner *owner, rj_op op)
{
    op_slot *slot = rj_op_find(ops, op);
    return slot && slot->state == OP_LIVE && slot->owner == owner ? slot : NULL;
}

/* With the lock held: in place of one of the same name, which is returned. */
static rj_status put(op_slot *slot, op_secret *secret, op_secret **ret_former)
{
    unsigned count = 0;
    op_secret **at = &slot->attached;
    for (; *at && strcmp((*at)->name, secret->name) != 0; at = &(*at)->next)
        count++;
    if (!*at && count == RJ_SECRETS_OF_OP)
        return RJ_E_LIMIT;
    *ret_former = *at;
    secret->next = *at ? (*at)->next : NULL;
    *at = secret;
    return RJ_OK;
}

rj_status rj_op_attach(rj_ops *ops, const rj_op_owner *owner, rj_op op, const char *name,
                       const void *bytes, size_t length)
{
    if (!name_is_good(name) || (length && !bytes))
        return RJ_E_INVALID;
    if (length > RJ_SECRET_MAX)
        return RJ_E_LIMIT;
    op_secret *secret = make(name, bytes, length);
    if (!secret)
        return RJ_E_NO_MEMORY;
    op_secret *gone = NULL;
    uv_mutex_lock(&ops->lock);
    op_slot *slot = find_live(ops, owner, op);
    rj_status status = slot ? put(slot, secret, &gone) : RJ_E_NOT_FOUND;
    uv_mutex_unlock(&ops->lock);
    if (status)
        gone = secret;
    if (gone)
        free_one(gone);
    return status;
}

bool rj_op_lend(op_slot *slot, const void *bytes, size_t length)
{
    if (bytes && length > RJ_SECRET_MAX)
        return false;
    slot->lent = bytes ? make("question", bytes, length) : NULL;
    return !bytes || slot->lent;
}

rj_secret rj_op_secret_of(rj_ops *ops, const rj_op_owner *owner, rj_op op)
{
    uv_mutex_lock(&ops->lock);
    const op_slot *slot = find_live(ops, owner, op);
    rj_secret secret = slot && slot->lent ? op | SECRET_BIT : 0;
    uv_mutex_unlock(&ops->lock);
    return secret;
}

rj_status rj_op_read_secret(rj_ops *ops, const rj_op_owner *owner, rj_secret secret, rj_sink sink,
                            void *data)
{
    if (!sink || !(secret & SECRET_BIT))
        return sink ? RJ_E_NOT_FOUND : RJ_E_INVALID;
    void *copy = rj_secret_alloc(RJ_SECRET_MAX); /* the sink is foreign code: no lock around it */
    if (!copy)
        return RJ_E_NO_MEMORY;
    size_t length = 0;
    uv_mutex_lock(&ops->lock);
    const op_slot *slot = find_live(ops, owner, secret & ~SECRET_BIT);
    bool found = slot && slot->lent;
    if (found) {
        length = slot->lent->length;
        memcpy(copy, slot->lent->bytes, length);
    }
    uv_mutex_unlock(&ops->lock);
    if (found)
        sink(data, copy, length);
    rj_secret_free(copy, RJ_SECRET_MAX);
    return found ? RJ_OK : RJ_E_NOT_FOUND;
}

const rj_attached_secret *rj_op_show_secrets(op_slot *slot)
{
    for (op_secret *at = slot->attached; at; at = at->next)
        at->shown.next = at->next ? &at->next->shown : NULL;
    return slot->attached ? &slot->attached->shown : NULL;
}

void rj_op_wipe_secrets(op_slot *slot)
{
    while (slot->attached) {
        op_secret *next = slot->attached->next;
        free_one(slot->attached);
        slot->attached = next;
    }
    if (slot->lent)
        free_one(slot->lent);
    slot->lent = NULL;
}
