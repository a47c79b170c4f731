"""The table: what a stranger may send to the port, and what each must get. Raw bytes; one connection per case.

A case is (id, what it is, build, statuses, close, rows). `build()` gives the bytes; `statuses` are those allowed, 0 standing for "no answer";
`close`: the host must end the connection; `rows`: how many events it must journal. Framing follows RFC 9112 and published failures of
other parsers, which are named; signatures follow Standard Webhooks 1.0.0 (https://www.standardwebhooks.com/)."""

import base64
import gzip
import hashlib
import hmac
import itertools
import json
import time
import zlib

from rig import BODY, DIGEST_KEY, OLD_SECRET, OTHER_SECRET, RETIRED_SECRET, SECRET, key_of, mac, now, request, sign

_serial = itertools.count(1)
MIB = 1024 * 1024


def fresh():
    """An id that nothing else uses, in this run or another on the same store."""
    return b"msg_%d_%d" % (time.time_ns(), next(_serial))


def headers(identifier, timestamp, signature):
    named = [(b"webhook-id", identifier), (b"webhook-timestamp", timestamp), (b"webhook-signature", signature)]
    return [name + b": " + value for name, value in named if value is not None]


def signed(body=BODY, offset=0, secret=SECRET, identifier=None, extra=(), path=b"/in/signed", upper=False, wrap=lambda s: s, **more):
    """A request that verifies, unless an argument breaks it. `wrap` rewrites the signature header."""
    identifier = identifier or fresh()
    stamp = b"%d" % (int(time.time()) + offset)
    lines = headers(identifier, stamp, wrap(sign(identifier, stamp, body, secret)))
    if upper:
        lines = [name.upper() + b":" + value for name, _, value in (line.partition(b":") for line in lines)]
    return request(body, [*lines, *extra], path, **more)


def but(change):
    """A good signature whose three headers go through `change(id, timestamp, signature) -> list of lines`."""
    identifier, stamp = fresh(), now()
    return request(BODY, change(identifier, stamp, sign(identifier, stamp, BODY)))


def resigned(spell):
    """Signed over what a lenient reader would make of the timestamp that `spell` writes."""
    identifier, stamp = fresh(), now()
    return request(BODY, headers(identifier, spell(stamp), sign(identifier, stamp, BODY)))


def chunked(body=BODY, size=None, extra=b"", end=b"0\r\n\r\n", encoding=b"Transfer-Encoding: chunked"):
    """A signed request whose body comes in one chunk, written as the arguments say."""
    line = b"%x" % len(body) if size is None else size
    return signed(body, extra=[encoding], length=False).removesuffix(body) + line + extra + b"\r\n" + body + b"\r\n" + end


