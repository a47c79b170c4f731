// Texts across the border, percent-encoding, and document: a JSON text with a type of its own.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "tenon/abi.h"

namespace tenon {

/// A JSON text as it crossed the border: a record, arguments, a query or settings. Owns its text. With
/// tenon/json.hpp, `tenon::json(document)` parses it.
class document {
 public:
  document() = default;
  explicit document(std::string text) : text_(std::move(text)) {}
  const std::string& text() const noexcept { return text_; }

 private:
  std::string text_ = "{}";
};
using record = document;
using arguments = document;
using query = document;
using settings = document;

/// How a value reads in a URL. Specialised by tenon/json.hpp for JSON values; throws std::invalid_argument
/// for what has no plain text.
template <class T>
struct text_of {
  static std::string of(const T& value) {
    if constexpr (std::same_as<T, bool>) {
      return value ? "true" : "false";
    } else if constexpr (std::integral<T>) {
      char digits[24];
      const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
      return std::string(digits, end);
    } else {
      static_assert(std::is_convertible_v<const T&, std::string_view>, "no plain text of this type");
      return std::string(std::string_view(value));
    }
  }
};

/// How a value reads as a JSON body: a text is taken as JSON already.
template <class T>
struct json_text_of {
  static std::string of(const T& value) {
    static_assert(std::is_convertible_v<const T&, std::string_view>,
                  "a JSON text, a document or a JSON value");
    return std::string(std::string_view(value));
  }
};
template <>
struct json_text_of<document> {
  static std::string of(const document& value) { return value.text(); }
};

namespace sdk {

inline std::string_view view(tenon_str text) noexcept {
  return text.data ? std::string_view(text.data, text.size) : std::string_view();
}
inline std::string copy(tenon_str text) { return std::string(view(text)); }
inline tenon_str lend(std::string_view text) noexcept { return tenon_str{text.data(), text.size()}; }

/// The n-th struct of an array whose elements may be larger than this header knows.
template <class T>
const T& element(const T* first, std::size_t index) noexcept {
  const auto stride = first->size < sizeof(T) ? sizeof(T) : first->size;
  return *reinterpret_cast<const T*>(reinterpret_cast<const char*>(first) + index * stride);
}

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

inline bool same_letters(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

/// RFC 3986: everything but unreserved characters and those in `also` is encoded, each byte once.
inline void append_encoded(std::string& out, std::string_view text, std::string_view also = {}) {
  constexpr char kHex[] = "0123456789ABCDEF";
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || also.find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
}

/// RFC 9110 token: what a method or header name is made of.
inline bool is_token(std::string_view text) noexcept {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  if (text.empty()) return false;
  for (const char c : text) {
    const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    kMarks.find(c) != std::string_view::npos;
    if (!ok) return false;
  }
  return true;
}

}  // namespace sdk

/// ASCII letters in lower case; every other byte stays.
inline std::string to_lower(std::string text) {
  for (char& c : text) c = sdk::lower(c);
  return text;
}

}  // namespace tenon
