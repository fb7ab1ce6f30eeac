/* SPDX-License-Identifier: MIT */
/*
 * What Windows' update agent knows, asked without the network.
 *
 * Each part is known, or a text says why not ("Search: error 0x80240438"); nothing is guessed.
 * update_agent_ask() may take as long as the agent pleases: bounded_call_win32.h.
 */
#ifndef CHECK_OS_UPDATE_UPDATE_AGENT_WIN32_H
#define CHECK_OS_UPDATE_UPDATE_AGENT_WIN32_H

#include <stdbool.h>
#include <stdint.h>

#define UPDATE_NAMED 10
#define UPDATE_TITLE 160
#define UPDATE_PROBLEM 120

typedef struct update_date {
    char problem[UPDATE_PROBLEM]; /* "": it is known */
    bool never;                   /* there is no date */
    int64_t seconds;              /* since 1970, in UTC */
} update_date;

typedef struct update_answer {
    char search_problem[UPDATE_PROBLEM]; /* "": every offered update was looked at */
    uint32_t offered, important;
    char titles[UPDATE_NAMED][UPDATE_TITLE]; /* of the first important ones */
    update_date searched, installed;         /* last success of Windows' own */
    char restart_problem[UPDATE_PROBLEM];
    bool restart; /* updates wait for one */
} update_answer;

void update_agent_ask(update_answer *ret_answer);

#endif
