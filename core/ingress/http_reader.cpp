#include "ingress/http_reader.hpp"

#include <algorithm>
#include <boost/beast/http/error.hpp>

namespace tenon::ingress {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kSmallRead = 4 * 1024;
/// One TLS record. Whoever sends large bodies takes turns with the others of a thread: they are short ones.
constexpr std::size_t kLargeRead = 16 * 1024;
constexpr std::size_t kKeptBuffer = 8 * 1024;

std::string_view text_of(const boost::beast::flat_buffer& buffer) {
  return {static_cast<const char*>(buffer.cdata().data()), buffer.size()};
}

bool has_bare_newline(std::string_view text) {
  for (auto at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1)) {
    if (at == 0 || text[at - 1] != '\r') return true;
  }
  return false;
}

}  // namespace

RequestReader::RequestReader(const HeadLimits& head, std::size_t body, Function<bool(std::size_t)> fits)
    : head_limits_(head), body_limit_(body), fits_(std::move(fits)), scanner_(head) {}

boost::asio::mutable_buffer RequestReader::prepare() {
  if (!fills_up_ && empty()) shrink();  // a body in drips shall not hold a large buffer
  prepared_ = fills_up_ && parser_ ? kLargeRead : kSmallRead;
  return buffer_.prepare(prepared_);
}

void RequestReader::commit(std::size_t count) {
  fills_up_ = count == prepared_;
  buffer_.commit(count);
}

void RequestReader::shrink() {
  if (buffer_.capacity() > kKeptBuffer) buffer_.shrink_to_fit();
}

void RequestReader::clear() { buffer_.clear(); }

void RequestReader::abandon() { parser_.reset(); }

RequestReader::Step RequestReader::refuse(int status) {
  status_ = status;
  parser_.reset();
  return Step::refused;
}

RequestReader::Step RequestReader::advance() { return parser_ ? read_body() : read_head(); }

RequestReader::Step RequestReader::read_head() {
  is_head_request_ = false;
  const std::string_view text = text_of(buffer_);
  const HeadScanner::Found found = scanner_.scan(text);
  if (found.refuse != 0) return refuse(found.refuse);
  if (found.size == 0) return Step::more;
  scanner_.reset();
  const Head head = check_head(text.substr(0, found.size), head_limits_);
  if (head.refuse != 0) return refuse(head.refuse);
  is_head_request_ = head.method == "HEAD";
  keep_alive_ = head.minor_version == 1;
  const std::uint64_t declared = head.content_length.value_or(0);
  if (declared > body_limit_) return refuse(413);
  if (head.minor_version == 1 && head.expect == Head::Expect::other) return refuse(417);
  if (declared > 0 && !fits_(declared)) return refuse(503);
  wants_continue_ = head.expect == Head::Expect::hundred_continue && head.minor_version == 1 &&
                    head.has_body() && text.size() == found.size;
  return parse_head() ? Step::head_whole : refuse(400);
}

/// The head once more by Beast, which must agree; its fields are taken now, before trailers can join them.
bool RequestReader::parse_head() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(head_limits_.bytes + kSmallRead));
  parser_->body_limit(body_limit_);
  boost::system::error_code error;
  buffer_.consume(parser_->put(buffer_.cdata(), error));
  if (error || !parser_->is_header_done()) return false;
  const auto& message = parser_->get();
  request_.method.assign(message.method_string().data(), message.method_string().size());
  request_.target.assign(message.target().data(), message.target().size());
  request_.headers.clear();
  for (const auto& field : message) {
    request_.headers.emplace_back(std::string(field.name_string().data(), field.name_string().size()),
                                  std::string(field.value().data(), field.value().size()));
  }
  parser_->eager(true);
  return true;
}

RequestReader::Step RequestReader::read_body() {
  while (!parser_->is_done() && buffer_.size() != 0) {
    boost::system::error_code error;
    const std::size_t used = parser_->put(buffer_.cdata(), error);
    buffer_.consume(used);
    if (error == http::error::need_more) {
      if (used == 0) break;
    } else if (error) {
      return refuse(error == http::error::body_limit ? 413 : 400);
    }
  }
  if (body_size() > 0 && !fits_(body_size())) return refuse(503);
  if (parser_->is_done()) return Step::whole;
  // What Beast leaves unread is a chunk's line or trailers: of bounded size, and its lines end in CR LF.
  if (buffer_.size() > head_limits_.bytes || has_bare_newline(text_of(buffer_))) return refuse(400);
  return Step::more;
}

Request RequestReader::take() {
  request_.body = std::move(parser_->get().body());
  if (!parser_->keep_alive()) keep_alive_ = false;
  parser_.reset();
  return std::exchange(request_, {});
}

}  // namespace tenon::ingress
