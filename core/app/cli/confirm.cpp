#include "app/cli/confirm.hpp"

#include <unistd.h>

#include <iostream>

#include "app/cli/exit_codes.hpp"
#include "app/cli/output.hpp"
#include "base/text.hpp"

namespace tenon::app {

bool confirmed(const std::string& question, int& code) {
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
    code = output().fail("bad_argument", "nobody can be asked here: say --yes", kExitBadInput);
    return false;
  }
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  answer = to_lower(trim(answer));
  if (answer == "y" || answer == "yes") return true;
  output().note("nothing was done");
  code = kExitFailure;
  return false;
}

}  // namespace tenon::app
