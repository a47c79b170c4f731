// tenon: the command line, put together.
#include "app/verbs.hpp"

int main(int argc, char** argv) {
  using namespace tenon::app;
  Program program("tenon", "tenon joins SaaS APIs in real time: plugins, YAML pipelines, one binary.",
                  "tenon " TENON_VERSION);
  Command& root = program.root();
  // In the order of help.
  add_run(root);
  add_check(root);
  add_events(root);
  add_dead(root);
  add_version(root);
  return program.run(argc, argv);
}
