// Moonstone. Licence: see LICENSE.
#pragma once
// Validators: the rules that a schema sets for the values of a field, with their messages.
// Threads: pure functions. Source: litestone.md 28.

#include <string>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "orm/internal/model_rules.h"
#include "orm/orm.h"

namespace moonstone::orm {

/// Appends what the value breaks, in the order of the validators; a missing value breaks nothing.
/// `path` is where it stands. Rules for lists (minItems, ..) are not looked at here.
/// Errors: a pattern that cannot be read (InvalidArgument), or that took too long (LimitExceeded).
[[nodiscard]] Status check_validators(const FieldRule& rule,
                                      const Value& value,
                                      const std::vector<std::string>& path,
                                      std::vector<RuleFailure>& failures);

/// Whether a list is one that its field takes. Errors: ValidationError of the first broken rule.
[[nodiscard]] Status check_list(const schema::ModelField& field, const Value& value);

/// Whether the value is one of the enum. Errors: ValidationError.
[[nodiscard]] Status check_enum(const FieldRule& rule, const Value& value);

/// Appends what a value of a JSON column with a declared type breaks.
/// Errors: those of check_validators.
class JsonTypeCheck {
 public:
  JsonTypeCheck(const RuleBook& rules, std::vector<RuleFailure>& failures)
      : rules_(rules), failures_(failures) {}

  enum class Strictness : unsigned char { OnlyDeclared, AnyMembers };
  [[nodiscard]] Status check(const schema::JsonType& type,
                             const Value& value,
                             std::vector<std::string> path,
                             Strictness strictness);

 private:
  Status check_member(const FieldRule& rule, const Value& value, std::vector<std::string> path);
  Status check_element(const FieldRule& rule, const Value& value, std::vector<std::string> path);
  void fail(std::vector<std::string> path, std::string message);

  const RuleBook& rules_;
  std::vector<RuleFailure>& failures_;
};

}  // namespace moonstone::orm
