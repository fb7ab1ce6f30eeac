/* SPDX-License-Identifier: MIT */
/* One test in this process, from its folder to its report. */
#ifndef RJ_VALIDATE_TRIAL_H
#define RJ_VALIDATE_TRIAL_H

#include "options.h"

/* Files in a trial's folder beside the roots. */
#define RJ_TRIAL_REPORT "report"
#define RJ_TRIAL_OUT "stdout"
#define RJ_TRIAL_ERROR "stderr"
#define RJ_TRIAL_LOG "log"
#define RJ_TRIAL_CWD "work"
#define RJ_TRIAL_HOME "home"
#define RJ_TRIAL_TMP "tmp"

/* Runs options->run below options->base; the exit code of the process. */
int rj_trial_run(const rj_options *options);

#endif
