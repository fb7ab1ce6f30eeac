/* SPDX-License-Identifier: MIT */
/* Libraries of POSIX systems carry no signatures: their hash is what is compared. */
#include "platform/signature.h"

rj_status rj_signature_check(int file, const char *path, const char *const *signers,
                             size_t signer_count, rj_error *err)
{
    (void)file;
    (void)signers;
    (void)signer_count;
    return rj_fail(err, RJ_E_NOT_APPLICABLE, "%s: files of this system carry no signatures", path);
}
