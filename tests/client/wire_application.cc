// Moonstone. Licence: see LICENSE.
#include "tests/client/wire_application.h"

#include <utility>

#include "base/json.h"
#include "base/value.h"

namespace moonstone::client::testing {
namespace {

protocol::Frame frame_of(std::string text) {
  return {std::make_shared<const std::string>(std::move(text))};
}

std::string member(const Value& frame, std::string_view name) {
  const Value* const found = frame.as_object().find(name);
  return found == nullptr ? "" : to_json(*found);
}

std::string answer(std::string_view type, const std::string& id, const std::string& json) {
  return std::string(R"({"type":")") + std::string(type) + R"(","id":)" + id + R"(,"result":)" +
         json + "}";
}

std::string failure(const std::string& id) {
  return R"({"type":"error","id":)" + id + R"(,"code":"execution_error","message":"it failed"})";
}

}  // namespace

class WireApplication::Session final : public protocol::SocketSession {
 public:
  Session(WireApplication& application, protocol::SocketSinkPtr sink)
      : application_(application), sink_(std::move(sink)) {
    const std::lock_guard lock(application_.mutex_);
    application_.state_.sessions.insert(this);
  }
  void on_text(std::string_view text) override {
    const auto frame = parse_json(text);
    if (!frame || !frame->is_object()) return;
    const std::lock_guard lock(application_.mutex_);
    take(*frame);
  }
  void on_writable() override {}
  void on_closed() override {
    const std::lock_guard lock(application_.mutex_);
    application_.state_.sessions.erase(this);
  }

  void send(std::string text) { sink_->send(frame_of(std::move(text))); }
  void tell(int count) {
    for (const std::string& id : subscriptions_)
      send(answer("update", id, std::to_string(count)));
  }

 private:
  void take(const Value& frame) {
    const std::string type = member(frame, "type");
    const std::string id = member(frame, "id");
    const std::string function = member(frame, "fn");
    State& state = application_.state_;
    if (type == "\"hello\"") {
      client_ = member(frame, "client");
      state.clients.insert(client_);
      send(R"({"type":"hello","server":"test","capabilities":["mutation-ledger"]})");
    } else if (type == "\"ping\"") {
      send(R"({"type":"pong"})");
    } else if (type == "\"unsubscribe\"") {
      subscriptions_.erase(id);
    } else if (function == "\"c:fail\"") {
      send(failure(id));
    } else if (type == "\"query\"") {
      subscriptions_.insert(id);
      send(answer("result", id, std::to_string(state.count)));
    } else if (type == "\"mutation\"") {
      mutate(id, function);
    } else if (function == "\"c:echo\"") {
      send(answer("actionResult", id, member(frame, "args")));
    } else if (function == "\"c:cut\"") {
      sink_->close(protocol::CloseCode::InternalError, "as asked");
    }
  }

  void mutate(const std::string& id, const std::string& function) {
    State& state = application_.state_;
    std::string& reply = state.ledger[client_ + id];
    if (!reply.empty()) return send(reply);
    state.count += 1;
    reply = answer("mutationResult", id, std::to_string(state.count));
    if (function == "\"c:cut\"")
      return sink_->close(protocol::CloseCode::InternalError, "as asked");
    if (function == "\"c:add\"") application_.tell_all(state);
    send(reply);
  }

  WireApplication& application_;
  protocol::SocketSinkPtr sink_;
  std::string client_;
  std::set<std::string> subscriptions_;
};

void WireApplication::handle(protocol::HttpRequest /*request*/, protocol::Respond respond) {
  respond({.status = 404});
}

void WireApplication::accept(protocol::HttpRequest request,
                             protocol::SocketSinkPtr sink,
                             Decide decide) {
  if (request.path != "/ws")
    return decide(protocol::HttpResponse{.status = 403, .body = "not here"});
  {
    const std::lock_guard lock(mutex_);
    state_.last_header = request.header("X-Test");
  }
  decide(std::make_unique<Session>(*this, std::move(sink)));
}

int WireApplication::count() {
  const std::lock_guard lock(mutex_);
  return state_.count;
}

std::size_t WireApplication::clients() {
  const std::lock_guard lock(mutex_);
  return state_.clients.size();
}

std::string WireApplication::last_header() {
  const std::lock_guard lock(mutex_);
  return state_.last_header;
}

void WireApplication::broadcast(const std::string& text) {
  const std::lock_guard lock(mutex_);
  for (Session* const session : state_.sessions)
    session->send(text);
}

void WireApplication::tell_all(const State& state) {
  for (Session* const session : state.sessions)
    session->tell(state.count);
}

}  // namespace moonstone::client::testing
