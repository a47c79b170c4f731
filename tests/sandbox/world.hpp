// All that the sandbox holds.
#pragma once

#include <array>
#include <functional>

#include "bigcommerce.hpp"
#include "gorgias.hpp"
#include "ledger.hpp"
#include "oauth.hpp"
#include "records.hpp"
#include "sender.hpp"
#include "settings.hpp"
#include "switches.hpp"

namespace sandbox {

struct World {
  World(boost::asio::io_context& io, Settings wanted)
      : settings(std::move(wanted)),
        sender(io, settings),
        bigcommerce(settings, effects),
        oauth(settings, effects),
        gorgias(settings, effects, oauth, switches_of(Api::gorgias)),
        records(settings, effects) {
    log.on = settings.request_log;
  }

  Switches& switches_of(Api api) { return switches[static_cast<std::size_t>(api)]; }
  Bucket& bucket_of(Api api) { return buckets[static_cast<std::size_t>(api)]; }
  Counters& counters_of(Api api) { return counters[static_cast<std::size_t>(api)]; }

  Settings settings;
  Effects effects;
  std::array<Switches, kApis> switches{Switches(settings.seed), Switches(settings.seed + 1),
                                       Switches(settings.seed + 2), Switches(settings.seed + 3)};
  RequestLog log;
  Sender sender;
  BigCommerce bigcommerce;
  OAuth oauth;
  Gorgias gorgias;
  Records records;
  std::array<Bucket, kApis> buckets{Bucket(Bucket::Kind::fixed, settings.bigcommerce_budget),
                                    Bucket(Bucket::Kind::leaky, settings.gorgias_budget),
                                    Bucket(Bucket::Kind::leaky, BudgetSize{0, 20}),
                                    Bucket(Bucket::Kind::leaky, BudgetSize{0, 20})};
  CountersOfAll counters{};
  /// Closes what hangs; set by main.
  std::function<void()> release_hung;
};

}  // namespace sandbox
