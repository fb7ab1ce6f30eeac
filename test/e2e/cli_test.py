#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The command line: every command, its exit codes, what scripts and pipes see."""

import fcntl
import json
import os
import pathlib
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap

SOURCE = pathlib.Path(os.environ.get("RJ_SOURCE_ROOT", pathlib.Path(__file__).resolve().parents[2]))
USER = "nobody"


def prepared(it, *more, **settings):
    it.assign(
        it.craft("tool", install="echo tool", uninstall="exit 0", Name="A tool"),
        it.craft("broken", install="echo it breaks here; exit 7"),
        *more,
        **settings,
    )
    it.start()
    it.wait_idle()


@tap.test(timeout=20)
def every_command_and_option_is_in_help_manual_and_completion(folder):
    it = agent.Agent(folder, plugins=False)
    document = json.loads(it.realmjoin("help", "--json").stdout)
    manual = (SOURCE / "docs/man/realmjoin.1").read_text().replace("\\-", "-")
    completion = (SOURCE / "packaging/linux/completion/realmjoin").read_text()
    overview = it.realmjoin("--help")
    assert overview.returncode == agent.OK
    for option in ("--version", "--dump-menu"):  # instead of a command
        assert re.search(rf"^  {option} +\S", overview.stdout, re.M) and f"Fl {option[1:]}" in manual, option
        assert it.realmjoin("status", option).returncode == agent.USAGE, option
    assert "--dump-menu" in it.realmjoin("menu", "--help").stdout
    names = {c["name"] for c in document["commands"]}
    assert names >= {"status", "list", "install", "uninstall", "upgrade", "sync", "why", "check", "log", "policy",
                     "plugin", "service", "version", "session", "tray", "menu", "help", "link"}
    for command in document["commands"]:
        name = command["name"]
        assert re.search(rf"^  {name} +\S", overview.stdout, re.M), name
        assert re.search(rf"^\.It Cm {name}\b", manual, re.M), f"{name} is not in the manual"
        listed = re.search(r'local commands="([^"]*)"', completion)[1].split()
        assert name in listed, f"{name} is not completed"
        own = it.realmjoin(name, "--help")
        assert own.returncode == agent.OK and own.stdout.startswith(f"Usage: realmjoin {name}"), own
        assert it.realmjoin("help", name).stdout == own.stdout
        for option in command["options"]:
            assert option in own.stdout
            assert f"Fl {option[1:]}" in manual, f"{name} {option} is not in the manual"
            assert option in completion, f"{name} {option} is not completed"
    for code in range(7):
        assert re.search(rf"^  {code}  ", overview.stdout, re.M)
        assert re.search(rf"^\.It {code}$", manual, re.M)


