/* SPDX-License-Identifier: MIT */
/* When the signatures of ClamAV were made. */
#ifndef PLUGINS_CHECK_ANTIVIRUS_SIGNATURE_DATE_H
#define PLUGINS_CHECK_ANTIVIRUS_SIGNATURE_DATE_H

#include <stdbool.h>
#include <stdint.h>

/* From the start of a database file: "ClamAV-VDB:07 Nov 2025 10-06 +0000:27430:...".  Seconds since
 * 1970; false: no such header. */
bool signature_date_of_database(const char *header, int64_t *ret_seconds);
/* From the answer to VERSION: "ClamAV 1.0.7/27430/Fri Nov  7 10:06:00 2025", taken as UTC.  False:
 * the daemon does not say. */
bool signature_date_of_version(const char *answer, int64_t *ret_seconds);

#endif
