// Moonstone. Licence: see LICENSE.
#include "host.h"

#include <algorithm>
#include <utility>

#include "addon.h"
#include "exchange.h"

namespace moonstone::node {

void Host::begin(ExchangeWriter& question, Question kind) const {
  question.set_header(0, static_cast<double>(kind));
  question.set_header(1, static_cast<double>(options_.client));
  question.set_header(2, static_cast<double>(options_.database));
}

Status Host::run_hooks(const Moment& moment,
                       const Value& arguments,
                       const Value* result,
                       Value& changed) {
  return addon_.call_host(
      [&](ExchangeWriter& question) {
        begin(question, moment.kind);
        question.text(moment.model.name);
        question.text(moment.operation);
        question.value(moment.caller.auth);
        question.value(moment.caller.is_system);
        question.value(arguments);
        question.value(result == nullptr ? Value() : *result);
      },
      [&changed](ExchangeReader& answer) {
        // [whether it changed, what it is now]
        const Value is_changed = answer.read();
        if (is_changed.is_boolean() && is_changed.as_boolean()) changed = answer.read();
      });
}

Status Host::before(const schema::Model& model,
                    std::string_view operation,
                    const orm::Caller& caller,
                    Value& arguments) {
  const Moment moment{
      .kind = Question::Before, .model = model, .operation = operation, .caller = caller};
  return run_hooks(moment, Value(arguments), nullptr, arguments);
}

Status Host::after(const schema::Model& model,
                   std::string_view operation,
                   const orm::Caller& caller,
                   const Value& arguments,
                   Value& result) {
  const Moment moment{
      .kind = Question::After, .model = model, .operation = operation, .caller = caller};
  const Value before = result;
  return run_hooks(moment, arguments, &before, result);
}

bool Host::has_checks(const schema::Model& model) const {
  return std::ranges::find(options_.checked_models, model.name) != options_.checked_models.end();
}

std::vector<orm::RuleFailure> Host::check(const schema::Model& model, const Object& data) {
  std::vector<orm::RuleFailure> failures;
  const Status asked = addon_.call_host(
      [&](ExchangeWriter& question) {
        begin(question, Question::Check);
        question.text(model.name);
        question.value(Value(data));
      },
      [&failures](ExchangeReader& answer) {
        const Value found = answer.read();
        if (!found.is_array()) return;
        for (const Value& failure : found.as_array()) {
          if (!failure.is_object()) continue;
          const Value* const path = failure.as_object().find("path");
          const Value* const message = failure.as_object().find("message");
          orm::RuleFailure rule;
          if (message != nullptr && message->is_text()) rule.message = message->as_text();
          if (path != nullptr && path->is_array()) {
            for (const Value& step : path->as_array())
              rule.path.push_back(step.is_text() ? step.as_text() : std::string());
          }
          failures.push_back(std::move(rule));
        }
      });
  if (!asked) failures.push_back({.path = {"_model"}, .message = asked.error().message()});
  return failures;
}

void Host::observe(const orm::QueryEvent& event) {
  addon_
      .call_host(
          [&](ExchangeWriter& question) {
            begin(question, Question::Observe);
            question.text(event.model);
            question.text(event.operation);
            question.value(event.arguments == nullptr ? Value() : *event.arguments);
            question.text(event.sql);
            question.value(Value(Array(event.values)));
            question.value(static_cast<double>(event.duration.count()) / 1e6);
            question.value(static_cast<double>(event.row_count));
          },
          [](ExchangeReader&) {})
      .ignore("whoever watches cannot fail a call");
}

}  // namespace moonstone::node
