/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/draft/auth.h -- "rj.auth.draft-1/1": tokens, sign-in, and who belongs to what.
 *
 * DRAFT: may change or vanish with any release; see docs/abi-policy.md.
 *
 * One plugin is one way to the organisation's directory.  A full one signs people in and reads
 * groups; a restricted one lives from the device certificate alone and leaves the optional members
 * out.  The host never guesses: what a plugin cannot know it calls "unknown", which is not "none".
 *
 * acquire() never involves a person.  If one is needed it says so, and the host, which alone knows
 * whether somebody sits there and may be asked, goes through begin_sign_in() and
 * complete_sign_in().
 *
 * Documents.  acquire() gets
 *
 *   {"account": "device" | "<account id>",             whose token
 *    "audience": "https://graph.example.com",          for what
 *    "scopes": ["User.Read"],                          optional
 *    "fresh": false}                                   true: the last one was refused by its audience
 *
 * and pushes, with the attachment "access_token" (secret.h) when granted,
 *
 *   {"outcome": "granted" | "sign-in-needed" | "refused",
 *    "reason": "one sentence for a person",            unless granted
 *    "type": "Bearer", "expires_at": "2026-11-24T10:00:00Z", "scopes": ["User.Read"]}
 *
 * begin_sign_in() gets {"hint": "name@contoso.com"} and pushes
 *
 *   {"sign_in": "1",                                   for complete_sign_in(); this instance only
 *    "kind": "code",                                   a person opens `url` and types `code`
 *    "url": "https://...", "code": "ABCD-EFGH",
 *    "expires_at": "..."}
 *
 * complete_sign_in() pushes the account; accounts() pushes {"accounts": [account, ...]}:
 *
 *   {"id": "...", "name": "name@contoso.com", "display_name": "...", "state": "ready" | "sign-in-needed"}
 *
 * member_of() gets {"account": "device" | "<account id>"} and pushes
 *
 *   {"state": "known" | "unknown", "reason": "...",
 *    "groups": [{"id": "...", "name": "..."}]}             only with known, complete
 *
 * "refused" is an answer of the directory, not a failure of the op: the op finishes with RJ_OK.
 * No network or a server error is RJ_E_IO or RJ_E_BUSY: the host repeats with growing pauses.
 *
 * Tokens are cached by the plugin, refresh tokens kept by rj_host_secret.keep().  Neither ever
 * appears in a document, a message or a log line.
 */
#ifndef REALMJOIN_DRAFT_AUTH_H
#define REALMJOIN_DRAFT_AUTH_H

#include <realmjoin/draft/secret.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_AUTH "rj.auth.draft-1/1"
typedef struct rj_auth {
    uint32_t size;
    uint32_t minor;
    /* A token, from the cache if it lives at least five minutes more.  [loop] */
    void(RJ_CALL *acquire)(rj_plugin *plugin, const char *request_json, rj_op op);
    /* The accounts known here, without network.  Optional.  [loop] */
    void(RJ_CALL *accounts)(rj_plugin *plugin, rj_op op);
    /* Start a sign-in; answers as soon as there is something to show.  Optional, together with
     * complete_sign_in.  [loop] */
    void(RJ_CALL *begin_sign_in)(rj_plugin *plugin, const char *request_json, rj_op op);
    /* Wait until the person has done it; the op's deadline is at most its expires_at.
     * RJ_E_DENIED: refused by the person or the directory; RJ_E_TIMEOUT: nobody came;
     * RJ_E_CANCELLED: the sign-in is forgotten; RJ_E_NOT_FOUND: unknown `sign_in`.  [loop] */
    void(RJ_CALL *complete_sign_in)(rj_plugin *plugin, const char *sign_in, rj_op op);
    /* Forget the account's tokens here, and revoke them where that is possible.  RJ_OK also when it
     * was not known.  Optional.  [loop] */
    void(RJ_CALL *sign_out)(rj_plugin *plugin, const char *account, rj_op op);
    /* The groups of a user or of the device.  Optional: absent means always unknown.  [loop] */
    void(RJ_CALL *member_of)(rj_plugin *plugin, const char *request_json, rj_op op);
} rj_auth;

#ifdef __cplusplus
}
#endif

#endif
