#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The menu in the terminal, and a tray with a view that tells the test what it is shown; TAP."""

import contextlib
import json
import pathlib
import select
import signal
import socket
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import agent  # noqa: E402
import json_schema  # noqa: E402
import tap  # noqa: E402

USER = "nobody"
SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "sdk" / "schema"
LINKS = [{"Name": "Intranet", "Target": "https://intranet.example"},
         {"Name": "For Windows", "Target": "https://windows.example", "Platform": "win"},
         {"Name": "A program", "Target": "calc.exe"}]


def prepared(it, *more):
    it.assign(it.craft("chrome", Name="Chrome", GroupName="Browsers"),
              it.craft("tool", Name="Tool & Die", GroupName="Tools"),
              it.craft("secret", Name="Secret", Hidden=True), *more, WebLinks=LINKS)
    it.start()
    it.wait_idle()


def texts(items):
    return [i.get("text", "-") for i in items]


def below(items, text):
    return next(i["items"] for i in items if i.get("text") == text)


def check_schema(model):
    schema = json.loads((SCHEMAS / "ui-model.schema.json").read_text("utf-8"))
    found = list(json_schema.problems(model, schema, schema))
    assert not found, found


def model_of(it, *arguments, language="C", **options):
    shown = it.realmjoin(*(arguments or ("menu", "--json")), LC_ALL=language, **options)
    assert shown.returncode == agent.OK, shown
    model = json.loads(shown.stdout)
    check_schema(model)
    return model


@tap.test(timeout=60)
def the_menu_is_the_products_in_its_order(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        menu = model_of(it, user=USER)["menu"]
        assert texts(menu)[:6] == ["Web Links", "Intranet ↗", "-", "Software Packages", "-", "Sync this device"], menu
        packages = below(menu, "Software Packages")
        assert texts(packages) == ["Browsers", "Tools"], packages
        assert texts(below(packages, "Tools")) == ["Tool & Die (ready to install)"]
        assert menu[-1]["action"] == "copy-device" and "RealmJoin" in menu[-1]["copy"]
        assert model_of(it, "--dump-menu", user=USER)["menu"] == menu
        plain = it.realmjoin("menu", user=USER, LC_ALL="de_AT.UTF-8").stdout
        assert "Softwarepakete\n  Browsers\n    Chrome (bereit zur Installation)\n" in plain, plain
        assert "Secret" not in plain and "calc" not in plain
        assert it.realmjoin("install", "chrome").returncode == agent.OK
        packages = below(model_of(it, user=USER)["menu"], "Software Packages")
        assert below(packages, "Browsers")[0] == {"kind": "item", "text": "Chrome (installed)", "enabled": False}


@tap.test(timeout=30)
def without_a_service_the_menu_says_so(folder):
    with agent.Agent(folder) as it:
        model = model_of(it)
        assert model["menu"][0] == {"kind": "item", "text": "The RealmJoin service does not answer", "enabled": False}
        said = it.realmjoin("menu").stderr
        assert "the RealmJoin service is not running" in said and "realmjoin service start" in said, said


@tap.test(timeout=60)
def every_text_of_a_dumped_menu_is_translated(folder):
    with agent.Agent(folder) as it:
        prepared(it)
        model = model_of(it, language="qps-ploc")

        def visit(value, key=None):
            if isinstance(value, dict):
                for name, part in value.items():
                    visit(part, "text" if key == "words" else name)
            elif isinstance(value, list):
                for part in value:
                    visit(part, key)
            elif key in ("text", "label", "tooltip"):
                assert "[!! " in value and " !!]" in value or value in own, value

        # Names and facts are nobody's to translate.
        own = {"Browsers", "Tools", *(fact["value"] for fact in model["device"])}
        visit(model)


class Tray:
    """`realmjoin tray` with the view of test/plugins/view/view.c."""

    def __init__(self, it):
        self.it, self.home = it, agent.give_home(it, USER)
        place = it.plugins_folder / "view"
        place.mkdir()
        for name in ("view.so", "plugin.json"):
            source = agent.BUILD / "test/plugins/view" / name
            if not source.exists():
                tap.skip(f"{source} is not built")
            agent.shutil.copy(source, place)

    def __enter__(self):
        self.process = self.it.spawn("tray", user=USER, LC_ALL="C")
        agent.wait_until(lambda: list(self.home.rglob("plugins/view/model.json")), timeout=20)
        self.folder = next(self.home.rglob("plugins/view/model.json")).parent
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(15) == 0, self.process.communicate()
        self.process.communicate()

    @property
    def model(self):
        model = json.loads((self.folder / "model.json").read_text("utf-8"))
        check_schema(model)
        return model

    def log(self):
        return "".join(path.read_text("utf-8") for path in self.home.rglob("tray.log"))

    def act(self, action):
        acted = self.folder / "acted"
        acted.unlink(missing_ok=True)
        chosen = self.folder / "act.new"  # the view must not find it half-written
        chosen.write_text(action)
        chosen.rename(self.folder / "act")
        agent.wait_until(lambda: acted.exists() and acted.read_text())
        return int(acted.read_text())


@tap.test(timeout=90)
def a_choice_in_the_tray_installs_with_a_window_and_a_notice(folder):
    with agent.Agent(folder) as it:
        tray = Tray(it)
        prepared(it, it.craft("bad", Name="Bad", install="echo oh no; exit 7"))
        assert "view" not in [p["id"] for p in it.call("plugins")["plugins"]]
        with tray:
            agent.wait_until(lambda: "Software Packages" in texts(tray.model["menu"]), timeout=20)
            assert tray.act("package:chrome:install") == 0
            agent.wait_until(lambda: [w["state"] for w in tray.model["progress"]] == ["done"], timeout=30)
            window = tray.model["progress"][0]
            assert window["status"] == "Chrome is installed." and window["asked"], window
            assert tray.model["notices"][0]["title"] == "Software installed"
            agent.wait_until(lambda: texts(below(below(tray.model["menu"], "Software Packages"), "Browsers"))
                             == ["Chrome (installed)"])
            assert tray.act(window["close"]) == 0
            agent.wait_until(lambda: not tray.model["progress"])
            assert tray.act("package:bad:install") == 0
            agent.wait_until(lambda: [w["state"] for w in tray.model["progress"]] == ["failed"], timeout=30)
            window = tray.model["progress"][0]
            assert window["text"] == "Bad could not be installed" and "7" in window["status"], window
            assert "Correlation: " in window["copy"] and "helpdesk" in window["next"]
            assert tray.act(window["close"]) == 0
            it.stop()  # what was offered can still be chosen; nobody starts this service again
            agent.wait_until(lambda: texts(tray.model["menu"]).count("The RealmJoin service does not answer") == 1)
            assert tray.act("package:bad:install") == 0
            agent.wait_until(lambda: [w["state"] for w in tray.model["progress"]] == ["failed"], timeout=30)
            assert tray.model["progress"][0]["next"].startswith("Try again in a minute."), tray.model["progress"]


@tap.test(timeout=60)
def a_tray_that_finds_no_service_shows_that_and_goes_on_when_it_comes(folder):
    with agent.Agent(folder) as it:
        tray = Tray(it)
        with tray:
            assert texts(tray.model["menu"])[0] == "The RealmJoin service does not answer", tray.model["menu"]
            assert tray.act("sync") == -9
            prepared(it)
            agent.wait_until(lambda: "Software Packages" in texts(tray.model["menu"]), timeout=30)
            assert tray.act("package:chrome:install") == 0
            agent.wait_until(lambda: [w["state"] for w in tray.model["progress"]] == ["done"], timeout=30)


@contextlib.contextmanager
def fake_service(it):
    """Takes connections, and does not answer."""
    it.socket_path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(it.socket_path))
        it.socket_path.chmod(0o666)
        listener.listen()
        yield listener


