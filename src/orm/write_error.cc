// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_error.h"

#include <utility>

#include <fmt/format.h>

namespace moonstone::orm {

namespace {

Error named_error(ErrorCode code, std::string message, Object details) {
  const std::string name = details.find("name")->as_text();
  return Error(code, std::move(message), name).with_details(Value(std::move(details)));
}

}  // namespace

Error validation_error(const std::vector<RuleFailure>& failures) {
  std::string message = "Validation failed — ";
  Array errors;
  errors.reserve(failures.size());
  for (const RuleFailure& failure : failures) {
    if (!errors.empty()) message += ", ";
    message += fmt::format("{}: {}", fmt::join(failure.path, "."), failure.message);
    Array path(failure.path.begin(), failure.path.end());
    errors.emplace_back(
        Object{{"path", Value(std::move(path))}, {"message", Value(failure.message)}});
  }
  return named_error(ErrorCode::InvalidArgument, std::move(message),
                     {{"name", "ValidationError"}, {"errors", Value(std::move(errors))}});
}

Error validation_error(std::string_view field, std::string message) {
  return validation_error({{.path = {std::string(field)}, .message = std::move(message)}});
}

Error transition_violation(const TransitionStep& step, const std::vector<std::string>& allowed) {
  return named_error(
      ErrorCode::FailedPrecondition,
      fmt::format("Cannot transition {}.{} from '{}' to '{}' — valid transitions from '{}': {}",
                  step.model->table, step.field, step.from, step.to, step.from,
                  allowed.empty() ? "none" : quoted_list(allowed)),
      {{"name", "TransitionViolationError"},
       {"model", Value(step.model->table)},
       {"field", Value(step.field)},
       {"from", Value(step.from)},
       {"to", Value(step.to)},
       {"retryable", false}});
}

Error transition_conflict(const TransitionStep& step) {
  return named_error(
      ErrorCode::Conflict,
      fmt::format("Transition conflict on {}.{}: row was modified before update could complete "
                  "(expected '{}', transition to '{}')",
                  step.model->table, step.field, step.from, step.to),
      {{"name", "TransitionConflictError"},
       {"model", Value(step.model->table)},
       {"field", Value(step.field)},
       {"expected", Value(step.from)},
       {"to", Value(step.to)},
       {"retryable", true}});
}

Error transition_not_found(const schema::Model& model,
                           std::string_view transition,
                           const std::vector<std::string>& available) {
  return named_error(ErrorCode::InvalidArgument,
                     fmt::format("Transition '{}' not found on {} — available: {}", transition,
                                 model.table, quoted_list(available)),
                     {{"name", "TransitionNotFoundError"},
                      {"model", Value(model.table)},
                      {"transition", Value(transition)},
                      {"retryable", false}});
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (!list.empty()) list += ", ";
    list += "'" + name + "'";
  }
  return list;
}

}  // namespace moonstone::orm
