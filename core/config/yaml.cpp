#include "config/yaml.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <string>
#include <utility>

#include "base/text.hpp"
#include "config/yaml_explain.hpp"

namespace tenon::config {
namespace {

/// Ends the parse; what is wrong has been reported.
struct Stop {};

class Builder : public YAML::EventHandler {
 public:
  explicit Builder(Report& report) : report_(report), source_(report.source()) {}

  std::optional<Node> take() { return std::move(root_); }
  const Node& last_scalar() const { return last_scalar_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ < 2) return;
    report_.error({offset_of(mark), 3}, "yaml_documents", "a second document: one file is one document");
    throw Stop();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node = start(mark, anchor);
    const std::string word = null_word(node.at.offset);
    if (!word.empty()) {
      node.kind = Node::Kind::text;
      node.text = word;
      locate_scalar(node, report_);
    }
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    const std::size_t at = offset_of(mark);
    report_.error({at, word_length(at)}, "yaml_alias", "YAML aliases are not used here: write it out");
    Node node;
    node.kind = Node::Kind::text;
    node.at = {at, 1};
    add(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = start(mark, anchor);
    node.kind = Node::Kind::text;
    node.text = value;
    const char first = node.at.offset < source_.text().size() ? source_.text()[node.at.offset] : '\0';
    if (first == '"') {
      node.style = Node::Style::double_quoted;
    } else if (first == '\'') {
      node.style = Node::Style::single_quoted;
    } else if (tag == "!" && (first == '|' || first == '>')) {
      node.style = Node::Style::block;
    }
    check_flow_expression(node);
    const bool known_place = first != '!' && first != '&';
    if (known_place) locate_scalar(node, report_);
    if (!is_utf8(value)) report_.error(node.at, "yaml_bytes", "an escape in this text is no character");
    last_scalar_ = node;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, anchor, Node::Kind::list);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, anchor, Node::Kind::map);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    std::optional<Node> key;
    std::map<std::string, std::size_t> seen;  ///< name to the offset of its key
  };

  static constexpr std::size_t kMostNodes = 50'000;

  std::size_t offset_of(const YAML::Mark& mark) const {
    const auto line = static_cast<std::size_t>(std::max(mark.line, 0));
    const std::size_t at = source_.line_start(line) + static_cast<std::size_t>(std::max(mark.column, 0));
    return std::min(at, source_.text().size());
  }

  std::size_t word_length(std::size_t at) const {
    const std::size_t end = source_.text().find_first_of(" ,]}\r\n", at);
    return std::max<std::size_t>(1, std::min(end, source_.text().size()) - at);
  }

  /// The checks that every node gets.
  Node start(const YAML::Mark& mark, YAML::anchor_t) {
    if (++nodes_ > kMostNodes) {
      report_.file_error("yaml_size", "the file holds more than 50,000 values");
      throw Stop();
    }
    Node node;
    node.at = {offset_of(mark), 1};
    const char first = node.at.offset < source_.text().size() ? source_.text()[node.at.offset] : '\0';
    if (first == '&') {
      report_.error({node.at.offset, word_length(node.at.offset)}, "yaml_anchor",
                    "YAML anchors are not used here (text that begins with `&` needs quotes)");
    } else if (first == '!') {
      report_.error({node.at.offset, word_length(node.at.offset)}, "yaml_tag",
                    "YAML tags are not used here (text that begins with `!` needs quotes)");
    }
    return node;
  }

  /// `null` or `~` as it stands in the source; empty if nothing is there (yaml-cpp reports both alike, the
  /// second with the place of whatever comes next).
  std::string null_word(std::size_t at) const {
    const std::string_view rest = source_.text().substr(at);
    for (const std::string_view word : {"null", "Null", "NULL", "~"}) {
      if (!rest.starts_with(word)) continue;
      const std::string_view behind = rest.substr(word.size());
      if (!behind.empty() && std::string_view(" ,]}:\r\n").find(behind[0]) == std::string_view::npos)
        continue;
      const std::size_t next = behind.find_first_not_of(' ');
      const bool is_key = next != std::string_view::npos && behind[next] == ':';
      const bool wants_key = !frames_.empty() && frames_.back().node.is_map() && !frames_.back().key;
      if (is_key == wants_key) return std::string(word);
    }
    return {};
  }

  /// `{ id: ${{ x }} }` without quotes: the brace ends the text `$`.
  void check_flow_expression(const Node& node) {
    const std::string_view rest = source_.text().substr(node.at.offset);
    if (node.is_quoted() || !node.text.ends_with('$')) return;
    if (!rest.starts_with(node.text) || !rest.substr(node.text.size()).starts_with("{{")) return;
    const std::size_t end = rest.find("}}");
    const std::size_t line_end = std::min(rest.find('\n'), rest.size());
    report_.error({node.at.offset, end < line_end ? end + 2 : line_end}, "expression_needs_quotes",
                  "inside `{ }` and `[ ]` an expression needs quotes: \"${{ … }}\"");
    throw Stop();
  }

  void open(const YAML::Mark& mark, YAML::anchor_t anchor, Node::Kind kind) {
    Node node = start(mark, anchor);
    node.kind = kind;
    if (frames_.size() >= static_cast<std::size_t>(Node::kMostDepth)) {
      report_.error(node.at, "yaml_depth", "more than 64 levels of lists and maps");
      throw Stop();
    }
    frames_.push_back({std::move(node), std::nullopt, {}});
  }

  void close() {
    Node node = std::move(frames_.back().node);
    frames_.pop_back();
    add(std::move(node));
  }

  void add(Node node) {
    if (frames_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      frame.key = std::move(node);
    } else {
      add_member(frame, std::move(node));
    }
  }

  void add_member(Frame& frame, Node value) {
    Node key = std::move(*frame.key);
    frame.key.reset();
    if (!key.is_text() || key.text.empty()) {
      report_.error(key.at, "yaml_key", "a key must be text; a value that begins with `{` needs quotes");
      return;
    }
    if (key.text == "<<" && !key.is_quoted()) {
      report_.error(key.at, "yaml_merge", "YAML merge keys are not used here: write it out");
      return;
    }
    const auto [found, fresh] = frame.seen.emplace(key.text, key.at.offset);
    if (!fresh) {
      const int line = source_.position(found->second).line;
      report_.error(key.at, "duplicate_key",
                    "`" + key.text + "` stands here twice; first in line " + std::to_string(line));
      return;
    }
    frame.node.members.push_back({std::move(key), std::move(value)});
  }

  Report& report_;
  const Source& source_;
  std::vector<Frame> frames_;
  std::optional<Node> root_;
  Node last_scalar_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
};

}  // namespace

std::optional<Node> parse_yaml(Report& report) {
  if (!check_bytes(report)) return std::nullopt;
  const std::size_t before = report.errors();
  Builder builder(report);
  try {
    std::istringstream in{std::string(report.source().text())};
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return std::nullopt;
  } catch (const YAML::Exception& failure) {
    // Text that runs over lines usually is the cause of what yaml-cpp stumbles over later.
    if (report.errors() == before) {
      explain_yaml_error(report, failure.mark.line, failure.mark.column, failure.msg, builder.last_scalar());
    }
    return std::nullopt;
  } catch (const std::exception&) {
    if (report.errors() == before) report.file_error("yaml_syntax", "this is no YAML");
    return std::nullopt;
  }
  std::optional<Node> root = builder.take();
  if (!root && report.errors() == before) {
    report.file_error("yaml_empty", "the file is empty: expected `tenon: 1` and a pipeline");
  }
  return root;
}

}  // namespace tenon::config
