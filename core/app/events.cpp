// tenon events: what a running host tells of its events.
#include "app/event_view.hpp"
#include "app/verbs.hpp"

namespace tenon::app {
namespace {

void add_list(Command& group) {
  Command& command = group.verb("list", "List events, newest first");
  auto& options = command.keep<ListOptions>();
  command.option("--state", options.state, "Only in this state, or with this end")
      .value("STATE")
      .one_of({"waiting", "retrying", "delivered", "skipped", "superseded", "duplicate", "rejected",
               "exhausted"});
  add_list_options(command, options);
  command.example("tenon events list", "The newest 50");
  command.example("tenon events list --state delivered --limit 10 --json",
                  "Ten that were delivered, for a script");
  command.example("tenon events list --since 24h --where '$contains(event.key, \"12908\") and attempts > 1'",
                  "What an expression says");
  command.run([&options] { return list_events(EventKind::event, options); });
}

void add_show(Command& group) {
  Command& command = group.verb("show", "Show one, with its attempts and what was said to the remotes");
  auto& options = command.keep<ShowOptions>();
  add_show_options(command, EventKind::event, options);
  command.example("tenon events show 1", "By its number");
  command.example("tenon events show 1 --json", "The same, for a script");
  command.example("tenon events show 1 --curl", "With lines to paste that ask the remotes again");
  command.run([&options] { return show_event(EventKind::event, options); });
}

}  // namespace

void add_events(Command& program) {
  Command& group = program.verb("events", "List and show events");
  add_list(group);
  add_show(group);
}

}  // namespace tenon::app
