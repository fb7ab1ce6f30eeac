/* SPDX-License-Identifier: MIT */
/*
 * Authenticode: WinVerifyTrust() over the handle that is kept open, then the signer's certificate out of
 * the file's own signature, compared with those that are allowed.
 */
#include "platform/signature.h"

#include "base/alloc.h"
#include "base/text.h"
#include "descriptor_win32.h"
#include "wide_win32.h"

#include <softpub.h>
#include <stdbool.h>
#include <string.h>
#include <wincrypt.h>
#include <wintrust.h>

#define OWN_PATH_CHARS 32768u

typedef struct digest {
    char hex[65];
} digest;

static rj_status verify(HANDLE file, const wchar_t *wide, const char *path, rj_error *err)
{
    GUID action = WINTRUST_ACTION_GENERIC_VERIFY_V2;
    WINTRUST_FILE_INFO info = {.cbStruct = sizeof info, .pcwszFilePath = wide, .hFile = file};
    WINTRUST_DATA data = {.cbStruct = sizeof data,
                          .dwUIChoice = WTD_UI_NONE,
                          .fdwRevocationChecks = WTD_REVOKE_NONE,
                          .dwUnionChoice = WTD_CHOICE_FILE,
                          .pFile = &info,
                          .dwStateAction = WTD_STATEACTION_VERIFY,
                          .dwProvFlags = WTD_CACHE_ONLY_URL_RETRIEVAL};
    LONG result = WinVerifyTrust(INVALID_HANDLE_VALUE, &action, &data);
    data.dwStateAction = WTD_STATEACTION_CLOSE;
    WinVerifyTrust(INVALID_HANDLE_VALUE, &action, &data);
    if (result == 0)
        return RJ_OK;
    if (result == (LONG)TRUST_E_BAD_DIGEST)
        return rj_fail(err, RJ_E_CORRUPT, "%s was changed since it was signed; install it again",
                       path);
    if (result == (LONG)TRUST_E_NOSIGNATURE)
        return rj_fail(err, RJ_E_DENIED, "%s is not signed", path);
    return rj_fail(err, RJ_E_DENIED, "the signature of %s is not accepted by the system (0x%08lx)",
                   path, (unsigned long)result);
}

static bool to_digest(PCCERT_CONTEXT certificate, digest *ret_digest)
{
    static const char digits[] = "0123456789abcdef";
    BYTE sum[32];
    DWORD size = sizeof sum;
    if (!CertGetCertificateContextProperty(certificate, CERT_SHA256_HASH_PROP_ID, sum, &size) &&
        !(size = sizeof sum,
          CryptHashCertificate2(BCRYPT_SHA256_ALGORITHM, 0, NULL, certificate->pbCertEncoded,
                                certificate->cbCertEncoded, sum, &size)))
        return false;
    if (size != sizeof sum)
        return false;
    for (size_t i = 0; i < sizeof sum; i++) {
        ret_digest->hex[2 * i] = digits[sum[i] >> 4];
        ret_digest->hex[2 * i + 1] = digits[sum[i] & 15];
    }
    ret_digest->hex[64] = '\0';
    return true;
}

/* Of the first signer, which is the one that WinVerifyTrust() judges. */
static bool find_signer(const wchar_t *path, digest *ret_digest)
{
    HCERTSTORE store = NULL;
    HCRYPTMSG message = NULL;
    DWORD size = 0;
    CMSG_SIGNER_INFO *signer = NULL;
    bool found = false;
    if (!CryptQueryObject(CERT_QUERY_OBJECT_FILE, path, CERT_QUERY_CONTENT_FLAG_PKCS7_SIGNED_EMBED,
                          CERT_QUERY_FORMAT_FLAG_BINARY, 0, NULL, NULL, NULL, &store, &message,
                          NULL))
        return false;
    if (CryptMsgGetParam(message, CMSG_SIGNER_INFO_PARAM, 0, NULL, &size))
        signer = rj_calloc(1, size);
    if (signer && CryptMsgGetParam(message, CMSG_SIGNER_INFO_PARAM, 0, signer, &size)) {
        CERT_INFO wanted = {.Issuer = signer->Issuer, .SerialNumber = signer->SerialNumber};
        PCCERT_CONTEXT certificate =
            CertFindCertificateInStore(store, X509_ASN_ENCODING | PKCS_7_ASN_ENCODING, 0,
                                       CERT_FIND_SUBJECT_CERT, &wanted, NULL);
        found = certificate && to_digest(certificate, ret_digest);
        if (certificate)
            CertFreeCertificateContext(certificate);
    }
    rj_free(signer);
    CryptMsgClose(message);
    CertCloseStore(store, 0);
    return found;
}

static bool is_own_signer(const digest *signer)
{
    digest own;
    wchar_t *path = rj_calloc(OWN_PATH_CHARS, sizeof *path);
    if (!path)
        return false;
    DWORD length = GetModuleFileNameW(NULL, path, OWN_PATH_CHARS);
    bool same = length > 0 && length < OWN_PATH_CHARS && find_signer(path, &own) &&
                strcmp(own.hex, signer->hex) == 0;
    rj_free(path);
    return same;
}

rj_status rj_signature_check(int file, const char *path, const char *const *signers,
                             size_t signer_count, rj_error *err)
{
    digest signer;
    HANDLE handle = rj_descriptor_handle(file);
    wchar_t *wide = rj_wide_path(path, err);
    if (!wide)
        return RJ_E_INVALID;
    rj_status status = verify(handle, wide, path, err);
    bool known = false;
    if (!status && !find_signer(wide, &signer))
        status = rj_fail(err, RJ_E_DENIED, "who signed %s cannot be told", path);
    for (size_t i = 0; i < signer_count && !status && !known; i++)
        known = rj_ascii_casecmp(signers[i], signer.hex) == 0;
    if (!status && !known && !is_own_signer(&signer))
        status = rj_fail(err, RJ_E_DENIED,
                         "%s is signed by somebody else (certificate with SHA-256 %s); the policy "
                         "may allow it by this number",
                         path, signer.hex);
    rj_free(wide);
    return status;
}
