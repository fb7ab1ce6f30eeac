// SPDX-License-Identifier: MIT
//
// Exit code 1 if the caller's token has Administrators enabled, 0 if not, 2 if the system does not say: so that a
// test knows whom launch.exe plays.
#include <windows.h>

int main(void)
{
    BYTE sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof sid;
    BOOL member = FALSE;
    if (!CreateWellKnownSid(WinBuiltinAdministratorsSid, NULL, sid, &size) ||
        !CheckTokenMembership(NULL, sid, &member))
        return 2;
    return member ? 1 : 0;
}
