#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Links come from any web page: good ones install what is assigned, the others do nothing at all."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent
import tap


def prepared(it):
    it.assign(
        it.craft("tool", install=f"touch {it.root}/tool-installed"),
        it.craft("secret", install=f"touch {it.root}/secret-installed", Hidden=True),
    )
    it.start()
    it.wait_idle()


def nothing_happened(it):
    assert not (it.root / "tool-installed").exists()
    assert not (it.root / "secret-installed").exists()
    states = {p["id"]: p["state"] for p in it.call("list")["packages"]}
    assert "installed" not in states.values(), states


@tap.test(timeout=40)
def a_link_installs_what_is_assigned_in_every_accepted_form(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        for link in ("realmjoin:install:tool", "RealmJoin:Install:tool", "realmjoin://install/tool"):
            result = it.realmjoin(link)
            assert result.returncode == agent.OK, (link, result)
        assert (it.root / "tool-installed").exists()
        assert it.realmjoin("link", "realmjoin:upgrade:tool").returncode == agent.OK
        assert it.realmjoin("realmjoin:sync:").returncode == agent.OK


BAD = (
    "realmjoin:",
    "realmjoin:install:",
    "realmjoin:install",
    "realmjoin:install:tool ",
    "realmjoin:install: tool",
    'realmjoin:install:"tool"',
    "realmjoin:install:'tool'",
    "realmjoin:install:tool;id",
    "realmjoin:install:tool&realmjoin:install:secret",
    "realmjoin:install:$(id)",
    "realmjoin:install:`id`",
    "realmjoin:install:%74ool",
    "realmjoin:install:tool%20",
    "realmjoin:install:tool%00",
    "realmjoin:install:tool\n",
    "realmjoin:install:tool\nrealmjoin:install:secret",
    "realmjoin:install:tool\x1b[2J",
    "realmjoin:install:../tool",
    "realmjoin:install:tool/..",
    "realmjoin:install:tool#",
    "realmjoin:install:tööl",
    "realmjoin:remove:tool",
    "realmjoin:uninstall:tool",
    "realmjoin:policy:check",
    "realmjoin:sync:tool",
    "realmjoin:install:" + "a" * 129,
    "realmjoin:install:" + "a" * 100000,
)


@tap.test(timeout=60)
def bad_links_are_refused_before_anything_is_asked(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        before = it.log()
        for link in BAD:
            for arguments in ((link,), ("link", link)):
                result = it.realmjoin(*arguments)
                assert result.returncode == agent.USAGE, (link[:60], result)
                assert result.stderr.startswith("realmjoin: "), result.stderr
                assert len(result.stderr.splitlines()) == 1, result.stderr
                assert "\x1b" not in result.stderr and len(result.stderr) < 2000
        nothing_happened(it)
        assert it.log() == before


@tap.test(timeout=30)
def other_schemes_are_no_links(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        for link in ("https://example.com/tool", "file:///etc/passwd", "javascript:alert(1)", "realmjoinx:install:tool"):
            assert it.realmjoin(link).returncode == agent.USAGE
            assert it.realmjoin("link", link).returncode == agent.USAGE
        nothing_happened(it)


@tap.test(timeout=30)
def a_link_is_exactly_one_argument(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        for arguments in (
            ("realmjoin:install:tool", "tool"),
            ("realmjoin:install:tool", "--no-wait"),
            ("realmjoin:install:tool", "realmjoin:install:secret"),
            ("link", "realmjoin:install:tool", "tool"),
            ("link",),
        ):
            assert it.realmjoin(*arguments).returncode == agent.USAGE, arguments
        nothing_happened(it)


@tap.test(timeout=30)
def an_unassigned_package_is_refused_and_the_refusal_logged_with_its_correlation(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        result = it.realmjoin("realmjoin:install:something-else")
        assert result.returncode == agent.REFUSED, result
        assert "something-else" in result.stderr
        lines = [line for line in it.log().splitlines() if "something-else" in line]
        assert lines, "no line in the log"
        assert lines[-1].split("|")[3].strip() not in ("", "-"), lines[-1]
        nothing_happened(it)


@tap.test(timeout=30)
def a_hidden_package_is_refused_to_a_link_also_for_root(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        for user in (None, "nobody"):
            result = it.realmjoin("realmjoin:install:secret", user=user)
            assert result.returncode == agent.REFUSED, (user, result)
        nothing_happened(it)


if __name__ == "__main__":
    tap.main()
