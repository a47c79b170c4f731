// The HTTP client against a server that behaves.
#include <algorithm>

#include "tests/unit/runtime/http_fixture.hpp"
#include "tests/unit/runtime/raw_server.hpp"

namespace tenon::runtime {
namespace {

using testing::answer;
using testing::Connection;
using testing::HttpFixture;
using testing::RawServer;

using Http = HttpFixture;

/// Answers each request with `text` and keeps what came.
struct Recorder {
  explicit Recorder(std::string text)
      : reply(std::move(text)), server([this](Connection& connection) {
          for (;;) {
            std::string request = connection.read_request();
            if (request.empty()) return;
            {
              const std::lock_guard lock(mutex);
              requests.push_back(std::move(request));
            }
            if (!connection.send(reply)) return;
          }
        }) {}
  std::string last() {
    const std::lock_guard lock(mutex);
    return requests.empty() ? std::string() : requests.back();
  }
  std::string reply;
  std::mutex mutex;
  std::vector<std::string> requests;
  RawServer server;
};

TEST_F(Http, GetsAnAnswerWholeAndInOrder) {
  Recorder recorder(answer(200, "hello", "X-One: 1\r\nx-two:  spaced  \r\nX-One: again\r\n"));
  const HttpResult result = fetch(get(recorder.server.url("/a/../b?q=1&r=%20")));
  ASSERT_TRUE(result.response) << result.error.text();
  EXPECT_EQ(result.response->status, 200);
  EXPECT_EQ(result.response->body, "hello");
  EXPECT_EQ(result.sent, RequestSent::yes);
  EXPECT_GT(result.elapsed.count(), 0);
  const Headers expected{{"Content-Length", "5"}, {"X-One", "1"}, {"x-two", "spaced"}, {"X-One", "again"}};
  EXPECT_EQ(result.response->headers, expected);
  EXPECT_EQ(*find_header(result.response->headers, "X-TWO"), "spaced");
  EXPECT_EQ(find_header(result.response->headers, "x-three"), nullptr);
  EXPECT_EQ(recorder.last().substr(0, 30), "GET /a/../b?q=1&r=%20 HTTP/1.1");
}

TEST_F(Http, SendsHeadersAndBodyAsGivenAndNothingOfItsOwn) {
  Recorder recorder(answer(201, ""));
  HttpRequest request = post(recorder.server.url("/things"), std::string("{\"a\":\"\0\"}", 9));
  request.headers = {{"Content-Type", "application/json"}, {"X-Blank", ""}, {"Authorization", "Bearer abc"}};
  const HttpResult result = fetch(request);
  ASSERT_TRUE(result.response) << result.error.text();
  EXPECT_EQ(result.response->status, 201);
  const std::string host = "127.0.0.1:" + std::to_string(recorder.server.port());
  EXPECT_EQ(recorder.last(), "POST /things HTTP/1.1\r\nHost: " + host +
                                 "\r\nUser-Agent: tenon\r\nAccept: */*\r\nContent-Type: application/json\r\n"
                                 "X-Blank:\r\nAuthorization: Bearer abc\r\nContent-Length: 9\r\n\r\n" +
                                 request.body);
}

TEST_F(Http, ABodyNeedsNoContentTypeAndALargeOneNoExpect) {
  Recorder recorder(answer(200, ""));
  const std::string body(3 * 1024 * 1024, 'x');
  const HttpResult result = fetch(post(recorder.server.url(), body));
  ASSERT_TRUE(result.response) << result.error.text();
  EXPECT_EQ(recorder.last().find("Content-Type"), std::string::npos);
  EXPECT_EQ(recorder.last().find("Expect"), std::string::npos);
  EXPECT_EQ(recorder.last().size() - recorder.last().find("\r\n\r\n") - 4, body.size());
}

TEST_F(Http, EveryMethodWithAndWithoutABody) {
  Recorder recorder(answer(200, ""));
  for (const std::string method : {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"}) {
    for (const std::string body : {"", "{}"}) {
      HttpRequest request = get(recorder.server.url("/m"));
      request.method = method;
      request.body = body;
      const HttpResult result = fetch(request);
      ASSERT_TRUE(result.response) << method << result.error.text();
      const std::string seen = recorder.last();
      EXPECT_EQ(seen.substr(0, method.size() + 4), method + " /m ");
      EXPECT_EQ(seen.substr(seen.find("\r\n\r\n") + 4), body) << method;
      const bool has_length = seen.find("Content-Length: ") != std::string::npos;
      EXPECT_EQ(has_length, !body.empty() || method == "POST" || method == "PUT" || method == "PATCH")
          << method;
    }
  }
  EXPECT_EQ(recorder.server.connections(), 1);
}

TEST_F(Http, HeadAnd204And304HaveNoBody) {
  for (const std::string reply :
       {"HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"}) {
    Recorder recorder(reply);
    const HttpResult result = fetch(get(recorder.server.url()));
    ASSERT_TRUE(result.response) << result.error.text();
    EXPECT_EQ(result.response->body, "");
  }
  Recorder recorder("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n");
  HttpRequest request = get(recorder.server.url());
  request.method = "HEAD";
  const HttpResult head = fetch(request);
  ASSERT_TRUE(head.response) << head.error.text();
  EXPECT_EQ(head.response->body, "");
}

TEST_F(Http, ReadsChunksDropsTrailersAndInterimAnswers) {
  Recorder recorder(
      "HTTP/1.1 100 Continue\r\nX-Early: 0\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Late\r\n\r\n"
      "3\r\nabc\r\n4;ext=1\r\ndefg\r\n0\r\nX-Late: 1\r\n\r\n");
  const HttpResult result = fetch(get(recorder.server.url()));
  ASSERT_TRUE(result.response) << result.error.text();
  EXPECT_EQ(result.response->status, 200);
  EXPECT_EQ(result.response->body, "abcdefg");
  EXPECT_EQ(find_header(result.response->headers, "X-Late"), nullptr);
  EXPECT_EQ(find_header(result.response->headers, "X-Early"), nullptr);
  EXPECT_EQ(find_header(result.response->headers, "Link"), nullptr);
}

TEST_F(Http, FollowsNoRedirectKeepsNoCookieDecodesNothing) {
  Recorder recorder(
      answer(302, "\x1f\x8b", "Location: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Encoding: gzip\r\n"));
  EXPECT_EQ(fetch(get(recorder.server.url())).response->status, 302);
  const HttpResult result = fetch(get(recorder.server.url()));
  ASSERT_TRUE(result.response);
  EXPECT_EQ(result.response->body, "\x1f\x8b");
  EXPECT_EQ(recorder.requests.size(), 2U);
  EXPECT_EQ(recorder.last().find("Cookie"), std::string::npos);
  EXPECT_EQ(recorder.last().find("Accept-Encoding"), std::string::npos);
}

TEST_F(Http, TheEnvironmentsProxyIsNotAsked) {
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  setenv("all_proxy", "http://127.0.0.1:1", 1);
  Recorder recorder(answer(200, "direct"));
  const HttpResult result = fetch(get(recorder.server.url()));
  unsetenv("http_proxy");
  unsetenv("all_proxy");
  ASSERT_TRUE(result.response) << result.error.text();
  EXPECT_EQ(result.response->body, "direct");
}

TEST_F(Http, ConnectionsAreKeptAndUsedAgain) {
  Recorder recorder(answer(200, "{}"));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(fetch(post(recorder.server.url(), "{}")).response);
  EXPECT_EQ(recorder.server.connections(), 1);
}

TEST_F(Http, ManyAtOnceEachGetsItsOwn) {
  RawServer server([](Connection& connection) {
    for (;;) {
      const std::string request = connection.read_request();
      if (request.empty() || !connection.send(answer(200, request.substr(4, request.find(' ', 4) - 4))))
        return;
    }
  });
  std::vector<std::future<HttpResult>> results;
  for (int i = 0; i < 200; ++i) results.push_back(start(get(server.url("/" + std::to_string(i)))));
  for (int i = 0; i < 200; ++i) {
    const HttpResult result = results[static_cast<std::size_t>(i)].get();
    ASSERT_TRUE(result.response) << result.error.text();
    EXPECT_EQ(result.response->body, "/" + std::to_string(i));
  }
}

TEST_F(Http, NamesAreResolvedAndTheNextAddressIsTried) {
  Recorder recorder(answer(200, "by name"));  // on 127.0.0.1 only, localhost may be ::1 first
  for (int i = 0; i < 3; ++i) {
    const HttpResult result = fetch(get(recorder.server.url("/", "localhost")));
    ASSERT_TRUE(result.response) << result.error.text();
    EXPECT_EQ(result.response->body, "by name");
  }
  EXPECT_NE(recorder.last().find("Host: localhost:"), std::string::npos);
  EXPECT_EQ(recorder.server.connections(), 1);
}

TEST_F(Http, DoneIsNeverCalledInlineAndOnTheDeliveryThread) {
  Recorder recorder(answer(200, ""));
  std::promise<std::string> seen;
  runtime_->delivery().post([&] {
    auto inside = std::make_shared<bool>(true);
    runtime_->http().start(get("nonsense"), [&, inside](HttpResult result) {
      EXPECT_FALSE(*inside);
      EXPECT_TRUE(runtime_->delivery().here());
      seen.set_value(result.error.code);
    });
    *inside = false;
  });
  EXPECT_EQ(seen.get_future().get(), "bad_url");
}

TEST_F(Http, CancelCompletesOnceAsCancelled) {
  std::promise<void> arrived;
  RawServer server([&](Connection& connection) {
    if (connection.number() > 0) return;
    connection.read_request();
    arrived.set_value();
    connection.wait_for_close();
  });
  std::promise<HttpClient::Handle> handle;
  std::promise<HttpResult> result;
  std::atomic<int> calls{0};
  runtime_->delivery().post([&] {
    handle.set_value(runtime_->http().start(get(server.url()), [&](HttpResult got) {
      ++calls;
      result.set_value(std::move(got));
    }));
  });
  const auto id = handle.get_future().get();
  arrived.get_future().get();
  runtime_->delivery().post([&] {
    runtime_->http().cancel(id);
    runtime_->http().cancel(id);
  });
  const HttpResult got = result.get_future().get();
  EXPECT_EQ(got.error.code, "cancelled");
  EXPECT_EQ(got.sent, RequestSent::maybe);
  std::promise<void> later;
  runtime_->delivery().post([&] {
    runtime_->http().cancel(id);
    runtime_->http().cancel(0);
    runtime_->http().cancel(~HttpClient::Handle{0});
    runtime_->delivery().post([&] { later.set_value(); });
  });
  later.get_future().get();
  EXPECT_EQ(calls, 1);
}

TEST_F(Http, CancelBeforeAnythingWasSentSaysNo) {
  std::promise<HttpResult> result;
  runtime_->delivery().post([&] {
    const auto id = runtime_->http().start(get("http://name.invalid/"),
                                           [&](HttpResult got) { result.set_value(std::move(got)); });
    runtime_->http().cancel(id);
  });
  const HttpResult got = result.get_future().get();
  EXPECT_EQ(got.error.code, "cancelled");
  EXPECT_EQ(got.sent, RequestSent::no);
}

TEST_F(Http, TheRuntimeEndsWithRequestsOpen) {
  std::promise<void> arrived;
  RawServer server([&](Connection& connection) {
    connection.read_request();
    arrived.set_value();
    connection.wait_for_close();
  });
  auto open = start(get(server.url()));
  arrived.get_future().get();
  runtime_.reset();
  EXPECT_THROW(open.get(), std::future_error);  // the callback was dropped, not called
}

}  // namespace
}  // namespace tenon::runtime
