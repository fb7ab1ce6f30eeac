/* SPDX-License-Identifier: MIT */
/*
 * What the person's desktop wants of a window: scale, colours, motion.
 *
 * Asking the system (ui_env_win32.c) and drawing conclusions (ui_env.c) are apart, so that dark mode,
 * high contrast and any scale can be tried by filling the structure by hand.
 */
#ifndef UI_TRAY_ENV_H
#define UI_TRAY_ENV_H

#include <stdbool.h>
#include <stdint.h>

typedef struct ui_env {
    int dpi;             /* 96: 100 % */
    bool dark;           /* the person wants dark windows */
    bool high_contrast;  /* beats dark */
    bool animation;      /* false: nothing moves by itself */
    bool right_to_left;  /* of the language */
    uint32_t message_ms; /* the least that something which vanishes stays */
} ui_env;

/* 0xBBGGRR as the system has them; system: take the system's colours, these are not used. */
typedef struct ui_colours {
    bool system;
    uint32_t back, text, faint, field;
} ui_colours;

ui_colours ui_env_colours(const ui_env *env);
/* A length given for 96 dots an inch. */
int ui_env_scale(const ui_env *env, int length);
/* A moving bar when the end is unknown; without it words have to do. */
bool ui_env_may_move(const ui_env *env);

/* A scale that a screen can have: any program may tell our windows of another one. */
bool ui_env_is_dpi(int dpi);
void ui_env_read(ui_env *ret_env, int dpi); /* ui_env_win32.c */

#endif
