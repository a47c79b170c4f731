// The table of host options: what an operator sets by a flag or in tenon.yaml. The flags, the file's reader,
// --print-config and docs/command-line.md are made from it: a new option is a row here.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tenon::config {

struct HostOption {
  enum class Type : std::uint8_t {
    text,
    address,   ///< ADDRESS:PORT or unix:PATH
    file,      ///< a path; in tenon.yaml relative to that file's folder
    folder,    ///< the same
    whole,     ///< a whole number, `least` to `most`
    boolean,   ///< true or false; its flag stands for true
    duration,  ///< 7s, 15m, 72h
    size,      ///< 512MiB, 20GiB
    word,      ///< one of `words`
    texts,     ///< a list; its flag may be given several times
    paths,     ///< a list of paths
    ranges,    ///< a list of addresses or CIDR ranges
    pins,      ///< a list of NAME=sha256:DIGEST
  };

  std::string_view key;  ///< in tenon.yaml; its flag is the same with `-` for `_`
  Type type = Type::text;
  std::string_view preset = {};   ///< the default as text; empty: none
  std::string_view value = {};    ///< what stands for it in help: `ADDRESS:PORT`
  std::string_view help = {};     ///< a sentence part that begins with a capital
  std::string_view words = {};    ///< word: `text|json`
  std::string_view instead = {};  ///< what help tells as the default if `preset` is empty
  std::int64_t least = 0;
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

// clang-format off
/// In the order of help.
inline constexpr std::array kHostOptions = std::to_array<HostOption>({
  {.key = "listen", .type = HostOption::Type::address, .preset = "127.0.0.1:8080", .value = "ADDRESS:PORT",
   .help = "Where webhooks come in (port 0: any free one)"},
  {.key = "tls_cert", .type = HostOption::Type::file, .value = "FILE",
   .help = "Speak HTTPS there: the certificate in PEM, its chain behind it; read anew on SIGHUP"},
  {.key = "tls_key", .type = HostOption::Type::file, .value = "FILE",
   .help = "The certificate's private key in PEM"},
  {.key = "trusted_proxy", .type = HostOption::Type::ranges, .value = "CIDR",
   .help = "A proxy, or a range of them, whose PROXY header or X-Forwarded-For is believed"},
  {.key = "admin", .type = HostOption::Type::address, .value = "ADDRESS:PORT",
   .help = "Serve /healthz and /readyz here"},
  {.key = "data", .type = HostOption::Type::folder, .preset = "data", .value = "DIR",
   .help = "Directory of the host's journal; `run` creates it"},
  {.key = "retention", .type = HostOption::Type::duration, .preset = "7d", .value = "DURATION",
   .help = "How long events that ended well are kept, with payloads and what was said; dead letters stay"},
  {.key = "retention_size", .type = HostOption::Type::size, .value = "SIZE",
   .help = "Of more than that the journal lets go of the oldest that ended well, whatever their age",
   .instead = "no bound"},
  {.key = "threads", .type = HostOption::Type::whole, .preset = "1", .value = "N",
   .help = "Delivery threads, for hosts of several accounts: pipelines that ask one account share one",
   .least = 1, .most = 16},
  {.key = "plugin_dir", .type = HostOption::Type::folder, .value = "DIR",
   .help = "Directory of the plugins", .instead = "../lib/tenon beside the binary"},
  {.key = "pin", .type = HostOption::Type::pins, .value = "NAME=sha256:DIGEST",
   .help = "The plugin's file must be this one; once for each plugin"},
  {.key = "ca_file", .type = HostOption::Type::file, .value = "FILE",
   .help = "Certificate authorities in PEM that remotes may have too, besides the system's"},
  {.key = "token_key_file", .type = HostOption::Type::file, .value = "FILE",
   .help = "Key that OAuth 2.0 tokens are encrypted with: 32 bytes in base64", .instead = "the variable TENON_TOKEN_KEY"},
  {.key = "http2", .type = HostOption::Type::boolean,
   .help = "Offer HTTP/2 to remotes; see docs/security.md for what libcurl 7.88 misses with it"},
  {.key = "log_format", .type = HostOption::Type::word, .preset = "text", .value = "FORMAT",
   .help = "Lines for people or a JSON object a line", .words = "text|json"},
  {.key = "log_level", .type = HostOption::Type::word, .preset = "info", .value = "LEVEL",
   .help = "The least that is logged; `tenon log-level` changes it while it runs",
   .words = "debug|info|warn|error|off"},
  {.key = "env_file", .type = HostOption::Type::file, .value = "FILE",
   .help = "File of NAME=VALUE lines", .instead = ".env, if there is one"},
  {.key = "pipelines", .type = HostOption::Type::paths, .value = "PATH",
   .help = "Pipeline files, or folders of them"},
});
// clang-format on

/// Bytes of `512KiB`, `512MiB`, `20GiB`, `1TiB`; nullopt for all else.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// nullptr if there is none.
const HostOption* find_host_option(std::string_view key);

/// `--plugin-dir` of `plugin_dir`.
std::string flag_of(const HostOption& option);

/// What is wrong with one value given as text; nullopt if nothing is. Never for paths: whether a file is
/// there shows when it is opened.
std::optional<std::string> fault_of(const HostOption& option, const std::string& text);

/// A list: a flag that may be given several times.
constexpr bool is_list(const HostOption& option) { return option.type >= HostOption::Type::texts; }

/// The words of a `word` option.
std::vector<std::string> words_of(const HostOption& option);

}  // namespace tenon::config
