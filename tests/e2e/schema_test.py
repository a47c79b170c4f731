"""`tenon schema` says what the loader takes: the same keys, the shipped files pass, files of a wrong shape do not."""

import copy
import json
import os
import re
import subprocess
import tempfile
import unittest

from rig import BIN, PLUGINS, ROOT

try:
    import jsonschema
    import yaml
except ImportError as missing:
    raise unittest.SkipTest(f"python3-jsonschema and python3-yaml are needed: {missing}")

DIAGNOSTICS = os.path.join(ROOT, "tests", "diagnostics")


class CoreLoader(yaml.SafeLoader):
    """YAML as tenon reads it: only true, false, null and JSON's numbers are no text."""


CoreLoader.yaml_implicit_resolvers = {}
for tag, pattern, first in (("null", "null", "n"), ("bool", "true|false", "tf"), ("int", "-?(0|[1-9][0-9]*)", "-0123456789"),
                            ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", "-0123456789")):
    CoreLoader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(f"^({pattern})$"), list(first))


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.load(file, CoreLoader)


def text_keys(value):
    """Keys are texts, whatever they look like."""
    if isinstance(value, dict):
        return {key if isinstance(key, str) else json.dumps(key): text_keys(inner) for key, inner in value.items()}
    return [text_keys(inner) for inner in value] if isinstance(value, list) else value


def tenon(*arguments):
    env = {**os.environ, "PATH": os.environ["PATH"], "STORE": "abc123", "SECRET": "0123456789abcdef0123456789abcdef", "NO_COLOR": "1"}
    return subprocess.run([os.path.join(BIN, "tenon"), *arguments, "--plugin-dir", PLUGINS], capture_output=True, text=True, timeout=60, env=env)


def schema(kind="pipeline"):
    done = tenon("schema", kind)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    jsonschema.Draft7Validator.check_schema(made)
    return made


def faults(made, value):
    return [error.message for error in jsonschema.Draft7Validator(made).iter_errors(text_keys(value))]


# Every section once; JSON is YAML too.
STEPS = [{"send": {"as": "a", "sample": "store/customer/created"}}, {"remote": {"connection": "desk", "on": "GET /api/customers", "answer": {"status": 503}}},
         {"expect": {"event": "a", "state": "waiting", "actions": {"main": {"end": "delivered"}}}}]
SHORT = {
    "tenon": 1, "name": "whole",
    "connections": {
        "store": {"connector": "bigcommerce", "store_hash": "${STORE}", "access_token": "${SECRET}", "webhook_secret": "${SECRET}",
                  "verify": {"header": {"mode": "required"}}},
        "desk": {"connector": "gorgias", "domain": "d", "email": "a@b.example", "api_key": "${SECRET}"}},
    "tables": {"cities": {"csv": "cities.csv", "key": "id"}},
    "trigger": {"connection": "store", "events": ["store/customer/created"],
                "fetch": {"customer": {"id": "${{ event.keys.customer }}"}, "recent": {"list": "orders", "query": {}}}},
    "action": {"connection": "desk", "operation": "upsert_customer"},
    "mapping": {"external_id": "${{ customer.id }}"},
    "delivery": {"retry": {"for": "72h"}},
    "classify": [{"status": 409, "as": "conflict"}],
    "tests": [{"name": "one", "given": {"event": {"type": "store/customer/created"}}, "expect": {"end": "delivered", "actions": {"main": {"end": "delivered"}}}},
              {"name": "two", "given": {"now": "2026-03-29T00:30:00Z"}, "steps": STEPS}],
}
LONG = {key: value for key, value in SHORT.items() if key not in ("action", "mapping")}
LONG["actions"] = {"main": {**SHORT["action"], "mapping": SHORT["mapping"]}}

OAUTH = {**SHORT, "connections": {**SHORT["connections"], "desk": {
    "connector": "gorgias", "domain": "d", "oauth2": {"client_id": "app", "client_secret": "${SECRET}"}}}}
# Where each section of the schema stands in these.
PLACES = {
    "oauth2": (OAUTH, ["connections", "desk", "oauth2"]),
    "pipeline": (SHORT, []), "connector:bigcommerce": (SHORT, ["connections", "store"]), "connector:gorgias": (SHORT, ["connections", "desk"]),
    "table_file": (SHORT, ["tables", "cities"]), "trigger": (SHORT, ["trigger"]), "list_step": (SHORT, ["trigger", "fetch", "recent"]),
    "short_action": (SHORT, ["action"]), "action": (LONG, ["actions", "main"]), "delivery": (SHORT, ["delivery"]), "retry": (SHORT, ["delivery", "retry"]),
    "class_rule": (SHORT, ["classify", 0]),
    "test": (SHORT, ["tests", 0]), "given": (SHORT, ["tests", 0, "given"]), "event": (SHORT, ["tests", 0, "given", "event"]),
    "given_of_steps": (SHORT, ["tests", 1, "given"]), "expect": (SHORT, ["tests", 0, "expect"]), "send": (SHORT, ["tests", 1, "steps", 0, "send"]),
    "remote": (SHORT, ["tests", 1, "steps", 1, "remote"]), "answer": (SHORT, ["tests", 1, "steps", 1, "remote", "answer"]),
    "expect_step": (SHORT, ["tests", 1, "steps", 2, "expect"]), "action_expect": (SHORT, ["tests", 0, "expect", "actions", "main"]),
    "step": (SHORT, ["tests", 1, "steps", 0]), "verify": (SHORT, ["connections", "store", "verify", "header"]),
}
# A connection of a connector that is not known.
OPEN = {"connection"}
BOGUS = "zzqqxx"


