/* SPDX-License-Identifier: MIT */
/* Where a log is, for somebody who may read it: a path that leads a person nowhere is not told. */
#ifndef RJ_SESSION_LOG_PLACE_H
#define RJ_SESSION_LOG_PLACE_H

/* The path as this system writes it, rj_free(); NULL: there is no such file, or not for this person. */
char *rj_log_place(const char *path);

#endif
