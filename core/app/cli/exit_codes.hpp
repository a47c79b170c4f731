// The exit codes of every subcommand.
#pragma once

namespace tenon::app {

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;        ///< it was asked for rightly and could not be done
constexpr int kExitBadInput = 2;       ///< arguments, pipeline files, tenon.yaml, environment
constexpr int kExitInterrupted = 130;  ///< Ctrl-C; what was done until then stays done

}  // namespace tenon::app
