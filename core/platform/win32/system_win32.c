/* SPDX-License-Identifier: MIT */
/* Clocks, random numbers, the running process and its terminal. */
#include "platform/system.h"

#include "base/alloc.h"
#include "platform/win32/wide_win32.h"

#include <bcrypt.h>
#include <io.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* ---- Clocks and random numbers --------------------------------------------------------------- */

uint64_t rj_clock_monotonic_ns(void)
{
    LARGE_INTEGER count;
    LARGE_INTEGER frequency;
    QueryPerformanceCounter(&count);
    QueryPerformanceFrequency(&frequency);
    uint64_t ticks = (uint64_t)count.QuadPart;
    uint64_t per_second = (uint64_t)frequency.QuadPart;
    const uint64_t second = UINT64_C(1000000000);
    return ticks / per_second * second + ticks % per_second * second / per_second;
}

int64_t rj_clock_wall_ms(void)
{
    const int64_t until_1970 = INT64_C(116444736000000000); /* of 100 ns, since 1601 */
    FILETIME now;
    GetSystemTimePreciseAsFileTime(&now);
    return ((int64_t)((uint64_t)now.dwHighDateTime << 32 | now.dwLowDateTime) - until_1970) / 10000;
}

rj_status rj_random(void *bytes, size_t length, rj_error *err)
{
    unsigned char *at = bytes;
    while (length) {
        ULONG part = length > 0x10000000 ? 0x10000000 : (ULONG)length;
        NTSTATUS status = BCryptGenRandom(NULL, at, part, BCRYPT_USE_SYSTEM_PREFERRED_RNG);
        if (status < 0)
            return rj_fail(err, RJ_E_IO, "the system gives no random numbers (0x%08lx)",
                           (unsigned long)status);
        at += part;
        length -= part;
    }
    return RJ_OK;
}

/* ---- The process ----------------------------------------------------------------------------- */

long rj_system_pid(void)
{
    return (long)GetCurrentProcessId();
}

_Noreturn void rj_system_exit_now(int code)
{
    for (;;) /* it does not come back, which its declaration does not say */
        TerminateProcess(GetCurrentProcess(), (UINT)code);
}

void rj_system_kill_self(void)
{
    TerminateProcess(GetCurrentProcess(), 137); /* what a shell says of SIGKILL elsewhere */
}

static atomic_bool installed_service;

void rj_system_set_installed_service(void)
{
    atomic_store(&installed_service, true);
}

bool rj_system_is_installed_service(void)
{
    return atomic_load(&installed_service);
}

char *rj_system_environment(const char *name)
{
    wchar_t *wide = rj_wide(name);
    wchar_t *value = NULL;
    DWORD size = wide ? GetEnvironmentVariableW(wide, NULL, 0) : 0;
    while (size) { /* again, if it grew meanwhile */
        rj_free(value);
        value = rj_malloc((size_t)size * sizeof *value);
        DWORD got = value ? GetEnvironmentVariableW(wide, value, size) : 0;
        if (value && !got)
            value[0] = L'\0';
        size = got >= size ? got : 0;
    }
    char *text = rj_utf8(value);
    rj_free(value);
    rj_free(wide);
    return text;
}

/* ---- Terminal -------------------------------------------------------------------------------- */

static HANDLE handle_of(int descriptor)
{
    return descriptor < 0 ? INVALID_HANDLE_VALUE : (HANDLE)_get_osfhandle(descriptor);
}

bool rj_terminal_is(int descriptor)
{
    DWORD mode = 0;
    return GetConsoleMode(handle_of(descriptor), &mode);
}

int rj_terminal_width(int descriptor)
{
    CONSOLE_SCREEN_BUFFER_INFO information;
    if (GetConsoleScreenBufferInfo(handle_of(descriptor), &information) &&
        information.srWindow.Right > information.srWindow.Left)
        return information.srWindow.Right - information.srWindow.Left + 1;
    return 80;
}
