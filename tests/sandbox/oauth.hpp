// A pretend OAuth 2.0 provider at /oauth: it consents by itself, and rotates refresh tokens as strictly as it
// is told.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "ledger.hpp"
#include "message.hpp"
#include "settings.hpp"

namespace sandbox {

class OAuth {
 public:
  OAuth(const Settings& settings, Effects& effects);

  /// GET /oauth/authorize and POST /oauth/token.
  Reply handle(const Request& request);
  /// An `Authorization` with an access token that lives.
  bool accepts(std::string_view authorization) const;

  /// Changes what `wanted` names; the text of what is wrong with it, and then nothing is changed.
  std::string set(const nlohmann::json& wanted);
  nlohmann::json shown() const;
  void clear();

 private:
  struct Code {
    std::string redirect_uri, challenge, scope;
  };
  /// What was issued from one code, and from that.
  struct Family {
    std::string scope;
    bool killed = false;
  };
  struct Refresh {
    std::int64_t family = 0;
    double used_at = -1;  ///< steady milliseconds; negative: not yet
  };
  struct Access {
    std::int64_t family = 0;
    double until = 0;
  };
  /// How it issues.
  struct Ways {
    std::string expires_in = "3600";  ///< JSON as it is told; empty: not told
    double lives_s = 3600;            ///< how long an access token is taken
    bool rotate = true;
    double grace_s = 0;  ///< a rotated refresh token is taken again for so long
    bool kill_on_reuse = true;
    std::string refuse;  ///< an error that each exchange gets
    bool huge = false;
  };

  Reply authorize(const Request& request);
  Reply token(const Request& request);
  Reply exchange_code(const Query& form);
  Reply exchange_refresh(const Query& form);
  Reply issue(std::int64_t family, std::string_view kind, const std::string* kept_refresh);
  bool authentic(const Request& request, const Query& form) const;
  std::string made(std::string_view what);
  void record(std::string_view kind, std::int64_t family, int status);

  const Settings& settings_;
  Effects& effects_;
  Ways ways_;
  std::map<std::string, Code> codes_;
  std::map<std::int64_t, Family> families_;
  std::map<std::string, Refresh, std::less<>> refreshes_;
  std::map<std::string, Access, std::less<>> accesses_;
  std::int64_t next_ = 1;
  std::int64_t refreshed_ = 0, reused_ = 0, killed_ = 0;
};

}  // namespace sandbox
