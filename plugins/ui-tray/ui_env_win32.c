/* SPDX-License-Identifier: MIT */
/* Asks the system what the person's desktop wants.  What it does not say is taken as usual. */
#include "ui_env.h"

#include <windows.h>

#define MESSAGE_SECONDS 5u

static bool apps_are_dark(void)
{
    DWORD light = 1, size = sizeof light;
    RegGetValueW(HKEY_CURRENT_USER,
                 L"Software\\Microsoft\\Windows\\CurrentVersion\\Themes\\Personalize",
                 L"AppsUseLightTheme", RRF_RT_REG_DWORD, NULL, &light, &size);
    return light == 0;
}

void ui_env_read(ui_env *ret_env, int dpi)
{
    HIGHCONTRASTW contrast = {.cbSize = sizeof contrast};
    BOOL animation = TRUE;
    ULONG seconds = MESSAGE_SECONDS;
    if (!SystemParametersInfoW(SPI_GETHIGHCONTRAST, sizeof contrast, &contrast, 0))
        contrast.dwFlags = 0;
    if (!SystemParametersInfoW(SPI_GETCLIENTAREAANIMATION, 0, &animation, 0))
        animation = TRUE;
    if (!SystemParametersInfoW(SPI_GETMESSAGEDURATION, 0, &seconds, 0) || seconds == 0)
        seconds = MESSAGE_SECONDS;
    ret_env->dpi = dpi > 0 ? dpi : 96;
    ret_env->dark = apps_are_dark();
    ret_env->high_contrast = (contrast.dwFlags & HCF_HIGHCONTRASTON) != 0;
    ret_env->animation = animation != FALSE;
    ret_env->message_ms = seconds * 1000u;
}
