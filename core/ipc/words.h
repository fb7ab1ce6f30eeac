/* SPDX-License-Identifier: MIT */
/* Words of refusals that name the system's own administrator. */
#ifndef RJ_IPC_WORDS_H
#define RJ_IPC_WORDS_H

extern const char rj_words_admin_only[];
extern const char rj_words_machine_package[];
extern const char rj_words_no_session_of_admin[];
extern const char rj_words_start_service[]; /* how it is started by hand */
extern const char rj_words_admin[];         /* who the service's pipe or socket must belong to */

#endif
