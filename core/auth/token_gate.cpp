#include "auth/token_gate.hpp"

#include <algorithm>

namespace tenon::auth {
namespace {

constexpr int kMostRepeats = 2;
/// Above all handles of the next gate, which pass through this one.
constexpr plugin::Gate::Handle kFirst = plugin::Gate::Handle{1} << 63;

}  // namespace

TokenGate::TokenGate(runtime::Runtime& runtime, plugin::Gate& next, TokenStore* store,
                     observe::Redactor& redactor, CredentialOptions options)
    : runtime_(runtime),
      next_(next),
      store_(store),
      redactor_(redactor),
      options_(options),
      next_handle_(kFirst) {}

TokenGate::~TokenGate() { *alive_ = false; }

Result<std::shared_ptr<Credential>> TokenGate::prepare(const plugin::ConnectionSpec& connection) {
  std::shared_ptr<Credential> made;
  if (!connection.oauth2 || store_ == nullptr) return made;
  const auto known = credentials_.find(connection.name);
  if (known != credentials_.end() && known->second->oauth2() == *connection.oauth2) return made;
  made = std::make_shared<Credential>(runtime_, *store_, redactor_, connection.name, *connection.oauth2,
                                      options_);
  if (const Status loaded = made->load(); !loaded) {
    made->stop();
    return Error(loaded.error().code, "connection " + connection.name + ": " + loaded.error().message);
  }
  return made;
}

void TokenGate::use(std::shared_ptr<Credential> credential) {
  auto& slot = credentials_[credential->connection()];
  if (slot) {
    slot->stop();
    replaced_.push_back(std::move(slot));
  }
  slot = std::move(credential);
}

plugin::Gate::Handle TokenGate::send(const plugin::ConnectionSpec& connection, plugin::Rank rank,
                                     runtime::HttpRequest request, Function<void(runtime::HttpResult)> done) {
  const auto known = credentials_.find(connection.name);
  if (!connection.oauth2 || known == credentials_.end())
    return next_.send(connection, rank, std::move(request), std::move(done));
  const Handle handle = next_handle_++;
  Open& open = open_[handle];
  open.connection = &connection;
  open.credential = known->second;
  open.rank = rank;
  open.request = std::move(request);
  open.done = std::move(done);
  open.credential->get([this, alive = alive_, handle](Result<Grant> grant) {
    if (*alive) granted(handle, std::move(grant));
  });
  return handle;
}

void TokenGate::granted(Handle handle, Result<Grant> grant) {
  const auto found = open_.find(handle);
  if (found == open_.end()) return;  // it was cancelled
  Open& open = found->second;
  if (!grant) {
    // A 401 says that nothing was done.
    runtime::HttpResult none;
    none.error = grant.error();
    return finish(handle, std::move(none));
  }
  if (open.refused.response) {
    if (grant->version == open.version) return finish(handle, std::move(open.refused));
    open.refused = {};
    ++open.repeats;
  }
  open.version = grant->version;
  runtime::HttpRequest request = open.request;
  request.headers.emplace_back("Authorization", "Bearer " + std::string(grant->access.reveal()));
  open.sent = next_.send(*open.connection, open.rank, std::move(request),
                         [this, alive = alive_, handle](runtime::HttpResult result) {
                           if (*alive) answered(handle, std::move(result));
                         });
}

void TokenGate::answered(Handle handle, runtime::HttpResult result) {
  Open& open = open_.at(handle);
  open.sent = 0;
  const bool unauthorized = result.response && result.response->status == 401;
  if (result.response && !unauthorized) open.credential->accepted();
  if (!unauthorized || open.repeats == kMostRepeats) return finish(handle, std::move(result));
  open.refused = std::move(result);
  open.credential->renew(open.version, [this, alive = alive_, handle](Result<Grant> grant) {
    if (*alive) granted(handle, std::move(grant));
  });
}

void TokenGate::finish(Handle handle, runtime::HttpResult result) {
  auto node = open_.extract(handle);
  node.mapped().done(std::move(result));
}

void TokenGate::cancel(Handle handle) {
  if (handle < kFirst) return next_.cancel(handle);
  const auto found = open_.find(handle);
  if (found == open_.end()) return;
  if (found->second.sent != 0) return next_.cancel(found->second.sent);
  auto node = open_.extract(found);
  runtime_.delivery().post([done = std::move(node.mapped().done)] {
    runtime::HttpResult cancelled;
    cancelled.error = Error("cancelled", "cancelled while waiting for an access token");
    done(std::move(cancelled));
  });
}

void TokenGate::stop(runtime::Duration limit, Function<void()> done) {
  stopped_ = std::move(done);
  give_up_ = runtime_.clock().steady() + limit;
  for (auto& [name, credential] : credentials_) credential->stop();
  runtime_.delivery().post([this, alive = alive_] {
    if (*alive) check_stopped();
  });
}

void TokenGate::check_stopped() {
  const auto busy = [](const std::shared_ptr<Credential>& each) { return each->busy(); };
  for (auto& [name, credential] : credentials_) {
    if (busy(credential)) replaced_.push_back(credential);
  }
  credentials_.clear();
  std::erase_if(replaced_, [&](const auto& each) { return !busy(each); });
  const runtime::Duration now = runtime_.clock().steady();
  if (replaced_.empty() || now >= give_up_) {
    for (auto& each : replaced_) each->abandon();
    auto done = std::exchange(stopped_, {});
    return done();
  }
  runtime_.delivery().after(std::chrono::milliseconds(20), [this, alive = alive_] {
    if (*alive) check_stopped();
  });
}

}  // namespace tenon::auth
