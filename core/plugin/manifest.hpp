// Manifest: what a plugin says of itself as data, read from its file without loading it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/schema.hpp"

namespace tenon::plugin {

/// A way to verify webhooks that a connector offers; the connection's `verify` sets each to required,
/// if_present or off.
struct VerifyScheme {
  enum class Type : std::uint8_t { standard_webhooks, secret_header, hmac_sha256 };
  enum class KeyForm : std::uint8_t { whsec, raw, base64, hex };
  enum class Encoding : std::uint8_t { hex, base64 };
  std::string name;  ///< `signature`, `header`: the key in the connection's `verify`
  Type type = Type::hmac_sha256;
  std::string setting;  ///< the x-secret setting that holds the key or secret
  std::string header;   ///< secret_header, hmac_sha256: header that carries it
  std::string prefix;   ///< hmac_sha256: text before the value, e.g. `sha256=`
  Encoding encoding = Encoding::hex;
  /// hmac_sha256: what is signed, in order: `body`, or `header:<name>`, or a literal in quotes. Default:
  /// body.
  std::vector<std::string> signed_parts;
  KeyForm key_form = KeyForm::raw;
  std::size_t least_key_bytes = 24;
  std::string default_mode;  ///< required, if_present or off
};

/// A way to attach credentials; the first of a connector's list whose settings are all present holds.
struct AuthScheme {
  enum class Type : std::uint8_t { basic, bearer, header, oauth2 };
  Type type = Type::bearer;
  std::string user_setting;                ///< basic
  std::string secret_setting;              ///< basic: password; bearer: token; header: value
  std::string header;                      ///< header: its name
  std::vector<std::string> authorize_url;  ///< oauth2: templates over settings; the first that holds
  std::vector<std::string> token_url;      ///< oauth2: likewise
  std::vector<std::string> scopes;         ///< oauth2: unless the connection says others
  bool client_in_body = false;             ///< oauth2: unless the connection says otherwise
};

/// How the remote tells its rate limit, and what holds until it does.
struct Budget {
  std::string limit_header;  ///< holds the limit, or "used/limit" where `used_header` is empty and the value
                             ///< has a slash
  std::string remaining_header;
  std::string used_header;
  std::string window_ms_header;
  std::string reset_ms_header;
  std::uint32_t limit = 0;  ///< requests per window; 0: unlimited
  std::uint32_t window_ms = 0;
};

struct EventType {
  std::string name;
  std::shared_ptr<const Schema> schema;  ///< of `event.data`; may be null
  std::string sample;                    ///< JSON text; may be empty
  std::vector<std::string> keys;         ///< names in event.keys
  bool deletes = false;                  ///< says that what the event's key names was deleted
  std::string description;
};

struct Fetch {
  std::string name;
  std::shared_ptr<const Schema> arguments;
  std::shared_ptr<const Schema> answer;
  std::string sample;  ///< an answer, JSON text; may be empty
  std::string description;
};

struct List {
  std::string name;
  std::shared_ptr<const Schema> query;
  std::shared_ptr<const Schema> item;
  std::string sample;  ///< one item, JSON text; may be empty
  std::string description;
};

/// What a sink can promise; decides how an unknown outcome is resolved.
struct Capabilities {
  std::uint64_t idempotency_key_ttl_ms = 0;  ///< 0: none
  bool unique_conflict = false;  ///< a second create of the same natural key is refused as a conflict
  std::vector<std::string> unique_fields;  ///< of those identities only; empty: of each
  bool conditional_update = false;
  bool marker = false;      ///< a searchable field carries our create id or source id
  bool idempotent = false;  ///< a call: done again it has no further effect
  std::uint64_t search_lag_ms = 0;
  std::uint64_t max_server_time_ms = 0;
};

struct Operation {
  enum class Shape : std::uint8_t { upsert, call };
  std::string name;
  Shape shape = Shape::call;
  std::string resource;  ///< what it writes: with account and natural key, the identity
  std::shared_ptr<const Schema> input;
  std::vector<std::string> identity;  ///< members of the input marked x-identity, in schema order
  Capabilities capabilities;
  std::string description;
};

/// What the remote says to a request, as a sample: tests of pipelines play the remote with it.
struct SampleAnswer {
  std::string on;  ///< `POST /api/customers`; in the path `*` stands for one segment, `**` for any
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  ///< JSON text; may be empty
};

struct ConnectorManifest {
  std::string name;
  std::string title;
  std::string description;
  std::shared_ptr<const Schema> settings;
  std::vector<VerifyScheme> verify;
  std::vector<AuthScheme> auth;
  std::vector<std::string> hosts;  ///< that credentials may go to: templates over settings, `*.` prefix
                                   ///< allowed; or a setting `{base_url}`
  std::vector<std::string>
      account;  ///< templates over settings, `shop:{store}`; the first whose settings are all present holds
  Budget budget;
  std::vector<EventType> events;
  std::vector<Fetch> fetches;
  std::vector<List> lists;
  std::vector<Operation> operations;
  std::vector<SampleAnswer> answers;   ///< the first that fits a request holds
  std::uint64_t retry_horizon_ms = 0;  ///< how long the source repeats an unanswered delivery

  const EventType* event(std::string_view type) const;
  const Fetch* fetch(std::string_view wanted) const;
  const List* list(std::string_view wanted) const;
  const Operation* operation(std::string_view wanted) const;
};

/// What manifest.json holds; the text is docs/manifest.md.
struct Manifest {
  std::string name;
  std::string version;
  std::uint32_t abi_major = 0;
  std::uint32_t abi_minor = 0;
  std::vector<ConnectorManifest> connectors;
};

/// Errors: `invalid_manifest`, naming the JSON pointer and what was expected. Unknown members are errors.
Result<Manifest> parse_manifest(std::string_view json);

/// Reads the manifest out of a plugin file: every ELF offset checked, nothing loaded or run. Errors:
/// `plugin_unreadable`, `plugin_not_elf`, `plugin_no_manifest`, `invalid_manifest`.
Result<Manifest> read_manifest(const std::string& file);

}  // namespace tenon::plugin
