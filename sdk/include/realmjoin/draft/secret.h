/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/draft/secret.h -- "rj.host.secret.draft-2/1": how secrets cross the border.
 *
 * DRAFT: may change or vanish with any release; see docs/abi-policy.md.
 *
 * A secret (token, recovery key, password) is never part of a JSON document, a message or a log
 * line.  It travels beside the document as a named attachment of an op (plugin to host) or as a
 * handle (host to plugin), and lies in host memory that is kept out of swap and core dumps and is
 * wiped when its time is over.
 *
 * Plugin to host: attach() while the op is running.  The host copies; the plugin wipes its own
 * copy.  When the op finishes with RJ_OK the attachments belong to whoever asked for it; with any
 * other status, also when the plugin crashes, they are wiped unread.
 *
 * Host to plugin: of_op() tells the handle of the secret that came with a question.  It is valid until
 * the op is over.  The plugin needs to free nothing.
 *
 * At rest: a plugin that must keep secrets across restarts will get "rj.host.vault.draft-1/1",
 * encrypted with a key of this machine; no agent offers it yet.
 */
#ifndef REALMJOIN_DRAFT_SECRET_H
#define REALMJOIN_DRAFT_SECRET_H

#include <realmjoin/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A secret held by the host: a checked number like rj_op, 0 for none. */
typedef uint64_t rj_secret;

/* Needs the capability "secret".  Names and keys: 1..128 characters of [A-Za-z0-9._-]. */
#define RJ_HOST_SECRET "rj.host.secret.draft-2/1"
typedef struct rj_host_secret {
    uint32_t size;
    uint32_t minor;
    /* Attach a secret to the op's answer; the interface's head comment says which names it expects.
     * The same name again replaces.  At most 64 KiB, 8 an op.  RJ_E_LIMIT; RJ_E_INVALID: name;
     * RJ_E_NOT_FOUND: the op is over.  [any] */
    rj_status(RJ_CALL *attach)(const rj_host *host, rj_op op, const char *name, const void *bytes,
                               size_t length);
    /* Push the bytes, in one call, borrowed for it.  RJ_E_NOT_FOUND: not valid any more.  [any] */
    rj_status(RJ_CALL *read)(const rj_host *host, rj_secret secret, rj_sink sink, void *data);
    /* The secret that came with the op's question; 0: none did, or the op is over.  [any] */
    rj_secret(RJ_CALL *of_op)(const rj_host *host, rj_op op);
} rj_host_secret;

/*
 * "rj.host.vault.draft-1/1" -- secrets of the plugin itself across restarts.  Needs the capability
 * "vault".  A copied disk does not reveal them.
 */
#define RJ_HOST_VAULT "rj.host.vault.draft-1/1"
typedef struct rj_host_vault {
    uint32_t size;
    uint32_t minor;
    /* Store below `key`, private to the plugin id.  Durable once it has returned RJ_OK; the former
     * value is then gone.  May use the TPM: takes up to seconds.  At most 64 keys.  [lane] */
    rj_status(RJ_CALL *keep)(const rj_host *host, const char *key, const void *bytes,
                             size_t length);
    /* Push the stored bytes.  RJ_E_NOT_FOUND: no such key; RJ_E_CORRUPT: it is there but this
     * machine can no longer decrypt it (TPM cleared, disk moved).  [lane] */
    rj_status(RJ_CALL *recall)(const rj_host *host, const char *key, rj_sink sink, void *data);
    /* RJ_OK also when there was none.  [lane] */
    rj_status(RJ_CALL *forget)(const rj_host *host, const char *key);
} rj_host_vault;

#ifdef __cplusplus
}
#endif

#endif
