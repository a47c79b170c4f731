#include "base/secret.hpp"

#include <openssl/crypto.h>

#include <utility>

namespace tenon {

Secret::Secret(Secret&& other) noexcept : text_(other.text_) {
  other.wipe();
}  // copied: a short string moves by copying and would stay behind

Secret& Secret::operator=(const Secret& other) {
  if (this != &other) {
    wipe();
    text_ = other.text_;
  }
  return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    wipe();
    text_ = other.text_;
    other.wipe();
  }
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::wipe() { tenon::wipe(text_); }

bool Secret::equals(std::string_view other) const {
  return text_.size() == other.size() && CRYPTO_memcmp(text_.data(), other.data(), other.size()) == 0;
}

void wipe(std::string& text) {
  // The whole room, not only what is used now: a longer text may have stood there.
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

}  // namespace tenon
