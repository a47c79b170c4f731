// SharedReads: the reads that one event needs, asked of each remote once however often it is run.
#pragma once

#include <map>
#include <memory>

#include "plugin/instance.hpp"
#include "runtime/runtime.hpp"

namespace tenon::delivery {

/// One thread; outlives the calls of the instances that it gives.
class SharedReads {
 public:
  explicit SharedReads(runtime::Executor& executor);
  ~SharedReads();
  /// The instance, but for fetches, lists and finds: what it answered is given again to whoever asks the
  /// same. Lives as long as this. Null for null.
  plugin::Instance* of(plugin::Instance* real);

 private:
  class Remembering;
  runtime::Executor& executor_;
  std::map<plugin::Instance*, std::unique_ptr<Remembering>> instances_;
};

}  // namespace tenon::delivery
