"""The sandbox's OAuth 2.0 provider: what it issues, how strictly it rotates, and what the switches do."""

import base64
import hashlib
import urllib.parse

from rig import Rig

CLIENT = {"Authorization": "Basic " + base64.b64encode(b"sandbox-client:sandbox-client-secret").decode(),
          "Content-Type": "application/x-www-form-urlencoded"}
REDIRECT = "http://127.0.0.1:9/callback"
VERIFIER = "a-verifier-of-more-than-forty-three-characters-0123"


def challenge(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


class OAuth(Rig):
    def token(self, headers=CLIENT, **form):
        return self.ask("POST", "/oauth/token", urllib.parse.urlencode(form), headers)

    def code(self, **other):
        query = {"response_type": "code", "client_id": "sandbox-client", "redirect_uri": REDIRECT, "scope": "offline a", "state": "s 1",
                 "code_challenge": challenge(VERIFIER), "code_challenge_method": "S256", **other}
        status, headers, body = self.ask("GET", "/oauth/authorize?" + urllib.parse.urlencode(query))
        return (status, dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(headers["location"]).query))) if status == 302 else (status, body)

    def login(self):
        _, back = self.code()
        status, _, tokens = self.token(grant_type="authorization_code", code=back["code"], redirect_uri=REDIRECT, code_verifier=VERIFIER)
        self.assertEqual(status, 200, tokens)
        return tokens

    def refresh(self, token):
        return self.token(grant_type="refresh_token", refresh_token=token)

    def test_a_code_becomes_tokens_that_the_desk_takes(self):
        status, back = self.code()
        self.assertEqual((status, back["state"]), (302, "s 1"))
        tokens = self.login()
        self.assertEqual((tokens["token_type"], tokens["expires_in"], tokens["scope"]), ("Bearer", 3600, "offline a"))
        bearer = {"Authorization": "Bearer " + tokens["access_token"]}
        self.assertEqual(self.ask("GET", "/api/account", headers=bearer)[0], 200)
        self.client.put("/_sandbox/oauth", {"expire": True})
        self.assertEqual(self.ask("GET", "/api/account", headers=bearer)[0], 401)
        self.assertEqual([e["kind"] for e in self.effects()], ["token.issued"])

    def test_a_code_is_good_once_for_whom_it_was_made(self):
        for wrong in ({"code_verifier": "another"}, {"redirect_uri": "http://127.0.0.1:9/x"}, {"code": "code_x"}):
            _, back = self.code()
            form = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": REDIRECT, "code_verifier": VERIFIER, **wrong}
            status, headers, body = self.token(**form)
            self.assertEqual((status, body["error"], headers["x-sandbox-rule"]), (400, "invalid_grant", "o-grant"), wrong)
            if "code" not in wrong:
                self.assertEqual(self.token(**{**form, "redirect_uri": REDIRECT, "code_verifier": VERIFIER})[0], 400)

    def test_what_cannot_be_authorized_redirects_nobody(self):
        for wrong in ({"client_id": "x"}, {"redirect_uri": "https://evil.example/"}, {"response_type": "token"}, {"code_challenge_method": "plain"}):
            self.assertEqual(self.code(**wrong)[0], 400, wrong)

    def test_clients_prove_who_they_are_in_either_way(self):
        refresh = self.login()["refresh_token"]
        plain = {"Content-Type": "application/x-www-form-urlencoded"}
        self.assertEqual(self.token(plain, grant_type="refresh_token", refresh_token=refresh)[2]["error"], "invalid_client")
        self.assertEqual(self.token({**plain, "Authorization": "Basic eDp5"}, grant_type="refresh_token", refresh_token=refresh)[0], 401)
        self.assertEqual(self.token(plain, grant_type="refresh_token", refresh_token=refresh, client_id="sandbox-client",
                                    client_secret="sandbox-client-secret")[0], 200)
        self.assertEqual(self.token(grant_type="password")[2]["error"], "unsupported_grant_type")
        self.assertEqual(self.token(grant_type="refresh_token")[2]["error"], "invalid_request")

    def test_a_refresh_token_used_again_kills_its_family(self):
        first = self.login()
        _, _, second = self.refresh(first["refresh_token"])
        self.assertNotEqual(first["refresh_token"], second["refresh_token"])
        self.assertEqual(self.refresh(first["refresh_token"])[2]["error"], "invalid_grant")
        self.assertEqual(self.refresh(second["refresh_token"])[0], 400)
        self.assertEqual(self.ask("GET", "/api/account", headers={"Authorization": "Bearer " + second["access_token"]})[0], 401)
        shown = self.client.get("/_sandbox/oauth")
        self.assertEqual((shown["refreshes"], shown["reuses"], shown["families_killed"]), (1, 1, 1))
        self.assertEqual([e["kind"] for e in self.effects()], ["token.issued", "token.refreshed", "token.reused", "token.family_killed"])

    def test_grace_and_no_rotation(self):
        self.client.put("/_sandbox/oauth", {"grace": 60})
        first = self.login()
        self.assertEqual([self.refresh(first["refresh_token"])[0] for _ in range(3)], [200, 200, 200])
        self.client.put("/_sandbox/oauth", {"rotate": False, "grace": 0})
        again = self.login()
        self.assertEqual({self.refresh(again["refresh_token"])[2]["refresh_token"] for _ in range(3)}, {again["refresh_token"]})
        self.assertEqual(self.client.get("/_sandbox/oauth")["reuses"], 0)

    def test_the_switches(self):
        refresh = self.login()["refresh_token"]
        self.client.put("/_sandbox/oauth", {"rotate": False})
        for told, got in ((-5, -5), ("soon", "soon"), (None, "absent"), (7, 7)):
            self.client.put("/_sandbox/oauth", {"expires_in": told})
            self.assertEqual(self.refresh(refresh)[2].get("expires_in", "absent"), got)
        self.client.put("/_sandbox/oauth", {"huge": True})
        self.assertGreater(len(self.refresh(refresh)[2]["padding"]), 1_000_000)
        self.client.put("/_sandbox/oauth", {"huge": False, "refuse": "invalid_grant"})
        self.assertEqual(self.refresh(refresh)[2]["error"], "invalid_grant")
        self.client.put("/_sandbox/oauth", {"refuse": "access_denied"})
        self.assertEqual(self.code()[1]["error"], "access_denied")
        self.client.put("/_sandbox/oauth", {"refuse": None})
        self.client.put("/_sandbox/switches", {"api": "oauth", "fail": {"status": 200, "body": "<html>no</html>", "count": 1}})
        self.assertEqual(self.refresh(refresh)[2], "<html>no</html>")
        self.assertEqual(self.refresh(refresh)[0], 200)
        self.client.put("/_sandbox/oauth", {"revoke": True})
        self.assertEqual(self.refresh(refresh)[2]["error"], "invalid_grant")
        status, _, body = self.ask("PUT", "/_sandbox/oauth", {"expires": 5})
        self.assertEqual((status, body["error"]), (400, "not understood: expires"))
