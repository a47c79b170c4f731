// The table of error codes: what each means and what to do. docs/errors.md is made from it.
#pragma once

#include <array>
#include <string_view>

namespace tenon {

/// One stable word for one kind of incident. Codes are never renamed.
struct ErrorCode {
  std::string_view code;
  std::string_view meaning;
  std::string_view advice;
};

namespace codes {

// clang-format off
// name, code, what it means, what to do. Sorted by code.
#define TENON_ERROR_CODES(ROW) \
  ROW(kBadAddress, "bad_address", \
      "An address to listen on could not be understood.", \
      "Write it as 127.0.0.1:8080, [::]:8080 or unix:/path.") \
  ROW(kBadArgument, "bad_argument", \
      "An argument of the command line is not of its form, or does not go with the others.", \
      "The line says what was expected; `--help` of the verb has examples.") \
  ROW(kBadEvent, "bad_event", \
      "What was given to `tenon eval` or `tenon explain` is no event, or no answer of the fetch that it is for.", \
      "Give a webhook's body, an event with `type` and `data`, or --sample TYPE.") \
  ROW(kBadHeader, "bad_header", \
      "A request had a header or method that cannot be sent.", \
      "A connector's fault, or a setting with a line break in it. Check the connection's settings.") \
  ROW(kBadOptions, "bad_options", \
      "Options of the command line do not go together.", \
      "The line names them; `tenon run --help` tells what each does.") \
  ROW(kBadRange, "bad_range", \
      "A range of addresses could not be understood.", \
      "Write it as 10.0.0.0/8, 2001:db8::/32 or one address.") \
  ROW(kBadResponse, "bad_response", \
      "A remote did not answer in HTTP, or the answer broke off within its headers.", \
      "Check the connection's host and port; is there a proxy in between?") \
  ROW(kBadSend, "bad_send", \
      "A test's `send` asks for a webhook that cannot be made from the connector's sample.", \
      "The line names the step; give `data`, or keys that the sample has.") \
  ROW(kBadUrl, "bad_url", \
      "A request was to a URL that is not an absolute http or https one, or holds user information.", \
      "Check the connection's host settings.") \
  ROW(kCancelled, "cancelled", \
      "The work was given up before its end.", \
      "Nothing: it happens when the host stops or a deadline passes. The event is tried again.") \
  ROW(kCircuitOpen, "circuit_open", \
      "A remote failed again and again; it is asked by one probe at a time until it answers.", \
      "Look at the remote's status. Events wait without using attempts, and go on by themselves when it works again.") \
  ROW(kClassifyFailed, "classify_failed", \
      "The condition of a rule under `classify` failed or gave neither true nor false; the rule was passed over.", \
      "The line names the rule: `?? false` is for what an answer may lack.") \
  ROW(kConditionFailed, "condition_failed", \
      "A `when` could not be evaluated, or gave something other than true or false; the event or action is rejected.", \
      "The line names the expression and what it read: `?? false` is for what may be missing. Then `tenon dead retry`.") \
  ROW(kConnectFailed, "connect_failed", \
      "No connection to a remote could be made.", \
      "Is the remote up, and may this machine reach it? Events wait and are tried again.") \
  ROW(kConnectionLost, "connection_lost", \
      "A connection ended before the whole answer came.", \
      "Nothing, if it is rare: the host finds out what was done and goes on.") \
  ROW(kCrashSuspect, "crash_suspect", \
      "An event that the host died of three times is in quarantine: it ended rejected, and the others go on.", \
      "Report the plugin that the line names to its author. `tenon dead retry` tries the event again.") \
  ROW(kDnsFailed, "dns_failed", \
      "A host name could not be resolved.", \
      "Check the name in the connection and this machine's resolver.") \
  ROW(kDuplicateAtSink, "duplicate_at_sink", \
      "A create took effect later than its sink allows for, beside the one that had replaced it.", \
      "Merge the two objects at the sink; the line names their ids. If it happens again, the plugin's max_server_time is too short.") \
  ROW(kDuplicateUnchecked, "duplicate_unchecked", \
      "A create was sent though an earlier one was not accounted for, and whether both took effect could not be found out for a day.", \
      "Look at the sink for two objects of the event that the line names.") \
  ROW(kEnvFileUnreadable, "env_file_unreadable", \
      "The file of NAME=VALUE lines (.env, --env-file) is not there or cannot be read.", \
      "Check its path and its owner.") \
  ROW(kExecutorStuck, "executor_stuck", \
      "A thread of the host did not come back from one piece of work; the process ended itself.", \
      "The line names the plugin and call. Report it to the plugin's author; the supervisor starts the host again.") \
  ROW(kFileFailed, "file_failed", \
      "A file could not be read or written.", \
      "The line says which and why: check the path, its owner and the free space.") \
  ROW(kFileTooLarge, "file_too_large", \
      "A file is larger than what is accepted.", \
      "Make it smaller, or split it.") \
  ROW(kHostFailed, "host_failed", \
      "A running host answered the command line with an error, or not in its language.", \
      "See the host's log; is it of another version than this binary?") \
  ROW(kIdentityAmbiguous, "identity_ambiguous", \
      "Several objects at a sink match one identity; the one with the lowest id is written.", \
      "Merge them at the sink. The line names their ids; so does the event's attempt (`tenon events show`).") \
  ROW(kInternal, "internal", \
      "The host met a state that it should not be in.", \
      "Please report it with the log line.") \
  ROW(kInvalidEnvFile, "invalid_env_file", \
      "A line of the file of NAME=VALUE lines (.env, --env-file) cannot be understood.", \
      "The line names it and what was expected; quote values that hold spaces or #.") \
  ROW(kInvalidJson, "invalid_json", \
      "A text that should be JSON is none, or is beyond the limits for it.", \
      "The line says at which byte and what was expected.") \
  ROW(kInvalidManifest, "invalid_manifest", "A plugin's manifest is not what manifests may be.",                                   \
      "The line names the JSON pointer and what was expected. Report it to the plugin's author.")                                  \
  ROW(kInvalidRecord, "invalid_record", \
      "A record does not fit the schema of its operation; the action is rejected.", \
      "The line names the fields, what was expected and what was found. Mend the mapping, then `tenon dead retry`.") \
  ROW(kKeyBlocked, "key_blocked", \
      "A dead letter holds up the later events of its key, as `on_exhausted: block_key` says.", \
      "See `tenon dead show`; mend what it names, then `tenon dead retry`, or `tenon dead skip` to go on without it.") \
  ROW(kListenFailed, "listen_failed", \
      "An address could not be listened on.", \
      "Is another process using it, and may this user? The line says why.") \
  ROW(kLocked, "locked", \
      "Another process holds the lock of a file.", \
      "Is another tenon using the same directory? Only one host may.") \
  ROW(kLoginRefused, "login_refused", \
      "A login by `tenon auth login` came to nothing: the provider or the person refused, or the answer cannot be used.", \
      "The line holds the provider's words. Check client_id, scopes and the redirect URI that the app is registered with.") \
  ROW(kLoginTimeout, "login_timeout", \
      "Nobody came back from the provider's page in time.", \
      "Run `tenon auth login` again, or with a longer --timeout. Does the provider know the redirect URI that it printed?") \
  ROW(kMalformedEvent, "malformed_event", \
      "An authentic webhook held no event that its connector understands; it is kept as a dead letter.", \
      "Look at it with `tenon dead show`. Does the hook's type belong to this connection?") \
  ROW(kMappingFailed, "mapping_failed", \
      "A mapping could not be evaluated for an event; its action is rejected.", \
      "The line names the expression and what it read; `tenon explain` shows the rest. Mend the mapping, then `tenon dead retry`.") \
  ROW(kNeedsApply, "needs_apply", \
      "A pipeline's new file changes a connection with `oauth2:`, whose tokens the host sends by the loaded one only.", \
      "`tenon apply` the file, then replay without --with.") \
  ROW(kNeedsReauth, "needs_reauth", \
      "A connection has no token to send, or its refresh token is no longer taken; its pipelines are held and their events wait.", \
      "`tenon auth login CONNECTION`, then `tenon resume PIPELINE`.") \
  ROW(kNeedsRestart, "needs_restart", \
      "Pipelines that run on different delivery threads would ask one account after this reload.", \
      "Restart the host: it then places them on one thread. What runs was not changed.") \
  ROW(kNoEvents, "no_events", \
      "There is no event to replay: none of the pipeline that has ended was received in that time.", \
      "`tenon events list --pipeline NAME --since TIME` shows what there is; events that ended well are kept for --retention.") \
  ROW(kNoField, "no_field", \
      "No mapping of the pipeline makes a field of that name.", \
      "`tenon explain PIPELINE` without a field lists them all.") \
  ROW(kNoHost, "no_host", \
      "No host answers in a data directory.", \
      "Start `tenon run` with the same --data, or name the directory of the one that runs.") \
  ROW(kNoOauth, "no_oauth", \
      "A connection was named that does not exist, or has no `oauth2:`.", \
      "Name one that has; `tenon auth status` lists them.") \
  ROW(kNoPipelines, "no_pipelines", \
      "The files that were named define no pipeline: a host of them would drop every webhook.", \
      "Name the pipeline's file; one that holds only connections is named by its `use:`.") \
  ROW(kNoSample, "no_sample", \
      "No connector ships a sample of that event type.", \
      "`tenon plugins show NAME` lists the types; or give the event by --event FILE.") \
  ROW(kNotFound, "not_found", \
      "A running host knows nothing of that number, id or name.", \
      "Look it up with `list`; what has ended is kept for a time only.") \
  ROW(kNotOpen, "not_open", \
      "An attempt was to be noted for an event that has ended already.", \
      "Please report it with the log line; nothing was changed.") \
  ROW(kNotRunning, "not_running", \
      "A pipeline is paused or held, so nothing of it would run.", \
      "`tenon status` says why; `tenon resume PIPELINE` first.") \
  ROW(kNotTaken, "not_taken", \
      "An event was to be put back that nobody had taken.", \
      "Please report it with the log line; nothing was changed.") \
  ROW(kOauthRefused, "oauth_refused", \
      "The token endpoint refuses the client itself: its id, its secret or what it asks for. Tokens are kept; pipelines are held once their token has expired.", \
      "Mend `oauth2:` of the connection, `tenon apply` or restart, then `tenon resume PIPELINE`.") \
  ROW(kOrderFailed, "order_failed", \
      "`delivery.order_by` could not be evaluated for an event, or gave no text; the event is rejected.", \
      "The line names the expression and what it read. Mend it, then `tenon dead retry`.") \
  ROW(kOtherPipeline, "other_pipeline", \
      "A file that a pipeline was to be compared with defines several, none of its name.", \
      "Name a file that defines that pipeline, or one pipeline only.") \
  ROW(kPipelineHeld, "pipeline_held", \
      "A remote refused the credentials (401), answered with a redirection (3xx), or did not allow five writes in a row (403); the pipeline is held and its events wait.", \
      "Mend the credentials, restart the host if they are in its environment, then `tenon resume PIPELINE`.") \
  ROW(kPipelineMissing, "pipeline_missing", \
      "An event waits for a pipeline that is not among those that run.", \
      "Start the host with that pipeline too, or let it wait: nothing is lost.") \
  ROW(kPluginAbiMismatch, "plugin_abi_mismatch", "A plugin was built for another version of the border, or its table is not what its manifest says.",\
      "Rebuild it with this host's SDK.")                                                                                          \
  ROW(kPluginContractBroken, "plugin_contract_broken", "A plugin broke a rule of its border; the host went on without harm.",      \
      "Report the line to the plugin's author.")                                                                                   \
  ROW(kPluginCrashed, "plugin_crashed", \
      "The host ended, or had to end a copy of itself, inside of a plugin's code or a mapping.", \
      "The line names the plugin, what it was called for and the event. Report it to the plugin's author; the supervisor starts the host again, and after three times with one event that event is left alone.") \
  ROW(kPluginCreateFailed, "plugin_create_failed", "A plugin refused a connection's settings.",                                    \
      "The line holds the plugin's words: check the connection's settings.")                                                       \
  ROW(kPluginDirUnreadable, "plugin_dir_unreadable", "The directory of plugins cannot be read.",                                   \
      "Check --plugin-dir.")                                                                                                       \
  ROW(kPluginLoadFailed, "plugin_load_failed", "A plugin's library could not be loaded.",                                          \
      "The line says why: a missing library or symbol. Rebuild the plugin for this machine.")                                      \
  ROW(kPluginLog, "plugin_log", \
      "A plugin logged something.", \
      "See the plugin's documentation.") \
  ROW(kPluginNoManifest, "plugin_no_manifest", "A file among the plugins holds no manifest.",                                      \
      "Build it with tenon_add_connector, and do not strip section headers; or take it away.")                                     \
  ROW(kPluginNotElf, "plugin_not_elf", "A file among the plugins is no shared library of this machine.",                           \
      "Rebuild it for this machine, or take it away.")                                                                             \
  ROW(kPluginPinInvalid, "plugin_pin_invalid", "A plugin's pin is not written as a digest.", \
      "Write NAME=sha256: and the 64 digits that `sha256sum NAME.so` prints.") \
  ROW(kPluginPinMismatch, "plugin_pin_mismatch", "A plugin's file is not the one that was pinned; it was refused.", \
      "If you replaced it on purpose, pin the new digest that the line shows; else find out who changed it.") \
  ROW(kPluginPinMissing, "plugin_pin_missing", "A plugin is pinned and its file is not there.", \
      "Put the file there, or take the pin away.") \
  ROW(kPluginStuck, "plugin_stuck", "A plugin did not complete a call in time; its instance was given up and a fresh one made.",   \
      "Report it to the plugin's author. The event is tried again.")                                                               \
  ROW(kPluginUnreadable, "plugin_unreadable", "A plugin's file cannot be read.",                                                   \
      "Check the path and its permissions.")                                                                                       \
  ROW(kPluginUnsafe, "plugin_unsafe", "A plugin's file, or the directory of plugins, was refused: others could have changed it.",                                \
      "Make it a regular file (or directory) of root or of this user that nobody else may write: chmod go-w.")                                                \
  ROW(kPriorityFailed, "priority_failed", \
      "`delivery.priority` could not be evaluated for an event, or gave none of high, normal, low; the event is rejected.", \
      "The line names the expression and what it read. Mend it, then `tenon dead retry`.") \
  ROW(kReloadRefused, "reload_refused", \
      "Something in the pipeline files was wrong, so none of the changes was taken; what ran goes on.", \
      "`tenon check` tells what, with its place. Then `tenon apply`, or SIGHUP once more.") \
  ROW(kResponseTooLarge, "response_too_large", \
      "An answer was larger than what is accepted.", \
      "Ask the remote for smaller pages, if the connector has such a setting.") \
  ROW(kRuntimeFailed, "runtime_failed", \
      "The machine refused something that the host cannot do without.", \
      "Check the limits on open files and memory.") \
  ROW(kSecretExposed, "secret_exposed", \
      "A file of secrets (.env, --env-file, ${file:…}, a credential) is open to other users; it was not read.", \
      "chmod 600 it; a file of root may also be readable by the group of the host (0640).") \
  ROW(kStaleEpoch, "stale_epoch", \
      "Work of an earlier opening of the journal came to one that was opened anew; it changed nothing.", \
      "Nothing: the event is handed out again.") \
  ROW(kStoreBusy, "store_busy", \
      "Another process kept the journal's file locked; webhooks get 503 while it does.", \
      "Close the sqlite3 shell or tool that has a transaction open on journal.db.") \
  ROW(kStoreCorrupt, "store_corrupt", \
      "The journal's file is damaged or is none.", \
      "Keep the file; restore a backup, or start with an empty data directory.") \
  ROW(kStoreFailed, "store_failed", \
      "The journal could not be read or written; the host stopped acknowledging and ended.", \
      "Check the disk, then start again: what was acknowledged is there.") \
  ROW(kStoreFull, "store_full", \
      "There is no room for the journal; webhooks get 503 until there is.", \
      "Free space on the data directory's disk.") \
  ROW(kStoreLocked, "store_locked", \
      "Another process has the data directory.", \
      "Only one host may use it: stop the other one, or name another directory with --data.") \
  ROW(kStoreMissing, "store_missing", \
      "There is no journal in the data directory.", \
      "Name the directory that the host was started with: --data.") \
  ROW(kStoreNewer, "store_newer", \
      "The journal was written by a newer tenon; it was left untouched.", \
      "Use that release or a later one.") \
  ROW(kStoreOlder, "store_older", \
      "The journal has the format of an older tenon; reading alone does not change it.", \
      "Start the host once, it upgrades the file; or read it with the release that wrote it.") \
  ROW(kTimeout, "timeout", \
      "A remote did not answer in time.", \
      "Is the remote slow or down? Events wait and are tried again.") \
  ROW(kTlsCertificate, "tls_certificate", \
      "The certificate or key for incoming connections cannot be used, or will not serve its senders.", \
      "The line names the file and what is wrong with it. Mend it and send SIGHUP; open connections are not touched.") \
  ROW(kTlsFailed, "tls_failed", \
      "No secure connection could be made.", \
      "Check the remote's certificate and this machine's clock and list of authorities.") \
  ROW(kTokenDamaged, "token_damaged", \
      "A file of tokens is cut off, changed, or of another connection; it was left as it is.", \
      "Restore it from a backup, or remove it and `tenon auth login CONNECTION`.") \
  ROW(kTokenKeyInvalid, "token_key_invalid", \
      "The key that files of tokens are encrypted with is not 32 bytes in base64 or hexadecimal.", \
      "Make one with `openssl rand -base64 32`; see docs/operations.md.") \
  ROW(kTokenKeyMissing, "token_key_missing", \
      "A connection has `oauth2:` and there is no key to encrypt its tokens with.", \
      "Set TENON_TOKEN_KEY, or name a file by --token-key-file; see docs/operations.md.") \
  ROW(kTokenKeyWrong, "token_key_wrong", \
      "A file of tokens was encrypted with another key; it was left as it is.", \
      "Give the key that it was written with. If that is lost, remove the file and `tenon auth login CONNECTION`.") \
  ROW(kTokenNewer, "token_newer", \
      "A file of tokens was written by a newer tenon; it was left untouched.", \
      "Use that release or a later one.") \
  ROW(kTokenUnavailable, "token_unavailable", \
      "An access token could not be renewed or written for now; the tokens are kept, and it is tried again.", \
      "Nothing, if it passes. The line says what the token endpoint or the disk answered. Events wait meanwhile.") \
  ROW(kVerifyBadKey, "verify_bad_key", \
      "A secret that webhooks are verified by does not have the form its connector declares.", \
      "Copy it anew from where the source shows it.") \
  ROW(kVerifySecretMissing, "verify_secret_missing", \
      "A connection has no secret to verify its webhooks by.", \
      "Set one, or say `verify: none` and `i_understand_unauthenticated: true`.") \
  ROW(kWebhookRefused, "webhook_refused", \
      "A webhook was not authentic and got 401.", \
      "If it is yours: does the secret match the one at the source, and is this machine's clock right?")
// clang-format on

#define TENON_ROW(name, code, meaning, advice) inline constexpr ErrorCode name{code, meaning, advice};
TENON_ERROR_CODES(TENON_ROW)
#undef TENON_ROW

#define TENON_ROW(name, code, meaning, advice) name,
inline constexpr std::array kAll{TENON_ERROR_CODES(TENON_ROW)};
#undef TENON_ROW

}  // namespace codes

/// The row of a code, or nullptr.
constexpr const ErrorCode* find_error_code(std::string_view code) {
  for (const ErrorCode& row : codes::kAll) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

}  // namespace tenon
