/* SPDX-License-Identifier: MIT */
/*
 * A scene with the hostile plugin as a third party has it, another plugin in a worker as its victim,
 * and round them what it would like to reach: the agent's files and socket, a person's home, listening
 * sockets, folders that everybody may change.
 */
#ifndef TEST_PLUGINS_HOSTILE_SCENE_H
#define TEST_PLUGINS_HOSTILE_SCENE_H

#include "scene.h"

typedef struct hostile_scene {
    scene s;
    int tcp, udp, path_socket, abstract_socket;
} hostile_scene;

/* Makes the tests of this program run as an ordinary user, where RJ_TEST_ACCOUNT=session says so;
 * before anything else.  False: this cannot be; a reason was printed. */
bool hostile_take_account(void);
bool hostile_in_session(void);
int hostile_landlock(void); /* version; 0: none */

/* `capabilities`: what it asks for, as JSON list; `policy`: members of its section of the policy
 * beside its settings ("" or "\"Grant\": [..]"). */
void hostile_open(hostile_scene *h, const char *capabilities, const char *policy);
void hostile_close(hostile_scene *h);
/* What was tried, by name; borrowed until the next question. */
const json_t *hostile_try(hostile_scene *h, const char *check_id);
/* The same for an attempt that is the end of its worker: its message must have the words. */
void hostile_try_to_end(hostile_scene *h, const char *check_id, int64_t deadline_ms,
                        rj_status status, const char *words);
long hostile_found(const json_t *tried, const char *name);
/* Everything was refused by the system, but for what is named (NULL-terminated), which was not. */
void hostile_assert_refused(const json_t *tried, const char *const *allowed);
/* The core answers, and so does the plugin, if need be in another worker. */
void hostile_assert_well(hostile_scene *h);

/* Lines of the log since the scene was opened that have these words. */
unsigned hostile_logged(const char *words);
/* Turns the loop until they are there; so long the machine may be busy. */
void hostile_await_logged(hostile_scene *h, const char *words);

#endif
