// The HTTP client against servers that misbehave: what it says of each, and that nothing is sent twice.
#include "tests/unit/runtime/http_fixture.hpp"
#include "tests/unit/runtime/raw_server.hpp"

namespace tenon::runtime {
namespace {

using testing::answer;
using testing::Connection;
using testing::HttpFixture;
using testing::RawServer;

class HttpHostile : public HttpFixture {
 protected:
  /// Fetches from a server that does `script` to its first connection, and to any further one.
  HttpResult fetch_from(RawServer::Script script, HttpRequest request = get("")) {
    RawServer server(std::move(script));
    request.url = server.url();
    HttpResult result = fetch(request);
    connections_ = server.connections();
    return result;
  }
  /// Reads the request, then sends this and closes.
  HttpResult fetch_raw(std::string reply, HttpRequest request = get("")) {
    return fetch_from(
        [&](Connection& connection) {
          connection.read_request();
          connection.send(reply);
        },
        std::move(request));
  }
  int connections_ = 0;
};

void expect_error(const HttpResult& result, std::string_view code, RequestSent sent) {
  EXPECT_FALSE(result.response);
  EXPECT_EQ(result.error.code, code) << result.error.message;
  EXPECT_FALSE(result.error.message.empty());
  EXPECT_EQ(result.sent, sent) << result.error.text();
}

TEST_F(HttpHostile, RefusedPort) {
  std::string url;
  {
    RawServer server([](Connection&) {});
    url = server.url();
  }
  expect_error(fetch(get(url)), "connect_failed", RequestSent::no);
  expect_error(fetch(post(url, "{}")), "connect_failed", RequestSent::no);
}

TEST_F(HttpHostile, AcceptsAndClosesUnread) {
  const HttpResult result = fetch_from([](Connection& connection) { connection.close(); }, post("", "{}"));
  EXPECT_FALSE(result.response);
  EXPECT_EQ(result.error.code, "connection_lost") << result.error.message;
  EXPECT_NE(result.sent, RequestSent::yes);
  EXPECT_EQ(connections_, 1);
}

TEST_F(HttpHostile, ClosesAfterReadingOnAFreshConnection) {
  for (const std::string method : {"GET", "POST", "DELETE"}) {
    HttpRequest request = get("");
    request.method = method;
    expect_error(fetch_from([](Connection& connection) { connection.read_request(); }, request),
                 "connection_lost", RequestSent::maybe);
    EXPECT_EQ(connections_, 1) << method;
  }
}

TEST_F(HttpHostile, ClosesAfterReadingOnAReusedConnectionAndIsNotAskedAgain) {
  // libcurl by itself would repeat each of these on a new connection, the POSTs too.
  struct Case {
    std::string method, body;
    bool reset;
  };
  for (const Case& test :
       {Case{"POST", "{\"n\":1}", false}, Case{"POST", "{\"n\":1}", true}, Case{"POST", "", false},
        Case{"POST", std::string(300'000, 'x'), false}, Case{"PUT", "", true}, Case{"GET", "", false},
        Case{"GET", "", true}, Case{"DELETE", "", false}, Case{"DELETE", "{}", false}}) {
    std::atomic<int> requests{0};
    RawServer server([&](Connection& connection) {
      for (;;) {
        if (connection.read_request().empty()) return;
        if (++requests == 1) {
          connection.send(answer(200, "first"));
        } else {
          if (test.reset) connection.reset();
          return;
        }
      }
    });
    ASSERT_TRUE(fetch(get(server.url())).response);
    HttpRequest request = get(server.url());
    request.method = test.method;
    request.body = test.body;
    expect_error(fetch(request), "connection_lost", RequestSent::maybe);
    EXPECT_EQ(requests, 2) << test.method;
    EXPECT_EQ(server.connections(), 1) << test.method;
  }
}

TEST_F(HttpHostile, AnIdleConnectionThatTheServerClosedIsNotUsed) {
  std::promise<void> closed;
  RawServer server([&](Connection& connection) {
    connection.read_request();
    connection.send(answer(200, "one each"));
    connection.close();
    if (connection.number() == 0) closed.set_value();
  });
  ASSERT_TRUE(fetch(post(server.url(), "{}")).response);
  closed.get_future().get();
  const HttpResult second = fetch(post(server.url(), "{}"));
  ASSERT_TRUE(second.response) << second.error.text();
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpHostile, ResetInMidAnswer) {
  const auto script = [](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
    connection.reset();
  };
  const HttpResult result = fetch_from(script);
  EXPECT_EQ(result.error.code, "connection_lost") << result.error.message;
  EXPECT_NE(result.sent, RequestSent::no);
}

TEST_F(HttpHostile, TruncatedBody) {
  expect_error(fetch_raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"), "connection_lost",
               RequestSent::yes);
  expect_error(fetch_raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"), "connection_lost",
               RequestSent::yes);
}

TEST_F(HttpHostile, TruncatedHeaders) {
  const HttpResult result = fetch_raw("HTTP/1.1 200 OK\r\nContent-Le");
  EXPECT_FALSE(result.response);
  EXPECT_EQ(result.sent, RequestSent::yes);
}

TEST_F(HttpHostile, NotHttp) {
  for (const std::string reply :
       {"SSH-2.0-OpenSSH_9.2\r\n", "garbage", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "\r\n\r\n\r\n", "<html>no status line</html>"}) {
    const HttpResult result = fetch_raw(reply);
    EXPECT_FALSE(result.response) << reply;
    EXPECT_TRUE(result.error.code == "bad_response" || result.error.code == "connection_lost")
        << reply << result.error.text();
    EXPECT_NE(result.sent, RequestSent::no) << reply;
  }
}

TEST_F(HttpHostile, BadHeaderLines) {
  for (const std::string& header :
       {std::string("no colon here"), std::string("X: a\0b", 6), std::string(" folded first")}) {
    const HttpResult result = fetch_raw("HTTP/1.1 200 OK\r\n" + header + "\r\nContent-Length: 0\r\n\r\n");
    if (!result.response) continue;
    EXPECT_EQ(find_header(result.response->headers, "no colon here"), nullptr);
  }
  const HttpResult folded = fetch_raw("HTTP/1.1 200 OK\r\nX-Long: one\r\n  two\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(folded.response) << folded.error.text();
  EXPECT_EQ(*find_header(folded.response->headers, "x-long"), "one two");
}

TEST_F(HttpHostile, BadLengths) {
  for (const std::string header :
       {"Content-Length: -5", "Content-Length: 99999999999999999999999", "Content-Length: x"}) {
    HttpRequest request = get("");
    request.response_body_limit = 1000;
    const HttpResult result = fetch_raw("HTTP/1.1 200 OK\r\n" + header + "\r\n\r\nbody", request);
    EXPECT_TRUE(!result.response || result.response->body.size() <= 4U) << header;
  }
  expect_error(fetch_raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\nab\r\n0\r\n\r\n"),
               "connection_lost", RequestSent::yes);
}

TEST_F(HttpHostile, EndlessHeaders) {
  const auto script = [](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n");
    while (connection.send("X-More: and more and more and more and more\r\n")) {
    }
  };
  expect_error(fetch_from(script), "response_too_large", RequestSent::yes);
}

TEST_F(HttpHostile, OneEndlessHeaderLine) {
  const auto script = [](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nX-More: ");
    const std::string more(4096, 'x');
    while (connection.send(more)) {
    }
  };
  const HttpResult result = fetch_from(script);
  EXPECT_FALSE(result.response);
  EXPECT_EQ(result.sent, RequestSent::yes);
}

TEST_F(HttpHostile, EndlessInterimAnswers) {
  const auto script = [](Connection& connection) {
    connection.read_request();
    while (connection.send("HTTP/1.1 102 Processing\r\n\r\n")) {
    }
  };
  expect_error(fetch_from(script), "response_too_large", RequestSent::yes);
}

TEST_F(HttpHostile, HeadersAtAndOverTheLimit) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
  HttpRequest request = get("");
  request.response_header_limit = head.size();
  EXPECT_TRUE(fetch_raw(head, request).response);
  request.response_header_limit = head.size() - 1;
  expect_error(fetch_raw(head, request), "response_too_large", RequestSent::yes);
}

TEST_F(HttpHostile, BodyAtAndOverTheLimit) {
  HttpRequest request = get("");
  request.response_body_limit = 1000;
  const HttpResult fits = fetch_raw(answer(200, std::string(1000, 'a')), request);
  ASSERT_TRUE(fits.response) << fits.error.text();
  EXPECT_EQ(fits.response->body.size(), 1000U);
  expect_error(fetch_raw(answer(200, std::string(1001, 'a')), request), "response_too_large",
               RequestSent::yes);
  expect_error(fetch_raw("HTTP/1.1 200 OK\r\n\r\n" + std::string(5000, 'a'), request), "response_too_large",
               RequestSent::yes);
}

TEST_F(HttpHostile, EndlessBody) {
  const auto script = [](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\n\r\n");
    const std::string more(65536, 'x');
    while (connection.send(more)) {
    }
  };
  expect_error(fetch_from(script), "response_too_large", RequestSent::yes);
}

TEST_F(HttpHostile, NeverAnswers) {
  HttpRequest request = get("");
  request.timeout = std::chrono::milliseconds(50);
  const auto script = [](Connection& connection) {
    connection.read_request();
    connection.wait_for_close();
  };
  const HttpResult result = fetch_from(script, request);
  expect_error(result, "timeout", RequestSent::maybe);
  EXPECT_GE(result.elapsed, std::chrono::milliseconds(50));
  EXPECT_LT(result.elapsed, std::chrono::seconds(5));
}

TEST_F(HttpHostile, DripsItsAnswer) {
  HttpRequest request = get("");
  request.timeout = std::chrono::milliseconds(50);
  const auto script = [](Connection& connection) {
    connection.read_request();
    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nsome");
    connection.wait_for_close();
  };
  expect_error(fetch_from(script, request), "timeout", RequestSent::yes);
}

TEST_F(HttpHostile, NeverReads) {
  HttpRequest request = post("", std::string(64 << 20, 'x'));
  request.timeout = std::chrono::milliseconds(100);
  std::promise<void> done;
  auto ended = done.get_future().share();
  RawServer server([ended](Connection&) { ended.wait(); });
  request.url = server.url();
  const HttpResult result = fetch(request);
  done.set_value();
  expect_error(result, "timeout", RequestSent::maybe);
}

TEST_F(HttpHostile, AnswersBeforeReadingTheBody) {
  // An early 413 is an answer; whether the rest of the body goes out does not matter then.
  const auto script = [](Connection& connection) {
    connection.send(answer(413, "too big", "Connection: close\r\n"));
    connection.read_request();
  };
  const HttpResult result = fetch_from(script, post("", std::string(100'000, 'x')));
  ASSERT_TRUE(result.response) << result.error.text();
  EXPECT_EQ(result.response->status, 413);
}

TEST_F(HttpHostile, ManyErrorsLeaveNoDescriptorBehind) {
  std::string url;
  {
    RawServer server([](Connection&) {});
    url = server.url();
  }
  fetch(get(url));
  const int before = ::dup(0);
  ::close(before);
  std::vector<std::future<HttpResult>> results;
  for (int i = 0; i < 300; ++i) results.push_back(start(post(url, "{}")));
  for (auto& result : results) expect_error(result.get(), "connect_failed", RequestSent::no);
  const int after = ::dup(0);
  ::close(after);
  EXPECT_EQ(before, after);
}

TEST_F(HttpHostile, PlainHttpWhereTlsIsExpected) {
  RawServer server([](Connection& connection) {
    connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    connection.wait_for_close();
  });
  expect_error(fetch(get("https://127.0.0.1:" + std::to_string(server.port()) + "/")), "tls_failed",
               RequestSent::no);
}

TEST_F(HttpHostile, UnknownName) {
  expect_error(fetch(get("http://no-such-host.invalid/")), "dns_failed", RequestSent::no);
}

TEST_F(HttpHostile, NoTimeAtAll) {
  HttpRequest request = get("");
  request.timeout = Duration::zero();
  expect_error(fetch_raw(answer(200, ""), request), "timeout", RequestSent::no);
}

TEST_F(HttpHostile, RequestsThatMustNotLeave) {
  RawServer server([](Connection& connection) { connection.send(answer(200, "")); });
  const std::string port = std::to_string(server.port());
  for (const std::string& url : {std::string(""),
                                 std::string("/path"),
                                 std::string("ftp://127.0.0.1/"),
                                 std::string("file:///etc/passwd"),
                                 "http://user:pw@127.0.0.1:" + port + "/",
                                 "http://127.0.0.1:" + port + "/a b",
                                 "http://127.0.0.1:" + port + "/a\r\nX: y",
                                 "http://127.0.0.1:" + port + std::string("/\0", 2),
                                 "http://127.0.0.1:" + port + "\\@evil/",
                                 std::string("http://"),
                                 std::string("http:///x"),
                                 std::string("http://127.0.0.1:0/"),
                                 std::string("http://127.0.0.1:65536/"),
                                 std::string("http://127.0.0.1:/"),
                                 std::string("http://127.0.0.1:8a/"),
                                 std::string("http://2130706433/"),
                                 std::string("http://0x7f.1/"),
                                 std::string("http://127.1/"),
                                 std::string("http://[::1/"),
                                 std::string("http://[zz]/"),
                                 std::string("http://a..b/"),
                                 std::string("http://*/"),
                                 std::string("http://caf\xc3\xa9.example/"),
                                 std::string("http://a b/"),
                                 "http://127.0.0.1:" + port + "/\xff",
                                 "http://" + std::string(64, 'a') + ".example/"}) {
    expect_error(fetch(get(url)), "bad_url", RequestSent::no);
  }
  const auto with_header = [&](std::string name, std::string value) {
    HttpRequest request = get(server.url());
    request.headers.emplace_back(std::move(name), std::move(value));
    return fetch(request);
  };
  for (const std::string& value :
       {std::string("a\r\nb"), std::string("a\nb"), std::string("a\0b", 3), std::string("\x7f")}) {
    expect_error(with_header("X-Ok", value), "bad_header", RequestSent::no);
  }
  for (const std::string& name :
       {std::string(""), std::string("A B"), std::string("A:"), std::string("A\r\nB"),
        std::string("\xc3\xa9"), std::string("A\0", 2), std::string("Host"), std::string("content-length"),
        std::string("Transfer-Encoding"), std::string("Connection"), std::string("Proxy-Authorization")}) {
    expect_error(with_header(name, "x"), "bad_header", RequestSent::no);
  }
  for (const std::string method : {"", "GET ", "G\r\nT", "CONNECT", "TRACE"}) {
    HttpRequest request = get(server.url());
    request.method = method;
    expect_error(fetch(request), "bad_header", RequestSent::no);
  }
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace tenon::runtime