def next_request(listener):
    assert select.select([listener], [], [], 30)[0], "nobody connects"
    link = listener.accept()[0]
    return link, json.loads(link.makefile().readline())


@tap.test(timeout=90)
def a_tray_shows_its_icon_while_a_service_says_nothing_and_says_why_one_refuses_it(folder):
    with agent.Agent(folder) as it, fake_service(it) as listener:
        tray = Tray(it)
        with tray:  # it is there, with a model
            link, asked = next_request(listener)
            assert asked["method"] == "session.register", asked
            assert texts(tray.model["menu"])[0] == "The RealmJoin service does not answer", tray.model["menu"]
            link.close()
            link, asked = next_request(listener)
            link.sendall(json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": {
                "code": -32000, "message": "this user has too many sessions; end some",
                "data": {"status": "limit"}}}).encode() + b"\n")
            agent.wait_until(lambda: texts(tray.model["menu"])[0] == "The RealmJoin service refuses this session", 20)
            assert tray.model["device"][-1]["value"] == "this user has too many sessions; end some", tray.model
            link.close()
            assert tray.process.poll() is None


@tap.test(timeout=60)
def a_view_that_the_policy_forbids_ends_as_soon_as_the_service_says_so_and_is_not_begun_again(folder):
    with agent.Agent(folder) as it:
        tray = Tray(it)
        it.write_policy({"Plugins": {"view": {"Enabled": False}}})
        with tray:
            assert tray.model["menu"]
            it.start()
            agent.wait_until(lambda: USER in it.call("status").get("sessions", []), timeout=30)
            agent.wait_until(lambda: "plugin view is not loaded: disabled by policy" in tray.log(), timeout=20)
        (tray.folder / "model.json").unlink()
        it.stop()
        process = it.spawn("tray", user=USER, LC_ALL="C")
        said = str(process.stderr.readline())
        assert "no view is installed" in said and not (tray.folder / "model.json").exists(), said
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=15) and process.returncode == 0


@tap.test(timeout=60)
def what_the_menu_does_not_offer_cannot_be_chosen(folder):
    with agent.Agent(folder) as it:
        tray = Tray(it)
        prepared(it)
        with tray:
            agent.wait_until(lambda: "Software Packages" in texts(tray.model["menu"]), timeout=20)
            not_found, invalid = -9, -8
            for action in ("package:secret:install", "package:unheard-of:install", "exit", "weblink:1", "cancel:w1",
                           "link:realmjoin:install:secret"):
                assert tray.act(action) == not_found, action
            assert tray.act("x" * 290) == invalid
            assert tray.act("weblink:0") == 0


@tap.test(timeout=60)
def a_session_without_a_view_says_so_and_serves(folder):
    with agent.Agent(folder) as it:
        agent.give_home(it, USER)
        prepared(it)
        process = it.spawn("tray", user=USER)
        agent.wait_until(lambda: USER in it.call("status").get("sessions", []), timeout=20)
        said = process.stderr.readline()  # it is registered before it has looked for views
        assert "no view is installed" in str(said), said
        process.send_signal(signal.SIGTERM)
        out, errors = process.communicate(timeout=15)
        assert process.returncode == 0, (out, errors)


tap.main()
