/* SPDX-License-Identifier: MIT */
/* What the agent keeps in the profiles of people, for remove_data_win32.c. */
#ifndef RJ_SERVICE_REMOVE_PROFILES_WIN32_H
#define RJ_SERVICE_REMOVE_PROFILES_WIN32_H

#include "platform/paths.h"
#include <stdbool.h>

/* ...\AppData\Local\RealmJoin of each profile, but for packages that are in its library.  False: something
 * stayed, and stderr says what. */
bool rj_service_remove_profiles(const rj_paths *paths);
/* The keys of records, if they are empty, in the hive of each person who is signed in. */
void rj_service_remove_user_keys(const rj_paths *paths);

#endif
