/* SPDX-License-Identifier: MIT */
/*
 * What of a text stands in its successor, so that a place in it is found again.
 *
 * The details of a job grow at their end and, when they are long, lose their beginning.
 */
#ifndef UI_TRAY_DETAILS_CHANGE_H
#define UI_TRAY_DETAILS_CHANGE_H

#include <stddef.h>
#include <wchar.h>

typedef struct details_change {
    size_t dropped; /* that many characters at the beginning are gone */
    size_t kept;    /* that many behind them are how the new text begins; what follows is new */
} details_change;

details_change details_compare(const wchar_t *shown, const wchar_t *text);
/* Where a place of the former text is now; one in what is gone moves to the nearest that is left. */
size_t details_moved(const details_change *change, size_t place);

#endif
