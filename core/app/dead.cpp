// tenon dead: the dead letters of a running host.
#include "app/event_view.hpp"
#include "app/verbs.hpp"

namespace tenon::app {
namespace {

void add_list(Command& group) {
  Command& command = group.verb("list", "List dead letters, newest first");
  auto& options = command.keep<ListOptions>();
  add_list_options(command, options);
  command.example("tenon dead list", "The newest 50");
  command.example("tenon dead list --limit 10 --json", "Ten, for a script");
  command.run([&options] { return list_events(EventKind::dead_letter, options); });
}

void add_show(Command& group) {
  Command& command = group.verb("show", "Show one, with its attempts and what was said to the remotes");
  auto& options = command.keep<ShowOptions>();
  add_show_options(command, EventKind::dead_letter, options);
  command.example("tenon dead show 2", "By its number");
  command.example("tenon dead show 2 --json", "The same, for a script");
  command.run([&options] { return show_event(EventKind::dead_letter, options); });
}

}  // namespace

void add_dead(Command& program) {
  Command& group = program.verb("dead", "List or show dead letters of a running host");
  add_list(group);
  add_show(group);
}

}  // namespace tenon::app
