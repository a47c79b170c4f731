#include "config/type_check.hpp"

#include <algorithm>
#include <vector>

#include "base/json.hpp"
#include "base/pattern.hpp"
#include "config/fields.hpp"
#include "config/scalar.hpp"

namespace tenon::config {
namespace {

using namespace mapping::check;

Kinds kinds_of(const TypeSet& types) {
  if (!types.any()) return kNull | kBoolean | kNumber | kString | kArray | kObject;
  Kinds all = 0;
  if (types.null) all |= kNull;
  if (types.boolean) all |= kBoolean;
  if (types.integer || types.number) all |= kNumber;
  if (types.string) all |= kString;
  if (types.array) all |= kArray;
  if (types.object) all |= kObject;
  return all;
}

std::string maybe_of(const Type& type) { return type.maybe.empty() ? "this" : type.maybe; }

class TypeCheck {
 public:
  TypeCheck(const Fit& fit, Report& report) : fit_(fit), report_(report) {}

  void check(const Type& type, const Schema& schema, bool required, const std::string& path) {
    if (!type.known()) return;
    const bool list_only = wants_list_only(schema);
    if (list_only && schema.items) {
      Type each = elements(type);
      each.kinds = static_cast<Kinds>(each.kinds & ~kMissing);
      if (each.known()) check_present(each, *schema.items, path);
      if (type.may_be(kNull) && !type.may_be(kArray)) null(type, schema, path);
      return;
    }
    if (list_only) return;
    if (type.present() == 0) return nothing(type, schema, required, path);
    if (required && type.may_be(kMissing)) {
      warn("may_be_missing", path + ": " + maybe_of(type) + " may be missing, and " + fit_.what +
                                 " requires this field: give another value with `??` or $present, or say why "
                                 "with $need");
    }
    check_present(type, schema, path);
  }

 private:
  void error(const char* code, const std::string& message) { report_.error(fit_.at, code, message); }
  void warn(const char* code, const std::string& message) { report_.warning(fit_.at, code, message); }

  std::string wanted(const Schema& schema) const { return with_article(schema.types.text()); }

  /// Never a value.
  void nothing(const Type& type, const Schema& schema, bool required, const std::string& path) {
    const bool null_fits = (kinds_of(schema.types) & kNull) != 0;
    if (type.may_be(kNull) && !null_fits) {
      error("wrong_type", path + ": " + fit_.what + " wants " + wanted(schema) + ", found null");
    } else if (required && !type.may_be(kNull)) {
      error("may_be_missing", path + ": is always missing, and " + fit_.what + " requires it");
    }
  }

  void null(const Type& type, const Schema& schema, const std::string& path) {
    warn("may_be_null", path + ": " + maybe_of(type) + " may be null, and " + fit_.what + " wants " +
                            wanted(schema) + ": put $present( ) around it");
  }

  void check_present(const Type& type, const Schema& schema, const std::string& path) {
    const Kinds allowed = kinds_of(schema.types);
    const Kinds found = type.present();
    if (type.may_be(kNull) && (allowed & kNull) == 0) null(type, schema, path);
    const Kinds refused = static_cast<Kinds>(found & ~allowed);
    if (found != 0 && (found & allowed) == 0) {
      const bool number = found == kNumber && (allowed & kString) != 0;
      return error("wrong_type", path + ": " + fit_.what + " wants " + wanted(schema) + ", found " +
                                     describe(found) + (number ? ": $string makes text of it" : ""));
    }
    if ((refused & kArray) != 0 && type.one_or_many) {
      warn("one_or_many", path + ": " + maybe_of(type) + " is a list as soon as there are two, and " +
                              fit_.what + " wants " + wanted(schema) + ": take one with `[0]`, or join them");
    } else if (refused != 0) {
      warn("wrong_type",
           path + ": may be " + describe(refused) + ", and " + fit_.what + " wants " + wanted(schema));
    } else if (type.one_or_many && (allowed & kArray) != 0 && (found & ~kArray) != 0) {
      warn("one_or_many", path +
                              ": is a list only if there are two or more, a lone value for one and missing "
                              "for none: write `[ … ]` around it, or `$each`");
    }
    values(type, schema, path);
    format(type, schema, path);
    if (type.may_be(kString) && (allowed & kString) != 0 && type.values.empty()) {
      length(type, schema, path);
      begins(type, schema, path);
    }
    if (type.may_be(kObject) && type.shape) members(*type.shape, schema, path);
    if (type.may_be(kArray) && type.item && schema.items && !type.one_or_many) {
      check_present(*type.item, *schema.items, path);
    }
  }

