// Bench: one event with what is fetched for it, for people who try expressions and ask where a field comes
// from.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/pipeline.hpp"
#include "delivery/scope.hpp"
#include "plugin/instance.hpp"
#include "runtime/virtual.hpp"

namespace tenon::trial {

/// What to put on the bench.
struct BenchInput {
  std::string document;                      ///< JSON text; empty: the sample of `sample`
  std::string sample;                        ///< event type; empty: the pipeline's first
  std::map<std::string, std::string> fetch;  ///< JSON text by the name under `trigger.fetch`
};

/// A name that expressions see at the top, and what is known of its shape.
struct BenchRoot {
  std::string name;
  Value value;
  const Schema* schema = nullptr;  ///< of the value, or null
};

/// One thread.
class Bench {
 public:
  /// The JSON is the input, its members are at the top. Errors: `invalid_json`.
  static Result<std::unique_ptr<Bench>> of_document(const std::string& json);

  /// A sample of some connector of the registry: `event`, and each sample of its fetches by its name. Errors:
  /// `no_sample`.
  static Result<std::unique_ptr<Bench>> of_sample(plugin::Registry& registry, const std::string& type);

  /// The scope of a pipeline. The document is the body of a webhook, as the connector takes it, or else an
  /// event: an object with `data`. Fetches and lists that are not given have the connector's samples. Errors:
  /// `invalid_json`, `bad_event`, `no_sample`, and those of loading a plugin.
  static Result<std::unique_ptr<Bench>> of_pipeline(const config::Config& config,
                                                    std::shared_ptr<const config::Pipeline> pipeline,
                                                    plugin::Registry& registry, const BenchInput& input);

  /// The variables that an expression may name.
  mapping::ParseOptions options() const;
  /// The result lives as long as the bench.
  mapping::EvaluationResult evaluate(const mapping::Expression& expression);
  /// From now on `$name` is the value, which is copied.
  void bind(const std::string& name, Value value);

  /// What stands at the top, for completion.
  std::vector<BenchRoot> roots() const;
  /// Variables with their values, without `$`.
  std::vector<std::pair<std::string, Value>> variables() const;

  /// Of a pipeline only; else null.
  delivery::RunScope* scope() { return scope_.get(); }
  const config::Pipeline* pipeline() const { return pipeline_.get(); }

 private:
  Bench() = default;
  Status put_event(const plugin::ConnectorManifest& manifest, plugin::Instance& instance,
                   const BenchInput& input);
  Status put_fetches(const plugin::ConnectorManifest& manifest, const BenchInput& input);
  Status put_list(const std::string& name, const std::string& answer);
  mapping::Scope bindings() const;

  Document input_;  ///< without a pipeline: the whole input
  std::map<std::string, Document> bound_;
  std::vector<BenchRoot> roots_;
  std::shared_ptr<const config::Pipeline> pipeline_;
  Document connections_;
  std::vector<Document> kept_;                    ///< results live here,
  std::vector<mapping::Expression> expressions_;  ///< and borrow their literals from these
  std::unique_ptr<delivery::RunScope> scope_;
};

/// The sample of a fetch as if it were the object that was asked for: members named as arguments have their
/// values. All are JSON texts.
std::string adapted_sample(const std::string& sample, const std::string& arguments);

}  // namespace tenon::trial
