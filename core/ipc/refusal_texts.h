/* SPDX-License-Identifier: MIT */
/* Texts of refusals that differ between the systems, since they name the administrator. */
#ifndef RJ_IPC_REFUSAL_TEXTS_H
#define RJ_IPC_REFUSAL_TEXTS_H

extern const char rj_refusal_admin_only[];
extern const char rj_refusal_machine_package[];
extern const char rj_refusal_admin_session[];
extern const char rj_advice_start_service[]; /* how it is started by hand */
extern const char rj_admin_name[];           /* who the service's pipe or socket must belong to */

#endif
