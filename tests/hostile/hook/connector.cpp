// A source that takes any JSON object as one event, and a sink that needs no network: what the port's tests
// put behind it.
#include <tenon/connector.hpp>

class source {
 public:
  explicit source(const tenon::settings&) {}
  void accept(const tenon::event_view& view, tenon::emitter& out) const {
    if (!view.is_object("")) throw tenon::malformed("the body is not an object");
    out.emit(tenon::event("object", "all").data(view.text("")));
  }
};

class keep {
 public:
  static constexpr std::string_view operation = "keep";
  explicit keep(const tenon::settings&) {}
  tenon::task<tenon::outcome> deliver(tenon::context&, tenon::record, std::string) const {
    co_return tenon::delivered("kept");
  }
};

using hook = tenon::connector<"hook", source, keep>;
TENON_PLUGIN(hook)
