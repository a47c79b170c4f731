// Output: how this process speaks to who started it. Results go to stdout, as text or, with --json, as one
// document; everything else goes to stderr.
#pragma once

#include <string>
#include <string_view>

#include "app/cli/exit_codes.hpp"
#include "app/cli/terminal.hpp"
#include "base/result.hpp"
#include "base/value.hpp"

namespace tenon::app {

class Output {
 public:
  /// Looks at the streams anew. Called by the frame once the flags are known.
  void configure(ColorWish color, bool json, bool quiet);

  bool json() const { return json_; }
  bool quiet() const { return quiet_; }
  const Screen& out() const { return out_; }
  const Screen& err() const { return err_; }

  /// On stdout, as it is.
  void text(std::string_view text);
  /// The one document of --json, on stdout, with a line end.
  void document(std::string_view json);
  void document(Value json);
  /// A remark on stderr, with a line end; not with --quiet.
  void note(std::string_view text);
  /// How far something is, on a stderr that is a terminal: drawn over the former; empty takes it away. False:
  /// nobody sees it.
  bool progress(std::string_view text);
  /// `tenon: warning: …` on stderr; not with --quiet.
  void warning(std::string_view text);

  /// `tenon: error: …` on stderr; with --json also {"error":{"code","message"}} as the document. Gives
  /// `exit_code` back, to return. `message` is made printable; `advice`, or what the table of
  /// codes advises, follows on a line of its own.
  int fail(std::string_view code, std::string_view message, int exit_code, std::string_view advice = {});
  int fail(const Error& error, int exit_code = kExitFailure) {
    return fail(error.code, error.message, exit_code);
  }

  /// In that style if stdout (stderr) takes colours.
  std::string paint_out(std::string_view text, Style style) const { return paint(text, style, out_.color); }
  std::string paint_err(std::string_view text, Style style) const { return paint(text, style, err_.color); }

 private:
  Screen out_;
  Screen err_;
  bool json_ = false;
  bool quiet_ = false;
};

/// The process has one. Main thread only.
Output& output();

}  // namespace tenon::app
