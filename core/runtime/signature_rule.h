/* SPDX-License-Identifier: MIT */
/*
 * Whether plugins must be signed, and by whom: the settings RequireSignature and TrustedSigners, which
 * stand among the plugins of the policy.  Their names are no plugin's id.
 */
#ifndef RJ_RUNTIME_SIGNATURE_RULE_H
#define RJ_RUNTIME_SIGNATURE_RULE_H

#include "base/status.h"
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define RJ_REQUIRE_SIGNATURE "RequireSignature"
#define RJ_TRUSTED_SIGNERS "TrustedSigners"
#define RJ_SIGNERS_MAX 64u

/* One of the two names, without case. */
bool rj_signature_rule_is_setting(const char *name, size_t length);
/* 64 hexadecimal digits. */
bool rj_signature_rule_is_signer(const char *text);

/*
 * `policy`: the section "Plugins", NULL for none.  `file` is what rj_library_check() gave for `path`.
 * RJ_OK where no signature is asked for.  RJ_E_INVALID: the settings are of no such form, so that nobody
 * knows what was meant; RJ_E_DENIED, RJ_E_CORRUPT: as rj_signature_check().
 */
rj_status rj_signature_rule_apply(const json_t *policy, int file, const char *path, rj_error *err);

#endif
