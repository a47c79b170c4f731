"""tenon test, as people and continuous integration call it: without an environment, without a network."""

import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile
import time
import unittest
import xml.etree.ElementTree

TENON = os.path.join(os.environ["TENON_BIN"], "tenon")
PLUGINS = os.environ["TENON_PLUGINS"]
PIPELINES = pathlib.Path(__file__).resolve().parents[2] / "pipelines"


def tenon_test(*arguments, env=None):
    return subprocess.run([TENON, "test", "--plugin-dir", PLUGINS, *map(str, arguments)], capture_output=True, text=True,
                          env=env or {}, timeout=60)


class PipelineTests(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.file = self.folder / "blueprint.yaml"
        self.file.write_text((PIPELINES / "blueprint.yaml").read_text())

    def edit(self, old, new):
        text = self.file.read_text()
        self.assertIn(old, text)
        self.file.write_text(text.replace(old, new))

    def test_good_tests_are_zero(self):
        done = tenon_test(self.file)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(" 0 failed", done.stdout)
        self.assertIn("coverage 100 %", done.stdout)

    def test_a_difference_is_one_with_its_place(self):
        self.edit("amount: 69.80 }", "amount: 69.90 }")
        line = 1 + self.file.read_text().split("amount: 69.90 }")[0].count("\n")
        done = tenon_test("--color", "always", self.file)
        self.assertEqual(done.returncode, 1)
        self.assertIn(f"{self.file}:{line}:", done.stdout)
        self.assertIn("\x1b[31m      - 69.90\x1b", done.stdout)
        self.assertIn("\x1b[32m      + 69.80\x1b", done.stdout)

    def test_a_bad_file_is_two(self):
        self.edit("expect:", "expects:")
        done = tenon_test(self.file)
        self.assertEqual(done.returncode, 2)
        self.assertIn("did you mean `expect`?", done.stderr)
        self.assertEqual(tenon_test(self.folder / "none.yaml").returncode, 2)

    def test_the_environment_does_not_matter(self):
        self.edit("expect: { record: { id: gorgias_5 } }", "expect: { record: { id: gorgias_6 } }")
        odd = {"BIGCOMMERCE_API_KEY": "x", "GORGIAS_API_KEY": "y", "GORGIAS_BASE_URL": "nonsense"}
        self.assertEqual(tenon_test(self.file, env=odd).stdout, tenon_test(self.file).stdout)

    def test_json_and_junit(self):
        self.edit("id: gorgias_5", "id: gorgias_6")
        junit = self.folder / "junit.xml"
        done = tenon_test("--json", "--junit", junit, self.file)
        self.assertEqual(done.returncode, 1)
        report = json.loads(done.stdout)
        self.assertEqual(report["failed"], 1)
        [difference] = [d for t in report["pipelines"][0]["tests"] for d in t["differences"]]
        self.assertEqual((difference["path"], difference["expected"], difference["found"]),
                         ("record.id", '"gorgias_6"', '"gorgias_5"'))
        suites = xml.etree.ElementTree.parse(junit).getroot()
        self.assertEqual(suites.get("failures"), "1")
        [failure] = suites.iter("failure")
        self.assertIn("record.id", failure.text)
        cases = list(suites.iter("testcase"))
        self.assertEqual(len(cases), report["passed"] + report["failed"])
        # A time for each test, in seconds, and their sums.
        times = [case.get("time") for case in cases]
        for time in times:
            self.assertRegex(time, r"^\d+\.\d{3}$")
        total = f"{sum(int(time.replace('.', '')) for time in times) / 1000:.3f}"
        self.assertEqual([suites.get("time"), suites.find("testsuite").get("time")], [total, total])
        self.assertEqual([t["took_ms"] for t in report["pipelines"][0]["tests"]], [int(t.replace(".", "")) for t in times])

    ORDERS = """tenon: 1
name: orders
connections:
  store: { connector: bigcommerce, store_hash: "${HASH}", access_token: "${KEY}", webhook_secret: "${SECRET}" }
  desk: { connector: gorgias, domain: "${DOMAIN}", email: "${EMAIL}", api_key: "${DESK_KEY}" }
trigger:
  connection: store
  events: [store/order/created, store/order/updated, store/order/archived, store/order/statusUpdated]
  fetch:
    order: { id: "${{ event.keys.order }}" }
    products: { list: order_products, query: { order: "${{ event.keys.order }}" } }
mapping:
  external_id: bigcommerce_order_${{ order.id }}
  email: ${{ $lowercase($present(order.billing_address.email)) }}
  meta: { total: "${{ $decRound(order.total_inc_tax, 2) }}", skus: "${{ [products.sku] }}" }
action: { connection: desk, operation: upsert_customer }
"""
    SETTINGS = {"HASH": "abc", "KEY": "k" * 20, "SECRET": "s" * 20, "DOMAIN": "acme", "EMAIL": "a@b.example", "DESK_KEY": "d" * 20}

    def test_samples_of_orders_and_of_the_items_of_a_list(self):
        self.file.write_text(self.ORDERS)
        done = tenon_test("--samples", "--json", self.file)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        samples = json.loads(done.stdout)["samples"]
        self.assertEqual([(s["type"].split("/")[2], s["end"]) for s in samples],
                         [(name, "delivered") for name in ("created", "updated", "archived", "statusUpdated")])
        self.assertEqual(samples[0]["records"]["main"], {"external_id": "bigcommerce_order_250", "email": "ann@example.com",
                                                         "meta": {"total": 69.84, "skus": ["MUG-GRY"]}})

    def test_check_knows_orders(self):
        def checked(old, new):
            self.assertIn(old, self.ORDERS)
            self.file.write_text(self.ORDERS.replace(old, new))
            done = subprocess.run([TENON, "check", "--json", "--plugin-dir", PLUGINS, self.file], capture_output=True, text=True,
                                  env=self.SETTINGS, timeout=60)
            return [(d["code"], d["line"]) for d in json.loads(done.stdout)["diagnostics"] if d["code"] != "unused"]

        line = lambda text: 1 + self.ORDERS.split(text)[0].count("\n")
        self.assertEqual(checked("order.id", "order.id"), [])
        for old, new, code in [("order.id", "order.custmer", "unknown_field"), ("products.sku", "products.skuu", "unknown_field"),
                               ("billing_address.email", "billing_address.emial", "unknown_field"),
                               ("$decRound(order.total_inc_tax, 2)", "order.total_inc_tax * 2", "money_float"),
                               ("[products.sku]", "order.date_created > '2026'", "date_text"),
                               ("[products.sku]", "order.status_id = 99", "unknown_value")]:
            self.assertEqual(checked(old, new), [(code, line(old))], new)
        self.assertIn(("may_be_null", line("order.id")), checked("bigcommerce_order_${{ order.id }}", "${{ order.external_id }}"))
        self.assertIn(("may_be_missing", line("order.id")), checked("bigcommerce_order_${{ order.id }}", "a_${{ order.cart_id }}"))

    def test_filter_runs_some(self):
        done = tenon_test("--json", "--filter", "prefix", self.file)
        self.assertEqual(done.returncode, 0, done.stderr)
        names = [t["name"] for t in json.loads(done.stdout)["pipelines"][0]["tests"]]
        self.assertEqual(len(names), 2)
        self.assertTrue(all("prefix" in name for name in names))

    def test_samples_show_ends_and_records(self):
        done = tenon_test("--samples", "--json", PIPELINES)
        self.assertEqual(done.returncode, 0, done.stdout)
        samples = json.loads(done.stdout)["samples"]
        self.assertEqual({s["end"] for s in samples}, {"delivered"})
        self.edit("$prefix(event.data.id, 'bigcommerce_'", "$prefix(event.data.id, 'shopify_'")
        done = tenon_test("--samples", self.file)
        self.assertEqual(done.returncode, 1)
        self.assertIn("rejected", done.stdout)

    def test_watch_runs_again_when_the_file_changes(self):
        running = subprocess.Popen([TENON, "test", "--watch", "--plugin-dir", PLUGINS, str(self.file)], env={},
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(running.stdout.close)
        try:
            self.assertIn(b" 0 failed", self.read_until(running, b"watching"))
            self.edit("id: gorgias_5", "id: gorgias_6")
            self.assertIn(b" 1 failed", self.read_until(running, b"watching"))
            other = self.folder / "blueprint.new"
            other.write_text(self.file.read_text().replace("id: gorgias_6", "id: gorgias_5"))
            other.rename(self.file)
            self.assertIn(b" 0 failed", self.read_until(running, b"watching"))
        finally:
            running.send_signal(signal.SIGINT)
            running.wait(30)

    def read_until(self, running, mark):
        said = b""
        end = time.monotonic() + 30
        while mark not in said:
            ready, _, _ = select.select([running.stdout], [], [], max(0, end - time.monotonic()))
            self.assertTrue(ready, f"nothing more after {said!r}")
            more = os.read(running.stdout.fileno(), 65536)
            self.assertTrue(more, f"it ended after {said!r}")
            said += more
        return said


if __name__ == "__main__":
    unittest.main()
