"""Wrong requests, and the refusal that each must get. Every row of the sandbox's table of rules is met here."""

import subprocess
import unittest
import os

from rig import BIN, DESK, EMAIL, KEY, RECORDS, SHOP, STORE, Rig

V3 = "https://developer.bigcommerce.com/api-docs/getting-started/api-status-codes"
ANY = object()
ANN = {"email": "ann@example.com", "first_name": "Ann", "last_name": "Lee"}
HOOK = {"scope": "store/customer/created", "destination": "https://example.com/in/store"}


def v3(status, title=ANY, errors=ANY):
    """A problem of the v3 API."""
    return {"status": status, "title": title, "type": V3, "errors": errors}


def desk(msg=ANY, field=None):
    """An error of Gorgias; with a field, its data names that field and nothing else."""
    return {"error": {"msg": msg} if field is None else {"msg": msg, "data": {field: ANY}}}


def fits(found, wanted):
    if wanted is ANY:
        return True
    if isinstance(wanted, dict):
        return isinstance(found, dict) and found.keys() == wanted.keys() and all(fits(found[k], v) for k, v in wanted.items())
    return found == wanted


class Rules(Rig):
    met = set()

    def refused(self, rule, status, body, method, path, content=None, headers=None):
        with self.subTest(rule=rule, request=f"{method} {path}"):
            before = len(self.sandbox.all_effects())
            found, got, answer = self.ask(method, path, content, headers)
            self.assertEqual((found, got.get("x-sandbox-rule")), (status, rule), answer)
            self.assertTrue(fits(answer, body), f"{answer} is not shaped as it should be")
            self.assertEqual(len(self.sandbox.all_effects()), before, "a refused request had an effect")
            Rules.met.add(rule)

    def shop_refuses(self, rule, status, body, method, path, content=None):
        self.refused(rule, status, body, method, STORE + path, content, SHOP)

    def desk_refuses(self, rule, status, body, method, path, content=None):
        self.refused(rule, status, body, method, "/api" + path, content, DESK)

    def record_refused(self, rule, status, body, method, path, content=None, **headers):
        self.refused(rule, status, body, method, "/v1/records" + path, content, {**RECORDS, **headers})

    def test_shop_credentials_and_routes(self):
        path = f"{STORE}/v3/customers"
        self.refused("bc-token-missing", 401, "X-Auth-Token header is required", "GET", path)
        self.refused("bc-token-format", 401, "X-Auth-Token header should have correct format", "GET", path, None, {"X-Auth-Token": "a b"})
        wrong = {"X-Auth-Token": "another"}
        self.refused("bc-token-wrong", 401, {"status": 401, "title": "Unauthorized"}, "GET", path, None, wrong)
        # The token is looked at before the store.
        self.refused("bc-token-wrong", 401, {"status": 401, "title": "Unauthorized"}, "GET", "/stores/zzz/v3/customers", None, wrong)
        self.refused("bc-wrong-store", 403, v3(403), "GET", "/stores/zzz/v3/customers", None, SHOP)
        self.shop_refuses("bc-trailing-slash", 403, v3(403), "GET", "/v3/customers/")
        for method, unknown in (("GET", "/v3/customers/32"), ("GET", "/v3/orders"), ("GET", "/v2/nothing"), ("PATCH", "/v3/customers"),
                                ("DELETE", "/v3/hooks"), ("POST", "/v2/orders")):
            self.shop_refuses("bc-no-route", 404, "The route is not found, check the URL", method, unknown)

    def test_shop_filters(self):
        self.shop_refuses("bc-unknown-filter", 422, v3(422, "The filter(s): colour are not valid filter parameter(s).", {}), "GET",
                          "/v3/customers?colour=red")
        self.shop_refuses("bc-unknown-filter", 422, v3(422, "The filter(s): id, email are not valid filter parameter(s).", {}), "GET",
                          "/v3/customers?id=1&email=a@example.com")
        self.shop_refuses("bc-filter-value", 422, v3(422, errors={"id:in": ANY}), "GET", "/v3/customers?id:in=1,x")
        self.shop_refuses("bc-filter-value", 422, v3(422, errors={"date_modified:min": ANY}), "GET", "/v3/customers?date_modified:min=soon")
        self.shop_refuses("bc-page", 422, v3(422, errors={"page": ANY}), "GET", "/v3/customers?page=0")
        self.shop_refuses("bc-limit", 422, v3(422, errors={"limit": ANY}), "GET", "/v3/customers?limit=251")
        self.shop_refuses("bc-limit", 422, v3(422, errors={"limit": ANY}), "GET", "/v3/customers?limit=many")
        self.shop_refuses("bc-sort", 422, v3(422, errors={"sort": ANY}), "GET", "/v3/customers?sort=email:asc")
        self.shop_refuses("bc-include", 422, v3(422, errors={"include": ANY}), "GET", "/v3/customers?include=orders")
        self.shop_refuses("bc-cursor", 422, v3(422), "GET", "/v3/customers?after=abc")
        self.shop_refuses("bc-order-unknown", 404, [{"status": 404, "message": "The requested resource was not found."}], "GET", "/v2/orders/9")
        self.shop_refuses("bc-order-filter", 400, [{"status": 400, "message": "The field 'colour' is not supported by this resource."}], "GET",
                          "/v2/orders?colour=red")

    def test_shop_writes(self):
        self.shop("POST", "/v3/customers", [ANN])
        customers = "/v3/customers"
        self.shop_refuses("bc-bad-json", 400, v3(400), "POST", customers, "[{")
        self.shop_refuses("bc-not-array", 422, v3(422), "POST", customers, ANN)
        self.shop_refuses("bc-not-array", 422, v3(422), "POST", customers, ["ann"])
        self.shop_refuses("bc-too-many", 422, v3(422), "POST", customers, [ANN] * 11)
        self.shop_refuses("bc-missing-field", 422, v3(422, errors={"last_name": ANY}), "POST", customers,
                          [{"email": "b@example.com", "first_name": "B"}])
        self.shop_refuses("bc-missing-field", 422, v3(422, errors={"id": ANY}), "PUT", customers, [ANN])
        self.shop_refuses("bc-field-type", 422, v3(422, errors={"first_name": ANY}), "POST", customers,
                          [{"email": "b@example.com", "first_name": 1, "last_name": "B"}])
        self.shop_refuses("bc-field-length", 422, v3(422, errors={"first_name": ANY}), "POST", customers,
                          [{"email": "b@example.com", "first_name": "é" * 101, "last_name": "B"}])
        self.shop_refuses("bc-email-shape", 422, v3(422, errors={"email": ANY}), "POST", customers, [{**ANN, "email": "ann"}])
        self.shop_refuses("bc-email-taken", 422, v3(422, errors={"email": ANY}), "POST", customers, [{**ANN, "email": "ANN@example.com"}])
        self.shop_refuses("bc-unknown-customer", 422, v3(422, errors={"id": ANY}), "PUT", customers, [{"id": 999999}])
        self.shop_refuses("bc-delete-filter", 422, v3(422, errors={"id:in": ANY}), "DELETE", customers)

    def test_hooks(self):
        _, _, made = self.shop("POST", "/v3/hooks", HOOK)
        hook = f"/v3/hooks/{made['data']['id']}"
        hooks = "/v3/hooks"
        self.shop_refuses("bc-bad-json", 400, v3(400), "POST", hooks, "{")
        self.shop_refuses("bc-hook-missing", 422, v3(422, errors={"destination": ANY}), "POST", hooks, {"scope": HOOK["scope"]})
        self.shop_refuses("bc-hook-scope", 422, v3(422, errors={"scope": ANY}), "POST", hooks, {**HOOK, "scope": "store/customer/born"})
        for url in ("http://example.com/in", "ftp://example.com", "example.com", "http://127.0.0.1.example.com/"):
            self.shop_refuses("bc-hook-destination", 422, v3(422, errors={"destination": ANY}), "POST", hooks, {**HOOK, "destination": url})
        self.shop_refuses("bc-hook-field-type", 422, v3(422, errors={"is_active": ANY}), "POST", hooks,
                          {**HOOK, "destination": "https://b.example.com", "is_active": "yes"})
        for headers in ({"a" * 65: "x"}, {"a": "x" * 8193}, {"a": 1}, {f"h{n}": "x" for n in range(65)}, ["a"]):
            self.shop_refuses("bc-hook-headers", 422, v3(422, errors={"headers": ANY}), "POST", hooks,
                              {**HOOK, "destination": "https://b.example.com", "headers": headers})
        self.shop_refuses("bc-hook-duplicate", 422, v3(422), "POST", hooks, HOOK)
        self.shop_refuses("bc-hook-unknown", 404, v3(404), "GET", "/v3/hooks/1")
        self.shop_refuses("bc-hook-empty-update", 422, v3(422), "PUT", hook, {})
        for n in range(9):
            self.assertEqual(self.shop("POST", hooks, {**HOOK, "destination": f"https://{n}.example.com"})[0], 200)
        self.shop_refuses("bc-hook-too-many", 422, v3(422), "POST", hooks, {**HOOK, "destination": "https://ten.example.com"})

    def test_desk_credentials_and_routes(self):
        for headers in ({}, {"Authorization": "Basic bm9ib2R5"}, {"Authorization": f"Bearer {KEY}"}, {"Authorization": KEY},
                        {"Authorization": f"Basic {EMAIL}:{KEY}"}):
            self.refused("g-unauthorized", 401, desk("Unauthorized."), "GET", "/api/customers", None, headers)
        self.desk_refuses("g-no-route", 404, desk("Resource not found."), "GET", "/nothing")
        self.desk_refuses("g-not-found", 404, desk("Resource not found."), "GET", "/customers/1")
        self.desk_refuses("g-method", 405, desk(), "PATCH", "/customers")
        self.desk_refuses("g-method", 405, desk(), "POST", "/account", {})
        self.desk_refuses("g-too-large", 413, desk(), "POST", "/customers", {"note": "x" * (1 << 20)})

    def test_desk_lists(self):
        for rule, query, field in (("g-unknown-parameter", "colour=red", "colour"), ("g-unknown-parameter", "updated_datetime=now", "updated_datetime"),
                                   ("g-limit", "limit=0", "limit"), ("g-limit", "limit=101", "limit"), ("g-cursor", "cursor=zzz", "cursor"),
                                   ("g-order-by", "order_by=name", "order_by"), ("g-order-by", "order_by=created_datetime:up", "order_by"),
                                   ("g-channel-pair", "channel_type=email", "channel_type")):
            self.desk_refuses(rule, 400, desk("Failed to list customers", field), "GET", f"/customers?{query}")

    def test_desk_writes(self):
        _, _, ann = self.desk("POST", "/customers", {"email": "ann@example.com"})
        self.desk("POST", "/customers", {"email": "ben@example.com"})
        what = "Failed to create customer"
        path = "/customers"
        self.desk_refuses("g-bad-json", 400, desk(), "POST", path, "{")
        self.desk_refuses("g-not-object", 400, desk(), "POST", path, [])
        for rule, field, body in (
                ("g-unknown-field", "colour", {"colour": "red"}), ("g-unknown-field", "phone", {"phone": "1"}),
                ("g-field-type", "name", {"name": 1}), ("g-field-type", "meta", {"meta": "x"}), ("g-field-type", "custom_fields", {"custom_fields": [1]}),
                ("g-field-length", "email", {"email": "a" * 320 + "@example.com"}), ("g-field-length", "external_id", {"external_id": "é" * 256}),
                ("g-email-shape", "email", {"email": "ann"}), ("g-email-shape", "email", {"email": "ann@example"}),
                ("g-language", "language", {"language": "english"}), ("g-language", "language", {"language": "xx"}),
                ("g-timezone", "timezone", {"timezone": "Mars/Olympus"}), ("g-timezone", "timezone", {"timezone": "Europe/"}),
                ("g-channel-shape", "channels", {"channels": {}}), ("g-channel-shape", "channels.kind", {"channels": [{"kind": "email"}]}),
                ("g-channel-missing", "channels.address", {"channels": [{"type": "email"}]}),
                ("g-channel-type", "channels.type", {"channels": [{"type": "pigeon", "address": "x"}]}),
                ("g-email-shape", "channels.address", {"channels": [{"type": "email", "address": "x"}]})):
            self.desk_refuses(rule, 400, desk(what, field), "POST", path, body)
        taken = desk("The resource already exists.")
        self.desk_refuses("g-email-taken", 409, taken, "POST", path, {"email": "Ann@Example.com"})
        self.desk_refuses("g-email-taken", 409, taken, "POST", path, {"channels": [{"type": "email", "address": "ann@example.com"}]})
        self.desk_refuses("g-email-taken", 409, taken, "PUT", f"/customers/{ann['id']}", {"email": "ben@example.com"})
        data = f"/customers/{ann['id']}/data"
        self.desk_refuses("g-data-missing", 400, desk(field="data"), "PUT", data, {})
        self.desk_refuses("g-data-missing", 400, desk(field="other"), "PUT", data, {"data": 1, "other": 2})
        self.desk_refuses("g-data-version", 400, desk(field="version"), "PUT", data, {"data": 1, "version": "newest"})
        self.desk_refuses("g-method", 405, desk(), "GET", data)
        self.desk_refuses("g-ids", 400, desk(field="ids"), "DELETE", path, {"ids": ["one"]})

    def test_records(self):
        self.record("POST", "", {"id": "one"}, Idempotency_Key="k1")
        for headers in ({}, {"Authorization": f"Bearer {KEY}"}, DESK):
            self.refused("r-unauthorized", 401, desk("Unauthorized."), "POST", "/v1/records", {"id": "two"}, headers)
        self.record_refused("r-not-found", 404, desk(), "GET", "/nobody")
        self.record_refused("r-method", 405, desk(), "DELETE", "/one")
        self.record_refused("r-bad-json", 400, desk(), "POST", "", "{")
        self.record_refused("r-not-object", 400, desk(), "POST", "", [])
        self.record_refused("r-missing-id", 400, desk(field="id"), "POST", "", {"status": "created"})
        self.record_refused("r-missing-id", 400, desk(field="id"), "POST", "", {"id": ""})
        self.record_refused("r-unknown-field", 400, desk(field="colour"), "POST", "", {"id": "two", "colour": "red"})
        for field, value in (("id", 12908), ("id", None), ("name", []), ("amount", "much"), ("amount", True)):
            self.record_refused("r-field-type", 400, desk(field=field), "POST", "", {"id": "two", field: value})
        self.record_refused("r-field-length", 400, desk(field="name"), "POST", "", {"id": "two", "name": "x" * 321})
        self.record_refused("r-duplicate", 409, desk("The resource already exists."), "POST", "", {"id": "one"})
        self.record_refused("r-duplicate", 409, desk("The resource already exists."), "POST", "", {"id": "one"}, **{"Idempotency-Key": "k2"})
        self.record_refused("r-key-reused", 422, desk(), "POST", "", {"id": "two"}, **{"Idempotency-Key": "k1"})
        self.record_refused("r-key-length", 400, desk(), "POST", "", {"id": "two"}, **{"Idempotency-Key": "k" * 256})
        self.record_refused("r-unknown-parameter", 400, desk(field="colour"), "GET", "?colour=red")
        self.record_refused("r-limit", 400, desk(field="limit"), "GET", "?limit=0")
        self.record_refused("r-id-changed", 400, desk(field="id"), "PUT", "/one", {"id": "two"})

    def test_quotas(self):
        for api in ("bigcommerce", "gorgias", "records"):
            self.client.put("/_sandbox/switches", {"api": api, "budget": {"limit": 1, "window_s": 600}})
        self.shop("GET", "/v2/time")
        self.desk("GET", "/account")
        self.record("GET")
        self.shop_refuses("bc-rate-limit", 429, v3(429), "GET", "/v2/time")
        self.desk_refuses("g-rate-limit", 429, desk(), "GET", "/account")
        self.record_refused("r-rate-limit", 429, desk(), "GET", "")

    def test_oauth(self):
        client = {"Authorization": "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1jbGllbnQtc2VjcmV0"}

        def refused(rule, status, error, method, path, body=None, headers=None, said=True):
            self.refused(rule, status, {"error": error, "error_description": ANY} if said else {"error": error}, method, "/oauth" + path, body, headers)
        refused("o-method", 405, "invalid_request", "POST", "/authorize", "")
        refused("o-method", 405, "invalid_request", "GET", "/token")
        refused("o-authorize", 400, "invalid_request", "GET", "/authorize?client_id=x")
        refused("o-client", 401, "invalid_client", "POST", "/token", "grant_type=refresh_token")
        refused("o-request", 400, "invalid_request", "POST", "/token", "grant_type=refresh_token", client)
        refused("o-grant-type", 400, "unsupported_grant_type", "POST", "/token", "grant_type=password", client, said=False)
        refused("o-grant", 400, "invalid_grant", "POST", "/token", "grant_type=refresh_token&refresh_token=x", client)
        self.client.put("/_sandbox/oauth", {"refuse": "invalid_scope"})
        refused("o-switched", 400, "invalid_scope", "POST", "/token", "grant_type=refresh_token&refresh_token=x", client, said=False)

    def test_zz_every_rule_was_met(self):
        table = self.client.get("/_sandbox/rules")
        if len(Rules.met) > 1:  # not when this test runs alone
            self.assertEqual({row["id"] for row in table} - Rules.met, set())
        for row in table:
            self.assertTrue(row["source"].startswith("https://") or row["source"] == "sandbox", row)
        text = subprocess.run([os.path.join(BIN, "tenon-sandbox"), "--rules"], capture_output=True, text=True, check=True, timeout=10).stdout
        for row in table:
            self.assertIn(f"{row['id']}\n  {row['method']} {row['path']}: ", text)


if __name__ == "__main__":
    unittest.main()
