// tenon: the command line, put together.
#include "app/host_client.hpp"
#include "app/verbs.hpp"

int main(int argc, char** argv) {
  using namespace tenon::app;
  Program program("tenon", "tenon joins SaaS APIs in real time: plugins, YAML pipelines, one binary.",
                  "tenon " TENON_VERSION);
  Command& root = program.root();
  // In the order of help.
  add_run(root);
  add_backup(root);
  add_check(root);
  add_test(root);
  add_eval(root);
  add_explain(root);
  add_schema(root);
  add_events(root);
  add_dead(root);
  add_replay(root);
  add_apply(root);
  add_pause(root);
  add_resume(root);
  add_status(root);
  add_auth(root);
  add_plugins(root);
  add_completion(root);
  add_forget(root);
  add_log_level(root);
  add_version(root);
  // Asked by the completion scripts and by the test of docs/command-line.md.
  program.raw("__complete",
              [&root](const std::vector<std::string>& words) { return complete(root, words, values_of); });
  program.raw("__docs", [&root](const std::vector<std::string>&) { return docs_page(root); });
  const int code = program.run(argc, argv);
  close_stopped_host();
  return code;
}
