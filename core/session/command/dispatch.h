/* SPDX-License-Identifier: MIT */
/*
 * From the command line to a command, and to its exit code.
 *
 *     arguments --> a link? --> global options --> the command's own --> paths --> run --> clean up
 *
 * What cannot be read is refused with where to find help; a link that fails is told on the screen, since
 * nobody looks at a terminal then.
 */
#ifndef RJ_SESSION_COMMAND_DISPATCH_H
#define RJ_SESSION_COMMAND_DISPATCH_H

/* Exit code as in exit_codes.h. */
int rj_dispatch(int argc, char **argv);

#endif
