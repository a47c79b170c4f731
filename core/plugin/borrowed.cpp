#include "plugin/borrowed.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"

namespace tenon::plugin {
namespace {

constexpr std::uintptr_t kNullPage = 4096;
constexpr std::uint32_t kMostStruct = 65536;
constexpr std::size_t kMostWords = 2048;
constexpr std::size_t kMostMatches = 1000;
constexpr std::size_t kMostItems = 10'000;
constexpr std::size_t kMostCursor = std::size_t{64} << 10;
constexpr std::int64_t kMostRetryAfterMs = std::int64_t{30} * 24 * 3600 * 1000;

using Verdict = CallResult::Verdict;

std::optional<Verdict> verdict_of(tenon_verdict v) {
  constexpr Verdict kAll[] = {Verdict::delivered, Verdict::retry, Verdict::rejected,
                              Verdict::found,     Verdict::gone,  Verdict::cancelled};
  if (v >= std::size(kAll)) return std::nullopt;
  return kAll[v];
}

std::optional<Cause> cause_of(tenon_cause c) {
  constexpr Cause kAll[] = {Cause::none,    Cause::not_sent, Cause::ambiguous, Cause::throttled,
                            Cause::auth,    Cause::stale,    Cause::conflict,  Cause::remote_error,
                            Cause::invalid, Cause::plugin};
  if (c >= std::size(kAll)) return std::nullopt;
  return kAll[c];
}

bool fits(Verdict verdict, CallKind kind, bool cancelled) {
  switch (verdict) {
    case Verdict::delivered:
      return kind == CallKind::create || kind == CallKind::update || kind == CallKind::deliver;
    case Verdict::found:
      return kind == CallKind::fetch || kind == CallKind::list || kind == CallKind::find;
    case Verdict::gone:
      return kind == CallKind::fetch;
    case Verdict::cancelled:
      return cancelled;
    default:
      return true;
  }
}

void copy_verdict(const tenon_result& from, CallKind kind, bool cancelled, Borrowed& in, CallResult& out) {
  const auto verdict = verdict_of(from.verdict);
  const auto cause = cause_of(from.cause);
  if (!verdict || !fits(*verdict, kind, cancelled))
    return in.fail("verdict " + std::to_string(from.verdict) + " does not fit " + std::string(name_of(kind)));
  if (!cause) return in.fail("cause " + std::to_string(from.cause) + " is unknown");
  out.verdict = *verdict;
  const bool failed = out.verdict == Verdict::retry || out.verdict == Verdict::rejected;
  out.cause = !failed ? Cause::none : *cause == Cause::none ? Cause::plugin : *cause;
  if (from.retry_after_ms >= 0) out.retry_after_ms = std::min(from.retry_after_ms, kMostRetryAfterMs);
}

void copy_lists(const tenon_result& from, Borrowed& in, CallResult& out) {
  if (in.array(from.matches, from.match_count, kMostMatches, "matches")) {
    out.matches.reserve(from.match_count);
    for (std::size_t i = 0; i < from.match_count && in.ok(); ++i) {
      const auto& one = Borrowed::element(from.matches, i);
      out.matches.push_back({in.text(one.id, "a match's id"), in.text(one.version, "a match's version"),
                             in.bytes(one.text, "a match's text")});
      if (out.matches.back().id.empty()) in.fail("a match without an id");
    }
  }
  if (in.array(from.items, from.item_count, kMostItems, "items")) {
    out.items.reserve(from.item_count);
    for (std::size_t i = 0; i < from.item_count && in.ok(); ++i) {
      const auto& one = Borrowed::element(from.items, i);
      out.items.push_back({in.text(one.key, "an item's key"), in.text(one.version, "an item's version"),
                           in.text(one.type, "an item's type"), in.bytes(one.data, "an item's data")});
      if (out.items.back().key.empty() || out.items.back().type.empty())
        in.fail("an item without key or type");
    }
  }
}

}  // namespace

std::string_view name_of(CallKind kind) {
  switch (kind) {
    case CallKind::fetch:
      return "fetch";
    case CallKind::list:
      return "list";
    case CallKind::find:
      return "find";
    case CallKind::create:
      return "create";
    case CallKind::update:
      return "update";
    case CallKind::deliver:
      return "deliver";
  }
  return "?";
}

void Borrowed::fail(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
}

bool Borrowed::pointer(const void* from, std::size_t align, const char* what) {
  const auto address = reinterpret_cast<std::uintptr_t>(from);
  if (address < kNullPage) fail(std::string(what) + " is a null pointer");
  if (address % align != 0) fail(std::string(what) + " is misaligned");
  return ok();
}

bool Borrowed::struct_size(std::uint32_t size, std::size_t least, std::size_t align, const char* what) {
  if (size < least || size > kMostStruct || size % align != 0)
    fail(std::string(what) + " has " + std::to_string(size) + " bytes, this host needs " +
         std::to_string(least));
  return ok();
}

bool Borrowed::readable(tenon_str from, const char* what, std::size_t limit) {
  if (!ok() || from.size == 0) return false;
  if (from.size > limit) {
    fail(std::string(what) + ": " + std::to_string(from.size) + " bytes, at most " + std::to_string(limit));
  } else if (reinterpret_cast<std::uintptr_t>(from.data) < kNullPage) {
    fail(std::string(what) + ": " + std::to_string(from.size) + " bytes at a null pointer");
  } else if ((together_ += from.size) > kMostTogether) {
    fail("more than " + std::to_string(kMostTogether) + " bytes in one call");
  }
  return ok();
}

std::string Borrowed::bytes(tenon_str from, const char* what, std::size_t limit) {
  return readable(from, what, limit) ? std::string(from.data, from.size) : std::string();
}

std::string Borrowed::text(tenon_str from, const char* what, std::size_t limit) {
  std::string out = bytes(from, what, limit);
  if (!is_utf8(out)) fail(std::string(what) + " is not UTF-8");
  return out;
}

std::string Borrowed::words(tenon_str from, const char* what) {
  if (from.size > kMostData) fail(std::string(what) + ": " + std::to_string(from.size) + " bytes");
  const bool cut = from.size > kMostWords;
  from.size = std::min(from.size, kMostWords);
  if (!readable(from, what, kMostWords)) return {};
  std::string out(from.data, from.size);
  while (cut && !out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0U) == 0x80U) out.pop_back();
  if (cut && !out.empty() && static_cast<unsigned char>(out.back()) >= 0xC0U) out.pop_back();
  if (!is_utf8(out))
    std::replace_if(
        out.begin(), out.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  if (cut) out += "…";
  return out;
}

CallResult copy_result(const tenon_result* from, CallKind kind, bool cancelled) {
  Borrowed in;
  CallResult out;
  if (in.structure(from, "tenon_result")) {
    copy_verdict(*from, kind, cancelled, in, out);
    out.message = in.words(from->message, "the message");
    out.id = in.text(from->id, "the id");
    out.version = in.text(from->version, "the version");
    out.data = in.bytes(from->data, "the data");
    out.cursor = in.text(from->cursor, "the cursor", kMostCursor);
    copy_lists(*from, in, out);
  }
  if (in.ok()) return out;
  CallResult broken;
  broken.verdict = Verdict::rejected;
  broken.cause = Cause::plugin;
  broken.message = "the plugin's answer to " + std::string(name_of(kind)) + " is broken: " + in.problem();
  return broken;
}

}  // namespace tenon::plugin
