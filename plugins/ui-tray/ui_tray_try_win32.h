/* SPDX-License-Identifier: MIT */
/* What ui_tray_try does and sees beside the view, in its process. */
#ifndef UI_TRAY_TRY_H
#define UI_TRAY_TRY_H

#include <stdbool.h>
#include <stddef.h>

void try_look(void); /* prints */
/* "select FROM TO", "scroll LINES" or nothing; then "FROM TO of LENGTH" is what is selected, and
 * "framed N": how often the control drew its scroll bar since it was first asked about. */
void try_details(const char *line, char *ret_text, size_t size);
long long try_first_line(void);
void try_dark(bool dark); /* the person's wish, and all programs are told */

#endif
