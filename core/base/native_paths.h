/* SPDX-License-Identifier: MIT */
/*
 * Paths in a sentence for people.  Inside the agent, and in JSON, a path has '/'; where a person reads it, it looks as
 * paths of this system do.
 */
#ifndef RJ_BASE_NATIVE_PATHS_H
#define RJ_BASE_NATIVE_PATHS_H

/* In place; the length stays.  Only what begins as an absolute path does is touched: no address, no plain '/'. */
void rj_native_paths(char *text);

#endif
