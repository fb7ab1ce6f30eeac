/* SPDX-License-Identifier: MIT */
/*
 * realmjoin/package.h -- "rj.package/1": a plugin that knows a package format.
 *
 * The engine asks in this order, each step its own op:
 *
 *     detect   what is there now                                changes nothing
 *     fetch    have everything needed in the cache, verified    changes only the cache
 *     install  from the cache to the system                     done, or undone
 *     detect   proof
 *
 * install() and uninstall() either complete or leave the former state, however they end: by
 * failure, by cancellation, by a killed process, by a power cut.  What a killed process could not
 * put right, recover() does at the next start, before anything else is asked for that package.
 *
 * Every verb gets the same request document (sdk/schema/package-request.schema.json); members
 * without a value are left out:
 *
 *   {"id": "generic-hello",              the package in policy; key of records and logs
 *    "format": "nuget",                  one of formats()
 *    "package": "hello",                 its name in the feed; default: id
 *    "version": "1.2.3",                 wanted; left out: the newest
 *    "args": "/Lang:de \"/Name:A B\"",   as in policy
 *    "arguments": ["/Lang:de", "/Name:A B"],   the same, split like a command line
 *    "scope": "system",                  or "user"
 *    "sources": ["/srv/feed"],           folder feeds, first one preferred
 *    "location": "/srv/feed/hello.zip",  craft: the archive, no URL
 *    "hash": "<64 hex digits>",          SHA-256 the fetched file must have, in either case
 *    "lib_dir": "/.../chocolatey/lib",   where packages of this scope live
 *    "log_path": "/.../x.log",           append script output here
 *    "environment": {"RJ_PackageID": "generic-hello", ...},   complete, for scripts
 *    "time_limit_ms": 14400000,          for the package's own script
 *    "installed_version": "1.0.0",       what the record says
 *    "allow_downgrade": false,
 *    "fetched": {...}}                   install: the result of fetch, unchanged
 *
 * Result documents (sdk/schema/package-result.schema.json):
 *
 *   detect     {"installed": true, "version": "1.2.3", "detail": "where that was seen"}
 *   fetch      {"version": "1.2.3", "path": "/.../cache/x", "sha256": "...", "bytes": 1234,
 *               "plan": ["PSini 2.7.0", "hello 1.2.3"], ...}     opaque beyond these
 *   install    {"version": "1.2.3", "exit_code": 0, "restart": false, "files": 12,
 *               "also": [{"package": "PSini", "version": "2.7.0"}], "output": "last lines"}
 *   uninstall  {"exit_code": 0, "restart": false, "files": 12, "left": ["path that was changed"]}
 *   recover    {"outcome": "nothing" | "finished" | "rolled-back", "detail": "...",
 *               "certain": false}          left out when it is certain; see below
 *
 * A script that was interrupted cannot be undone by force: recover() then says "certain": false, and
 * the engine counts that try.  The same holds for a script killed by cancellation: RJ_E_CANCELLED
 * with "certain": false in the result.  uninstall() of a package that cannot be undone forgets it and
 * answers RJ_E_NOT_APPLICABLE; the engine drops its record too and tells the person.
 *
 * Exit codes of package scripts: 0 is success, 3010 and 1641 are success with a restart wanted
 * ("restart": true); on systems whose exit codes have 8 bits, 194 (3010 & 255) and 105 (1641 & 255)
 * stand for them.  Everything else is RJ_E_FAILED with the code and the script's last output in the
 * message, and with the result document set.
 */
#ifndef REALMJOIN_PACKAGE_H
#define REALMJOIN_PACKAGE_H

#include <realmjoin/plugin.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RJ_PACKAGE "rj.package/1"
typedef struct rj_package {
    uint32_t size;
    uint32_t minor;
    /* The formats handled, NULL-terminated, constant: {"nuget", NULL}.  [loop] */
    const char *const *(RJ_CALL *formats)(rj_plugin *plugin);
    /* All [loop], all answered by the op; the request is borrowed for the call. */
    void(RJ_CALL *detect)(rj_plugin *plugin, const char *request_json, rj_op op);
    void(RJ_CALL *fetch)(rj_plugin *plugin, const char *request_json, rj_op op);
    void(RJ_CALL *install)(rj_plugin *plugin, const char *request_json, rj_op op);
    void(RJ_CALL *uninstall)(rj_plugin *plugin, const char *request_json, rj_op op);
    void(RJ_CALL *recover)(rj_plugin *plugin, const char *request_json, rj_op op);
} rj_package;

#ifdef __cplusplus
}
#endif

#endif