def framed(*lines, body=BODY, version=b"HTTP/1.1", start=None):
    """A signed head with these lines added, and the body as it is."""
    identifier, stamp = fresh(), now()
    begin = start or b"POST /in/signed " + version
    head = [begin, b"Host: a", b"Content-Type: application/json", *headers(identifier, stamp, sign(identifier, stamp, body)), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


LENGTH = b"Content-Length: %d" % len(BODY)
CHUNKS = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


def flip_padding(signature):
    """Changes bits of the last base64 character that decode to nothing: 32 bytes leave two of them."""
    alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    at = signature.rindex(b"=") - 1
    return signature[:at] + alphabet[alphabet.index(signature[at]) ^ 1:][:1] + signature[at + 1:]


def until_plus(build):
    """A signature that holds characters which the URL-safe alphabet writes differently."""
    while True:
        identifier, stamp = fresh(), now()
        signature = sign(identifier, stamp, BODY)
        if b"+" in signature or b"/" in signature:
            return request(BODY, headers(identifier, stamp, build(signature)))


def dot_shift():
    """Signed as (msg_a, T, "T.BODY"), sent as ("msg_a.T", T, BODY): the same bytes with the dots read otherwise."""
    stamp = now()
    return request(BODY, headers(b"msg_a." + stamp, stamp, sign(b"msg_a", stamp, stamp + b"." + BODY)))


CONTROL = [
    ("A001", "valid", signed, (200,), False, 1),
    ("A002", "two signatures, the wrong one first", lambda: signed(wrap=lambda s: b"v1," + b"A" * 43 + b"= " + s), (200,), False, 1),
    ("A003", "unknown versions around the good one", lambda: signed(wrap=lambda s: b"v9,xyz v1a,abc= " + s + b" v2,q"), (200,), False, 1),
    ("A004", "at the edge: 299 s old", lambda: signed(offset=-299), (200,), False, 1),
    ("A005", "names of headers in capitals", lambda: signed(upper=True), (200,), False, 1),
    ("A005a", "by the old secret", lambda: signed(secret=OLD_SECRET), (200,), False, 1),
    ("A005b", "chunked", chunked, (200,), False, 1),
    ("A005c", "a hexadecimal digest over the body", lambda: digest(b'{"digest":%d}' % time.time_ns()), (200,), False, 1),
]


def digest(body, change=lambda value: value, name=b"X-Hub-Signature-256"):
    value = b"sha256=" + hmac.new(DIGEST_KEY.encode(), body, hashlib.sha256).hexdigest().encode()
    return request(body, [name + b": " + change(value)], b"/in/digest")


SIGNATURE = [
    ("A006", "no webhook-signature", lambda: but(lambda i, t, s: headers(i, t, None)), (401,), False, 0),
    ("A007", "no webhook-id", lambda: but(lambda i, t, s: headers(None, t, s)), (401,), False, 0),
    ("A008", "no webhook-timestamp", lambda: but(lambda i, t, s: headers(i, None, s)), (401,), False, 0),
    ("A009", "empty signature", lambda: but(lambda i, t, s: headers(i, t, b"")), (401,), False, 0),
    ("A010", "'v1,' only", lambda: but(lambda i, t, s: headers(i, t, b"v1,")), (401,), False, 0),
    ("A011", "truncated signature", lambda: signed(wrap=lambda s: s[:11]), (401,), False, 0),
    ("A012", "padding bits changed", lambda: signed(wrap=flip_padding), (401,), False, 0),
    ("A013", "signature in hexadecimal", lambda: signed(wrap=lambda s: b"v1," + base64.b64decode(s[3:]).hex().encode()), (401,), False, 0),
    ("A014", "URL-safe base64", lambda: until_plus(lambda s: s.translate(bytes.maketrans(b"+/", b"-_"))), (401,), False, 0),
    ("A015", "label v0 with a right MAC", lambda: signed(wrap=lambda s: s.replace(b"v1,", b"v0,")), (401,), False, 0),
    ("A016", "label V1", lambda: signed(wrap=lambda s: s.replace(b"v1,", b"V1,")), (401,), False, 0),
    ("A017", "label v1a with HMAC bytes", lambda: signed(wrap=lambda s: s.replace(b"v1,", b"v1a,")), (401,), False, 0),
    ("A018", "commas for blanks", lambda: signed(wrap=lambda s: b"v1,AAAA," + s), (401,), False, 0),
    ("A019", "10,000 signatures", lambda: signed(wrap=lambda s: b" ".join([s] * 10_000)), (401, 431), None, 0),
    ("A019a", "17 signatures, all right", lambda: signed(wrap=lambda s: b" ".join([s] * 17)), (401,), False, 0),
    ("A020", "two webhook-signature lines, one right", lambda: but(lambda i, t, s: headers(i, t, s) + [b"webhook-signature: v1,AAAA"]), (401,), False, 0),
    ("A020a", "the same line twice", lambda: but(lambda i, t, s: headers(i, t, s) + [b"Webhook-Signature: " + s]), (401,), False, 0),
    ("A021", "two webhook-id lines", lambda: but(lambda i, t, s: headers(i, t, s) + [b"webhook-id: " + i]), (401,), False, 0),
    ("A022", "two webhook-timestamp lines", lambda: but(lambda i, t, s: headers(i, t, s) + [b"webhook-timestamp: " + t]), (401,), False, 0),
    ("A023", "a retired secret", lambda: signed(secret=RETIRED_SECRET), (401,), False, 0),
    ("A024", "an empty key", lambda: empty_key(b""), (401,), False, 0),
    ("A025", "the literal text whsec_… as key", lambda: empty_key(SECRET.encode()), (401,), False, 0),
    ("A026", "a blank behind the body", lambda: changed_body(BODY + b" "), (401,), False, 0),
    ("A027", "keys of the body reordered", lambda: changed_body(b'{"text":"hello","n":1}'), (401,), False, 0),
    ("A028", "id swapped", lambda: but(lambda i, t, s: headers(i + b"x", t, s)), (401,), False, 0),
    ("A029", "timestamp swapped", lambda: but(lambda i, t, s: headers(i, b"%d" % (int(t) - 1), s)), (401,), False, 0),
    ("A030", "the dot shifted into the id", lambda: but(lambda i, t, s: headers(b"msg_a." + t, t, sign(b"msg_a." + t, t, BODY))), (401,), False, 0),
    ("A030a", "the body's begin shifted into the timestamp", dot_shift, (401,), False, 0),
    ("A031", "NUL in the id", lambda: but(lambda i, t, s: headers(i + b"\0", t, sign(i + b"\0", t, BODY))), (400, 401), None, 0),
    ("A032", "id of 4 KiB", lambda: signed(identifier=b"m" * 4096), (401, 431), None, 0),
    ("A033", "another connection's signature", lambda: signed(secret=OTHER_SECRET), (401,), False, 0),
    ("A033a", "svix-* headers", lambda: but(lambda i, t, s: [line.replace(b"webhook", b"svix") for line in headers(i, t, s)]), (401,), False, 0),
    ("A033b", "svix-id with webhook-*", lambda: but(lambda i, t, s: [b"svix-id: " + i] + headers(None, t, s)), (401,), False, 0),
    ("A033c", "another scheme's header", lambda: request(BODY, [b"X-Hub-Signature-256: sha256=" + b"0" * 64]), (401,), False, 0),
    ("A033d", "digest without its prefix", lambda: digest(BODY, lambda v: v[7:]), (401,), False, 0),
    ("A033e", "digest in the header of an older scheme", lambda: digest(BODY, name=b"X-Hub-Signature"), (401,), False, 0),
    ("A033f", "digest cut", lambda: digest(BODY, lambda v: v[:-2]), (401,), False, 0),
]


def empty_key(key):
    identifier, stamp = fresh(), now()
    return request(BODY, headers(identifier, stamp, b"v1," + base64.b64encode(mac(key, identifier, stamp, BODY))))


def changed_body(body):
    identifier, stamp = fresh(), now()
    return request(body, headers(identifier, stamp, sign(identifier, stamp, BODY)))


def stamped(text):
    """Signed over exactly this text as the timestamp."""
    identifier = fresh()
    return request(BODY, headers(identifier, text, sign(identifier, text, BODY)))


TIMESTAMP = [
    ("A034", "301 s old", lambda: signed(offset=-302), (401,), False, 0),
    ("A035", "301 s in the future", lambda: signed(offset=303), (401,), False, 0),
    ("A036", "zero", lambda: stamped(b"0"), (401,), False, 0),
    ("A037", "negative", lambda: stamped(b"-" + now()), (401,), False, 0),
    ("A038", "milliseconds", lambda: stamped(now() + b"000"), (401,), False, 0),
    ("A039", "INT64_MAX", lambda: stamped(b"9223372036854775807"), (401,), False, 0),
    ("A040", "20 digits", lambda: stamped(b"18446744073709551616"), (401,), False, 0),
    ("A041", "leading plus", lambda: resigned(lambda t: b"+" + t), (401,), False, 0),
    ("A042", "leading zero", lambda: resigned(lambda t: b"0" + t), (401,), False, 0),
    ("A043", "trailing letters", lambda: resigned(lambda t: t + b"abc"), (401,), False, 0),
    # Blanks around a value are no part of it (RFC 9110, section 5.5), so this is the good request itself.
    ("A044", "leading blank", lambda: resigned(lambda t: b" " + t), (200, 401), False, None),
    ("A045", "decimal", lambda: resigned(lambda t: t + b".0"), (401,), False, 0),
    ("A046", "hexadecimal", lambda: resigned(lambda t: b"0x%x" % int(t)), (401,), False, 0),
    ("A047", "exponent", lambda: resigned(lambda t: t + b"e0"), (401,), False, 0),
    ("A048", "text", lambda: resigned(lambda t: b"now"), (401,), False, 0),
    ("A049", "empty", lambda: resigned(lambda t: b""), (401,), False, 0),
]

PLAIN = b"POST /in/signed HTTP/1.1\r\nHost: a\r\n"
FRAMING = [
    ("A054", "Content-Length and Transfer-Encoding", lambda: framed(LENGTH, b"Transfer-Encoding: chunked", body=CHUNKS), (400,), True, 0),
    ("A055", "Transfer-Encoding and Content-Length", lambda: framed(b"Transfer-Encoding: chunked", LENGTH, body=CHUNKS), (400,), True, 0),
    ("A056", "two lengths that differ", lambda: framed(LENGTH, b"Content-Length: 1"), (400,), True, 0),
    ("A057", "two lengths that agree", lambda: framed(LENGTH, LENGTH), (400,), True, 0),
    ("A058", "a list of lengths", lambda: framed(LENGTH + b", %d" % len(BODY)), (400,), True, 0),
    ("A059", "length with a plus", lambda: framed(b"Content-Length: +%d" % len(BODY)), (400,), True, 0),
    ("A060", "negative length", lambda: framed(b"Content-Length: -1"), (400,), True, 0),
    ("A061", "length in hexadecimal", lambda: framed(b"Content-Length: 0x%x" % len(BODY)), (400,), True, 0),
    ("A062", "length with an underscore", lambda: framed(b"Content-Length: 2_2"), (400,), True, 0),
    ("A063", "empty length", lambda: framed(b"Content-Length:"), (400,), True, 0),
    ("A064", "length past 64 bits", lambda: framed(b"Content-Length: 18446744073709551638"), (400,), True, 0),
    ("A065", "two Transfer-Encoding lines (Tornado GHSA-753j)", lambda: framed(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=CHUNKS),
     (400,), True, 0),
    ("A066", "gzip, chunked", lambda: framed(b"Transfer-Encoding: gzip, chunked", body=CHUNKS), (400,), True, 0),
    ("A067", "chunked, identity", lambda: framed(b"Transfer-Encoding: chunked, identity", body=CHUNKS), (400,), True, 0),
    ("A068", "chunked behind a vertical tab", lambda: framed(b"Transfer-Encoding: \x0bchunked", body=CHUNKS), (400,), True, 0),
    ("A069", "chunked in quotes", lambda: framed(b'Transfer-Encoding: "chunked"', body=CHUNKS), (400,), True, 0),
    ("A070", "Transfer-Encoding in HTTP/1.0", lambda: framed(b"Transfer-Encoding: chunked", body=CHUNKS, version=b"HTTP/1.0"), (400,), True, 0),
    ("A071", "bare LF ends the request line", lambda: framed(LENGTH).replace(b"HTTP/1.1\r\n", b"HTTP/1.1\n", 1), (400,), True, 0),
    ("A072", "bare LF ends a header", lambda: framed(b"X-A: b\nX-B: c", LENGTH), (400,), True, 0),
    ("A073", "bare CR ends a header (llhttp CVE-2023-30589)", lambda: framed(b"X-A: b\rX-B: c", LENGTH), (400,), True, 0),
    ("A074", "NUL in a value", lambda: framed(b"X-A: b\0c", LENGTH), (400,), True, 0),
    ("A075", "NUL in a name", lambda: framed(b"X-\0A: b", LENGTH), (400,), True, 0),
    ("A076", "folded header", lambda: framed(b"X-A: b", b" c", LENGTH), (400,), True, 0),
    ("A077", "blank before the colon", lambda: framed(b"Content-Length : %d" % len(BODY)), (400,), True, 0),
    ("A078", "header without a colon", lambda: framed(b"X-A", LENGTH), (400,), True, 0),
    ("A079", "underscore in a name", lambda: framed(b"Content_Length: 1", LENGTH), (400,), True, 0),
    ("A080", "header before the first line's end is folded", lambda: PLAIN.replace(b"Host", b" Host") + b"\r\n", (400,), True, 0),
    ("A081", "no Host", lambda: PLAIN.replace(b"Host: a\r\n", b"") + b"\r\n", (400,), True, 0),
    ("A082", "two Hosts", lambda: framed(b"Host: b", LENGTH), (400,), True, 0),
    ("A083", "absolute target", lambda: framed(LENGTH, start=b"POST http://a/in/signed HTTP/1.1"), (400,), True, 0),
    ("A084", "blank in the target", lambda: framed(LENGTH, start=b"POST /in/signed /x HTTP/1.1"), (400,), True, 0),
    ("A085", "HTTP/1.2", lambda: framed(LENGTH, version=b"HTTP/1.2"), (400,), True, 0),
    ("A085a", "HTTP/2.0", lambda: framed(LENGTH, version=b"HTTP/2.0"), (400, 505), True, 0),
    ("A086", "chunk size with a minus (cpp-httplib)", lambda: chunked(size=b"-2"), (400,), True, 0),
    ("A087", "chunk size with a plus (Gunicorn)", lambda: chunked(size=b"+%x" % len(BODY)), (400,), True, 0),
    ("A088", "chunk size with 0x", lambda: chunked(size=b"0x%x" % len(BODY)), (400,), True, 0),
    ("A089", "chunk size with an underscore (AIOHTTP)", lambda: chunked(size=b"1_6"), (400,), True, 0),
    ("A090", "chunk size past 64 bits", lambda: chunked(size=b"10000000000000016"), (400, 413), True, 0),
    ("A091", "bare LF after a chunk size (Go CVE-2025-22871)", lambda: chunked().replace(b"\r\n" + BODY, b"\n" + BODY), (400,), True, 0),
    ("A092", "LF in a chunk extension (Kestrel CVE-2025-55315)", lambda: chunked(extra=b";a=\nb"), (400,), True, 0),
    ("A093", "any bytes after a chunk (h11 CVE-2025-43859)", lambda: chunked().replace(BODY + b"\r\n", BODY + b"XX"), (400,), True, 0),
    ("A094", "bare LF after a chunk", lambda: chunked().replace(BODY + b"\r\n", BODY + b"\n"), (400,), True, 0),
    ("A095", "framing in a trailer", lambda: chunked(end=b"0\r\nContent-Length: 5\r\n\r\n"), (400,), True, 0),
    ("A096", "a trailer is dropped", lambda: chunked(end=b"0\r\nwebhook-id: other\r\n\r\n"), (200,), False, 1),
    ("A096a", "bare LF in the trailers (cpp-httplib)", lambda: chunked(end=b"0\r\nX-A: b\nX-B: c\r\n\r\n"), (400,), True, 0),
]

LIMITS = [
    ("A097", "declared body of one byte too many", lambda: request(b"", length=MIB + 1), (413,), True, 0),
    ("A097a", "the largest body", lambda: signed(b'{"a":"' + b"x" * (MIB - 8) + b'"}'), (200,), False, 1),
    ("A098", "chunked body past 1 MiB", lambda: chunked(b"x" * (MIB + 1)), (413,), True, 0),
    ("A099", "Expect: 100-continue with 10 GiB", lambda: request(b"", [b"Expect: 100-continue"], length=10 << 30), (413,), True, 0),
    ("A100", "Expect: something-else", lambda: request(BODY, [b"Expect: something-else"]), (417,), True, 0),
    ("A101", "one header of 64 KiB", lambda: request(BODY, [b"X-A: " + b"a" * 65536]), (431,), True, 0),
    ("A101a", "a head of 17 KiB", lambda: request(BODY, [b"X-%d: " % i + b"a" * 1024 for i in range(17)]), (431,), True, 0),
    ("A102", "1,000 headers", lambda: request(BODY, [b"X-A: b"] * 1000), (431,), True, 0),
    ("A102a", "65 headers", lambda: request(BODY, [b"X-A: b"] * 62), (431,), True, 0),
    ("A102b", "64 headers, unsigned", lambda: request(BODY, [b"X-A: b"] * 61), (401,), False, 0),
    ("A103", "target of 16 KiB", lambda: request(BODY, path=b"/" + b"a" * 16384), (414,), True, 0),
    ("A103a", "target of 4 KiB and one byte", lambda: request(BODY, path=b"/" + b"a" * 4096), (414,), True, 0),
    ("A103b", "no such path", lambda: signed(path=b"/in/nobody"), (404,), False, 0),
    ("A103c", "another method", lambda: request(BODY, method=b"PUT"), (405,), False, 0),
]


def opened(body):
    """To the connection without verification: 400 is allowed there only."""
    return request(body, path=b"/in/open")


JSON_BAD = [
    ("A112", "empty body", b""),
    ("A113", "100,000 arrays", b"[" * 100_000 + b"]" * 100_000),
    ("A114", "50,000 objects", b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    ("A115", "100,000 arrays that do not end", b"[" * 100_000),
    ("A115a", "65 levels", b'{"a":' * 65 + b"1" + b"}" * 65),
    ("A116", "duplicate keys", b'{"a":1,"a":2}'),
    ("A117", "duplicate keys after unescaping", b'{"a":1,"\\u0061":2}'),
    ("A118", "invalid UTF-8", b'{"a":"\xff"}'),
    ("A119", "overlong UTF-8 for '/'", b'{"a":"\xc0\xaf"}'),
    ("A120", "CESU-8 surrogate", b'{"a":"\xed\xa0\x80"}'),
    ("A121", "lone surrogate escape", b'{"a":"\\ud800"}'),
    ("A122", "byte order mark", b"\xef\xbb\xbf{}"),
    ("A123", "raw NUL in a string", b'{"a":"\0"}'),
    ("A124", "NaN", b'{"a":NaN}'),
    ("A125", "trailing garbage", b"{} x"),
    ("A126", "two documents", b"{}{}"),
    ("A127", "comment", b"{/* a */}"),
    ("A128", "single quotes", b"{'a':1}"),
    ("A129", "top-level number", b"5"),
    ("A130", "1e999999", b'{"a":1e999999}'),
    ("A131", "100,000 digits", b'{"a":' + b"9" * 100_000 + b"}"),
    ("A131a", "65 digits", b'{"a":' + b"9" * 65 + b"}"),
    ("A132", "60,000 keys", b"{" + b",".join(b'"k%d":1' % i for i in range(60_000)) + b"}"),
]
BOMB = zlib.compress(b"[" + b" " * (50 * MIB) + b"]")
CONTENT = [
    ("A108", "text/plain", lambda: signed(content_type=b"text/plain"), (415,), False, 0),
    ("A108a", "no type", lambda: signed(content_type=None), (415,), False, 0),
    ("A108b", "two types", lambda: signed(extra=[b"Content-Type: application/json"]), (415,), False, 0),
    ("A109", "charset=utf-16", lambda: signed(content_type=b"application/json; charset=utf-16"), (415,), False, 0),
    ("A110", "gzip", lambda: signed(gzip.compress(BODY), extra=[b"Content-Encoding: gzip"]), (415,), False, 0),
    ("A111", "gzip bomb", lambda: signed(BOMB, extra=[b"Content-Encoding: gzip"]), (415,), False, 0),
    *[(name, "JSON, unverified: " + what, (lambda b=body: opened(b)), (400,), False, 0) for name, what, body in JSON_BAD],
    *[(name + "v", "JSON, verified: " + what, (lambda b=body: signed(b)), (200,), False, 1) for name, what, body in JSON_BAD],
    ("A133", "__proto__ is data", lambda: signed(b'{"__proto__":{"a":1},"n":%d}' % time.time_ns()), (200,), False, 1),
    ("A133a", "64 levels", lambda: signed(b'{"a":' * 63 + json.dumps({"n": time.time_ns()}).encode() + b"}" * 63), (200,), False, 1),
    ("A133b", "64 digits", lambda: signed(b'{"a":' + b"9" * 64 + b"}"), (200,), False, 1),
]

GROUPS = {"control": CONTROL, "signature": SIGNATURE, "timestamp": TIMESTAMP, "framing": FRAMING, "limits": LIMITS, "content": CONTENT}
