// What the command line says.
#pragma once

#include <cstdint>
#include <string>

namespace sandbox {

/// Requests in seconds; 0 lifts the limit.
struct BudgetSize {
  std::int64_t limit = 0;
  double window_s = 1;
};

struct Settings {
  std::string listen = "127.0.0.1:0";
  std::string store_hash = "abc123";
  std::string access_token = "bc-token";
  std::string client_secret = "bc-test-client-secret";
  std::string webhook_secret = "whsec-sandbox-header";
  std::string gorgias_email = "agent@example.com";
  std::string gorgias_key = "gorgias-key";
  std::string gorgias_token;  ///< empty: the key
  std::string oauth_client_id = "sandbox-client";
  std::string oauth_client_secret = "sandbox-client-secret";
  BudgetSize bigcommerce_budget{150, 30};
  BudgetSize gorgias_budget{40, 20};
  std::uint64_t seed = 1;
  bool request_log = true;
};

}  // namespace sandbox
