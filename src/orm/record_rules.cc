// Moonstone. Licence: see LICENSE.
#include "orm/record_rules.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/guarded.h"
#include "orm/internal/core.h"
#include "orm/internal/write_call.h"
#include "query/row_key.h"

namespace moonstone::orm {

namespace {

constexpr std::array<std::string_view, 3> kSystemFields = {"_id", "_creationTime", "_ts"};

Error not_found() {
  return {ErrorCode::NotFound, "Document ID not found", "document"};
}

void drop_system_fields(Object& document) {
  for (const std::string_view name : kSystemFields)
    document.erase(name);
}

Status require_key(const schema::Model& model) {
  if (!model.key.empty()) return {};
  return Error(
      ErrorCode::FailedPrecondition,
      fmt::format("model '{}' has no @id, so its rows have no ids by which documents could "
                  "be written; use the methods of the model",
                  model.name),
      "no_key");
}

/// {where: key} for every row of the table, deleted ones and templates included.
Result<Object> arguments_of(const schema::Table& table, std::string_view id) {
  MS_TRY_STATUS(require_key(*table.model));
  std::optional<std::vector<Value>> key = query::parse_row_id(table, id);
  if (!key) return not_found();
  Object where;
  for (std::size_t i = 0; i < key->size(); ++i)
    where.append(table.model->key[i], std::move((*key)[i]));
  return Object{{"where", Value(std::move(where))}, {"withDeleted", true}, {"withTemplates", true}};
}

/// What a replacement does not mention goes back to what it would be in a new row, or to nothing.
/// What only new rows get (ids, times, numbers) stays.
Status fill_missing(const schema::ModelField& field, Object& document) {
  const schema::FieldDefault& fallback = field.default_value;
  const bool is_kept = field.is_id || field.role != schema::FieldRole::Stored ||
                       field.is_updated_at || !field.sequence_scope.empty();
  if (is_kept || document.find(field.name) != nullptr) return {};
  if (fallback.kind == schema::FieldDefault::Kind::Literal) {
    document.append(field.name, fallback.literal);
  } else if (field.is_list) {
    document.append(field.name, Value(Array()));
  } else if (field.is_optional) {
    document.append(field.name, Value(nullptr));
  } else if (fallback.kind == schema::FieldDefault::Kind::None) {
    return Error(ErrorCode::InvalidArgument, "Missing required field: " + field.name, "validation");
  }
  return {};
}

class ModelRecordRules final : public engine::RecordRules {
 public:
  explicit ModelRecordRules(OrmOptions options) : options_(options) {}

  Result<std::string> insert(engine::Transaction& transaction,
                             const schema::Table& table,
                             Object document) override {
    MS_TRY_STATUS(require_key(*table.model));
    drop_system_fields(document);
    const Value arguments(Object{{"data", Value(std::move(document))}});
    MS_TRY(const Outcome made, run(transaction, *table.model, Method::Create, arguments));
    if (made.form != Outcome::Form::Row || made.rows == nullptr || made.rows->count == 0) {
      return Error(ErrorCode::Internal, "a created row was not given back");
    }
    std::vector<Value> key;
    for (const std::string& field : table.model->key)
      key.push_back(cell_of(*made.rows, 0, field));
    return query::make_row_id(table.name, key);
  }

  Status patch(engine::Transaction& transaction,
               const schema::Table& table,
               std::string_view id,
               Object fields) override {
    drop_system_fields(fields);
    MS_TRY(Object arguments, arguments_of(table, id));
    arguments.append("data", Value(std::move(fields)));
    return expect_row(run(transaction, *table.model, Method::Update, Value(std::move(arguments))));
  }

  Status replace(engine::Transaction& transaction,
                 const schema::Table& table,
                 std::string_view id,
                 Object document) override {
    for (const schema::ModelField& field : table.model->fields)
      MS_TRY_STATUS(fill_missing(field, document));
    return patch(transaction, table, id, std::move(document));
  }

  Status erase(engine::Transaction& transaction,
               const schema::Table& table,
               std::string_view id) override {
    auto arguments = arguments_of(table, id);
    if (!arguments) {
      // What cannot be there is not there, which is all that was asked for.
      return arguments.error().code() == ErrorCode::NotFound ? ok() : Status(arguments.error());
    }
    MS_TRY_STATUS(run(transaction, *table.model, Method::Delete, Value(*std::move(arguments))));
    return {};
  }

 private:
  struct Known {
    schema::CatalogPtr catalog;
    std::shared_ptr<const Core> core;  // shared with the calls that run
  };

  std::shared_ptr<const Core> core_of(const schema::CatalogPtr& catalog) {
    const auto known = known_.lock();
    if (known->catalog != catalog) {
      known->catalog = catalog;
      known->core = make_core(catalog, options_);
    }
    return known->core;
  }

  Result<Outcome> run(engine::Transaction& transaction,
                      const schema::Model& model,
                      Method method,
                      const Value& arguments) {
    const std::shared_ptr<const Core> core = core_of(transaction.schema()->catalog);
    const Caller caller{.auth = transaction.session().identity};
    Effects effects;
    effects.are_wanted = false;
    return run_write(*core, transaction,
                     {.model = model, .method = method, .caller = caller, .arguments = arguments},
                     effects);
  }

  static Status expect_row(Result<Outcome> outcome) {
    if (!outcome) return std::move(outcome).error();
    const bool has_row = outcome->form != Outcome::Form::Row ||
                         (outcome->rows != nullptr && outcome->rows->count > 0);
    return has_row ? ok() : Status(not_found());
  }

  OrmOptions options_;
  Guarded<Known> known_;
};

}  // namespace

std::unique_ptr<engine::RecordRules> make_record_rules(OrmOptions options) {
  return std::make_unique<ModelRecordRules>(options);
}

}  // namespace moonstone::orm
