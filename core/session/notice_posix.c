/* SPDX-License-Identifier: MIT */
/* stderr has it; a desktop keeps that in the session's journal. */
#include "session/notice.h"

void rj_notice_show(const char *text)
{
    (void)text;
}
