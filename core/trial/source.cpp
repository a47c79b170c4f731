#include "trial/source.hpp"

#include <utility>

#include "plugin/instance_around.hpp"

namespace tenon::trial {
namespace {

using plugin::CallDone;
using plugin::CallId;
using plugin::CallOptions;

class PlayedInstance final : public plugin::InstanceAround {
 public:
  PlayedInstance(std::unique_ptr<plugin::Instance> real, const FetchPlay& play, runtime::Executor& executor)
      : InstanceAround(*real, executor), kept_(std::move(real)), play_(play) {}

  CallId fetch(std::string name, std::string arguments, CallOptions options, CallDone done) override {
    if (auto answer = play_(name, arguments)) return complete(std::move(*answer), std::move(done));
    return real().fetch(std::move(name), std::move(arguments), options, std::move(done));
  }
  CallId list(std::string name, std::string query, std::string cursor, CallOptions options,
              CallDone done) override {
    if (auto answer = play_(name, query)) return complete(std::move(*answer), std::move(done));
    return real().list(std::move(name), std::move(query), std::move(cursor), options, std::move(done));
  }

 private:
  std::unique_ptr<plugin::Instance> kept_;
  const FetchPlay& play_;
};

}  // namespace

Result<std::unique_ptr<plugin::Instance>> PlayedRegistry::make_instance(
    const plugin::ConnectionSpec& connection, const plugin::InstanceHost& host) {
  auto made = real_.make_instance(connection, host);
  if (!made || connection.name != connection_) return made;
  return std::unique_ptr<plugin::Instance>(
      std::make_unique<PlayedInstance>(std::move(*made), play_, *host.executor));
}

}  // namespace tenon::trial
