// Logging: one line per incident, with its code, to stderr.
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "base/function.hpp"
#include "observe/error_codes.hpp"

namespace tenon::log {

enum class Level : std::uint8_t { debug, info, warn, error, off };

/// A name and a value, borrowed for the call.
struct Field {
  enum class Kind : std::uint8_t { text, integer, natural, real, boolean };

  Field(std::string_view field_name, std::string_view value) : name(field_name), text(value) {}
  Field(std::string_view field_name, const std::string& value) : name(field_name), text(value) {}
  Field(std::string_view field_name, const char* value) : name(field_name), text(value) {}
  Field(std::string_view field_name, bool value)
      : name(field_name), kind(Kind::boolean), natural(value ? 1 : 0) {}
  Field(std::string_view field_name, double value) : name(field_name), kind(Kind::real), real(value) {}
  template <std::integral T>
  Field(std::string_view field_name, T value)
      : name(field_name),
        kind(std::is_signed_v<T> ? Kind::integer : Kind::natural),
        natural(static_cast<std::uint64_t>(value)) {}

  std::string_view name;  ///< of ours: lower case and underscores, not escaped
  std::string_view text;
  Kind kind = Kind::text;
  std::uint64_t natural = 0;
  double real = 0;
};
using Fields = std::initializer_list<Field>;

struct Options {
  Level level = Level::info;
  bool json = false;  ///< a JSON object a line instead of text for people
  /// Takes each line, without its end, instead of stderr; called under a lock, must not log.
  Function<void(std::string_view line)> sink;
  /// For folding repeats; milliseconds, monotonic. Empty: the machine's clock.
  Function<std::int64_t()> now_ms;
};

/// From any thread; lines logged before keep their old form.
void configure(Options options);
void set_level(Level level);
/// nullopt-like: false if the word is none of debug, info, warn, error, off.
bool parse_level(std::string_view word, Level& level);

namespace detail {
inline std::atomic<Level> level{Level::info};
/// An empty code is none.
void write(Level level, std::string_view code, std::string_view message, Fields fields);
}  // namespace detail

inline bool enabled(Level level) { return level >= detail::level.load(std::memory_order_relaxed); }

/// `message` is a sentence part; values go into `fields`. Whatever either holds, the line stays one line. The
/// first field is the subject: lines of the same code and subject within 10 s are counted and told later in
/// one line, "repeated N times"; where they have a field `remote`, with how many different ones there were,
/// and the first few. From any thread. Costs one load if the level is off. Secrets are the caller's care.
inline void warn(const ErrorCode& code, std::string_view message, Fields fields = {}) {
  if (enabled(Level::warn)) detail::write(Level::warn, code.code, message, fields);
}
inline void error(const ErrorCode& code, std::string_view message, Fields fields = {}) {
  if (enabled(Level::error)) detail::write(Level::error, code.code, message, fields);
}
inline void info(const ErrorCode& code, std::string_view message, Fields fields = {}) {
  if (enabled(Level::info)) detail::write(Level::info, code.code, message, fields);
}
/// For the code and message of an Error, where the row is not known.
inline void warn(std::string_view code, std::string_view message, Fields fields = {}) {
  if (enabled(Level::warn)) detail::write(Level::warn, code, message, fields);
}
inline void error(std::string_view code, std::string_view message, Fields fields = {}) {
  if (enabled(Level::error)) detail::write(Level::error, code, message, fields);
}
/// Of things that are no incident: no code, never folded.
inline void info(std::string_view message, Fields fields = {}) {
  if (enabled(Level::info)) detail::write(Level::info, {}, message, fields);
}
inline void debug(std::string_view message, Fields fields = {}) {
  if (enabled(Level::debug)) detail::write(Level::debug, {}, message, fields);
}

/// Tells repeats whose 10 s are over; the host calls it every few seconds.
void tell_repeats();
/// Tells all repeats and writes out what is buffered; before the process ends.
void flush();

}  // namespace tenon::log
