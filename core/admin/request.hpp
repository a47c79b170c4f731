// Reading requests of the admin API, and its plain answers.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/value.hpp"
#include "ingress/message.hpp"
#include "journal/journal.hpp"

namespace tenon::admin {

ingress::Answer not_found();
/// Names the parameter that is wrong.
ingress::Answer bad_request(std::string_view name);
/// 503.
ingress::Answer failed(const Error& error);

template <class T>
bool read_number(const std::string& text, T least, T most, T& into) {
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, into);
  return error == std::errc{} && parsed == end && into >= least && into <= most;
}

/// What narrows a list. The first parameter that is wrong goes to `wrong`.
std::optional<journal::Query> read_query(std::string_view text, std::string& wrong);
/// {"seqs": [1, 2, ...]}, at most 1,000; nullopt for anything else.
std::optional<std::vector<journal::Seq>> read_seqs(Value body);

/// True if the request has that method; else it is answered.
bool only(std::string_view method, const ingress::Request& request, const ingress::Respond& respond);
bool only_get(const ingress::Request& request, const ingress::Respond& respond);

}  // namespace tenon::admin
