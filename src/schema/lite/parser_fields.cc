// Moonstone. Licence: see LICENSE.
//
// The attributes of fields. Source: litestone.md 3.1
#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "schema/lite/internal/attribute_names.h"
#include "schema/lite/internal/parser.h"

namespace moonstone::lite {
namespace {

/// Those without arguments; `slug` is not among them, because it may also be a function.
std::optional<FieldFlag> find_flag(std::string_view name) {
  using enum FieldFlag;
  for (const FieldFlag flag :
       {Id, Unique, Computed, HardDelete, KeepVersions, Trim, Lower, Upper, UpdatedAt, Markdown}) {
    if (word_of(flag) == name) return flag;
  }
  return std::nullopt;
}

std::optional<ReferentialAction> find_action(std::string_view name) {
  using enum ReferentialAction;
  for (const ReferentialAction action : {Cascade, SetNull, Restrict, NoAction}) {
    if (word_of(action) == name) return action;
  }
  return std::nullopt;
}

std::optional<FromOperation> find_from_operation(std::string_view name) {
  using enum FromOperation;
  for (const FromOperation operation : {First, Last, Count, Exists, Sum, Max, Min}) {
    if (word_of(operation) == name) return operation;
  }
  return std::nullopt;
}

bool continues_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// Replaces each `{x}` by `"x"` and notes the names.
Generated generated_from(std::string_view source) {
  Generated result;
  for (std::size_t at = 0; at < source.size(); ++at) {
    std::size_t end = at + 1;
    while (source[at] == '{' && end < source.size() && continues_name(source[end]))
      ++end;
    const bool is_field = end > at + 1 && end < source.size() && source[end] == '}';
    if (!is_field) {
      result.sql += source[at];
      continue;
    }
    const std::string name(source.substr(at + 1, end - at - 1));
    result.sql += '"' + name + '"';
    if (std::ranges::find(result.fields, name) == result.fields.end()) {
      result.fields.push_back(name);
    }
    at = end;
  }
  return result;
}

}  // namespace

Result<FieldAttribute> Parser::parse_field_attribute() {
  const Token& name = peek();
  MS_TRY_STATUS(expect_name("the name of an attribute"));
  if (const auto flag = find_flag(name.text)) return *flag;
  // `@slug` transforms the value; `@slug(title)` calls a function of the schema.
  if (name.text == "slug" && !is_next(TokenKind::LeftParenthesis)) return FieldFlag::Slug;
  MS_TRY(auto validator, parse_validator(name));
  if (validator) return *std::move(validator);
  return parse_simple_attribute(name);
}

Result<FieldAttribute> Parser::parse_simple_attribute(const Token& name) {
  const std::string_view word = name.text;
  if (word == "default") return parse_default();
  if (word == "relation") return parse_relation();
  if (word == "generated") return parse_generated();
  if (word == "from") return parse_from();
  if (word == "omit") return parse_omit();
  if (word == "guarded") return parse_guarded();
  if (word == "allow") return parse_field_allow();
  if (word == "updatedBy") return parse_updated_by();
  if (word == "sequence") return parse_sequence();
  if (word == "accept") return parse_accept();
  if (word == "type") return parse_type_reference();
  if (word == "map") {
    MS_TRY(auto column, parse_one_text("the name of a column in quotes"));
    return FieldMap{std::move(column)};
  }
  if (word == "check") {
    MS_TRY(auto sql, parse_one_text("SQL in quotes"));
    return Check{std::move(sql)};
  }
  if (word == "encrypted") {
    MS_TRY(const bool searchable, parse_switch("searchable", false));
    return Encrypted{searchable};
  }
  if (word == "secret") {
    MS_TRY(const bool rotate, parse_switch("rotate", true));
    return Secret{rotate};
  }
  if (word == "log") {
    MS_TRY(auto log, parse_log(true));
    return log;
  }
  if (is_next(TokenKind::LeftParenthesis)) return parse_function_call(name);
  return fail(name, fmt::format("Unknown field attribute '@{}'", word));
}

// --- @default ------------------------------------------------------------------------------------

Result<FieldAttribute> Parser::parse_default() {
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  Default result;
  switch (peek().kind) {
    case TokenKind::Text:
      result.kind = DefaultKind::Text;
      result.value = text_of(next());
      break;
    case TokenKind::Number:
      result.kind = DefaultKind::Number;
      result.value = number_of(next());
      break;
    case TokenKind::Boolean:
      result.kind = DefaultKind::Boolean;
      result.value = next().text == "true";
      break;
    case TokenKind::Identifier: {
      std::string name(next().text);
      if (is_next(TokenKind::LeftParenthesis)) {
        MS_TRY(result, parse_default_call(std::move(name)));
      } else {
        // Expansion tells values of enums and siblings apart.
        result.kind = DefaultKind::Enum;
        result.value = std::move(name);
      }
      break;
    }
    default:
      return fail_expected("a default: a literal, a name or a call such as now()");
  }
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return result;
}

Result<Default> Parser::parse_default_call(std::string function) {
  Default result;
  result.kind = DefaultKind::Call;
  result.function = std::move(function);
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  if (result.function == "auth" && accept(TokenKind::Dot)) {
    MS_TRY(result.claim, expect_name("the name of a claim"));
  }
  return result;
}

// --- @relation, @generated, @from ----------------------------------------------------------------

Result<FieldAttribute> Parser::parse_relation() {
  Relation relation;
  if (!accept(TokenKind::LeftParenthesis)) return relation;
  MS_TRY_STATUS(for_each_argument([&] { return parse_relation_argument(relation); }));
  return relation;
}

Status Parser::parse_relation_argument(Relation& relation) {
  // DEVIATION(litestone 0.1): its documentation shows a name without key, its parser refuses it.
  if (is_next(TokenKind::Text)) {
    relation.name = text_of(next());
    return ok();
  }
  MS_TRY(const auto key, expect_name("fields, references, onDelete, onUpdate or name"));
  const Token& token = tokens_[at_ - 1];
  MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
  if (key == "fields") {
    MS_TRY(relation.fields, expect_names());
  } else if (key == "references") {
    MS_TRY(relation.references, expect_names());
  } else if (key == "onDelete") {
    MS_TRY_STATUS(parse_action(relation.on_delete, true));
  } else if (key == "onUpdate") {
    MS_TRY_STATUS(parse_action(relation.on_update, false));
  } else if (key == "name") {
    MS_TRY(relation.name, expect_text("a name in quotes"));
  } else {
    return fail(token, fmt::format("Unknown argument '{}' of @relation", key));
  }
  return ok();
}

Status Parser::parse_action(std::optional<ReferentialAction>& action, bool is_checked) {
  const Position position = peek().position;
  MS_TRY(const auto word, expect_name("Cascade, SetNull, Restrict or NoAction"));
  action = find_action(word);
  if (!action && is_checked) note(position, fmt::format("unknown onDelete action '{}'", word));
  return ok();
}

Result<FieldAttribute> Parser::parse_generated() {
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(const auto source, expect_text("SQL in quotes"));
  Generated generated = generated_from(source);
  if (accept(TokenKind::Comma)) {
    if (!is_next(TokenKind::Identifier)) return fail_expected("stored or virtual");
    generated.stored = next().text == "stored";
  }
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return generated;
}

Result<FieldAttribute> Parser::parse_from() {
  const Token& begin = peek();
  From from;
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(from.target, expect_name("the name of a model"));
  if (!is_next(TokenKind::RightParenthesis)) MS_TRY_STATUS(expect(TokenKind::Comma, "','"));
  MS_TRY_STATUS(for_each_argument([&] { return parse_from_argument(from); }));
  if (!from.operation) {
    return fail(begin, "@from needs one of first, last, count, exists, sum, max and min");
  }
  return from;
}

Status Parser::parse_from_argument(From& from) {
  const Token& token = peek();
  MS_TRY(const auto key, expect_name("an argument of @from"));
  MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
  if (key == "where") {
    MS_TRY(from.where, expect_text("SQL in quotes"));
    return ok();
  }
  if (key == "orderBy") {
    MS_TRY(from.order_by, expect_name("a field"));
    return ok();
  }
  const std::optional<FromOperation> operation = find_from_operation(key);
  if (!operation) return fail(token, fmt::format("Unknown argument '{}' of @from", key));
  if (from.operation) return fail(token, "@from takes one operation");
  from.operation = operation;
  if (takes_field(*operation)) {
    MS_TRY(from.field, expect_name("a field"));
  } else {
    MS_TRY(from.flag, expect_boolean("true"));
  }
  return ok();
}

// --- visibility ----------------------------------------------------------------------------------

Result<bool> Parser::parse_level(std::string_view attribute) {
  if (!accept(TokenKind::LeftParenthesis)) return false;
  if (!accept_word("all")) return fail_expected(fmt::format("all: @{}(all)", attribute));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return true;
}

Result<FieldAttribute> Parser::parse_omit() {
  MS_TRY(const bool is_all, parse_level("omit"));
  return Omit{is_all ? OmitLevel::All : OmitLevel::Lists};
}

Result<FieldAttribute> Parser::parse_guarded() {
  MS_TRY(const bool is_all, parse_level("guarded"));
  return Guarded{is_all ? GuardLevel::All : GuardLevel::Select};
}

Result<FieldAttribute> Parser::parse_field_allow() {
  FieldAllow allow;
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  const Token& token = peek();
  MS_TRY(const auto operation, expect_text("'read', 'write' or 'all'"));
  if (operation == "all") {
    allow.operations = {"read", "write"};
  } else if (operation == "read" || operation == "write") {
    allow.operations = {operation};
  } else {
    return fail(token,
                fmt::format("@allow: invalid operation '{}'. Valid on a field: read, write, all",
                            operation));
  }
  MS_TRY_STATUS(expect(TokenKind::Comma, "','"));
  MS_TRY(allow.expression, parse_expression());
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return allow;
}

// --- small ones ----------------------------------------------------------------------------------

Result<FieldAttribute> Parser::parse_function_call(const Token& name) {
  FunctionCall call;
  call.function = name.text;
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY_STATUS(for_each_argument([&]() -> Status {
    MS_TRY(auto argument, expect_name("a field"));
    call.arguments.push_back(std::move(argument));
    return ok();
  }));
  return call;
}

Result<FieldAttribute> Parser::parse_updated_by() {
  UpdatedBy result;
  if (!accept(TokenKind::LeftParenthesis)) return result;
  if (!accept_word("auth")) return fail_expected("auth().<claim>");
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  MS_TRY_STATUS(expect(TokenKind::Dot, "'.'"));
  MS_TRY(result.claim, expect_name("the name of a claim"));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return result;
}

Result<FieldAttribute> Parser::parse_sequence() {
  Sequence sequence;
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  if (!accept_word("scope")) return fail_expected("scope");
  MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
  MS_TRY(sequence.scope, expect_name("a field"));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return sequence;
}

Result<FieldAttribute> Parser::parse_accept() {
  Accept accept;
  MS_TRY(const auto text, parse_one_text("content types in quotes"));
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string_view type = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (type.starts_with(' '))
      type.remove_prefix(1);
    while (type.ends_with(' '))
      type.remove_suffix(1);
    if (!type.empty()) accept.types.emplace_back(type);
  }
  return accept;
}

