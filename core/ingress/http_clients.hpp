// Inside of HttpServer: what each client holds of it. When a cap is reached, who holds most gives way.
#pragma once

#include <cstddef>
#include <map>
#include <utility>

#include "ingress/address.hpp"

namespace tenon::ingress {

class Clients {
 public:
  struct Client {
    std::size_t unproven = 0;  ///< connections without a request that was answered 2xx
    std::size_t bytes = 0;     ///< of bodies not yet answered
    std::size_t shares = 0;
  };

  /// One client's entry, which is there while somebody has a share of it. Does not outlive the Clients.
  class Share {
   public:
    Share() = default;
    Share(Clients& all, const Address& address)
        : all_(&all), at_(all.clients_.try_emplace(address.key()).first) {
      ++at_->second.shares;
    }
    Share(Share&& other) noexcept : all_(std::exchange(other.all_, nullptr)), at_(other.at_) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(all_, other.all_);
      std::swap(at_, other.at_);
      return *this;
    }
    ~Share() {
      if (all_ != nullptr && --at_->second.shares == 0) all_->clients_.erase(at_);
    }
    explicit operator bool() const { return all_ != nullptr; }
    Client* operator->() const { return &at_->second; }
    /// True for two shares of one client.
    bool operator==(const Share& other) const { return &at_->second == &other.at_->second; }

   private:
    Clients* all_ = nullptr;
    std::map<AddressKey, Client>::iterator at_;
  };

 private:
  std::map<AddressKey, Client> clients_;
};

}  // namespace tenon::ingress
