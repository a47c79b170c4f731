#include "journal/store.hpp"

#include <charconv>

namespace tenon::journal {

std::optional<Seq> seq_of(const std::string& text) {
  Seq seq = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, seq);
  if (error != std::errc() || stop != end || seq > INT64_MAX) return std::nullopt;
  return seq;
}

std::string_view state_name(const std::optional<End>& end, const std::optional<std::int64_t>& next_ms) {
  if (end) return name_of(*end);
  return next_ms ? "retrying" : "waiting";
}

bool matches(const Query& query, std::string_view pipeline, std::string_view key,
             const std::optional<End>& end, const std::optional<std::int64_t>& next_ms) {
  if (query.dead_only && !(end && is_dead(*end))) return false;
  if (!query.pipeline.empty() && query.pipeline != pipeline) return false;
  if (!query.key.empty() && query.key != key) return false;
  return query.state.empty() || query.state == state_name(end, next_ms);
}

}  // namespace tenon::journal
