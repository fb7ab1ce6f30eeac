/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/draft/encryption.h -- "rj.encryption.draft-1/1" and "rj.escrow.draft-1/1": disks are
 * encrypted, and somebody safe has the key.
 *
 * DRAFT: may change or vanish with any release; see docs/abi-policy.md.
 *
 * Two interfaces, because those who know disks and those who keep keys differ.  The host joins them
 * in an order that never leaves a disk whose key nobody has:
 *
 *     add_recovery_key()  ->  escrow store()  ->  escrow list() shows it  ->  protect()
 *                                             ->  remove_recovery_key() of an older one
 *
 * Recovery keys cross as attachments named "recovery_key" or as rj_secret (secret.h), as the text
 * a person would type.  They never stand in a document.
 *
 * Documents.  volumes() pushes
 *
 *   {"volumes": [{"id": "...",                           stable across restarts; opaque to the host
 *                 "name": "/" | "C:",                  for a person
 *                 "kind": "system" | "fixed" | "removable",
 *                 "state": "encrypted" | "encrypting" | "decrypting" | "plain" | "unknown",
 *                 "protected": true | false,           keys are needed to open it
 *                 "permille": 1000,                    how much is encrypted
 *                 "method": "xts-aes-256",             optional
 *                 "recovery_keys": ["<key id>", ...],
 *                 "reason": "...",                       with unknown
 *                 "evidence": [{"source": "...", "found": "...", "means": "..."}]}],
 *    "missed": ["what could not be looked at, and why"]}
 *
 * A volume that cannot be judged is in the list with "unknown", never left out.
 *
 * protect() gets and pushes
 *
 *   {"volume": "...", "method": "xts-aes-256", "only_used_space": true, "unlock": ["tpm"]}
 *   {"restart": true | false, "volume": {...}}         encryption may go on in the background
 *
 * add_recovery_key() gets {"volume": "..."} and pushes {"key": "<key id>"} with the attachment.
 *
 * Escrow store() gets
 *
 *   {"volume": "...", "kind": "system", "key": "<key id>", "device_id": "..."}
 *
 * and list() pushes {"keys": [{"key": "<key id>", "stored_at": "..."}], "capacity": 200}, where
 * "capacity" is left out if unknown.  Key ids are compared without regard to case.
 */
#ifndef REALMJOIN_DRAFT_ENCRYPTION_H
#define REALMJOIN_DRAFT_ENCRYPTION_H

#include <realmjoin/draft/secret.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_ENCRYPTION "rj.encryption.draft-1/1"
typedef struct rj_encryption {
    uint32_t size;
    uint32_t minor;
    /* What is there.  Changes nothing.  RJ_E_NOT_APPLICABLE: this system encrypts otherwise. */
    void(RJ_CALL *volumes)(rj_plugin *plugin, rj_op op); /* [loop] */
    /* Make a new recovery key and attach it.  Durable on the volume before it is answered; older
     * keys stay.  After RJ_E_ABANDONED the host looks into volumes() for a key it does not know and
     * removes that one.  [loop] */
    void(RJ_CALL *add_recovery_key)(rj_plugin *plugin, const char *request_json, rj_op op);
    /* Remove one key.  RJ_E_DENIED: it is the last way to open the volume.  RJ_OK also when there
     * was none.  [loop] */
    void(RJ_CALL *remove_recovery_key)(rj_plugin *plugin, const char *volume, const char *key,
                                       rj_op op);
    /* Start or resume encryption with protection on.  Answers when the system has taken it over,
     * not when the last block is done.  Cancelling later does not decrypt.  RJ_E_DENIED without a
     * recovery key on the volume.  [loop] */
    void(RJ_CALL *protect)(rj_plugin *plugin, const char *request_json, rj_op op);
} rj_encryption;

#define RJ_ESCROW "rj.escrow.draft-1/1"
typedef struct rj_escrow {
    uint32_t size;
    uint32_t minor;
    /* Hand `recovery_key` over for safe keeping.  Repeating it for the same key is harmless.  RJ_OK
     * means the keeper has confirmed.  RJ_E_LIMIT: its store is full.  [loop] */
    void(RJ_CALL *store)(rj_plugin *plugin, const char *request_json, rj_secret recovery_key,
                         rj_op op);
    /* The ids of what is kept for this device; never the keys.  [loop] */
    void(RJ_CALL *list)(rj_plugin *plugin, rj_op op);
    /* Let the keeper forget a key that opens nothing any more.  Optional.  [loop] */
    void(RJ_CALL *remove)(rj_plugin *plugin, const char *key, rj_op op);
} rj_escrow;

#ifdef __cplusplus
}
#endif

#endif
