#include "config/delivery_reader.hpp"

#include "base/text.hpp"
#include "config/language.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

KeySet delivery_keys() {
  KeySet keys = key_set(language::kDelivery);
  // A repeat is recognised before a request is taken apart into events of pipelines.
  keys.missed.emplace_back(
      "dedupe", "what is a repeat belongs to the connection, and each delivery is known again for 7 days");
  return keys;
}

const KeySet kDelivery = delivery_keys();
const KeySet kRetry = key_set(language::kRetry);

class DeliveryReader {
 public:
  DeliveryReader(Fields& fields, const Scope& scope, Reading& reading)
      : fields_(fields), scope_(scope), reading_(reading) {}

  void read() {
    if (const Node* order = fields_.get("order_by")) {
      reading_.made.order_by =
          reading_.templates.read_formula(*order, scope_, "delivery.order_by", "${{ event.keys.customer }}");
    }
    if (const Node* priority = fields_.get("priority")) read_priority(*priority);
    if (const Node* retry = fields_.get("retry")) read_retry(*retry);
    on_exhausted();
    on_gone();
  }

 private:
  void read_priority(const Node& node) {
    const std::string path = "delivery.priority";
    if (holds_expression(node)) {
      reading_.made.priority = reading_.templates.read_formula(
          node, scope_, path, "${{ event.data.total > 1000 ? 'high' : 'normal' }}");
      return;
    }
    const std::string word = node.is_text() ? node.text : "";
    if (!priority_of(word)) {
      return fields_.error(node.at, "wrong_type", "priority",
                           "expected `high`, `normal`, `low` or an expression that gives one, found " +
                               (node.is_text() ? "`" + word + "`" : found_in(node)));
    }
    const Position position = reading_.report.source().position(node.at.offset);
    reading_.made.priority = Formula{mapping::Template::literal(Value::string(word)), word, position};
  }

  void read_retry(const Node& node) {
    Fields inner(reading_.report, node, "delivery.retry", kRetry);
    if (!inner.ok()) return;
    Retry& retry = reading_.made.retry;
    retry.for_ms = inner.duration("for").value_or(retry.for_ms);
    if (const auto attempts = inner.integer("attempts", 1, 1'000'000)) {
      retry.attempts = static_cast<std::uint32_t>(*attempts);
    }
  }

  /// skip_and_mark_dirty: the next event of the key fetches anew, so nothing has to be marked: that is what
  /// happens anyway.
  void on_exhausted() {
    const auto word = fields_.text("on_exhausted");
    if (!word || *word == "skip_and_mark_dirty") return;
    if (*word == "block_key") {
      reading_.made.block_key = true;
      return;
    }
    const Span at = fields_.get("on_exhausted")->at;
    fields_.error(at, "wrong_type", "on_exhausted",
                  "expected `skip_and_mark_dirty` or `block_key`, found `" + *word + "`");
  }

  void on_gone() {
    const auto word = fields_.text("on_gone");
    if (!word || *word == "skip") return;
    const Span at = fields_.get("on_gone")->at;
    if (*word == "reject") {
      reading_.made.on_gone = OnGone::reject;
    } else if (*word == "delete") {
      fields_.error(at, "not_built_yet", "on_gone",
                    "`delete` is not built yet: what deletes would be an operation, and connectors have none "
                    "that deletes; `skip` or `reject`");
    } else {
      fields_.error(at, "wrong_type", "on_gone", "expected `skip` or `reject`, found `" + *word + "`");
    }
  }

  Fields& fields_;
  const Scope& scope_;
  Reading& reading_;
};

}  // namespace

std::optional<Priority> priority_of(std::string_view word) {
  if (word == "high") return Priority::high;
  if (word == "normal") return Priority::normal;
  if (word == "low") return Priority::low;
  return std::nullopt;
}

void read_delivery(const Node* section, const Scope& scope, Reading& reading) {
  if (section == nullptr) return;
  Fields fields(reading.report, *section, "delivery", kDelivery);
  if (fields.ok()) DeliveryReader(fields, scope, reading).read();
}

}  // namespace tenon::config
