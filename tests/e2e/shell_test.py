"""The command line from a shell: completion, docs/command-line.md, and every example pasted as it stands."""

import json
import os
import re
import shutil
import signal
import subprocess
import unittest

from rig import BIN, ROOT, Rig

PAGE = os.path.join(ROOT, "docs", "command-line.md")
CLIENT = "e2e-blueprint-key-0123456789"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Shell(Rig):
    pipeline = "blueprint.yaml"
    connection = "blueprint_store"

    def setUp(self):
        super().setUp()
        self.env["BIGCOMMERCE_API_KEY"] = CLIENT
        self.env["GORGIAS_BASE_URL"] = self.sandbox.url + "/v1"
        self.shell_env = {**self.env, "GORGIAS_CLIENT_ID": "sandbox-client", "GORGIAS_CLIENT_SECRET": "sandbox-client-secret",
                          "TENON_TOKEN_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", "PATH": BIN + ":" + os.environ["PATH"], "HOME": self.folder, "LANG": "C.UTF-8"}

    def shell(self, script, code=0, shell="bash", folder=None):
        done = subprocess.run([shell, "-c", script], capture_output=True, text=True, timeout=60, env=self.shell_env, cwd=folder or self.folder)
        self.assertEqual(done.returncode, code, script + "\n" + done.stdout + done.stderr)
        return done.stdout

    def start_with_events(self):
        """A host in ./data with event 1 delivered and event 2 a dead letter."""
        self.start()
        body = {"type": "bigcommerce.created", "timestamp": "2026-11-24T10:00:00Z",
                "data": {"id": "bigcommerce_12908", "status": "created", "email": "ann@example.com", "name": "Ann Lee", "amount": 69.80}}
        self.assertEqual(self.post(body, "msg_1", secret=CLIENT, header_secret=None)[0], 200)
        self.drained(1)
        self.assertEqual(self.post(b"[]", "msg_2", secret=CLIENT, header_secret=None)[0], 200)
        self.drained(2)


class Completion(Shell):
    def bash(self, *words):
        typed = " ".join("'" + word + "'" for word in words)
        return self.shell(f"source <(tenon completion bash); COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; _tenon; "
                          'printf "%s\\n" "${COMPREPLY[@]}"').split()

    def test_bash_completes_verbs_flags_words_and_files(self):
        self.assertIn("-F _tenon tenon", self.shell("source <(tenon completion bash); complete -p tenon"))
        self.assertEqual(self.bash("tenon", "eve"), ["events"])
        self.assertEqual(self.bash("tenon", "events", "l"), ["list"])
        self.assertIn("--state", self.bash("tenon", "events", "list", "--"))
        self.assertEqual(self.bash("tenon", "events", "list", "--state", "dup"), ["duplicate"])
        self.assertEqual(self.bash("tenon", "events", "list", "--color", "=", "al"), ["always"])
        self.assertEqual(self.bash("tenon", "completion", "f"), ["fish"])
        os.mkdir(os.path.join(self.folder, "folder"))
        open(os.path.join(self.folder, "fold.yaml"), "w", encoding="utf-8").close()
        self.assertEqual(sorted(self.bash("tenon", "check", "fo")), ["fold.yaml", "folder"])
        self.assertEqual(self.bash("tenon", "run", "--data", "fo"), ["folder"])
        self.assertEqual(self.bash("tenon", "nonsense", ""), [])

    def test_bash_completes_what_only_the_world_knows(self):
        self.assertEqual(self.bash("tenon", "plugins", "show", "big"), ["bigcommerce"])
        self.assertEqual(self.bash("tenon", "events", "show", ""), [])  # no host, no noise
        self.start_with_events()
        self.assertEqual(sorted(self.bash("tenon", "events", "show", "")), ["1", "2"])
        self.assertEqual(self.bash("tenon", "dead", "show", ""), ["2"])
        self.assertEqual(self.bash("tenon", "events", "list", "--pipeline", "bl"), ["blueprint"])
        self.assertEqual(self.bash("tenon", "events", "list", "--data", "elsewhere", "--pipeline", "bl"), [])

    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh(self):
        stubs = "compdef() { :; }; _describe() { print -l -- $candidates; }; _files() { print files $*; }; "
        run = stubs + "eval \"$(tenon completion zsh)\"; words=(tenon %s); CURRENT=$#words; _tenon"
        self.assertEqual(self.shell(run % "eve", shell="zsh").strip(), "events:List and show events")
        self.assertEqual(self.shell(run % "check ''", shell="zsh").strip(), "files")
        self.assertEqual(self.shell(run % "run --data ''", shell="zsh").strip(), "files -/")

    @unittest.skipUnless(shutil.which("fish"), "fish is not installed")
    def test_fish(self):
        run = "tenon completion fish | source; complete -C '%s'"
        self.assertEqual(self.shell(run % "tenon eve", shell="fish").split("\t")[0], "events")
        self.assertEqual(self.shell(run % "tenon events list --state dup", shell="fish").strip(), "duplicate")
        open(os.path.join(self.folder, "fold.yaml"), "w", encoding="utf-8").close()
        self.assertIn("fold.yaml", self.shell(run % "tenon check fo", shell="fish"))