def checked(document):
    with tempfile.TemporaryDirectory(prefix="tenon-schema-") as folder:
        path = os.path.join(folder, "pipeline.yaml")
        with open(os.path.join(folder, "cities.csv"), "w", encoding="utf-8") as file:
            file.write("id,city\n1,Bonn\n")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        return json.loads(tenon("check", "--json", path).stdout)


class Keys(unittest.TestCase):
    def test_each_section_has_the_keys_that_the_loader_takes(self):
        made = schema()
        self.assertEqual(set(made["definitions"]) | {"pipeline"}, set(PLACES) | OPEN)
        for name, (base, path) in PLACES.items():
            with self.subTest(section=name):
                document = copy.deepcopy(base)
                at = document
                for step in path:
                    at = at[step]
                at[BOGUS] = 1
                told = [each for each in checked(document)["diagnostics"] if each["code"] == "unknown_key" and BOGUS in each["message"]]
                self.assertEqual(len(told), 1, told)
                known = set(re.findall(r"`([^`]+)`", told[0]["message"].split("known here:")[1]))
                section = made if name == "pipeline" else made["definitions"][name]
                self.assertEqual(set(section["properties"]), known)
                self.assertTrue(faults(made, document), "the schema takes the unknown key")

    def test_the_documents_above_pass_without_it(self):
        made = schema()
        for document in (SHORT, LONG):
            self.assertEqual(faults(made, document), [])
            self.assertEqual([each for each in checked(document)["diagnostics"] if each["code"] == "unknown_key"], [])

    def test_what_is_not_built_yet_or_reserved_is_refused_by_both(self):
        made = schema()
        for path, key, code in (([], "reconcile", "not_built_yet"), ([], "tenants", "reserved"),
                                (["connections", "desk"], "budget", "not_built_yet"), (["connections", "desk"], "version", "reserved")):
            document = copy.deepcopy(SHORT)
            at = document
            for step in path:
                at = at[step]
            at[key] = {}
            self.assertIn(code, [each["code"] for each in checked(document)["diagnostics"]])
            self.assertTrue(faults(made, document), key)

    def test_every_key_and_setting_is_described(self):
        made = schema()
        for name, section in [("pipeline", made), *made["definitions"].items()]:
            for key, form in section["properties"].items():
                self.assertTrue(form.get("description"), f"{name}.{key}")

    def test_the_host_file(self):
        made = schema("host")
        self.assertEqual(faults(made, {"tenon": 1, "listen": "127.0.0.1:8080", "http2": True, "pipelines": ["a.yaml"], "log_level": "warn"}), [])
        for wrong in ({"listen": "x"}, {"tenon": 1, "lisen": "x"}, {"tenon": 1, "http2": "yes"}, {"tenon": 1, "log_level": "loud"}):
            self.assertTrue(faults(made, wrong), wrong)
        with tempfile.TemporaryDirectory(prefix="tenon-schema-") as folder:
            path = os.path.join(folder, "tenon.yaml")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"tenon: 1\n{BOGUS}: 1\n")
            message = json.loads(tenon("check", "--json", path).stdout)["diagnostics"][0]["message"]
        self.assertEqual(set(made["properties"]), set(re.findall(r"`([^`]+)`", message.split("known here:")[1])))


# What the loader says of a wrong shape, whatever the expressions and names in it mean.
SHAPE = re.compile(r"unknown key|is missing: |not built yet|reserved for later|stands beside|a bare number|speaks version|expected (a map|a list|text|true or false|a whole number|a duration)\\b")
# Wrong by shape, and why a JSON Schema of the file does not see it.
MADE_UP = "its connectors are made up, so that connections are open here; Keys holds those of real ones"
BEYOND = {
    "connection_verify": MADE_UP, "connection_literal_secret": MADE_UP, "connection_missing_setting": MADE_UP, "connection_unknown_key": MADE_UP,
    "connection_verify_old": MADE_UP, "connection_host_keys": MADE_UP, "oauth2_forms": MADE_UP, "oauth2_without_tenant": MADE_UP,
    "expression_not_built": "what an expression names is JSONata's matter", "dollar_keys": "a mapping has any keys",
}


class Files(unittest.TestCase):
    def test_shipped_pipelines_pass(self):
        made = schema()
        folder = os.path.join(ROOT, "pipelines")
        names = [name for name in sorted(os.listdir(folder)) if name.endswith(".yaml")] + ["oauth/customers.yaml"]
        for name in names:
            self.assertEqual(faults(made, load(os.path.join(folder, name))), [], name)

    def test_files_of_a_wrong_shape_are_refused(self):
        made = schema()
        # Their connectors are made up: connections are the loader's alone here.
        made["definitions"]["connection"] = {"type": "object", "required": ["connector"]}
        refused = passed = 0
        unseen = set()
        for name in sorted(os.listdir(DIAGNOSTICS)):
            if not name.endswith(".yaml"):
                continue
            with open(os.path.join(DIAGNOSTICS, name[:-5] + ".expected"), encoding="utf-8") as file:
                expected = file.read()
            try:
                document = load(os.path.join(DIAGNOSTICS, name))
            except yaml.YAMLError:
                continue  # the editor says so itself
            told = faults(made, document)
            if name.startswith("good_"):
                self.assertEqual(told, [], name)
                passed += 1
            elif told:
                self.assertIn(" error: ", expected, f"{name}: only the schema refuses it: {told}")
                refused += 1
            elif any(" error: " in line and SHAPE.search(line) for line in expected.split("\n")):
                unseen.add(name[:-5])
        self.assertEqual(unseen, set(BEYOND))
        self.assertGreater(refused, 30)
        self.assertGreater(passed, 3)


if __name__ == "__main__":
    unittest.main()
