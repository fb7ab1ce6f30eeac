/* SPDX-License-Identifier: MIT */
/* The error convention: texts of failures, names of statuses, statuses of errno values. */
#include "base/status.h"

#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The text was made in a buffer of its own, as its arguments may point into err->text. */
static void store(rj_error *err, const char *text)
{
    size_t length = strlen(text);
    if (length >= RJ_ERROR_TEXT) {
        length = RJ_ERROR_TEXT - 1;
        while (length && ((unsigned char)text[length] & 0xc0) == 0x80) /* do not cut a character */
            length--;
    }
    memcpy(err->text, text, length);
    err->text[length] = '\0';
    rj_utf8_repair(err->text, length);
}

rj_status rj_fail(rj_error *err, rj_status status, const char *format, ...)
{
    if (!err)
        return status;
    char text[RJ_ERROR_TEXT + 4]; /* one character more than fits shows where to cut */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    store(err, text);
    return status;
}

rj_status rj_fail_prefix(rj_error *err, rj_status status, const char *format, ...)
{
    if (!err)
        return status;
    char words[RJ_ERROR_TEXT];
    char text[2 * RJ_ERROR_TEXT + 2];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(text, sizeof text, "%s: %s", words, err->text);
    store(err, text);
    return status;
}

rj_status rj_fail_errno(rj_error *err, int error_number, const char *format, ...)
{
    rj_status status = rj_status_of_errno(error_number);
    if (!err)
        return status;
    char words[RJ_ERROR_TEXT];
    char text[2 * RJ_ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    snprintf(text, sizeof text, "%s: %s", words, strerror(error_number));
    store(err, text);
    return status;
}

rj_status rj_fail_memory(rj_error *err, const char *what)
{
    return rj_fail(err, RJ_E_NO_MEMORY, "out of memory while %s", what);
}

const char *rj_status_name(rj_status status)
{
    static const char *const names[] = {
        "ok",          "failed",    "not-applicable", "denied",    "busy",      "cancelled",
        "not-started", "abandoned", "invalid",        "not-found", "no-memory", "io",
        "corrupt",     "limit",     "timeout",        "exists",
    };
    if (status > 0 || status <= -(rj_status)(sizeof names / sizeof names[0]))
        return "unknown-status";
    return names[-status];
}

rj_status rj_status_of_errno(int error_number)
{
    switch (error_number) {
    case 0:
        return RJ_OK;
    case EPERM:
    case EACCES:
    case EROFS:
        return RJ_E_DENIED;
    case EBUSY:
    case EAGAIN:
    case ETXTBSY:
        return RJ_E_BUSY;
    case ECANCELED:
        return RJ_E_CANCELLED;
    case EINVAL:
    case ENAMETOOLONG:
        return RJ_E_INVALID;
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
        return RJ_E_NOT_FOUND;
    case ENOMEM:
        return RJ_E_NO_MEMORY;
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case EMSGSIZE:
        return RJ_E_LIMIT;
    case ETIMEDOUT:
        return RJ_E_TIMEOUT;
    case EEXIST:
    case ENOTEMPTY:
        return RJ_E_EXISTS;
    default:
        return RJ_E_IO;
    }
}