class Documentation(Shell):
    def test_the_page_says_what_the_commands_say(self):
        page = self.shell("tenon __docs")
        if os.environ.get("UPDATE"):
            with open(PAGE, "w", encoding="utf-8") as file:
                file.write(page)
        self.assertEqual(read(PAGE), page, "run this test with UPDATE=1")

    def examples(self):
        """{command: [example, ...]} of the page."""
        found = {}
        for section in read(PAGE).split("\n### ")[1:]:
            block = re.search(r"```sh\n(.*?)```", section, re.S)
            found[section.split("\n")[0]] = [line for line in block.group(1).split("\n") if line and not line.startswith("#")] if block else []
        return found

    def test_every_verb_has_at_least_two_examples_and_help(self):
        found = self.examples()
        self.assertIn("tenon events list", found)
        for command, lines in found.items():
            self.assertGreaterEqual(len(lines), 2, command)
            self.assertIn("Examples", self.shell(command + " --help"))

    def paste(self, line, folder):
        """Runs a line; a host that says it is ready is asked to end."""
        process = subprocess.Popen(["bash", "-c", line], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.shell_env,
                                   cwd=folder, start_new_session=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        first = process.stdout.readline()
        if first.startswith("ready ") or first.startswith('{"ready":true'):
            os.killpg(process.pid, signal.SIGTERM)
        rest, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 0, line + "\n" + first + rest + errors)

    def test_every_example_works_as_it_stands(self):
        self.start_with_events()
        # Hosts of examples get a folder of their own, and ports that nobody has.
        alone = os.path.join(self.folder, "alone")
        os.mkdir(alone)
        for folder in (self.folder, alone):
            os.symlink(os.path.join(ROOT, "pipelines"), os.path.join(folder, "pipelines"))
        with open(os.path.join(alone, "tenon.yaml"), "w", encoding="utf-8") as file:
            file.write("tenon: 1\nlisten: 127.0.0.1:0\n")
        count = 0
        for command, lines in self.examples().items():
            for line in lines:
                with self.subTest(line=line):
                    self.paste(line, alone if command == "tenon run" else self.folder)
                    count += 1
        self.assertGreater(count, 15)

    def test_what_scripts_are_made_of_works_as_it_stands(self):
        """The blocks of this page; those of the others are in pages_test.py."""
        self.start_with_events()
        os.symlink(os.path.join(ROOT, "pipelines"), os.path.join(self.folder, "pipelines"))
        blocks = re.findall(r"```sh runnable\n(.*?)```", read(PAGE), re.S)
        self.assertGreater(len(blocks), 0)
        for block in blocks:
            with self.subTest(block=block):
                self.shell("set -eo pipefail\n" + block)


