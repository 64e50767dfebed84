// Moonstone. Licence: see LICENSE.
//
// The attributes of models, traits and types. Source: litestone.md 3.2
#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "schema/lite/gate.h"
#include "schema/lite/internal/parser.h"

namespace moonstone::lite {

Result<ModelAttribute> Parser::parse_model_attribute(BodyKind kind) {
  const Token& name = peek();
  MS_TRY_STATUS(expect_name("the name of an attribute"));
  if (name.text == "softDeleteCascade") {
    return fail(name, "Unknown model attribute '@@softDeleteCascade': use @@softDelete(cascade)");
  }
  // No model has @@id, but whoever puts it into a trait should hear why it is not there.
  if (kind == BodyKind::Trait && name.text == "id") {
    return fail(name, fmt::format("{}: @@id is not allowed in a trait", owner_));
  }
  if (name.text == "hasTemplates" && options_.dialect != Dialect::V1_0_3) {
    return parse_templates();
  }
  return parse_named_model_attribute(name);
}

Result<ModelAttribute> Parser::parse_named_model_attribute(const Token& name) {
  const std::string_view word = name.text;
  if (word == "strict") return ModelFlag::Strict;
  if (word == "noStrict") return ModelFlag::NoStrict;
  if (word == "external") return ModelFlag::External;
  if (word == "auth") return ModelFlag::Auth;
  if (word == "index" || word == "unique") {
    MS_TRY(auto fields, parse_field_names());
    return Index{std::move(fields), word == "unique"};
  }
  if (word == "fts") {
    MS_TRY(auto fields, parse_field_names());
    return FullText{std::move(fields)};
  }
  if (word == "map") {
    MS_TRY(auto table, parse_one_text("the name of a table in quotes"));
    return TableMap{std::move(table)};
  }
  if (word == "db") {
    MS_TRY(auto database, parse_one_name("the name of a database"));
    return DatabaseOf{std::move(database)};
  }
  if (word == "trait") {
    MS_TRY(auto trait, parse_one_name("the name of a trait"));
    return TraitUse{std::move(trait)};
  }
  if (word == "log") {
    MS_TRY(auto log, parse_log(false));
    return log;
  }
  if (word == "softDelete") return parse_soft_delete();
  if (word == "allow") return parse_policy(PolicyEffect::Allow);
  if (word == "deny") return parse_policy(PolicyEffect::Deny);
  if (word == "gate") return parse_gate();
  return fail(name, fmt::format("Unknown model attribute '@@{}'", word));
}

Result<ModelAttribute> Parser::parse_soft_delete() {
  SoftDelete result;
  if (!accept(TokenKind::LeftParenthesis)) return result;
  if (!accept_word("cascade")) return fail_expected("cascade");
  result.cascade = true;
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return result;
}

Result<ModelAttribute> Parser::parse_templates() {
  Templates result;
  if (!accept(TokenKind::LeftParenthesis)) return result;
  if (accept_word("field")) MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
  MS_TRY(result.field, expect_text("the name of a field in quotes"));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return result;
}

Result<ModelAttribute> Parser::parse_policy(PolicyEffect effect) {
  Policy policy;
  policy.effect = effect;
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(policy.operations, parse_policy_operations());
  MS_TRY_STATUS(expect(TokenKind::Comma, "','"));
  MS_TRY(policy.expression, parse_expression());
  if (accept(TokenKind::Comma)) {
    MS_TRY(policy.message, expect_text("a message in quotes"));
  }
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return policy;
}

Result<std::vector<std::string>> Parser::parse_policy_operations() {
  constexpr std::array<std::string_view, 5> kKnown{"read", "create", "update", "post-update",
                                                   "delete"};
  const Token& token = peek();
  MS_TRY(const auto text, expect_text("operations in quotes"));
  std::vector<std::string> operations;
  const auto add = [&operations](std::string_view operation) {
    if (std::ranges::find(operations, operation) == operations.end()) {
      operations.emplace_back(operation);
    }
  };
  for (std::string_view rest = text; !rest.empty() || operations.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (word.starts_with(' '))
      word.remove_prefix(1);
    while (word.ends_with(' '))
      word.remove_suffix(1);
    if (word == "all") {
      for (const std::string_view operation : kKnown)
        add(operation);
    } else if (word == "write") {
      for (const std::string_view operation : {"create", "update", "delete"})
        add(operation);
    } else if (std::ranges::find(kKnown, word) != kKnown.end()) {
      add(word);
    } else {
      return fail(token, fmt::format("@@allow/@@deny: invalid operation '{}'. Valid: read, create, "
                                     "update, post-update, delete, write, all",
                                     word));
    }
  }
  return operations;
}

Result<ModelAttribute> Parser::parse_gate() {
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  if (is_next(TokenKind::Text)) {
    Gate gate{text_of(next())};
    MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
    return gate;
  }
  std::optional<int> read;
  std::optional<int> create;
  std::optional<int> update;
  std::optional<int> remove;
  std::optional<int> write;
  MS_TRY_STATUS(for_each_argument([&]() -> Status {
    std::optional<int>* level = nullptr;
    if (is_word("read")) level = &read;
    if (is_word("create")) level = &create;
    if (is_word("update")) level = &update;
    if (is_word("delete")) level = &remove;
    if (is_word("write")) level = &write;
    if (level == nullptr) return fail_expected("read, create, update, delete or write");
    next();
    MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
    MS_TRY(*level, parse_gate_level());
    return ok();
  }));
  // `write` stands for the three that are not given; what is then missing repeats its neighbour.
  const int read_level = read.value_or(0);
  const int create_level = create.value_or(write.value_or(read_level));
  const int update_level = update.value_or(write.value_or(create_level));
  const int delete_level = remove.value_or(write.value_or(update_level));
  return Gate{fmt::format("{}.{}.{}.{}", read_level, create_level, update_level, delete_level)};
}

Result<int> Parser::parse_gate_level() {
  const Token& token = peek();
  std::optional<int> level;
  if (is_next(TokenKind::Identifier)) {
    level = find_gate_level(token.text);
  } else if (is_next(TokenKind::Number) && token.text.size() == 1) {
    level = token.text.front() - '0';
  }
  if (!level) return fail_expected("a level: 0 to 9 or a name from STRANGER to LOCKED");
  next();
  return *level;
}

Result<std::vector<std::string>> Parser::parse_field_names() {
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(auto names, expect_names());
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return names;
}

Result<std::string> Parser::parse_one_name(std::string_view what) {
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(auto name, expect_name(what));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return name;
}

}  // namespace moonstone::lite