Result<FieldAttribute> Parser::parse_type_reference() {
  TypeReference reference;
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(reference.name, expect_name("the name of a type"));
  if (accept(TokenKind::Comma)) {
    if (!accept_word("strict")) return fail_expected("strict");
    MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
    MS_TRY(reference.strict, expect_boolean("true or false"));
  }
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return reference;
}

/// `(name: BOOL)` or nothing.
Result<bool> Parser::parse_switch(std::string_view name, bool otherwise) {
  if (!accept(TokenKind::LeftParenthesis)) return otherwise;
  if (!accept_word(name)) return fail_expected(name);
  MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
  MS_TRY(const bool value, expect_boolean("true or false"));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return value;
}

Result<Log> Parser::parse_log(bool reads) {
  Log log;
  log.reads = reads;
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(log.database, expect_name("the name of a database"));
  if (!is_next(TokenKind::RightParenthesis)) MS_TRY_STATUS(expect(TokenKind::Comma, "','"));
  MS_TRY_STATUS(for_each_argument([&]() -> Status {
    const bool is_reads = is_word("reads");
    if (!is_reads && !is_word("writes")) return fail_expected("reads or writes");
    next();
    MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
    MS_TRY(const bool value, expect_boolean("true or false"));
    (is_reads ? log.reads : log.writes) = value;
    return ok();
  }));
  return log;
}

Result<std::string> Parser::parse_one_text(std::string_view what) {
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(auto text, expect_text(what));
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return text;
}

}  // namespace moonstone::lite
