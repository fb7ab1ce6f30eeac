/* SPDX-License-Identifier: MIT */
/* Conclusions from what the desktop wants, see ui_env.h. */
#include "ui_env.h"

ui_colours ui_env_colours(const ui_env *env)
{
    const ui_colours system = {.system = true};
    const ui_colours dark = {
        .back = 0x202020, .text = 0xffffff, .faint = 0xc0c0c0, .field = 0x2d2d2d};
    return env->dark && !env->high_contrast ? dark : system;
}

int ui_env_scale(const ui_env *env, int length)
{
    return (length * env->dpi + 48) / 96;
}

bool ui_env_is_dpi(int dpi)
{
    return dpi >= 48 && dpi <= 960;
}

bool ui_env_may_move(const ui_env *env)
{
    return env->animation;
}
