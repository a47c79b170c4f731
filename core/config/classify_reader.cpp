#include "config/classify_reader.hpp"

#include <algorithm>

#include "config/language.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

const KeySet kRule = key_set(language::kClassRule);
const std::vector<std::string> kClasses = split_words(language::kAnswerClasses);

class ClassifyReader {
 public:
  ClassifyReader(Scope scope, Reading& reading) : scope_(std::move(scope)), reading_(reading) {
    scope_.answer = true;
  }

  void read(const Node& section) {
    if (!section.is_list()) {
      return reading_.report.error(section.at, "wrong_type",
                                   "classify: expected a list of rules, as in [{ status: 409, as: conflict "
                                   "}], found " +
                                       found_in(section));
    }
    for (std::size_t i = 0; i < section.items.size(); ++i) rule(section.items[i], join("classify", i));
  }

 private:
  void rule(const Node& node, const std::string& path) {
    Fields fields(reading_.report, node, path, kRule);
    if (!fields.ok()) return;
    ClassRule made;
    made.position = reading_.report.source().position(node.at.offset);
    if (node.find("connection") != nullptr) {
      if (const Connection* connection = reading_.connection(fields, "connection"))
        made.connection = connection->spec.name;
    }
    if (const auto status = fields.integer("status", 200, 599)) made.status = static_cast<int>(*status);
    if (const Node* when = fields.get("when"))
      made.when = reading_.templates.read_when(*when, scope_, fields.path_of("when"));
    // A key that is not known may be meant for one of them.
    const bool known = std::all_of(node.members.begin(), node.members.end(), [](const NodeMember& member) {
      return language::kClassRule.find(member.key.text) != nullptr;
    });
    if (known && node.find("status") == nullptr && node.find("when") == nullptr) {
      fields.error({node.at.offset, 1}, "missing_key", "status",
                   "is missing: a rule names a `status`, a `when`, or both");
    }
    if (const auto word = fields.need_text("as", "what the answer means: " + one_of(kClasses)))
      meaning(*word, fields, made);
    reading_.made.classify.push_back(std::move(made));
  }

  void meaning(const std::string& word, Fields& fields, ClassRule& made) {
    if (const auto as = answer_class_of(word)) {
      made.as = *as;
      return;
    }
    fields.error(fields.get("as")->at, "wrong_type", "as",
                 "expected " + one_of(kClasses) + ", found `" + word + "`" + suggestion(word, kClasses));
  }

  Scope scope_;
  Reading& reading_;
};

}  // namespace

std::optional<AnswerClass> answer_class_of(std::string_view word) {
  const auto found = std::find(kClasses.begin(), kClasses.end(), word);
  if (found == kClasses.end()) return std::nullopt;
  return static_cast<AnswerClass>(found - kClasses.begin());  // in the order of the table
}

void read_classify(const Node* section, const Scope& scope, Reading& reading) {
  if (section != nullptr) ClassifyReader(scope, reading).read(*section);
}

}  // namespace tenon::config