  void values(const Type& type, const Schema& schema, const std::string& path) {
    std::vector<Schema::Violation> wrong;
    std::string first;
    for (const std::string& text : type.values) {
      const auto value = parse_json(text);
      if (!value) return;
      const bool counts = (value->root.is_string() && (kinds_of(schema.types) & kString) != 0) ||
                          (value->root.is_number() && (kinds_of(schema.types) & kNumber) != 0) ||
                          value->root.is_boolean();
      if (!counts) continue;
      auto found = schema.validate(value->root, 1);
      if (found.empty()) continue;
      if (wrong.empty()) first = text;
      wrong.push_back(std::move(found.front()));
    }
    if (wrong.empty()) return;
    const std::string message = path + ": " + fit_.what + " wants " + wrong.front().expected + ", and " +
                                (wrong.size() == type.values.size() ? "this is " : "this may be ") + first;
    if (wrong.size() == type.values.size()) {
      error("bad_value", message);
    } else {
      warn("bad_value", message);
    }
  }

  void format(const Type& type, const Schema& schema, const std::string& path) {
    // A hostname has the form of much else.
    if (!type.only(kString | kMissing) || type.format.empty() || schema.format.empty()) return;
    if (type.format == schema.format || type.format == "hostname" || schema.format == "hostname") return;
    error("wrong_format", path + ": " + fit_.what + " wants a text of format " + schema.format +
                              ", found one of format " + type.format);
  }

  /// Lengths that both sides state.
  void length(const Type& type, const Schema& schema, const std::string& path) {
    if (!type.length) return;
    const Length& has = *type.length;
    const auto count = [](std::size_t many) {
      return std::to_string(many) + (many == 1 ? " character" : " characters");
    };
    if (schema.max_length && has.least > *schema.max_length) {
      refuse(type, path + ": " + fit_.what + " wants at most " + count(*schema.max_length) +
                       ", and this has at least " + std::to_string(has.least));
    } else if (schema.max_length && has.most && *has.most > *schema.max_length) {
      warn("bad_value", path + ": " + fit_.what + " wants at most " + count(*schema.max_length) +
                            ", and this may have " + std::to_string(*has.most) + ": cut it with $substring");
    }
    if (!schema.min_length || has.least >= *schema.min_length) return;
    if (has.most && *has.most < *schema.min_length) {
      refuse(type, path + ": " + fit_.what + " wants at least " + count(*schema.min_length) +
                       ", and this has at most " + std::to_string(*has.most));
    } else if (has.stated) {
      warn("bad_value", path + ": " + fit_.what + " wants at least " + count(*schema.min_length) +
                            ", and this may " +
                            (has.least == 0 ? "be empty: $present( ) leaves it out then"
                                            : "have only " + std::to_string(has.least)));
    }
  }

  /// The author's own text at its beginning against the pattern.
  void begins(const Type& type, const Schema& schema, const std::string& path) {
    if (schema.pattern.empty() || type.head.empty()) return;
    const auto pattern = Pattern::compile(schema.pattern);
    if (!pattern || pattern->could_follow(type.head)) return;
    refuse(type, path + ": " + fit_.what + " wants a string that matches " + schema.pattern +
                     ", and this begins with " + json_string(type.head));
  }

  /// Refused whenever it is text.
  void refuse(const Type& type, const std::string& message) {
    if (type.only(kString | kMissing | kNull)) {
      error("bad_value", message);
    } else {
      warn("bad_value", message);
    }
  }

  void members(const Shape& shape, const Schema& schema, const std::string& path) {
    if (schema.properties.empty()) return;
    std::vector<std::string> known;
    for (const auto& [name, property] : schema.properties) known.push_back(name);
    for (const auto& [name, type] : shape.fields) {
      if (const Schema* property = schema.property(name)) {
        check(type, *property, schema.requires_member(name), join(path, name));
      } else if (!schema.additional_properties && !type.only(kMissing)) {
        error("unknown_key",
              join(path, name) + ": " + fit_.what + " has no such key" + suggestion(name, known));
      }
    }
    if (shape.open) return;
    for (const std::string& name : schema.required) {
      const Schema* property = schema.property(name);
      if (shape.field(name) != nullptr || (property != nullptr && wants_list_only(*property))) continue;
      error("missing_key", join(path, name) + ": is never set, and " + fit_.what + " requires it");
    }
  }

  static std::string join(const std::string& path, const std::string& name) {
    return config::join(path, name);
  }

  const Fit& fit_;
  Report& report_;
};

}  // namespace

bool wants_list_only(const Schema& schema) {
  const TypeSet& t = schema.types;
  return t.array && !t.object && !t.string && !t.number && !t.integer && !t.boolean;
}

void check_type(const Type& type, const Schema& schema, bool required, const Fit& fit, Report& report) {
  TypeCheck(fit, report).check(type, schema, required, fit.path);
}

}  // namespace tenon::config
