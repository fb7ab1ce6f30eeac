/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hostile_scene.h"

#include "hostile_ids.h"

#include "base/log.h"
#include "platform/file.h"
#include "platform/system.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

enum { ORDINARY_UID = 65534 };

static heard answer; /* of the last question */

/* ---- Account --------------------------------------------------------------------------------- */

bool hostile_in_session(void)
{
    const char *account = getenv("RJ_TEST_ACCOUNT");
    return account && strcmp(account, "session") == 0;
}

bool hostile_take_account(void)
{
    if (hostile_in_session() && rj_system_is_root() &&
        (setgroups(0, NULL) || setresgid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID) ||
         setresuid(ORDINARY_UID, ORDINARY_UID, ORDINARY_UID))) {
        puts("1..0 # SKIP another account cannot be taken");
        return false;
    }
    if (hostile_in_session() && access(TEST_WORKER, R_OK) < 0) {
        puts("1..0 # SKIP the account of an ordinary user cannot read this build");
        return false;
    }
    if (!hostile_in_session() && !rj_system_is_root()) {
        puts("1..0 # SKIP not root: workers have no account of their own");
        return false;
    }
    return true;
}

int hostile_landlock(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    return version < 0 ? 0 : (int)version;
}

/* ---- Log ------------------------------------------------------------------------------------- */

static char log_text[400000];
static size_t log_length;

static void keep_line(void *data, int level, const char *line)
{
    (void)data;
    (void)level;
    if (log_length < sizeof log_text)
        log_length +=
            (size_t)snprintf(log_text + log_length, sizeof log_text - log_length, "%s\n", line);
}

unsigned hostile_logged(const char *words)
{
    unsigned count = 0;
    for (const char *at = log_text; (at = strstr(at, words)); at += strlen(words))
        count++;
    return count;
}

void hostile_await_logged(hostile_scene *h, const char *words)
{
    uint64_t limit = rj_clock_monotonic_ms() + 20000;
    while (!hostile_logged(words) && rj_clock_monotonic_ms() < limit)
        scene_turn_for(&h->s, 50);
    if (!hostile_logged(words))
        fail_msg("the log does not say \"%s\"", words);
}

/* ---- What stands around ---------------------------------------------------------------------- */

static void make_folder(const char *path, unsigned mode)
{
    rj_error err = RJ_ERROR_NONE;
    if (rj_dir_make(path, 0755, &err))
        fail_msg("%s", err.text);
    assert_int_equal(chmod(path, mode), 0);
}

static const char *below(const char *folder, const char *name)
{
    static char paths[4][400];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

/* Everybody may do everything with it, by its mode: what refuses is the sandbox. */
static void make_file(const char *path)
{
    rj_error err = RJ_ERROR_NONE;
    if (rj_file_write(path, "text", 4, 0666, &err))
        fail_msg("%s", err.text);
    assert_int_equal(chmod(path, 0666), 0);
}

static int listen_unix(const char *name, int abstract)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path + abstract, sizeof address.sun_path - (size_t)abstract, "%s", name);
    socklen_t length =
        (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)abstract + strlen(name));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(fd, 8), 0);
    if (!abstract)
        assert_int_equal(chmod(name, 0777), 0);
    return fd;
}

