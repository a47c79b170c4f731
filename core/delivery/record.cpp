#include "delivery/record.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/text.hpp"

namespace tenon::delivery {
namespace {

bool only_array(const Schema& schema) {
  return schema.types.array && !schema.types.object && !schema.types.string && !schema.types.number &&
         !schema.types.integer && !schema.types.boolean;
}

Value one_item(Value item, Arena& arena) {
  Value* items = arena.array<Value>(1);
  new (items) Value(item);
  return Value::array({items, 1});
}

/// `/lines/0/sku` as `lines[0].sku`. A name that the schema does not know came with the data: `*`.
std::string field_of(std::string_view pointer, const Schema& whole) {
  std::string out;
  const Schema* schema = &whole;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);
    const auto end = std::min(pointer.find('/'), pointer.size());
    const std::string_view step = pointer.substr(0, end);
    pointer.remove_prefix(end);
    const bool index = !step.empty() && step.find_first_not_of("0123456789") == std::string_view::npos;
    if (index && schema != nullptr && schema->items) {
      out += "[" + std::string(step) + "]";
      schema = schema->items.get();
      continue;
    }
    const Schema* const property = schema != nullptr ? schema->property(step) : nullptr;
    if (!out.empty()) out += '.';
    out += property != nullptr ? step : "*";
    schema = property;
  }
  return out;
}

}  // namespace

Value fit_lists(Value record, const Schema& schema, Arena& arena) {
  if (record.is_array() && schema.items) {
    Value* items = arena.array<Value>(record.size());
    for (std::size_t i = 0; i < record.size(); ++i)
      new (items + i) Value(fit_lists(record.items()[i], *schema.items, arena));
    return Value::array({items, record.size()});
  }
  if (!record.is_object()) return record;
  Member* members = arena.array<Member>(record.size() + schema.required.size());
  std::size_t count = 0;
  for (const Member& member : record.members()) {
    Value value = member.value;
    if (const Schema* property = schema.property(member.name)) {
      if (only_array(*property) && !value.is_array() && !value.is_null() && !value.is_missing())
        value = one_item(value, arena);
      value = fit_lists(value, *property, arena);
    }
    new (members + count++) Member{member.name, value};
  }
  for (const std::string& name : schema.required) {
    const Schema* property = schema.property(name);
    if (property == nullptr || !only_array(*property) || !record.get(name).is_missing()) continue;
    new (members + count++) Member{name, Value::array({})};
  }
  return Value::object({members, count});
}

Status check_record(Value record, const plugin::Operation& operation, const Origin& origin) {
  if (!record.is_object()) return Error("invalid_record", "the mapping gives no object");
  if (!operation.input) return {};
  const auto violations = operation.input->validate(record, 5);
  if (violations.empty()) return {};
  std::string text;
  for (const auto& violation : violations) {
    if (!text.empty()) text += "; ";
    const std::string field = field_of(violation.path, *operation.input);
    text += field.empty() ? "the record" : field + origin(field);
    text += ": expected " + violation.expected + ", found " + violation.found;
  }
  return Error("invalid_record", std::move(text));
}

std::vector<journal::IdentityKey> identities_of(Value record, const plugin::Operation& operation,
                                                const std::string& account) {
  std::vector<journal::IdentityKey> keys;
  for (const std::string& name : operation.identity) {
    const Value value = record.get(name);
    std::string text;
    if (value.is_string()) {
      text = trim(value.as_string());
    } else if (value.is_number()) {
      text = to_json(value);
    }
    if (!text.empty()) keys.push_back({account, operation.resource, name + "=" + text});
  }
  return keys;
}

plugin::Capabilities promises_for(const plugin::Operation& operation,
                                  const std::vector<journal::IdentityKey>& identities) {
  plugin::Capabilities promised = operation.capabilities;
  const auto& unique = promised.unique_fields;
  const bool has_one = std::any_of(unique.begin(), unique.end(), [&](const std::string& field) {
    return std::any_of(identities.begin(), identities.end(), [&](const journal::IdentityKey& key) {
      return key.natural_key.starts_with(field + "=");
    });
  });
  if (!unique.empty() && !has_one) promised.unique_conflict = false;
  return promised;
}

std::vector<journal::IdentityKey> lock_keys(std::vector<journal::IdentityKey> identities) {
  for (journal::IdentityKey& key : identities) key.natural_key = to_lower(key.natural_key);
  std::sort(identities.begin(), identities.end());
  return identities;
}

}  // namespace tenon::delivery
