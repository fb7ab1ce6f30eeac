/* SPDX-License-Identifier: MIT */
/* Parameters in the service's own key, where the installer puts them. */
#include "platform/parameters.h"

#include "platform/win32/registry_win32.h"

#define PARAMETERS "SYSTEM\\CurrentControlSet\\Services\\realmjoin\\Parameters"

rj_status rj_parameters_get(const rj_paths *paths, const char *name, int64_t *ret_value,
                            rj_error *err)
{
    rj_registry_key key = {rj_paths_root(paths), RJ_HIVE_MACHINE, PARAMETERS};
    uint32_t value = 0;
    rj_status status = rj_registry_get_u32(&key, name, &value, err);
    if (!status)
        *ret_value = value;
    return status;
}

rj_status rj_parameters_set(const rj_paths *paths, const char *name, int64_t value, rj_error *err)
{
    rj_registry_key key = {rj_paths_root(paths), RJ_HIVE_MACHINE, PARAMETERS};
    if (value < 0 || value > (int64_t)UINT32_MAX)
        return rj_fail(err, RJ_E_INVALID, "parameter %s cannot be %lld; give 0 to 4294967295", name,
                       (long long)value);
    rj_status status = rj_registry_set_u32(&key, name, (uint32_t)value, err);
    HKEY open_key = NULL;
    if (!status)
        status = rj_registry_open(key.root, key.hive, key.key, false, &open_key, err);
    if (!status) {
        RegFlushKey(open_key);
        RegCloseKey(open_key);
    }
    return status;
}
