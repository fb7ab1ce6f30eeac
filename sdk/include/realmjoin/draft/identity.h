/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/draft/identity.h -- "rj.identity.draft-1/1": which device this is, and proof of it.
 *
 * DRAFT: may change or vanish with any release; see docs/abi-policy.md.
 *
 * The plugin knows one way in which a device is registered with an organisation.  It reads what is
 * there (describe), makes or ends a registration (enroll, leave), keeps it alive (renew) and proves
 * it (sign).  The private key never crosses this border: it stays in the TPM or the key store of
 * the system, and the host asks for signatures.
 *
 * State is three-valued like a check: "joined" and "not-joined" only when positively read;
 * everything else (no access, damaged certificate, key missing) is "unknown" with its reason.
 *
 * Documents.  describe(), enroll() and renew() push the identity:
 *
 *   {"state": "joined" | "not-joined" | "unknown",
 *    "reason": "one sentence for a person",             always with unknown
 *    "authority": "entra",                              who issued it; the plugin's word
 *    "device_id": "...", "organisation_id": "...",          lower-case GUIDs or the authority's own
 *    "organisation": "contoso.com",                     optional
 *    "registered_by": "...",                              the user who joined it, optional
 *    "certificates": ["<base64 DER>", ...],             the device certificate first, then issuers
 *    "not_after": "2027-01-31T00:00:00Z",               of the first certificate
 *    "key": {"id": "device",                            for sign()
 *            "held": "tpm" | "system" | "file",         where the private key lies
 *            "algorithms": ["RS256", "PS256"]},         what sign() can do with it
 *    "evidence": [{"source": "...", "found": "...", "means": "..."}]}
 *
 * enroll() and leave() get a request:
 *
 *   {"authority": "entra", "organisation": "contoso.com", "device_name": "PC-7",
 *    "endpoints": {...},              optional: fixed instead of discovered, shape of the plugin
 *    "settings": {...}}               the section of the policy
 *
 * Order: enroll() either leaves a complete registration or none; a second call on a joined device
 * answers RJ_E_EXISTS and pushes the present identity.  An interrupted one answers "unknown" at the
 * next describe(), and the next enroll() starts over: stale registrations are left to the authority.
 */
#ifndef REALMJOIN_DRAFT_IDENTITY_H
#define REALMJOIN_DRAFT_IDENTITY_H

#include <realmjoin/draft/secret.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_IDENTITY "rj.identity.draft-1/1"
typedef struct rj_identity {
    uint32_t size;
    uint32_t minor;
    /* Read the registration.  No network, nothing changed.  RJ_OK whenever an identity document was
     * pushed, whatever its state.  [loop] */
    void(RJ_CALL *describe)(rj_plugin *plugin, rj_op op);
    /* Register this device.  `proof` is what the authority accepts from whoever may join (a user's
     * token, a one-time code), 0 if it needs none.  Pushes the new identity.  RJ_E_DENIED: the
     * authority refused; RJ_E_EXISTS: already joined.  NULL: this way of joining belongs to the
     * system and is not ours to do.  [loop] */
    void(RJ_CALL *enroll)(rj_plugin *plugin, const char *request_json, rj_secret proof, rj_op op);
    /* Prolong certificate or registration when it is due; else change nothing.  Pushes the present
     * identity.  The old key works until the new one is durable.  Optional.  [loop] */
    void(RJ_CALL *renew)(rj_plugin *plugin, rj_op op);
    /* Sign `digest` (already hashed, length fitting the algorithm) with the key `key_id`.  Pushes
     * {"signature": "<base64>"}: for RS256 and PS256 the big-endian number, for ES256 r and s side
     * by side (the forms of JWS).  RJ_E_INVALID: algorithm or length; RJ_E_NOT_FOUND: no such key
     * (any more).  A TPM takes up to seconds: run it on the lane.  [loop] */
    void(RJ_CALL *sign)(rj_plugin *plugin, const char *key_id, const char *algorithm,
                        const void *digest, size_t length, rj_op op);
    /* End the registration here and, if reachable, with the authority.  Ends with describe()
     * saying "not-joined", or leaves everything as it was.  Optional.  [loop] */
    void(RJ_CALL *leave)(rj_plugin *plugin, const char *request_json, rj_op op);
} rj_identity;

#ifdef __cplusplus
}
#endif

#endif