class Words(Shell):
    """What is said of words that are not understood, and that colours and JSON keep to their rules."""

    def refused(self, line, *said):
        done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60, env=self.shell_env, cwd=self.folder)
        self.assertEqual(done.returncode, 2, line + "\n" + done.stdout + done.stderr)
        self.assertTrue(done.stderr.splitlines()[0].startswith("tenon: error: "), done.stderr)
        for text in said:
            self.assertIn(text, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_the_nearest_word_is_named(self):
        self.refused("tenon evnts", "unknown command `evnts`; did you mean `events`?")
        self.refused("tenon events lst", "did you mean `list`?")
        self.refused("tenon events list --limt 5", "unknown option `--limt`; did you mean `--limit`?")
        self.refused("tenon events list --state deliverd", "did you mean `delivered`?")
        self.refused("tenon --data x events list", "it belongs behind a subcommand")
        self.refused("tenon events list --limit 0", "from 1 to 1000")
        self.refused("tenon events show", "`id` is missing")
        self.refused("tenon run --listen 8080", "127.0.0.1:8080")
        self.refused("tenon $'ev\\e[31mil'", "\\x1b[31m")

    def test_json_errors_are_one_document(self):
        said = json.loads(self.shell("tenon events list --json 2>/dev/null", code=1))
        self.assertEqual(said["error"]["code"], "no_host")
        self.assertIn("error", json.loads(self.shell("tenon evnts --json 2>/dev/null", code=2)))

    def test_colours_keep_to_their_rules(self):
        for setting, colours in (("", False), ("CLICOLOR_FORCE=1", True), ("CLICOLOR_FORCE=0", False), ("NO_COLOR=1 CLICOLOR_FORCE=1", False)):
            self.assertEqual("\033[" in self.shell(setting + " tenon --help"), colours, setting)
        self.assertIn("\033[", self.shell("NO_COLOR=1 tenon run --print-config --color always 2>&1; NO_COLOR=1 tenon run --listen 1 --color always 2>&1 || true; CLICOLOR_FORCE=1 tenon --help"))

    def test_a_host_file_sets_what_flags_set_and_flags_win(self):
        with open(os.path.join(self.folder, "tenon.yaml"), "w", encoding="utf-8") as file:
            file.write("tenon: 1\nlisten: 127.0.0.1:0\ndata: journal\n")
        said = json.loads(self.shell("tenon run --print-config --json --data mine"))["settings"]
        self.assertEqual((said["listen"]["value"], said["listen"]["from"], said["listen"]["line"]), ("127.0.0.1:0", "file", 2))
        self.assertEqual((said["data"]["value"], said["data"]["from"]), ("mine", "flag"))
        self.assertEqual(said["admin"], {"value": None, "from": "default"})
        self.shell("tenon check")
        with open(os.path.join(self.folder, "tenon.yaml"), "a", encoding="utf-8") as file:
            file.write("lisen: 127.0.0.1:0\n")
        done = subprocess.run(["tenon", "check"], capture_output=True, text=True, timeout=60, env=self.shell_env, cwd=self.folder, executable=os.path.join(BIN, "tenon"))
        self.assertEqual(done.returncode, 2)
        self.assertIn("tenon.yaml:4:1: error: lisen: unknown key; did you mean `listen`?", done.stderr)
        self.shell("tenon events list", code=2)
        self.shell("tenon run --config nowhere.yaml", code=2)

    def test_plugins_are_read_from_their_manifests(self):
        listed = json.loads(self.shell("tenon plugins list --json"))
        self.assertEqual([p["name"] for p in listed["plugins"]], ["bigcommerce", "gorgias"])
        shown = json.loads(self.shell("tenon plugins show gorgias --json"))
        connector = shown["connectors"][0]
        upsert = next(o for o in connector["operations"] if o["name"] == "upsert_customer")
        self.assertEqual(upsert["shape"], "upsert")
        self.assertIn("external_id", upsert["input"]["properties"])
        self.assertTrue(connector["settings"]["properties"]["api_key"]["x-secret"])
        text = self.shell("tenon plugins show bigcommerce")
        for word in ("settings", "verify", "events", "fetches", "store/customer/created", "secret"):
            self.assertIn(word, text)
        self.shell("tenon plugins show nothing", code=1)


if __name__ == "__main__":
    unittest.main()
