// TableInstance: an Instance over a plugin's C table, with a fresh guest whenever the old one got stuck.
#pragma once

#include <memory>
#include <vector>

#include "plugin/guest.hpp"

namespace tenon::plugin {

class TableInstance final : public Instance {
 public:
  /// Makes the first guest. Errors: `plugin_create_failed`.
  static Result<std::unique_ptr<Instance>> make(std::shared_ptr<const GuestSetup> setup);
  ~TableInstance() override;

  const ConnectionSpec& connection() const override { return setup_->connection; }
  const ConnectorManifest& manifest() const override { return setup_->manifest; }
  Result<std::vector<Event>> accept(std::string_view body, const runtime::Headers& headers,
                                    std::int64_t now_ms, Value json) override;
  CallId fetch(std::string name, std::string arguments, CallOptions options, CallDone done) override;
  CallId list(std::string name, std::string query, std::string cursor, CallOptions options,
              CallDone done) override;
  CallId find(std::string operation, std::string record, CallOptions options, CallDone done) override;
  CallId create(std::string operation, std::string record, std::string create_id, CallOptions options,
                CallDone done) override;
  CallId update(std::string operation, std::string id, std::string record, std::optional<Match> match,
                CallOptions options, CallDone done) override;
  CallId deliver(std::string operation, std::string record, std::string call_id, CallOptions options,
                 CallDone done) override;
  void cancel(CallId call) override;
  std::size_t open_calls() const override;

 private:
  TableInstance(std::shared_ptr<const GuestSetup> setup, std::shared_ptr<Guest> guest);
  /// The guest for new calls.
  Result<Guest*> guest();
  template <class Enter>
  CallId begin(CallKind kind, const std::string& name, CallOptions options, CallDone done, Enter enter);
  /// What the manifest has no such thing for; empty if it has.
  std::string unknown(CallKind kind, const std::string& name) const;
  CallId fail(Cause cause, CallResult::Verdict verdict, std::string message, CallDone done) const;

  std::shared_ptr<const GuestSetup> setup_;
  std::shared_ptr<Guest> guest_;
  std::vector<std::shared_ptr<Guest>> stuck_;  ///< those that still have calls open
};

}  // namespace tenon::plugin
