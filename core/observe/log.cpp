#include "observe/log.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <mutex>
#include <set>
#include <vector>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::log {

namespace {

constexpr std::int64_t kFoldMs = 10'000;
constexpr std::size_t kMaxFolds = 1024;
constexpr std::string_view kRemote = "remote";
constexpr std::size_t kToldRemotes = 3;
constexpr std::size_t kMaxRemotes = 1000;  ///< of one fold
constexpr std::size_t kMaxRemote = 64;     ///< its length

class CallSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit CallSink(Function<void(std::string_view)> call) : call_(std::move(call)) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    call_({line.data(), line.size()});
  }
  void flush_() override {}
  Function<void(std::string_view)> call_;
};

struct Fold {
  std::int64_t since_ms = 0;
  std::uint64_t repeats = 0;
  Level level = Level::info;
  std::set<std::string, std::less<>> remotes;
  std::string first_remotes;  ///< with commas between
  bool more_remotes = false;

  void note(Fields fields) {
    const auto* field =
        std::find_if(fields.begin(), fields.end(), [](const Field& each) { return each.name == kRemote; });
    if (field == fields.end() || field->kind != Field::Kind::text) return;
    const std::string_view remote = field->text.substr(0, kMaxRemote);
    if (remotes.contains(remote)) return;
    more_remotes = remotes.size() >= kMaxRemotes;
    if (more_remotes) return;
    if (remotes.size() < kToldRemotes) first_remotes.append(remotes.empty() ? "" : ",").append(remote);
    remotes.emplace(remote);
  }
};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::debug:
      return spdlog::level::debug;
    case Level::info:
      return spdlog::level::info;
    case Level::warn:
      return spdlog::level::warn;
    default:
      return spdlog::level::err;
  }
}

/// Bare if that is unambiguous, else a JSON string: quotes, control characters and line ends escaped.
void append_text(std::string& out, std::string_view text, bool json) {
  constexpr std::string_view kBare =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:/@+,*()[]{}<>?&%~^|;!$#";
  if (!json && !text.empty() && text.find_first_not_of(kBare) == std::string_view::npos) {
    out += text;
    return;
  }
  // A terminal acts on C1 controls and on the direction marks of Unicode; anything but ASCII that is not sure
  // to be well-formed is not shown as it came.
  std::string clean;
  clean.reserve(text.size());
  const bool utf8 = is_utf8(text);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool lost = (byte >= 0x80 && !utf8) || byte == 0x7f;
    const bool c1 = byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    const std::string_view three = text.substr(i, 3);
    const bool mark = three >= "\xe2\x80\x8e" && three <= "\xe2\x80\xae" &&
                      (three <= "\xe2\x80\x8f" || three >= "\xe2\x80\xa8");
    const bool isolate = three >= "\xe2\x81\xa6" && three <= "\xe2\x81\xa9" && three.size() == 3;
    if (utf8 && (c1 || mark || isolate)) {
      clean += '?';
      i += c1 ? 1 : 2;
    } else {
      clean += lost ? '?' : text[i];
    }
  }
  append_json_string(out, clean);
}

