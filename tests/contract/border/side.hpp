// One side of the border's contract: a host around the same plugin object, its results as text.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace border {

using header_list = std::vector<std::pair<std::string, std::string>>;

/// What the network says to one request.
struct reaction {
  int status = 200;
  std::string body;
  header_list headers;
  enum class kind { answer, refused_connection, reset, timeout, too_large } what = kind::answer;
};

class side {
 public:
  virtual ~side() = default;
  /// Why there is no instance; empty if there is one.
  virtual std::string failure() const = 0;
  /// The next request of that method and URL.
  virtual side& answer(std::string method, std::string url, reaction what) = 0;
  /// "key type data …" of each event, or "malformed: why".
  virtual std::string accept(std::string_view body, const header_list& headers, std::int64_t now_ms) = 0;
  // Each begins a call and runs it to its end; the text says all that the call came to.
  virtual std::string fetch(std::string_view arguments) = 0;
  virtual std::string list(std::string_view cursor) = 0;
  virtual std::string find(std::string_view record) = 0;
  virtual std::string create(std::string_view record) = 0;
  virtual std::string update(std::string_view record, bool with_match) = 0;
  virtual std::string deliver(std::string_view record) = 0;
  /// Begins a find, cancels it while its request waits, and runs it to its end.
  virtual std::string cancelled_find(std::string_view record) = 0;
  /// Method, URL, plugin's headers and body of each request that left, one a line.
  virtual std::string requests() const = 0;
  virtual bool logged(std::string_view words) const = 0;
};

std::unique_ptr<side> make_fake_side(std::string_view connector, std::string_view settings);
std::unique_ptr<side> make_real_side(std::string_view connector, std::string_view settings);

/// "verdict/cause retry_after=… id=… …": empty parts are left out.
class line {
 public:
  explicit line(std::string first) : text_(std::move(first)) {}
  line& add(std::string_view name, std::string_view value) {
    if (!value.empty()) text_ += " " + std::string(name) + "=" + std::string(value);
    return *this;
  }
  std::string text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace border
