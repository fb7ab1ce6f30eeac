/* SPDX-License-Identifier: MIT */
/*
 * The binary layout of every table of the SDK, spelled out: size and each offset, on 64-bit and on
 * 32-bit systems.  Compiling is the test.  layout_gate.py proves that releases only append; this
 * file shows a reader the layout and stops a compiler or a target that sees it differently.
 *
 * A member was appended: add its line and the new size.  Any other change is a broken ABI.
 * Drafts stand at the end; their lines may change.
 */
#include <realmjoin/check.h>
#include <realmjoin/draft/auth.h>
#include <realmjoin/draft/encryption.h>
#include <realmjoin/draft/identity.h>
#include <realmjoin/draft/secret.h>
#include <realmjoin/package.h>
#include <realmjoin/plugin.h>
#include <realmjoin/ui.h>

#if UINTPTR_MAX > 0xffffffffu
#define ON(BITS64, BITS32) (BITS64)
#else
#define ON(BITS64, BITS32) (BITS32)
#endif

#define MEMBER(TYPE, NAME, AT64, AT32)                                                             \
    _Static_assert(offsetof(TYPE, NAME) == ON(AT64, AT32), #TYPE "." #NAME " moved")
#define SIZE(TYPE, SIZE64, SIZE32)                                                                 \
    _Static_assert(sizeof(TYPE) == ON(SIZE64, SIZE32), #TYPE " has another size")

struct int64_behind_byte {
    char byte;
    int64_t number;
};
#define INT64_ALIGNMENT offsetof(struct int64_behind_byte, number)

_Static_assert(sizeof(rj_status) == 4 && (rj_status)-1 < 0, "rj_status is a signed 32-bit number");
_Static_assert(sizeof(rj_op) == 8 && (rj_op)-1 > 0, "rj_op is an unsigned 64-bit number");
_Static_assert(sizeof(rj_secret) == 8 && (rj_secret)-1 > 0, "rj_secret is an unsigned 64-bit one");

MEMBER(rj_check, size, 0, 0);
MEMBER(rj_check, minor, 4, 4);
MEMBER(rj_check, ids, 8, 8);
MEMBER(rj_check, evaluate, 16, 12);
MEMBER(rj_check, remediate, 24, 16);
SIZE(rj_check, 32, 20);

MEMBER(rj_package, size, 0, 0);
MEMBER(rj_package, minor, 4, 4);
MEMBER(rj_package, formats, 8, 8);
MEMBER(rj_package, detect, 16, 12);
MEMBER(rj_package, fetch, 24, 16);
MEMBER(rj_package, install, 32, 20);
MEMBER(rj_package, uninstall, 40, 24);
MEMBER(rj_package, recover, 48, 28);
SIZE(rj_package, 56, 32);

MEMBER(rj_ui, size, 0, 0);
MEMBER(rj_ui, minor, 4, 4);
MEMBER(rj_ui, run, 8, 8);
MEMBER(rj_ui, show, 16, 12);
MEMBER(rj_ui, ask, 24, 16);
SIZE(rj_ui, 32, 20);

MEMBER(rj_host_ui, size, 0, 0);
MEMBER(rj_host_ui, minor, 4, 4);
MEMBER(rj_host_ui, act, 8, 8);
SIZE(rj_host_ui, 16, 12);

MEMBER(rj_host, size, 0, 0);
MEMBER(rj_host, minor, 4, 4);
MEMBER(rj_host, ctx, 8, 8);
MEMBER(rj_host, query, 16, 12);
SIZE(rj_host, 24, 16);

MEMBER(rj_host_op, size, 0, 0);
MEMBER(rj_host_op, minor, 4, 4);
MEMBER(rj_host_op, progress, 8, 8);
MEMBER(rj_host_op, set_result, 16, 12);
MEMBER(rj_host_op, finish, 24, 16);
MEMBER(rj_host_op, cancelled, 32, 20);
MEMBER(rj_host_op, remaining_ms, 40, 24);
MEMBER(rj_host_op, on_cancel, 48, 28);
SIZE(rj_host_op, 56, 32);

MEMBER(rj_host_exec, size, 0, 0);
MEMBER(rj_host_exec, minor, 4, 4);
MEMBER(rj_host_exec, run, 8, 8);
SIZE(rj_host_exec, 16, 12);

MEMBER(rj_host_log, size, 0, 0);
MEMBER(rj_host_log, minor, 4, 4);
MEMBER(rj_host_log, write, 8, 8);
SIZE(rj_host_log, 16, 12);

MEMBER(rj_host_config, size, 0, 0);
MEMBER(rj_host_config, minor, 4, 4);
MEMBER(rj_host_config, read, 8, 8);
SIZE(rj_host_config, 16, 12);

MEMBER(rj_host_kv, size, 0, 0);
MEMBER(rj_host_kv, minor, 4, 4);
MEMBER(rj_host_kv, get, 8, 8);
MEMBER(rj_host_kv, set, 16, 12);
MEMBER(rj_host_kv, remove, 24, 16);
SIZE(rj_host_kv, 32, 20);

MEMBER(rj_host_event, size, 0, 0);
MEMBER(rj_host_event, minor, 4, 4);
MEMBER(rj_host_event, publish, 8, 8);
MEMBER(rj_host_event, subscribe, 16, 12);
MEMBER(rj_host_event, unsubscribe, 24, 16);
SIZE(rj_host_event, 32, 20);

MEMBER(rj_host_timer, size, 0, 0);
MEMBER(rj_host_timer, minor, 4, 4);
MEMBER(rj_host_timer, start, 8, 8);
MEMBER(rj_host_timer, stop, 16, 12);
SIZE(rj_host_timer, 24, 16);

MEMBER(rj_spawn, size, 0, 0);
MEMBER(rj_spawn, minor, 4, 4);
MEMBER(rj_spawn, time_limit_ms, 8, 8);
MEMBER(rj_spawn, program, 16, 16);
MEMBER(rj_spawn, arguments, 24, 20);
MEMBER(rj_spawn, environment, 32, 24);
MEMBER(rj_spawn, directory, 40, 28);
MEMBER(rj_spawn, log_path, 48, 32);
SIZE(rj_spawn, 56, INT64_ALIGNMENT == 8 ? 40 : 36);

MEMBER(rj_spawn_exit, size, 0, 0);
MEMBER(rj_spawn_exit, minor, 4, 4);
MEMBER(rj_spawn_exit, kind, 8, 8);
MEMBER(rj_spawn_exit, value, 12, 12);
MEMBER(rj_spawn_exit, survivors, 16, 16);
MEMBER(rj_spawn_exit, reserved, 20, 20);
MEMBER(rj_spawn_exit, tail, 24, 24);
MEMBER(rj_spawn_exit, tail_length, 32, 28);
SIZE(rj_spawn_exit, 40, 32);

MEMBER(rj_host_spawn, size, 0, 0);
MEMBER(rj_host_spawn, minor, 4, 4);
MEMBER(rj_host_spawn, start, 8, 8);
MEMBER(rj_host_spawn, kill, 16, 12);
SIZE(rj_host_spawn, 24, 16);

MEMBER(rj_plugin_desc, size, 0, 0);
MEMBER(rj_plugin_desc, minor, 4, 4);
MEMBER(rj_plugin_desc, id, 8, 8);
MEMBER(rj_plugin_desc, version, 16, 12);
MEMBER(rj_plugin_desc, provides, 24, 16);
MEMBER(rj_plugin_desc, create, 32, 20);
MEMBER(rj_plugin_desc, query, 40, 24);
MEMBER(rj_plugin_desc, stop, 48, 28);
MEMBER(rj_plugin_desc, destroy, 56, 32);
SIZE(rj_plugin_desc, 64, 36);

MEMBER(rj_auth, size, 0, 0);
MEMBER(rj_auth, minor, 4, 4);
MEMBER(rj_auth, acquire, 8, 8);
MEMBER(rj_auth, accounts, 16, 12);
MEMBER(rj_auth, begin_sign_in, 24, 16);
MEMBER(rj_auth, complete_sign_in, 32, 20);
MEMBER(rj_auth, sign_out, 40, 24);
MEMBER(rj_auth, member_of, 48, 28);
SIZE(rj_auth, 56, 32);

MEMBER(rj_encryption, size, 0, 0);
MEMBER(rj_encryption, minor, 4, 4);
MEMBER(rj_encryption, volumes, 8, 8);
MEMBER(rj_encryption, add_recovery_key, 16, 12);
MEMBER(rj_encryption, remove_recovery_key, 24, 16);
MEMBER(rj_encryption, protect, 32, 20);
SIZE(rj_encryption, 40, 24);

MEMBER(rj_escrow, size, 0, 0);
MEMBER(rj_escrow, minor, 4, 4);
MEMBER(rj_escrow, store, 8, 8);
MEMBER(rj_escrow, list, 16, 12);
MEMBER(rj_escrow, remove, 24, 16);
SIZE(rj_escrow, 32, 20);

MEMBER(rj_identity, size, 0, 0);
MEMBER(rj_identity, minor, 4, 4);
MEMBER(rj_identity, describe, 8, 8);
MEMBER(rj_identity, enroll, 16, 12);
MEMBER(rj_identity, renew, 24, 16);
MEMBER(rj_identity, sign, 32, 20);
MEMBER(rj_identity, leave, 40, 24);
SIZE(rj_identity, 48, 28);

MEMBER(rj_host_secret, size, 0, 0);
MEMBER(rj_host_secret, minor, 4, 4);
MEMBER(rj_host_secret, attach, 8, 8);
MEMBER(rj_host_secret, read, 16, 12);
MEMBER(rj_host_secret, of_op, 24, 16);
SIZE(rj_host_secret, 32, 20);
MEMBER(rj_host_vault, size, 0, 0);
MEMBER(rj_host_vault, minor, 4, 4);
MEMBER(rj_host_vault, keep, 8, 8);
MEMBER(rj_host_vault, recall, 16, 12);
MEMBER(rj_host_vault, forget, 24, 16);
SIZE(rj_host_vault, 32, 20);
