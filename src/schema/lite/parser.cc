// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/parser.h"

#include <algorithm>

#include <fmt/format.h>

namespace moonstone::lite {
namespace {

/// A token as an error shows it. A long text is cut.
std::string shown(const Token& token) {
  constexpr std::size_t kBytesMax = 40;
  if (token.kind == TokenKind::End) return "the end of the schema";
  if (token.kind == TokenKind::Comment) return "a documentation comment";
  if (token.text.size() <= kBytesMax) return fmt::format("'{}'", token.text);
  std::size_t end = kBytesMax;
  while (end > 0 && (static_cast<unsigned char>(token.text[end]) & 0xC0U) == 0x80U)
    --end;
  return fmt::format("'{}…'", token.text.substr(0, end));
}

}  // namespace

Status Parser::run() {
  while (!is_next(TokenKind::End)) {
    MS_TRY_STATUS(parse_declaration());
    const std::size_t count = schema_.databases.size() + schema_.models.size() +
                              schema_.views.size() + schema_.enums.size() +
                              schema_.functions.size() + schema_.traits.size() +
                              schema_.types.size() + schema_.imports.size();
    MS_TRY_STATUS(check_count(count, options_.limits.declarations_max, "declarations"));
  }
  return ok();
}

// --- tokens --------------------------------------------------------------------------------------

const Token& Parser::peek(std::size_t ahead) const {
  return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
}

const Token& Parser::next() {
  const Token& token = peek();
  if (at_ + 1 < tokens_.size()) ++at_;
  return token;
}

bool Parser::is_word(std::string_view word, std::size_t ahead) const {
  return peek(ahead).kind == TokenKind::Identifier && peek(ahead).text == word;
}

bool Parser::accept(TokenKind kind) {
  if (!is_next(kind)) return false;
  next();
  return true;
}

bool Parser::accept_word(std::string_view word) {
  if (!is_word(word)) return false;
  next();
  return true;
}

Error Parser::fail(const Token& token, std::string text) {
  text += place_of(token.position);
  failure_ = Problem{text, token.position};
  return {ErrorCode::InvalidArgument, std::move(text)};
}

Error Parser::fail_expected(std::string_view what) {
  return fail(peek(), fmt::format("Expected {}, got {}", what, shown(peek())));
}

void Parser::note(const Position& position, std::string text) {
  problems_.push_back({owner_ + ": " + std::move(text), position});
}

Status Parser::expect(TokenKind kind, std::string_view what) {
  if (!accept(kind)) return fail_expected(what);
  return ok();
}

Result<std::string> Parser::expect_name(std::string_view what) {
  if (!is_next(TokenKind::Identifier)) return fail_expected(what);
  return std::string(next().text);
}

Result<std::string> Parser::expect_text(std::string_view what) {
  if (!is_next(TokenKind::Text)) return fail_expected(what);
  return text_of(next());
}

Result<Value> Parser::expect_number(std::string_view what) {
  if (!is_next(TokenKind::Number)) return fail_expected(what);
  return number_of(next());
}

Result<bool> Parser::expect_boolean(std::string_view what) {
  if (!is_next(TokenKind::Boolean)) return fail_expected(what);
  return next().text == "true";
}

Result<std::vector<std::string>> Parser::expect_names() {
  MS_TRY_STATUS(expect(TokenKind::LeftBracket, "'['"));
  std::vector<std::string> names;
  do {
    MS_TRY(auto name, expect_name("a name"));
    names.push_back(std::move(name));
  } while (accept(TokenKind::Comma));
  MS_TRY_STATUS(expect(TokenKind::RightBracket, "',' or ']'"));
  return names;
}

Parser::Comments Parser::take_comments() {
  Comments comments;
  while (is_next(TokenKind::Comment))
    comments.emplace_back(next().text);
  return comments;
}

Status Parser::check_count(std::size_t count, std::size_t count_max, std::string_view what) {
  if (count <= count_max) return ok();
  return fail(peek(), fmt::format("The schema has more than {} {}", count_max, what));
}

// --- declarations --------------------------------------------------------------------------------

Status Parser::parse_declaration() {
  Comments comments = take_comments();
  if (is_word("import")) return parse_import();
  if (is_word("database")) return parse_database();
  if (is_word("model")) return parse_model(BodyKind::Model, std::move(comments));
  if (is_word("trait")) return parse_model(BodyKind::Trait, std::move(comments));
  if (is_word("type")) return parse_model(BodyKind::Type, std::move(comments));
  if (is_word("view")) return parse_view(std::move(comments));
  if (is_word("enum")) return parse_enum(std::move(comments));
  if (is_word("function")) return parse_function(std::move(comments));
  return fail(peek(),
              fmt::format("Unexpected token {} — expected database, model, view, enum, function, "
                          "trait, type, or import",
                          shown(peek())));
}

Status Parser::parse_import() {
  next();
  MS_TRY(auto path, expect_text("the path of a schema file in quotes"));
  schema_.imports.push_back(std::move(path));
  return ok();
}

Status Parser::parse_database() {
  Database database;
  database.position = next().position;
  MS_TRY(database.name, expect_name("the name of a database"));
  owner_ = fmt::format("Database '{}'", database.name);
  MS_TRY_STATUS(expect(TokenKind::LeftBrace, "'{'"));
  bool has_path = false;
  while (!accept(TokenKind::RightBrace)) {
    MS_TRY_STATUS(parse_database_property(database, has_path));
    accept(TokenKind::Comma);
  }
  if (!has_path) note(database.position, "path is required");
  schema_.databases.push_back(std::move(database));
  return ok();
}

Status Parser::parse_database_property(Database& database, bool& has_path) {
  if (accept_word("path")) {
    MS_TRY(database.path, parse_path());
    has_path = true;
  } else if (accept_word("driver")) {
    const Position position = peek().position;
    MS_TRY(const auto driver, expect_name("sqlite, jsonl or logger"));
    if (driver == "jsonl") {
      database.driver = DatabaseDriver::Jsonl;
    } else if (driver == "logger") {
      database.driver = DatabaseDriver::Logger;
    } else if (driver != "sqlite") {
      note(position, fmt::format("driver must be one of sqlite, jsonl, logger (got '{}')", driver));
    }
  } else if (accept_word("replication")) {
    MS_TRY(database.replication, expect_boolean("true or false"));
  } else if (accept_word("retention")) {
    MS_TRY(database.retention, parse_amount());
  } else if (accept_word("maxSize")) {
    MS_TRY(database.max_size, parse_amount());
  } else if (accept_word("model")) {
    MS_TRY(database.log_model, expect_name("the name of a model"));
  } else {
    return fail_expected("path, driver, replication, retention, maxSize, model or '}'");
  }
  return ok();
}

Result<std::variant<LiteralPath, EnvironmentPath>> Parser::parse_path() {
  if (!accept_word("env")) {
    MS_TRY(auto path, expect_text("a path in quotes or env(\"…\")"));
    return LiteralPath{std::move(path)};
  }
  EnvironmentPath path;
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  MS_TRY(path.variable, expect_text("the name of an environment variable in quotes"));
  accept(TokenKind::Comma);
  if (is_next(TokenKind::Text)) path.fallback = text_of(next());
  MS_TRY_STATUS(expect(TokenKind::RightParenthesis, "')'"));
  return path;
}

Result<std::string> Parser::parse_amount() {
  std::string amount;
  if (is_next(TokenKind::Number)) amount = next().text;
  MS_TRY(const auto unit, expect_name("a number with a unit, such as 30d or 100mb"));
  return amount + unit;
}

Status Parser::parse_enum(Comments comments) {
  Enum result;
  result.comments = std::move(comments);
  result.position = next().position;
  MS_TRY(result.name, expect_name("the name of an enum"));
  MS_TRY_STATUS(expect(TokenKind::LeftBrace, "'{'"));
  while (!accept(TokenKind::RightBrace)) {
    EnumValue value;
    value.comments = take_comments();
    if (is_word("transitions")) {
      MS_TRY_STATUS(parse_transitions(result));
      continue;
    }
    value.position = peek().position;
    MS_TRY(value.name, expect_name("a value of the enum, transitions or '}'"));
    result.values.push_back(std::move(value));
    MS_TRY_STATUS(check_count(result.values.size(), options_.limits.fields_max, "enum values"));
  }
  schema_.enums.push_back(std::move(result));
  return ok();
}

Status Parser::parse_transitions(Enum& owner) {
  const Token& word = next();
  if (!accept(TokenKind::LeftBrace)) {
    return fail(word, "'transitions' is reserved: it begins the block with an enum's transitions");
  }
  if (!owner.transitions) owner.transitions.emplace();
  while (!accept(TokenKind::RightBrace)) {
    MS_TRY_STATUS(parse_transition(owner));
    MS_TRY_STATUS(
        check_count(owner.transitions->size(), options_.limits.fields_max, "transitions"));
  }
  return ok();
}

Status Parser::parse_transition(Enum& owner) {
  const Token& name = peek();
  Transition transition;
  transition.position = name.position;
  MS_TRY(transition.name, expect_name("the name of a transition or '}'"));
  const auto& others = *owner.transitions;
  if (std::ranges::find(others, transition.name, &Transition::name) != others.end()) {
    return fail(name, fmt::format("duplicate transition name '{}'", transition.name));
  }
  MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
  if (is_next(TokenKind::LeftBracket)) {
    MS_TRY(transition.from, expect_names());
  } else {
    MS_TRY(auto from, expect_name("a value of the enum or '['"));
    transition.from.push_back(std::move(from));
  }
  MS_TRY_STATUS(expect(TokenKind::Arrow, "'->'"));
  MS_TRY(transition.to, expect_name("a value of the enum"));
  owner.transitions->push_back(std::move(transition));
  return ok();
}

Status Parser::parse_function(Comments comments) {
  Function function;
  function.comments = std::move(comments);
  function.position = next().position;
  MS_TRY(function.name, expect_name("the name of a function"));
  MS_TRY_STATUS(expect(TokenKind::LeftParenthesis, "'('"));
  while (!accept(TokenKind::RightParenthesis)) {
    FunctionParameter parameter;
    MS_TRY(parameter.name, expect_name("a parameter or ')'"));
    MS_TRY_STATUS(expect(TokenKind::Colon, "':'"));
    MS_TRY(parameter.type, expect_name("a type"));
    function.parameters.push_back(std::move(parameter));
    accept(TokenKind::Comma);
  }
  MS_TRY_STATUS(expect(TokenKind::Colon, "':' and the type of the result"));
  MS_TRY(function.return_type, expect_name("a type"));
  MS_TRY_STATUS(expect(TokenKind::LeftBrace, "'{'"));
  bool has_expression = false;
  while (!accept(TokenKind::RightBrace)) {
    MS_TRY_STATUS(expect(TokenKind::DoubleAt, "@@expr(\"…\") or '}'"));
    if (!accept_word("expr")) return fail_expected("expr");
    MS_TRY(function.expression, parse_one_text("SQL in quotes"));
    has_expression = true;
  }
  owner_ = fmt::format("Function '{}'", function.name);
  if (!has_expression) note(function.position, "must declare @@expr(\"...\")");
  schema_.functions.push_back(std::move(function));
  return ok();
}

Status Parser::parse_view(Comments comments) {
  View view;
  view.comments = std::move(comments);
  view.position = next().position;
  MS_TRY(view.name, expect_name("the name of a view"));
  MS_TRY_STATUS(expect(TokenKind::LeftBrace, "'{'"));
  while (!accept(TokenKind::RightBrace)) {
    if (accept(TokenKind::DoubleAt)) {
      MS_TRY_STATUS(parse_view_attribute(view));
      continue;
    }
    ViewField field;
    field.comments = take_comments();
    field.position = peek().position;
    MS_TRY(field.name, expect_name("a field, an attribute or '}'"));
    MS_TRY(field.type, parse_field_type());
    accept(TokenKind::Comma);
    view.fields.push_back(std::move(field));
    MS_TRY_STATUS(check_count(view.fields.size(), options_.limits.fields_max, "fields in a view"));
  }
  schema_.views.push_back(std::move(view));
  return ok();
}

Status Parser::parse_view_attribute(View& view) {
  const Token& name = peek();
  if (accept_word("sql")) {
    MS_TRY(view.sql, parse_one_text("SQL in quotes"));
  } else if (accept_word("materialized")) {
    view.materialized = true;
  } else if (accept_word("refreshOn")) {
    MS_TRY(view.refresh_on, parse_field_names());
  } else if (accept_word("db")) {
    MS_TRY(view.database, parse_one_name("the name of a database"));
  } else {
    return fail(name, fmt::format("Unknown view attribute '@@{}'", name.text));
  }
  return ok();
}

Status Parser::parse_model(BodyKind kind, Comments comments) {
  constexpr std::string_view kKindNames[] = {"Model", "Trait", "Type"};
  MS_TRY(Model model, parse_body(kind, kKindNames[static_cast<std::size_t>(kind)]));
  model.comments = std::move(comments);
  switch (kind) {
    case BodyKind::Model:
      schema_.models.push_back(std::move(model));
      break;
    case BodyKind::Trait:
      schema_.traits.push_back(std::move(model));
      break;
    case BodyKind::Type:
      schema_.types.push_back(std::move(model));
      break;
  }
  return ok();
}

Result<Model> Parser::parse_body(BodyKind kind, std::string_view word) {
  Model model;
  model.position = next().position;
  MS_TRY(model.name, expect_name("a name"));
  owner_ = fmt::format("{} '{}'", word, model.name);
  MS_TRY_STATUS(expect(TokenKind::LeftBrace, "'{'"));
  while (!accept(TokenKind::RightBrace)) {
    Comments comments = take_comments();
    if (accept(TokenKind::DoubleAt)) {
      MS_TRY(auto attribute, parse_model_attribute(kind));
      model.attributes.push_back(std::move(attribute));
    } else {
      MS_TRY_STATUS(parse_field(model, std::move(comments)));
    }
    MS_TRY_STATUS(
        check_count(model.fields.size(), options_.limits.fields_max, "fields in a model"));
    MS_TRY_STATUS(check_count(model.attributes.size(), options_.limits.attributes_max,
                              "attributes in a model"));
  }
  return model;
}

Status Parser::parse_field(Model& owner, Comments comments) {
  Field field;
  field.comments = std::move(comments);
  field.position = peek().position;
  MS_TRY(field.name, expect_name("a field, an attribute or '}'"));
  MS_TRY(field.type, parse_field_type());
  while (accept(TokenKind::At)) {
    MS_TRY(auto attribute, parse_field_attribute());
    field.attributes.push_back(std::move(attribute));
    MS_TRY_STATUS(check_count(field.attributes.size(), options_.limits.attributes_max,
                              "attributes on a field"));
  }
  owner.fields.push_back(std::move(field));
  return ok();
}

Result<FieldType> Parser::parse_field_type() {
  FieldType type;
  MS_TRY(type.name, expect_name("a type"));
  if (accept(TokenKind::LeftBracket)) {
    MS_TRY_STATUS(expect(TokenKind::RightBracket, "']'"));
    type.array = true;
  }
  type.optional = accept(TokenKind::Question);
  if (is_next(TokenKind::LeftBracket)) {
    return fail(peek(),
                "Expected a field, an attribute or '}', got '[': an optional array is "
                "written Type[]?");
  }
  return type;
}

}  // namespace moonstone::lite
