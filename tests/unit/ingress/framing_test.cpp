// Requests that two parsers could read differently, byte by byte.
#include <gmock/gmock.h>

#include "tests/unit/ingress/server_fixture.hpp"

namespace tenon::tests {
namespace {

using Framing = ServerFixture;

struct Case {
  const char* name;
  std::string bytes;
  int status;
};

std::string nul_in_value() {
  std::string text = "POST /in/a HTTP/1.1\r\nHost: a\r\nX-A: b_c\r\nContent-Length: 0\r\n\r\n";
  text[text.find("b_c") + 1] = '\0';
  return text;
}

const std::string kPost = "POST /in/a HTTP/1.1\r\nHost: a\r\n";
const std::string kChunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";

std::vector<Case> refused_cases() {
  return {
      {"length and chunked", kPost + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked and length", kPost + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {"two lengths", kPost + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
      {"two equal lengths", kPost + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
      {"a list of lengths", kPost + "Content-Length: 5, 5\r\n\r\nhello", 400},
      {"length with a plus", kPost + "Content-Length: +5\r\n\r\nhello", 400},
      {"negative length", kPost + "Content-Length: -5\r\n\r\nhello", 400},
      {"length in hexadecimal", kPost + "Content-Length: 0x5\r\n\r\nhello", 400},
      {"length with an underscore", kPost + "Content-Length: 1_0\r\n\r\nhello", 400},
      {"empty length", kPost + "Content-Length: \r\n\r\nhello", 400},
      {"length that overflows", kPost + "Content-Length: 18446744073709551621\r\n\r\nhello", 400},
      {"two transfer encodings",
       kPost + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked behind another", kPost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked twice", kPost + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked in capitals", kPost + "Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 400},
      {"unknown transfer encoding", kPost + "Transfer-Encoding: identity\r\n\r\n", 400},
      {"chunked with a vertical tab", kPost + "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 400},
      {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"bare LF after the request line", "POST / HTTP/1.1\nHost: a\r\n\r\n", 400},
      {"bare LF after a field", "POST / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
      {"bare LF at the end", "POST / HTTP/1.1\r\nHost: a\r\n\n", 400},
      {"bare CR in a value", kPost + "X-A: b\rc\r\n\r\n", 400},
      {"bare CR ends a field", kPost + "X-A: b\rContent-Length: 5\r\n\r\nhello", 400},
      {"CR CR LF", kPost + "X-A: b\r\r\n\r\n", 400},
      {"folded field", kPost + "X-A: b\r\n c\r\n\r\n", 400},
      {"folded by a tab", kPost + "X-A: b\r\n\tc\r\n\r\n", 400},
      {"blank before the first field", "POST / HTTP/1.1\r\n Host: a\r\n\r\n", 400},
      {"NUL in a value", nul_in_value(), 400},
      {"space before the colon", kPost + "Content-Length : 5\r\n\r\nhello", 400},
      {"tab before the colon", kPost + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n", 400},
      {"field without a colon", kPost + "Content-Length 5\r\n\r\nhello", 400},
      {"field without a name", kPost + ": 5\r\n\r\n", 400},
      {"underscore in a name", kPost + "Content_Length: 5\r\n\r\nhello", 400},
      {"slash in a name", kPost + "X/Y: 5\r\n\r\n", 400},
      {"high byte in a name", kPost + "X\xc3\xa9: 5\r\n\r\n", 400},
      {"control in a value", kPost + "X-A: \x01\r\n\r\n", 400},
      {"DEL in a value", kPost + "X-A: \x7f\r\n\r\n", 400},
      {"no host", "POST / HTTP/1.1\r\n\r\n", 400},
      {"two hosts", kPost + "Host: b\r\n\r\n", 400},
      {"empty line first", "\r\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"two blanks in the request line", "POST  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"tab in the request line", "POST\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"blank in the target", "POST /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"absolute target", "POST http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"high byte in the target", "POST /\xff HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"no version", "POST /\r\nHost: a\r\n\r\n", 400},
      {"version in small letters", "POST / http/1.1\r\nHost: a\r\n\r\n", 400},
      {"version 1.2", "POST / HTTP/1.2\r\nHost: a\r\n\r\n", 400},
      {"version 2.0", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"version 3.0", "POST / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
      {"TLS on a plain port", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", 13), 400},
      {"chunk size with a minus", kChunked + "-2\r\nhi\r\n0\r\n\r\n", 400},
      {"chunk size with a plus", kChunked + "+2\r\nhi\r\n0\r\n\r\n", 400},
      {"chunk size with 0x", kChunked + "0x2\r\nhi\r\n0\r\n\r\n", 400},
      {"chunk size with an underscore", kChunked + "0_2\r\nhi\r\n0\r\n\r\n", 400},
      {"chunk size with a blank first", kChunked + " 2\r\nhi\r\n0\r\n\r\n", 400},
      {"empty chunk size", kChunked + "\r\nhi\r\n0\r\n\r\n", 400},
      {"chunk size that overflows", kChunked + "10000000000000002\r\nhi\r\n0\r\n\r\n", 400},
      {"huge chunk", kChunked + "ffffffffffffffff\r\nhi\r\n0\r\n\r\n", 413},
      {"bare LF after a chunk size", kChunked + "2\nhi\r\n0\r\n\r\n", 400},
      {"LF in a chunk extension", kChunked + "2;a=\n\r\nhi\r\n0\r\n\r\n", 400},
      {"CR in a chunk extension", kChunked + "2;a=b\rc\r\nhi\r\n0\r\n\r\n", 400},
      {"any bytes after a chunk", kChunked + "2\r\nhiXX0\r\n\r\n", 400},
      {"bare LF after a chunk", kChunked + "2\r\nhi\n0\r\n\r\n", 400},
      {"bare LF after the last chunk", kChunked + "2\r\nhi\r\n0\n\r\n", 400},
      {"length in a trailer", kChunked + "0\r\nContent-Length: 5\r\n\r\n", 400},
      {"encoding in a trailer", kChunked + "0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"bare LF in the trailers", kChunked + "0\r\nX-A: b\nX-B: c\r\n\r\n", 400},
  };
}

TEST_F(Framing, RefusesWhatCouldBeReadInTwoWays) {
  start();
  for (const Case& each : refused_cases()) {
    SCOPED_TRACE(each.name);
    const RawAnswer answer = exchange(each.bytes);
    EXPECT_EQ(answer.status, each.status);
    EXPECT_TRUE(answer.closed);
  }
  EXPECT_TRUE(requests().empty());
}

TEST_F(Framing, RefusesByteByByteToo) {
  start();
  for (const Case& each : refused_cases()) {
    SCOPED_TRACE(each.name);
    RawClient client(address_);
    for (const char byte : each.bytes) {
      if (!client.send({&byte, 1})) break;
    }
    const RawAnswer answer = client.read_answer();
    // The peer may have closed, with a reset, before the last bytes were sent.
    EXPECT_TRUE(answer.status == each.status || answer.status == 0) << answer.status;
    EXPECT_TRUE(answer.closed);
  }
  EXPECT_TRUE(requests().empty());
}

TEST_F(Framing, AcceptsWhatIsWellFormed) {
  start();
  const std::vector<Case> cases = {
      {"", kPost + "Content-Length: 5\r\n\r\nhello", 200},
      {"", kPost + "content-length:5\r\nX-Empty:\r\nx-tab:\ta\tb\t\r\n\r\nhello", 200},
      {"", kChunked + "5\r\nhello\r\n0\r\n\r\n", 200},
      {"", kChunked + "005\r\nhello\r\n00\r\n\r\n", 200},
      {"", kChunked + "2;a=b;c=\"d\"\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", 200},
      {"", kChunked + "5\r\nhello\r\n0\r\nX-Trailer: dropped\r\n\r\n", 200},
      {"", "POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello", 200},
      {"", "POST /?a=%00&b HTTP/1.1\r\nHost: a\r\nX-High: \xc3\xa9\r\nContent-Length: 5\r\n\r\nhello", 200},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.bytes);
    const RawAnswer answer = exchange(each.bytes);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "hello");
  }
  for (const auto& request : requests()) {
    EXPECT_EQ(runtime::find_header(request.headers, "x-trailer"), nullptr) << "trailers are dropped";
  }
}

TEST_F(Framing, SmuggledRequestIsNeverSeen) {
  start();
  const std::string smuggled = "POST /smuggled HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
  for (const Case& each : refused_cases()) exchange(each.bytes + smuggled);
  EXPECT_TRUE(requests().empty());
}

TEST_F(Framing, PipelinedRequestsAreAnsweredInOrder) {
  start();
  std::string bytes;
  for (int i = 0; i < 50; ++i) bytes += kPost + "Content-Length: 2\r\n\r\n" + std::to_string(10 + i);
  RawClient client(address_);
  client.send(bytes);
  for (int i = 0; i < 50; ++i) {
    const RawAnswer answer = client.read_answer();
    ASSERT_EQ(answer.status, 200);
    ASSERT_EQ(answer.body, std::to_string(10 + i));
  }
}

TEST_F(Framing, EverySplitOfARequestIsTheSameRequest) {
  start();
  const std::string bytes = kChunked + "2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: u\r\n\r\n";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    RawClient client(address_);
    client.send(std::string_view(bytes).substr(0, cut));
    run_there([] {});
    client.send(std::string_view(bytes).substr(cut));
    const RawAnswer answer = client.read_answer();
    ASSERT_EQ(answer.status, 200) << cut;
    ASSERT_EQ(answer.body, "hello") << cut;
  }
}

TEST_F(Framing, ExpectIsAnswered) {
  start();
  {
    RawClient client(address_);
    client.send(kPost + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    EXPECT_EQ(client.read_answer().status, 100);
    client.send("hello");
    EXPECT_EQ(client.read_answer().body, "hello");
  }
  const RawAnswer huge = exchange(kPost + "Expect: 100-continue\r\nContent-Length: 10737418240\r\n\r\n");
  EXPECT_EQ(huge.status, 413);
  EXPECT_TRUE(huge.closed);
  const RawAnswer other = exchange(kPost + "Expect: something-else\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(other.status, 417);
  EXPECT_TRUE(other.closed);
}

TEST_F(Framing, HeadIsAnsweredWithoutABody) {
  start();
  RawClient client(address_);
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" + kPost +
              "Content-Length: 1\r\n\r\nx");
  const RawAnswer head = client.read_answer();
  EXPECT_THAT(head.head, testing::HasSubstr("Content-Length: 5"));
  EXPECT_THAT(head.body, testing::StartsWith("HTTP/")) << "the next answer follows at once";
}

}  // namespace
}  // namespace tenon::tests