@tap.test(timeout=20)
def the_completion_offers_verbs_options_and_packages(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        script = SOURCE / "packaging/linux/completion/realmjoin"

        def complete(*words):
            program = f". {script}; COMP_WORDS=(realmjoin {' '.join(words)}); COMP_CWORD={len(words)}; _realmjoin; "
            program += 'printf "%s\\n" "${COMPREPLY[@]}"'
            environment = it.environment(PATH=f"{it.program.parent}:{os.environ['PATH']}")
            return subprocess.run(["bash", "-c", program], env=environment, text=True, stdout=subprocess.PIPE,
                                  check=True).stdout.split()

        assert complete("inst") == ["install"]
        assert complete("install", "to") == ["tool"]
        assert "--retry" in complete("install", "--")
        assert complete("service", "sta") == ["status", "start"]
        assert complete("plugin", "dis") == ["disable"]
        assert complete("plugin", "disable", "check-f") == ["check-firewall"]
        assert complete("plugin", "quarantine", "--c") == ["--clear"]


@tap.test(timeout=20)
def wrong_usage_exits_with_two_and_says_where_help_is(folder):
    it = agent.Agent(folder, plugins=False)
    for arguments in ((), ("nonsense",), ("--nonsense",), ("install",), ("install", "a", "b"), ("status", "x"),
                      ("log", "-n", "0"), ("log", "-n", "many"), ("log", "-n"), ("service",), ("service", "dance"),
                      ("policy",), ("policy", "check"), ("policy", "eat", "x"), ("help", "nonsense"),
                      ("plugin",), ("plugin", "eat"), ("plugin", "info"), ("plugin", "list", "x"), ("plugin", "disable"),
                      ("plugin", "enable", "x", "--clear"),
                      ("--root", "relative", "status"), ("status", "--json=1")):
        result = it.realmjoin(*arguments)
        assert result.returncode == agent.USAGE, (arguments, result)
        assert not arguments or "--help`" in result.stderr, result.stderr


@tap.test(timeout=30)
def without_a_service_commands_say_what_to_do_and_exit_with_three(folder):
    it = agent.Agent(folder, plugins=False)
    for arguments in (("status",), ("list",), ("install", "a"), ("sync",), ("why", "a"), ("check",), ("log",),
                      ("policy", "show"), ("plugin", "list"), ("plugin", "disable", "a"), ("service", "status"),
                      ("realmjoin:install:a",)):
        result = it.realmjoin(*arguments)
        assert result.returncode == agent.NO_SERVICE, (arguments, result)
        assert "the RealmJoin service is not running" in result.stderr
        assert "service start" in result.stderr
    version = it.realmjoin("version")
    assert version.returncode == agent.OK and re.match(r"realmjoin \d+\.\d+\.\d+\n", version.stdout), version
    assert it.realmjoin("--version").stdout == version.stdout
    assert "not running" in it.realmjoin("service", "stop").stdout


@tap.test(timeout=60)
def each_command_works_and_its_json_parses(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        assert it.realmjoin("install", "tool").returncode == agent.OK
        for arguments in (("status",), ("list",), ("why", "tool"), ("check",), ("check", "--refresh"), ("log",),
                          ("policy", "show"), ("service", "status"), ("version",), ("upgrade",), ("upgrade", "tool"),
                          ("plugin", "list"), ("plugin", "info", "check-firewall"),
                          ("plugin", "enable", "check-firewall"),
                          ("sync",), ("install", "tool"), ("link", "realmjoin:install:tool"),
                          ("link", "realmjoin:sync:"), ("link", "realmjoin:upgrade:tool")):
            plain = it.realmjoin(*arguments)
            assert plain.returncode == agent.OK, (arguments, plain)
            assert plain.stdout and not plain.stderr, (arguments, plain)
            document = it.realmjoin(*arguments, "--json")
            assert document.returncode == agent.OK, (arguments, document)
            assert isinstance(json.loads(document.stdout), dict)
        listed = {p["id"]: p for p in json.loads(it.realmjoin("list", "--json").stdout)["packages"]}
        assert listed["tool"]["state"] == "installed"
        beside = it.realmjoin("--json", "realmjoin:sync:")  # a browser hands over a link and nothing else
        assert beside.returncode == agent.USAGE, beside
        removed = it.realmjoin("uninstall", "tool", "--json")
        assert removed.returncode == agent.OK and isinstance(json.loads(removed.stdout), dict), removed
        assert it.package("tool")["state"] == "not-installed"
        stopped = it.realmjoin("service", "stop", "--json")
        assert stopped.returncode == agent.OK and isinstance(json.loads(stopped.stdout), dict), stopped


@tap.test(timeout=40)
def exit_codes_tell_failed_refused_and_held_apart(folder):
    with agent.Agent(folder) as it:
        prepared(it, it.craft("mine", Scope="user"), it.craft("again", install="exit 194"))
        failed = it.realmjoin("install", "broken")
        assert failed.returncode == agent.FAILED, failed
        assert "7" in failed.stdout, failed.stdout
        assert it.realmjoin("install", "unheard-of").returncode == agent.REFUSED
        assert it.realmjoin("why", "unheard-of").returncode == agent.REFUSED
        assert it.realmjoin("uninstall", "tool").returncode in (agent.REFUSED, agent.OK)
        assert it.realmjoin("install", "../x").returncode == agent.USAGE
        restart = it.realmjoin("install", "again", "--exit-restart")
        assert restart.returncode == agent.RESTART, restart
        assert "restart is needed" in restart.stdout
        line = next(line for line in it.realmjoin("list").stdout.splitlines() if line.startswith("again "))
        assert line.endswith("  restart  a restart completes what was done last"), line


@tap.test(timeout=30)
def a_check_that_blocks_exits_with_five(folder):
    with agent.Agent(folder) as it:
        it.assign(Policies={"RequireSecurityFeatures": {**agent.NO_CHECKS, "FirewallEnabled": True}})
        it.start()
        it.wait_idle()
        result = it.realmjoin("check", "--refresh", "--verbose")
        assert result.returncode == agent.HELD, result
        assert "firewall" in result.stdout and "enforced" in result.stdout


@tap.test(timeout=30)
def an_error_in_json_mode_is_json(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        result = it.realmjoin("install", "unheard-of", "--json")
        assert json.loads(result.stdout)["error"]["status"] in ("not-found", "denied")


@tap.test(timeout=40)
def progress_in_a_pipe_is_plain_lines_without_escapes(folder):
    with agent.Agent(folder) as it:
        prepared(it, it.nupkg("pack", files={f"content/f{i}": "x" * 20000 for i in range(50)}))
        result = it.realmjoin("install", "pack")
        assert result.returncode == agent.OK, result
        assert "\x1b" not in result.stdout and "\r" not in result.stdout
        assert "pack" in result.stdout and "installed" in result.stdout


def on_terminal(it, *arguments, width=80, **changes):
    """What a terminal of that width receives."""
    try:
        master, slave = pty.openpty()
    except OSError:
        tap.skip("there are no pseudo-terminals here")
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    process = subprocess.Popen(it.command(*arguments), env=it.environment(TERM="xterm", **changes), stdin=slave,
                               stdout=slave, stderr=slave, close_fds=True)
    os.close(slave)
    data = b""
    while True:
        try:
            got = os.read(master, 65536)
        except OSError:
            break
        if not got:
            break
        data += got
    os.close(master)
    process.wait()
    return data.decode()


@tap.test(timeout=40)
def colour_appears_on_a_terminal_only_and_not_with_no_color_or_plain(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        assert "\x1b[" in on_terminal(it, "list")
        assert "\x1b[" not in on_terminal(it, "list", NO_COLOR="1")
        assert "\x1b[" not in on_terminal(it, "list", "--plain")
        assert "\x1b[" not in it.realmjoin("list").stdout
        for line in re.sub(r"\x1b\[[0-9;]*[mK]", "", on_terminal(it, "list", width=60)).splitlines():
            assert len(line) <= 60, line


@tap.test(timeout=30)
def names_from_policy_cannot_steer_the_terminal(folder):
    with agent.Agent(folder) as it:
        evil = it.craft("evil", install="printf 'out\\033]0;title\\007put\\n'; exit 9")
        evil["Name"] = "N\u009b31m\u202eame"
        it.assign(evil)
        it.start()
        it.wait_idle()
        for arguments in (("install", "evil"), ("list",), ("why", "evil"), ("log",), ("status",), ("list", "--json")):
            text = it.realmjoin(*arguments).stdout
            for bad in ("\x1b", "\x07", "\u009b", "\u202e"):
                assert bad not in text, (arguments, text)


@tap.test(timeout=40)
def policy_check_names_place_expected_and_found_and_needs_no_service(folder):
    it = agent.Agent(folder, plugins=False)
    path = folder / "policy.json"
    path.write_text(json.dumps({"SoftwarePackages": [{"ID": "a", "Format": "craft", "Location": "/x.zip"}], "Odd": 1}))
    good = it.realmjoin("policy", "check", str(path))
    assert good.returncode == agent.OK and "1 package" in good.stdout and "Odd" in good.stdout, good
    assert json.loads(it.realmjoin("policy", "check", str(path), "--json").stdout)["ok"] is True
    path.write_text(json.dumps({"SoftwarePackages": [{"ID": "a", "Order": "x"}]}))
    bad = it.realmjoin("policy", "check", str(path))
    assert bad.returncode == agent.USAGE, bad
    for word in ("policy.json", "/SoftwarePackages/0/Order", "integer"):
        assert word in bad.stderr, bad.stderr
    assert json.loads(it.realmjoin("policy", "check", str(path), "--json").stdout)["ok"] is False
    relative = subprocess.run(it.command("policy", "check", "policy.json"), cwd=folder, env=it.environment(), check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert relative.returncode == agent.USAGE
    for content in (b"", b"{", b"[" * 1000, b'{"a":1,"a":2}', b"\xff", os.urandom(1000)):
        path.write_bytes(content)
        assert it.realmjoin("policy", "check", str(path)).returncode == agent.USAGE
    assert it.realmjoin("policy", "check", str(folder / "absent.json")).returncode == agent.USAGE
    assert it.realmjoin("policy", "check", str(folder)).returncode == agent.USAGE
    with open(path, "wb") as file:
        file.truncate(50 * 1024 * 1024)
    assert it.realmjoin("policy", "check", str(path)).returncode == agent.USAGE


@tap.test(timeout=60)
def user_scope_packages_run_as_the_user_who_asks_and_never_as_root(folder):
    with agent.Agent(folder) as it:
        home = agent.give_home(it, USER)
        package = it.craft("mine", install='id -u > "$HOME/who"; echo "$HOME" > "$HOME/where"', Scope="user")
        it.assign(package)
        it.start()
        it.wait_idle()
        as_root = it.realmjoin("install", "mine")
        assert as_root.returncode != agent.OK, as_root
        assert not list(it.root.rglob("who"))
        result = it.realmjoin("install", "mine", user=USER)
        assert result.returncode == agent.OK, result
        assert (home / "who").read_text().strip() == str(agent.pwd.getpwnam(USER).pw_uid)
        assert (home / "where").read_text().strip() == str(home)
        assert it.realmjoin("session", "--once").returncode == agent.REFUSED


@tap.test(timeout=60)
def a_registered_session_does_what_another_command_asks_for(folder):
    with agent.Agent(folder) as it:
        home = agent.give_home(it, USER)
        it.assign(it.craft("mine", install='touch "$HOME/done"', Scope="user", Mandatory=True))
        it.start()
        it.wait_idle()
        assert not (home / "done").exists()
        session = it.spawn("session", user=USER)
        try:
            agent.wait_until(lambda: USER in it.call("status").get("sessions", []))
            result = it.realmjoin("sync", user=USER)
            assert result.returncode == agent.OK, result
            agent.wait_until((home / "done").exists)
        finally:
            session.send_signal(signal.SIGTERM)
            assert session.wait(10) == 0
            session.communicate()
        agent.wait_until(lambda: USER not in it.call("status").get("sessions", []))


@tap.test(timeout=40)
def no_wait_only_asks_and_ctrl_c_leaves_the_run_alone(folder):
    with agent.Agent(folder) as it:
        mark = it.root / "slow-done"
        prepared(it, it.craft("slow", install=f"sleep 2; touch {mark}"))
        begin = time.monotonic()
        assert it.realmjoin("install", "slow", "--no-wait").returncode == agent.OK
        assert time.monotonic() - begin < 1.5
        client = it.spawn("install", "slow")
        time.sleep(0.5)
        client.send_signal(signal.SIGINT)
        assert client.wait(5) == 130
        client.communicate()
        it.package("slow", state="installed")
        assert mark.exists()


@tap.test(timeout=30)
def the_log_can_be_followed(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        follower = it.spawn("log", "-n", "5", "--follow")
        time.sleep(0.5)
        it.realmjoin("install", "unheard-of")
        time.sleep(0.5)
        follower.send_signal(signal.SIGINT)
        output, _ = follower.communicate(timeout=5)
        assert follower.returncode == 0
        assert "unheard-of" in output


@tap.test(timeout=30)
def the_service_is_started_in_the_background_and_stopped(folder):
    with agent.Agent(folder) as it:
        it.assign()
        refused = it.realmjoin("service", "start", user=USER)
        assert refused.returncode == agent.REFUSED, refused
        started = it.realmjoin("service", "start")
        assert started.returncode == agent.OK, started
        try:
            assert "running already" in it.realmjoin("service", "start").stdout
            assert it.realmjoin("service", "status").returncode == agent.OK
            assert it.realmjoin("service", "stop", user=USER).returncode == agent.REFUSED
        finally:
            assert it.realmjoin("service", "stop").returncode == agent.OK
        assert it.realmjoin("service", "status").returncode == agent.NO_SERVICE


if __name__ == "__main__":
    tap.main()
