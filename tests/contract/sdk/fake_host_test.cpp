// The fake host must notice what is wrong: each rule is broken once, through the bare C table.
#include <gtest/gtest.h>
#include <tenon/testing.hpp>

#include <functional>
#include <string>

namespace {

using tenon::testing::fake_host;
using tenon::testing::reply;

struct bad_plugin {
  const tenon_host* host = nullptr;
  tenon_str kept{};
  std::function<void(bad_plugin&, tenon_call, tenon_str)> on_fetch;
  tenon_call call = 0;

  void complete(tenon_call id, std::uint32_t verdict, std::uint32_t cause = 0, std::string_view words = {}) {
    tenon_result out{};
    out.size = sizeof out;
    out.verdict = verdict;
    out.cause = cause;
    out.retry_after_ms = -1;
    out.message = tenon_str{words.data(), words.size()};
    host->complete(host->self, id, &out);
  }
  void get(tenon_call id, std::string_view url, tenon_http_done done) {
    tenon_http_request out{};
    out.size = sizeof out;
    out.method = tenon_str{"GET", 3};
    out.url = tenon_str{url.data(), url.size()};
    host->http(host->self, id, &out, done, this);
  }
};
bad_plugin now;

const tenon_plugin* bad() {
  static const tenon_source source = [] {
    tenon_source s{};
    s.size = sizeof s;
    s.fetch = [](void*, tenon_call call, tenon_str, tenon_str arguments) {
      now.on_fetch(now, call, arguments);
    };
    return s;
  }();
  static const tenon_connector connector = [] {
    tenon_connector c{};
    c.size = sizeof c;
    c.name = tenon_str{"bad", 3};
    c.create = [](const tenon_host* host, tenon_str, tenon_fail, void*) -> void* {
      now.host = host;
      return &now;
    };
    c.destroy = [](void*) {};
    c.source = &source;
    return c;
  }();
  static const tenon_connector* const all[] = {&connector};
  static const tenon_plugin plugin{sizeof(tenon_plugin), 1, 0, 0, all, 1};
  return &plugin;
}

std::string report_of(std::function<void(bad_plugin&, tenon_call, tenon_str)> what) {
  now.on_fetch = std::move(what);
  fake_host host(bad(), "bad", "{}");
  host.fetch("x", R"({"a":1})");
  return host.report();
}

TEST(FakeHost, NoticesDoubleCompletion) {
  EXPECT_NE(report_of([](bad_plugin& p, tenon_call c, tenon_str) {
              p.complete(c, TENON_GONE);
              p.complete(c, TENON_GONE);
            }).find("completed twice"),
            std::string::npos);
}

TEST(FakeHost, NoticesCallsThatStayOpen) {
  EXPECT_NE(report_of([](bad_plugin&, tenon_call, tenon_str) {}).find("not completed"), std::string::npos);
}

TEST(FakeHost, NoticesVerdictsOfOtherCalls) {
  EXPECT_NE(report_of([](bad_plugin& p, tenon_call c, tenon_str) {
              p.complete(c, TENON_DELIVERED);
            }).find("verdict"),
            std::string::npos);
  EXPECT_NE(report_of([](bad_plugin& p, tenon_call c, tenon_str) { p.complete(c, 99); }).find("verdict"),
            std::string::npos);
  EXPECT_NE(report_of([](bad_plugin& p, tenon_call c, tenon_str) {
              p.complete(c, TENON_RETRY, 0, "x");
            }).find("cause"),
            std::string::npos);
  EXPECT_NE(
      report_of([](bad_plugin& p, tenon_call c, tenon_str) { p.complete(c, TENON_RETRY, 1); }).find("words"),
      std::string::npos);
}

TEST(FakeHost, OverwritesWhatItLent) {
  static char copy[4];
  report_of([](bad_plugin& p, tenon_call c, tenon_str arguments) {
    p.kept = arguments;
    std::copy_n(arguments.data, 4, copy);
    p.complete(c, TENON_GONE);
  });
  EXPECT_EQ(std::string(copy, 4), "{\"a\"");
  // That kept.data holds other bytes now cannot be read without an error of its own; the poison itself can.
  char bytes[4] = {1, 2, 3, 4};
  tenon::testing::poison(bytes, sizeof bytes);
  EXPECT_EQ(static_cast<unsigned char>(bytes[3]), 0xDB);
}

TEST(FakeHost, NeverAnswersInline) {
  static bool answered;
  answered = false;
  now.on_fetch = [](bad_plugin& p, tenon_call c, tenon_str) {
    p.call = c;
    p.get(c, "https://x.test/", [](void* user, const tenon_http_response* response) {
      answered = true;
      EXPECT_EQ(response->status, 200);
      auto& self = *static_cast<bad_plugin*>(user);
      self.complete(self.call, TENON_GONE);
    });
    EXPECT_FALSE(answered);
  };
  fake_host host(bad(), "bad", "{}");
  host.answer("GET", "https://x.test/", reply(200));
  const auto call = host.begin_fetch("x", "{}");
  EXPECT_FALSE(host.over(call));
  EXPECT_EQ(host.finish(call).summary(), "gone");
  EXPECT_TRUE(answered);
  EXPECT_EQ(host.report(), "");
}

TEST(FakeHost, ReportsTheScriptsDifferences) {
  now.on_fetch = [](bad_plugin& p, tenon_call c, tenon_str) {
    p.call = c;
    p.get(c, "https://x.test/other", [](void* user, const tenon_http_response* response) {
      EXPECT_EQ(response->error, TENON_HTTP_FAILED);
      auto& self = *static_cast<bad_plugin*>(user);
      self.complete(self.call, TENON_GONE);
    });
  };
  fake_host host(bad(), "bad", "{}");
  host.answer("GET", "https://x.test/", reply(200));
  host.fetch("x", "{}");
  EXPECT_NE(host.report().find("not expected: GET https://x.test/other"), std::string::npos);
  EXPECT_NE(host.report().find("never asked for: GET https://x.test/"), std::string::npos);
}

TEST(FakeHost, RefusesForeignHosts) {
  now.on_fetch = [](bad_plugin& p, tenon_call c, tenon_str) {
    p.call = c;
    p.get(c, "https://evil.test/", [](void* user, const tenon_http_response* response) {
      EXPECT_EQ(response->error, TENON_HTTP_REFUSED);
      EXPECT_EQ(response->sent, TENON_SENT_NO);
      auto& self = *static_cast<bad_plugin*>(user);
      self.complete(self.call, TENON_GONE);
    });
  };
  fake_host host(bad(), "bad", "{}");
  host.allow("x.test");
  host.fetch("x", "{}");
  EXPECT_TRUE(host.requests().empty());
}

TEST(FakeHost, RefusesOtherPlugins) {
  EXPECT_THROW(fake_host(nullptr, "x", "{}"), std::invalid_argument);
  EXPECT_THROW(fake_host(bad(), "other", "{}"), std::invalid_argument);
}

}  // namespace
