// Moonstone. Licence: see LICENSE.
#pragma once
// Tokens to declarations. One member function per rule of the grammar; the attributes of fields,
// those of models, and expressions have files of their own.
//
// A syntax error ends parsing: its Error only unwinds, the Problem behind it is failure(). What can
// be said without ending goes into problems() and is reported with validation.
// Threads: confined. Source: litestone.md 3

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/lite/internal/lexer.h"
#include "schema/lite/parse.h"

namespace moonstone::lite {

class Parser {
 public:
  /// Appends to the schema. The tokens and their source outlive the parser.
  Parser(const std::vector<Token>& tokens, const ParseOptions& options, Schema& schema)
      : tokens_(tokens), options_(options), schema_(schema) {}

  /// The rule `schema`. On failure, failure() tells why.
  [[nodiscard]] Status run();

  [[nodiscard]] const std::optional<Problem>& failure() const { return failure_; }
  [[nodiscard]] std::vector<Problem>& problems() { return problems_; }

 private:
  enum class BodyKind : unsigned char { Model, Trait, Type };
  using Comments = std::vector<std::string>;
  struct NamedArgument;
  struct ParsedExpression {
    Expression expression;
    std::size_t height = 1;
  };

  // Tokens.
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  const Token& next();
  [[nodiscard]] bool is_next(TokenKind kind) const { return peek().kind == kind; }
  [[nodiscard]] bool is_word(std::string_view word, std::size_t ahead = 0) const;
  bool accept(TokenKind kind);
  bool accept_word(std::string_view word);
  Error fail(const Token& token, std::string text);
  Error fail_expected(std::string_view what);
  void note(const Position& position, std::string text);
  Status expect(TokenKind kind, std::string_view what);
  Result<std::string> expect_name(std::string_view what);
  Result<std::string> expect_text(std::string_view what);
  Result<Value> expect_number(std::string_view what);
  Result<bool> expect_boolean(std::string_view what);
  Result<std::vector<std::string>> expect_names();
  Comments take_comments();
  /// Runs `item` for every element of a comma list up to the closing parenthesis, which it takes.
  template <class Item>
  Status for_each_argument(const Item& item);

  // Declarations.
  Status parse_declaration();
  Status parse_import();
  Status parse_database();
  Status parse_database_property(Database& database, bool& has_path);
  Result<std::variant<LiteralPath, EnvironmentPath>> parse_path();
  Result<std::string> parse_amount();
  Status parse_enum(Comments comments);
  Status parse_transitions(Enum& owner);
  Status parse_transition(Enum& owner);
  Status parse_function(Comments comments);
  Status parse_view(Comments comments);
  Status parse_view_attribute(View& view);
  Status parse_model(BodyKind kind, Comments comments);
  Result<Model> parse_body(BodyKind kind, std::string_view word);
  Status parse_field(Model& owner, Comments comments);
  Result<FieldType> parse_field_type();
  Status check_count(std::size_t count, std::size_t count_max, std::string_view what);

  // Attributes of fields: parser_fields.cc, parser_validators.cc.
  Result<FieldAttribute> parse_field_attribute();
  Result<FieldAttribute> parse_simple_attribute(const Token& name);
  Result<std::optional<FieldAttribute>> parse_validator(const Token& name);
  Result<FieldAttribute> parse_default();
  Result<Default> parse_default_call(std::string function);
  Result<FieldAttribute> parse_relation();
  Status parse_relation_argument(Relation& relation);
  Status parse_action(std::optional<ReferentialAction>& action, bool is_checked);
  Result<FieldAttribute> parse_generated();
  Result<FieldAttribute> parse_from();
  Status parse_from_argument(From& from);
  Result<FieldAttribute> parse_omit();
  Result<FieldAttribute> parse_guarded();
  Result<FieldAttribute> parse_field_allow();
  Result<FieldAttribute> parse_function_call(const Token& name);
  Result<FieldAttribute> parse_updated_by();
  Result<FieldAttribute> parse_sequence();
  Result<FieldAttribute> parse_accept();
  Result<FieldAttribute> parse_type_reference();
  Result<std::optional<std::string>> parse_auth_claim();
  Result<bool> parse_switch(std::string_view name, bool otherwise);
  Result<bool> parse_level(std::string_view attribute);
  Result<Log> parse_log(bool reads);
  Result<std::string> parse_one_text(std::string_view what);
  Status parse_length(Validator& validator);
  Status parse_message(Validator& validator);

  // Attributes of models: parser_models.cc.
  Result<ModelAttribute> parse_model_attribute(BodyKind kind);
  Result<ModelAttribute> parse_named_model_attribute(const Token& name);
  Result<ModelAttribute> parse_soft_delete();
  Result<ModelAttribute> parse_templates();
  Result<ModelAttribute> parse_policy(PolicyEffect effect);
  Result<std::vector<std::string>> parse_policy_operations();
  Result<ModelAttribute> parse_gate();
  Result<int> parse_gate_level();
  Result<std::vector<std::string>> parse_field_names();
  Result<std::string> parse_one_name(std::string_view what);

  // Expressions: parser_expressions.cc.
  Result<Expression> parse_expression();
  Result<ParsedExpression> parse_or(std::size_t depth);
  Result<ParsedExpression> parse_and(std::size_t depth);
  Result<ParsedExpression> parse_not(std::size_t depth);
  Result<ParsedExpression> parse_primary(std::size_t depth);
  Result<Expression> parse_operand();
  Result<Expression> parse_call_or_field();
  Result<ParsedExpression> join(ExpressionKind kind, ParsedExpression left, ParsedExpression right);
  Status check_height(std::size_t height);

  const std::vector<Token>& tokens_;
  const ParseOptions& options_;
  Schema& schema_;
  std::size_t at_ = 0;
  std::optional<Problem> failure_;
  std::vector<Problem> problems_;
  std::string owner_;  // `Model 'A'`, for problems()
};

template <class Item>
Status Parser::for_each_argument(const Item& item) {
  while (!accept(TokenKind::RightParenthesis)) {
    MS_TRY_STATUS(item());
    if (is_next(TokenKind::RightParenthesis)) continue;
    MS_TRY_STATUS(expect(TokenKind::Comma, "',' or ')'"));
  }
  return ok();
}

}  // namespace moonstone::lite
