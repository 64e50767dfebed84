// Moonstone. Licence: see LICENSE.
#pragma once
// Host: hooks, checks and observers of the application, which are JavaScript functions.
//
// The addon calls one function of packages/orm, which knows the client's own ones. The first slot
// of such a question is its kind, the second the client, the third the database. Threads: confined.
// Source: litestone.md 28, 29, 31.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "orm/orm.h"

namespace moonstone::node {

class Addon;
class ExchangeWriter;

struct HostOptions {
  std::size_t client = 0;
  std::size_t database = 0;
  bool has_hooks = false;
  std::vector<std::string> checked_models;
};

class Host final : public orm::Host {
 public:
  /// `addon` outlives it.
  Host(Addon& addon, HostOptions options) : addon_(addon), options_(std::move(options)) {}

  Status before(const schema::Model& model,
                std::string_view operation,
                const orm::Caller& caller,
                Value& arguments) override;
  Status after(const schema::Model& model,
               std::string_view operation,
               const orm::Caller& caller,
               const Value& arguments,
               Value& result) override;
  [[nodiscard]] bool has_hooks() const override { return options_.has_hooks; }
  [[nodiscard]] std::vector<orm::RuleFailure> check(const schema::Model& model,
                                                    const Object& data) override;
  [[nodiscard]] bool has_checks(const schema::Model& model) const override;
  [[nodiscard]] bool observes() const override { return is_observed_; }
  void observe(const orm::QueryEvent& event) override;
  void observe(bool is_observed) { is_observed_ = is_observed; }

 private:
  /// Never renumber one side alone: packages/orm/src/host.ts.
  enum class Question : std::uint8_t { Before = 1, After = 2, Check = 3, Observe = 4 };
  void begin(ExchangeWriter& question, Question kind) const;
  struct Moment {
    Question kind;
    const schema::Model& model;
    std::string_view operation;
    const orm::Caller& caller;
  };
  Status run_hooks(const Moment& moment,
                   const Value& arguments,
                   const Value* result,
                   Value& changed);

  Addon& addon_;
  HostOptions options_;
  bool is_observed_ = false;
};

}  // namespace moonstone::node
