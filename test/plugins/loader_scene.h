/* SPDX-License-Identifier: MIT */
/* A scene with a plugin "case" of one file of case.c, to be loaded or refused. */
#ifndef TEST_PLUGINS_LOADER_SCENE_H
#define TEST_PLUGINS_LOADER_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

#define LOADER_CHECK "\"rj.check/1\""
#define LOADER_PLAIN ", \"capabilities\": [], \"isolation\": \"in-process\""

int loader_open_scene(void **state);
int loader_close_scene(void **state);
void loader_add_good(scene *s);
/* Loads, and expects the plugin's state, with the words in its reason. */
void loader_assert_state(scene *s, const char *id, const char *expected, const char *words);

#define IN_SCENE(TEST) cmocka_unit_test_setup_teardown(TEST, loader_open_scene, loader_close_scene)

#endif
