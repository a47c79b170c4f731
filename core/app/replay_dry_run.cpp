#include "app/replay_dry_run.hpp"

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "app/cells.hpp"
#include "app/cli/interrupt.hpp"
#include "app/cli/output.hpp"
#include "app/cli/progress.hpp"
#include "app/replay_diff.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "runtime/local_client.hpp"

namespace tenon::app {
namespace {

constexpr std::uint32_t kBatch = 200;

struct Looked {
  std::uint64_t left = 0;
  bool interrupted = false;
  std::string refused;  ///< what is wrong with the other definition
  std::string diagnostics;
};

/// The host's answer for the first of the numbers; an empty document where it refused the definition.
Result<Document> ask(const ReplayOptions& options, const std::vector<std::string>& seqs, Looked& so_far) {
  std::string body = "{\"pipeline\":" + json_string(options.pipeline) + ",\"seqs\":[";
  for (const std::string& seq : seqs) body += (body.back() == '[' ? "" : ",") + seq;
  body += std::string("],\"force\":") + (options.force ? "true" : "false");
  if (!options.with.empty())
    body += ",\"with\":" + json_string(std::filesystem::absolute(options.with).string());
  TENON_TRY(const auto answer,
            runtime::local_post(options.data + "/control.sock", "/v1/replay/dry-run", body + "}"));
  JsonLimits limits;
  limits.members = 10'000'000;
  limits.depth = 110;
  auto document = parse_json(answer.body, limits);
  if (!document) return Error("host_failed", "the host's answer is unreadable");
  if (answer.status == 200) return std::move(*document);
  const Value text = document->root.get("text");
  if (answer.status != 400 || !text.is_string())
    return Error("host_failed", "the host answered " + std::to_string(answer.status) + ": " +
                                    cell(document->root.get("error")));
  so_far.refused = text.as_string();
  so_far.diagnostics = to_json(document->root);
  return Document();
}

Result<Looked> look_at_all(const ReplayOptions& options, const ReplayRange& range, ReplayDiff& diff) {
  Looked so_far;
  const Interrupt interrupt;
  Progress progress("events", range.events);
  ReplayPages pages(options, range, kBatch);
  std::uint64_t looked = 0;
  std::string version;
  for (std::vector<std::string> seqs; !so_far.interrupted && so_far.refused.empty();) {
    if (seqs.empty() && pages.at_end()) break;
    if (seqs.empty()) {
      TENON_TRY(seqs, pages.next());
      if (seqs.empty()) continue;
    }
    TENON_TRY(const Document answer, ask(options, seqs, so_far));
    if (!so_far.refused.empty()) break;
    for (const Value event : answer.root.get("events").items()) {
      const Value side = event.get(options.with.empty() ? "now" : "with");
      const std::string seen = cell(side.get("version"));
      if (version.empty()) version = seen;
      if (seen != version)
        return Error("host_failed", "the definition changed during the dry run: run it again");
      diff.add(event);
    }
    const auto done = static_cast<std::size_t>(answer.root.get("done").as_double());
    seqs.erase(seqs.begin(), seqs.begin() + static_cast<std::ptrdiff_t>(std::min(done, seqs.size())));
    looked += done;
    progress.at(looked);
    so_far.interrupted = Interrupt::asked() && !(seqs.empty() && pages.at_end());
  }
  so_far.left = range.events - std::min(range.events, looked);
  return so_far;
}

std::string counted(std::uint64_t events) {
  return std::to_string(events) + (events == 1 ? " event" : " events");
}

std::string example_text(const DiffGroup& group) {
  std::string text = "event " + group.seq + " " + group.id;
  if (group.before_example.empty() && group.after_example.empty()) return text;
  return text + ": " + (group.before_example.empty() ? "-" : group.before_example) + " -> " +
         (group.after_example.empty() ? "-" : group.after_example);
}

std::string text_of(const ReplayOptions& options, const ReplayDiff& diff) {
  std::string out;
  for (const DiffGroup& group : diff.groups()) {
    out += output().paint_out(counted(group.events) + ":", Style::strong) + " " + printable(group.text()) +
           "\n    " + output().paint_out(printable(example_text(group)), Style::faint) + "\n";
  }
  out += std::to_string(diff.unchanged()) + " of " + counted(diff.events()) + ": no difference\n";
  if (diff.not_compared() > 0)
    out +=
        counted(diff.not_compared()) +
        ": what was sent then is not kept whole (bodies are kept up to 4 KiB), so fields were not compared\n";
  for (const auto& [action, words] : diff.would()) {
    out += (options.with.empty() ? "a replay now: " : "under the other definition: ") +
           printable(action.empty() ? "all actions" : action) + ":";
    for (const auto& [word, events] : words)
      out += (out.back() == ':' ? " " : ", ") + std::to_string(events) + " " + printable(word);
    out += "\n";
  }
  return out;
}

std::string json_of(const ReplayRange& range, const ReplayDiff& diff, const Looked& looked) {
  std::string out =
      "{\"events\":" + std::to_string(diff.events()) + ",\"unchanged\":" + std::to_string(diff.unchanged()) +
      ",\"not_compared\":" + std::to_string(diff.not_compared()) + ",\"open\":" + std::to_string(range.open) +
      ",\"gone\":" + std::to_string(range.gone) + ",\"groups\":[";
  const auto text = [&out](const char* name, const std::string& value) {
    if (value.empty()) return;
    out += (out.back() == '{' ? "\"" : ",\"") + std::string(name) + "\":" + json_string(value);
  };
  for (const DiffGroup& group : diff.groups()) {
    out += out.back() == '[' ? "{" : ",{";
    text("text", group.text());
    text("action", group.action);
    text("path", group.path);
    text("before", group.before);
    text("after", group.after);
    out += ",\"events\":" + std::to_string(group.events) + ",\"example\":{";
    if (!group.seq.empty()) out += "\"seq\":" + group.seq;
    text("id", group.id);
    text("before", group.before_example);
    text("after", group.after_example);
    out += "}}";
  }
  out += "],\"would\":[";
  for (const auto& [action, words] : diff.would()) {
    for (const auto& [word, events] : words)
      out += (out.back() == '[' ? "{" : ",{") + ("\"action\":" + json_string(action)) +
             ",\"what\":" + json_string(word) + ",\"events\":" + std::to_string(events) + "}";
  }
  return out + "],\"left\":" + std::to_string(looked.left) +
         (looked.interrupted ? ",\"interrupted\":true}" : "}");
}

}  // namespace

int dry_run(const ReplayOptions& options, const ReplayRange& range) {
  ReplayDiff diff(options.with.empty() ? DiffSides::then_and_now : DiffSides::now_and_with);
  const auto looked = look_at_all(options, range, diff);
  if (!looked) return output().fail(looked.error());
  if (!looked->refused.empty()) {
    if (output().json()) {
      output().document(looked->diagnostics);
    } else {
      std::cerr << looked->refused;
    }
    return kExitBadInput;
  }
  if (output().json()) {
    output().document(json_of(range, diff, *looked));
  } else {
    output().text(text_of(options, diff));
  }
  if (looked->interrupted) output().note(std::to_string(looked->left) + " were not looked at: Ctrl-C");
  return looked->interrupted ? kExitInterrupted : kExitOk;
}

}  // namespace tenon::app
