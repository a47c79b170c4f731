// Call: one call of the Journal on its way through the Engine, and back to the caller's executor.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "journal/store.hpp"

namespace tenon::journal {

class Call {
 public:
  enum class Kind : std::uint8_t { read, write, append };
  enum class Ran : std::uint8_t { done, again };

  Call(Kind kind, std::size_t bytes, runtime::Executor* on) : kind_(kind), bytes_(bytes), on_(on) {}
  virtual ~Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  /// `again`: it did a part and wants another turn.
  virtual Ran run(Store& store) = 0;
  virtual bool failed() const = 0;
  virtual Error error() const = 0;
  virtual void fail(Error error) = 0;
  /// On the caller's executor, once.
  virtual void answer() = 0;

  bool is_read() const { return kind_ == Kind::read; }
  bool is_append() const { return kind_ == Kind::append; }
  std::size_t bytes() const { return bytes_; }
  runtime::Executor* on() const { return on_; }

 private:
  Kind kind_;
  std::size_t bytes_;
  runtime::Executor* on_;
};

using Calls = std::vector<std::unique_ptr<Call>>;

/// `work` is called with the Store and answers Result<T>, or std::optional of it where it may need more
/// turns.
template <class T, class Work>
class CallOf final : public Call {
 public:
  CallOf(Kind kind, std::size_t bytes, Journal::Reply<T> reply, Work work)
      : Call(kind, bytes, reply.on), reply_(std::move(reply.call)), work_(std::move(work)) {}

  Ran run(Store& store) override {
    if constexpr (std::is_same_v<std::invoke_result_t<Work&, Store&>, Result<T>>) {
      result_.emplace(work_(store));
    } else {
      result_ = work_(store);
    }
    return result_ ? Ran::done : Ran::again;
  }
  bool failed() const override { return result_ && !*result_; }
  Error error() const override { return result_->error(); }
  void fail(Error error) override { result_.emplace(std::move(error)); }
  void answer() override {
    if (reply_) reply_(std::move(*result_));
  }

 private:
  Function<void(Result<T>)> reply_;
  Work work_;
  std::optional<Result<T>> result_;
};

template <class T, class Work>
std::unique_ptr<Call> make_call(Call::Kind kind, std::size_t bytes, Journal::Reply<T> reply, Work work) {
  return std::make_unique<CallOf<T, Work>>(kind, bytes, std::move(reply), std::move(work));
}

/// Answered calls, gathered per executor: one post each.
class Answers {
 public:
  void add(std::unique_ptr<Call> call) {
    for (auto& [on, calls] : groups_) {
      if (on == call->on()) {
        calls.push_back(std::move(call));
        return;
      }
    }
    runtime::Executor* on = call->on();
    groups_.emplace_back(on, Calls());
    groups_.back().second.push_back(std::move(call));
  }
  void post() {
    for (auto& [on, calls] : groups_) {
      on->post([calls = std::move(calls)] {
        for (const auto& call : calls) call->answer();
      });
    }
    groups_.clear();
  }

 private:
  std::vector<std::pair<runtime::Executor*, Calls>> groups_;
};

}  // namespace tenon::journal
