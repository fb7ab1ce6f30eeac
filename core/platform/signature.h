/* SPDX-License-Identifier: MIT */
/*
 * Whether a program or library is signed by somebody we know.
 *
 * The system's word that a signature is good is not enough: it says so of everybody's.  So the signer must
 * be the one of the running program, or be named by the SHA-256 of its certificate.
 */
#ifndef RJ_PLATFORM_SIGNATURE_H
#define RJ_PLATFORM_SIGNATURE_H

#include "base/status.h"
#include <stddef.h>

/*
 * `file` is what rj_library_check() gave for `path`.  `signers`: certificates as 64 hex digits, beside our
 * own signer's; may be NULL with count 0.
 * RJ_E_DENIED: not signed, or by somebody else; RJ_E_CORRUPT: changed since it was signed;
 * RJ_E_NOT_APPLICABLE: files of this system carry no signatures.
 */
rj_status rj_signature_check(int file, const char *path, const char *const *signers,
                             size_t signer_count, rj_error *err);

#endif
