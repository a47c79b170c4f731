// No raw control byte gets on the wire, by whatever part of a request: the Big List of Naughty Strings
// (github.com/minimaxir/big-list-of-naughty-strings) and what it lacks.
#include "runtime/http_check.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/json.hpp"

namespace tenon::runtime {
namespace {

bool has_control(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return true;
  }
  return false;
}

/// Checks `text` in each part of a request; gives the number of parts it was accepted in.
int accepted_parts(const std::string& text) {
  HttpRequest plain;
  plain.url = "https://a.example/";
  HttpRequest as_value = plain, as_name = plain, as_method = plain, as_path = plain, as_host = plain;
  as_value.headers = {{"X-A", text}};
  as_name.headers = {{text, "a"}};
  as_method.method = text;
  as_path.url += text;
  as_host.url = "https://" + text + "/";
  int accepted = 0;
  for (const HttpRequest* request : {&as_value, &as_name, &as_method, &as_path, &as_host}) {
    if (!check_request(*request)) continue;
    ++accepted;
    EXPECT_FALSE(has_control(text)) << text;
    EXPECT_TRUE(request == &as_value ||
                (text.find(' ') == std::string::npos && text.find('\t') == std::string::npos))
        << text;
  }
  return accepted;
}

TEST(HttpCheck, EveryControlCharacterIsRefusedEverywhere) {
  EXPECT_EQ(accepted_parts("abc"), 5) << "the control";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (!has_control({&c, 1})) continue;
    for (const std::string& text :
         {std::string(1, c), "a" + std::string(1, c), std::string(1, c) + "a", "a" + std::string(1, c) + "b"})
      EXPECT_EQ(accepted_parts(text), 0) << byte;
  }
  for (const std::string text : {"a\r\nX-B: c", "a\nX-B: c", "a\r", "\r\n\r\nGET / HTTP/1.1", "a\r\n b"})
    EXPECT_EQ(accepted_parts(text), 0) << text;
}

TEST(HttpCheck, NoNameOfTheTransportsIsSet) {
  for (const std::string_view name :
       {"Host", "content-length", "TRANSFER-ENCODING", "Connection", "Upgrade", "TE", "Trailer", "Keep-Alive",
        "Expect", "Proxy-Authorization", "HTTP2-Settings"}) {
    HttpRequest request;
    request.url = "https://a.example/";
    request.headers = {{std::string(name), "a"}};
    EXPECT_EQ(check_request(request).error().code, "bad_header") << name;
  }
}

TEST(HttpCheck, NaughtyStrings) {
  const char* const root = std::getenv("TENON_CONFORMANCE");
  if (root == nullptr) GTEST_SKIP() << "TENON_CONFORMANCE is not set";
  std::ifstream file(std::string(root) + "/blns/blns.json", std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto list = parse_json(text);
  ASSERT_TRUE(list) << list.error().text();
  ASSERT_GT(list->root.items().size(), 400U);
  int accepted = 0;
  for (const Value& one : list->root.items()) accepted += accepted_parts(std::string(one.as_string()));
  EXPECT_GT(accepted, 100) << "most are harmless as a header's value";
}

}  // namespace
}  // namespace tenon::runtime