static unsigned listen_internet(hostile_scene *h)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    h->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    h->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(h->tcp, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(h->tcp, 8), 0);
    assert_int_equal(getsockname(h->tcp, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(bind(h->udp, (struct sockaddr *)&address, sizeof address), 0);
    return ntohs(address.sin_port);
}

static void set_path(json_t *settings, const char *name, const char *path, unsigned mode)
{
    make_folder(path, mode);
    json_object_set_new(settings, name, json_string(path));
}

static void make_surroundings(hostile_scene *h, json_t *settings)
{
    scene *s = &h->s;
    set_path(settings, "folder", scene_folder(s, false, HOSTILE_ID), 0755);
    set_path(settings, "state", rj_path(s->paths, RJ_PATH_STATE), 0755);
    set_path(settings, "policy", rj_path(s->paths, RJ_PATH_POLICY), 0755);
    set_path(settings, "log", rj_path(s->paths, RJ_PATH_LOG), 0755);
    if (hostile_in_session()) /* the machine's is not the user's to make */
        make_folder(below(s->root, "run"), 0755);
    set_path(settings, "run", rj_path(s->paths, RJ_PATH_RUN), 0777);
    set_path(settings, "other", below(rj_path(s->paths, RJ_PATH_STATE), "plugins/other"), 0777);
    set_path(settings, "home", below(s->root, "home/person"), 0777);
    set_path(settings, "open", below(s->root, "open"), 0777);
    set_path(settings, "granted", below(s->root, "data/granted"), 0777);
    set_path(settings, "sibling", below(s->root, "data/granted-not"), 0777);
    make_folder(below(s->root, "data/granted/inner"), 0777);
    make_folder(below(s->root, "home/person/.ssh"), 0777);
    make_file(below(rj_path(s->paths, RJ_PATH_STATE), "state.db"));
    make_file(below(rj_path(s->paths, RJ_PATH_POLICY), "device.json"));
    make_file(below(rj_path(s->paths, RJ_PATH_LOG), "realmjoin.log"));
    make_file(below(rj_path(s->paths, RJ_PATH_STATE), "plugins/other/token"));
    make_file(below(s->root, "home/person/.ssh/id"));
    make_file(below(s->root, "open/there"));
    make_file(below(s->root, "data/granted/there"));
    make_file(below(s->root, "data/granted/inner/there"));
    make_file(below(s->root, "data/granted-not/there"));
    char port[16];
    char name[80];
    snprintf(port, sizeof port, "%u", listen_internet(h));
    snprintf(name, sizeof name, "rj-hostile-%ld", (long)getpid());
    h->path_socket = listen_unix(rj_path(s->paths, RJ_PATH_SOCKET), 0);
    h->abstract_socket = listen_unix(name, 1);
    json_object_set_new(settings, "port", json_string(port));
    json_object_set_new(settings, "abstract", json_string(name));
    set_path(settings, "packages", rj_path(s->paths, RJ_PATH_PACKAGE_LIB), 0755);
    set_path(settings, "package-logs", rj_path(s->paths, RJ_PATH_PACKAGE_LOGS), 0750);
}

/* ---- Life ------------------------------------------------------------------------------------ */

#define QUOTED_ID(ID, FUNCTION) "\"" ID "\","

static void add_plugins(scene *s, const char *capabilities)
{
    static const char lists[] = HOSTILE_ATTEMPTS(QUOTED_ID);
    char extra[2500];
    snprintf(extra, sizeof extra, ", \"capabilities\": %s, \"checks\": [%.*s]", capabilities,
             (int)sizeof lists - 2, lists);
    scene_add(s, false, HOSTILE_ID, "hostile", "\"rj.check/1\"", extra);
    scene_add_probe(s);
}

void hostile_open(hostile_scene *h, const char *capabilities, const char *policy)
{
    char text[1000];
    json_t *settings = json_object();
    *h = (hostile_scene){.tcp = -1};
    log_length = 0;
    *log_text = '\0';
    rj_log_set_listener(keep_line, NULL);
    scene_open_as(&h->s, hostile_in_session() ? RJ_ROLE_SESSION : RJ_ROLE_SERVICE);
    scene_add_worker(&h->s);
    add_plugins(&h->s, capabilities);
    make_surroundings(h, settings);
    snprintf(text, sizeof text, "{%s}", policy);
    json_t *section = json_loads(text, 0, NULL);
    assert_non_null(section);
    json_object_set_new(section, "Settings", settings);
    h->s.policy = json_pack("{s:o, s:{s:s}}", HOSTILE_ID, section, "probe", "Isolation", "worker");
    scene_load(&h->s);
}

void hostile_close(hostile_scene *h)
{
    scene_forget(&answer);
    scene_close(&h->s);
    close(h->tcp);
    close(h->udp);
    close(h->path_socket);
    close(h->abstract_socket);
    rj_log_set_listener(NULL, NULL);
}

/* ---- Attempts -------------------------------------------------------------------------------- */

const json_t *hostile_try(hostile_scene *h, const char *check_id)
{
    scene_forget(&answer);
    scene_evaluate(&h->s, check_id, 9000, &answer);
    if (answer.status)
        fail_msg("%s: %s", check_id, answer.message);
    const json_t *tried = json_object_get(answer.result, "tried");
    assert_true(json_is_object(tried));
    return tried;
}

void hostile_try_to_end(hostile_scene *h, const char *check_id, int64_t deadline_ms,
                        rj_status status, const char *words)
{
    scene_forget(&answer);
    scene_evaluate(&h->s, check_id, deadline_ms, &answer);
    if (answer.status != status || !strstr(answer.message, words))
        fail_msg("%s: status %d, \"%s\"; expected is %d, \"%s\"", check_id, (int)answer.status,
                 answer.message, (int)status, words);
    assert_string_equal(answer.plugin_id, HOSTILE_ID);
}

long hostile_found(const json_t *tried, const char *name)
{
    const json_t *found = json_object_get(tried, name);
    if (!json_is_integer(found))
        fail_msg("nothing was tried that is called \"%s\"", name);
    return (long)json_integer_value(found);
}

/* Not among them: what tells that the attempt itself was wrong, as ENOENT or EFAULT. */
static bool is_refusal(json_int_t problem)
{
    return problem == EPERM || problem == EACCES || problem == EXDEV || problem == ENOSYS;
}

void hostile_assert_refused(const json_t *tried, const char *const *allowed)
{
    const char *name;
    json_t *problem;
    size_t found = 0;
    size_t wanted = 0;
    while (allowed[wanted])
        wanted++;
    json_object_foreach((json_t *)(uintptr_t)tried, name, problem)
    {
        bool may = false;
        for (size_t i = 0; i < wanted; i++)
            may |= strcmp(allowed[i], name) == 0;
        found += may;
        if (may ? json_integer_value(problem) != 0 : !is_refusal(json_integer_value(problem)))
            fail_msg("%s: %s; it is to be %s", name,
                     json_integer_value(problem) ? strerror((int)json_integer_value(problem))
                                                 : "allowed",
                     may ? "allowed" : "refused");
    }
    assert_int_equal(found, wanted);
}

void hostile_assert_well(hostile_scene *h)
{
    heard h_probe;
    scene_evaluate(&h->s, "well", 5000, &h_probe);
    assert_int_equal(h_probe.status, RJ_OK);
    scene_forget(&h_probe);
    hostile_try(h, "try-well");
}