/// As it is, unless it could end the line or move the cursor.
void append_message(std::string& out, std::string_view message) {
  const bool plain =
      std::all_of(message.begin(), message.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (plain) {
    out += message;
  } else {
    append_text(out, message, true);
  }
}

void append_value(std::string& out, const Field& field, bool json) {
  switch (field.kind) {
    case Field::Kind::text:
      append_text(out, field.text, json);
      break;
    case Field::Kind::integer:
      out += std::to_string(static_cast<std::int64_t>(field.natural));
      break;
    case Field::Kind::natural:
      out += std::to_string(field.natural);
      break;
    case Field::Kind::real:
      append_number(out, field.real);
      break;
    case Field::Kind::boolean:
      out += field.natural != 0 ? "true" : "false";
      break;
  }
}

class Log {
 public:
  Log() { apply({}); }

  void apply(Options options) {
    const std::lock_guard lock(mutex_);
    json_ = options.json;
    now_ms_ = std::move(options.now_ms);
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (options.sink) {
      sink = std::make_shared<CallSink>(std::move(options.sink));
    } else {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    }
    const bool ends_lines = !std::dynamic_pointer_cast<CallSink>(sink);
    sink->set_formatter(std::make_unique<spdlog::pattern_formatter>(
        json_ ? R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
        spdlog::pattern_time_type::utc, ends_lines ? "\n" : ""));
    logger_ = std::make_unique<spdlog::logger>("tenon", std::move(sink));
    logger_->set_level(spdlog::level::trace);
    logger_->flush_on(spdlog::level::warn);
    folds_.clear();
    next_look_ = 0;
    detail::level = options.level;
  }

  void write(Level level, std::string_view code, std::string_view message, Fields fields) {
    const std::lock_guard lock(mutex_);
    if (!code.empty()) {
      if (code.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string_view::npos)
        code = codes::kInternal.code;
      const std::int64_t now = now_ms();
      tell(now, false);
      std::string key(code);
      if (fields.size() > 0) append_value(key.append(1, '\0'), *fields.begin(), true);
      const auto found = folds_.find(key);
      if (found != folds_.end()) {
        ++found->second.repeats;
        found->second.note(fields);
        return;
      }
      if (folds_.size() >= kMaxFolds) tell(now, true);
      Fold& fold = folds_[std::move(key)];
      fold.since_ms = now;
      fold.level = level;
      fold.note(fields);
    }
    put(level, code, message, fields, 0);
  }

  void tell_repeats(bool all) {
    const std::lock_guard lock(mutex_);
    tell(now_ms(), all);
    if (all) logger_->flush();
  }

 private:
  std::int64_t now_ms() const {
    if (now_ms_) return now_ms_();
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  }

  void tell(std::int64_t now, bool all) {
    if (!all && now < next_look_) return;
    std::int64_t next = now + kFoldMs;
    for (auto at = folds_.begin(); at != folds_.end();) {
      const auto& [key, fold] = *at;
      if (!all && now - fold.since_ms < kFoldMs) {
        next = std::min(next, fold.since_ms + kFoldMs);
        ++at;
        continue;
      }
      if (fold.repeats > 0) {
        const auto cut = key.find('\0');
        const std::string_view subject =
            cut == std::string::npos ? std::string_view() : std::string_view(key).substr(cut + 1);
        const std::string_view code = std::string_view(key).substr(0, cut);
        const std::string message = "repeated " + std::to_string(fold.repeats) + " times";
        const std::string remotes = std::to_string(fold.remotes.size()) + (fold.more_remotes ? "+" : "");
        if (fold.remotes.empty()) {
          put(fold.level, code, message, {}, fold.repeats, subject);
        } else {
          put(fold.level, code, message, {{"remotes", remotes}, {"first", fold.first_remotes}}, fold.repeats,
              subject);
        }
      }
      at = folds_.erase(at);
    }
    next_look_ = next;
  }

  /// `subject` is written already.
  void put(Level level, std::string_view code, std::string_view message, Fields fields, std::uint64_t repeats,
           std::string_view subject = {}) {
    std::string line;
    line.reserve(256);
    if (json_) {
      if (!code.empty()) line.append("\"code\":\"").append(code).append("\",");
      line += "\"message\":";
      append_text(line, message, true);
      if (repeats > 0) line.append(",\"repeats\":").append(std::to_string(repeats));
      if (!subject.empty()) line.append(",\"subject\":").append(subject);
      for (const Field& field : fields) {
        line.append(",\"").append(field.name).append("\":");
        append_value(line, field, true);
      }
    } else {
      if (!code.empty()) line.append(code).append(": ");
      append_message(line, message);
      if (!subject.empty()) line.append(" subject=").append(subject);
      for (const Field& field : fields) {
        line.append(1, ' ').append(field.name).append(1, '=');
        append_value(line, field, false);
      }
    }
    logger_->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  }

  std::mutex mutex_;
  std::unique_ptr<spdlog::logger> logger_;
  bool json_ = false;
  Function<std::int64_t()> now_ms_;
  std::map<std::string, Fold, std::less<>> folds_;
  std::int64_t next_look_ = 0;
};

/// Never destroyed: threads may log until the process is gone.
Log& the_log() {
  static Log* const log = new Log;
  return *log;
}

}  // namespace

void detail::write(Level of, std::string_view code, std::string_view message, Fields fields) {
  the_log().write(of, code, message, fields);
}

void configure(Options options) { the_log().apply(std::move(options)); }

void set_level(Level level) { detail::level = level; }

bool parse_level(std::string_view word, Level& level) {
  constexpr std::pair<std::string_view, Level> kWords[] = {{"debug", Level::debug},
                                                           {"info", Level::info},
                                                           {"warn", Level::warn},
                                                           {"error", Level::error},
                                                           {"off", Level::off}};
  for (const auto& [name, value] : kWords) {
    if (name != word) continue;
    level = value;
    return true;
  }
  return false;
}

void tell_repeats() { the_log().tell_repeats(false); }
void flush() { the_log().tell_repeats(true); }

}  // namespace tenon::log
