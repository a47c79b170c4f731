// What the pretend APIs refuse, as one table: each refusal of the sandbox is a row, and each row cites where
// it is written.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

#include "message.hpp"

namespace sandbox {

enum class Rule {
  // BigCommerce
  bc_token_missing,
  bc_token_format,
  bc_token_wrong,
  bc_wrong_store,
  bc_trailing_slash,
  bc_no_route,
  bc_rate_limit,
  bc_unknown_filter,
  bc_filter_value,
  bc_page,
  bc_limit,
  bc_sort,
  bc_include,
  bc_cursor,
  bc_bad_json,
  bc_not_array,
  bc_too_many,
  bc_missing_field,
  bc_field_type,
  bc_field_length,
  bc_email_shape,
  bc_email_taken,
  bc_unknown_customer,
  bc_delete_filter,
  bc_hook_missing,
  bc_hook_scope,
  bc_hook_destination,
  bc_hook_field_type,
  bc_hook_headers,
  bc_hook_duplicate,
  bc_hook_too_many,
  bc_hook_unknown,
  bc_hook_empty_update,
  bc_order_unknown,
  bc_order_filter,
  // Gorgias
  g_unauthorized,
  g_no_route,
  g_not_found,
  g_method,
  g_too_large,
  g_rate_limit,
  g_unknown_parameter,
  g_limit,
  g_cursor,
  g_order_by,
  g_channel_pair,
  g_bad_json,
  g_not_object,
  g_unknown_field,
  g_field_type,
  g_field_length,
  g_email_shape,
  g_language,
  g_timezone,
  g_channel_shape,
  g_channel_missing,
  g_channel_type,
  g_email_taken,
  g_data_missing,
  g_data_version,
  g_ids,
  // The plain records
  r_unauthorized,
  r_not_found,
  r_method,
  r_bad_json,
  r_not_object,
  r_missing_id,
  r_unknown_field,
  r_field_type,
  r_field_length,
  r_duplicate,
  r_key_reused,
  r_key_length,
  r_unknown_parameter,
  r_limit,
  r_id_changed,
  r_rate_limit,
  // OAuth 2.0
  o_method,
  o_authorize,
  o_client,
  o_request,
  o_grant_type,
  o_grant,
  o_switched,
  count_
};

struct RuleRow {
  Rule rule;
  std::string_view id;
  std::string_view method, path;
  std::string_view refuses;
  int status;
  std::string_view body;    ///< $1 to $3 stand for the field, the value or the like
  std::string_view source;  ///< public; "sandbox" where nothing public says it and the sandbox decides
};

/// All rows, in the order of the enum.
std::span<const RuleRow> rules();
const RuleRow& row_of(Rule rule);

/// The row's answer, with header X-Sandbox-Rule, so that whoever gets it can look the rule up.
Reply refuse(Rule rule, std::initializer_list<std::string_view> words = {});

/// The table as text for people, or as JSON.
std::string rules_text();
std::string rules_json();

}  // namespace sandbox
