// Moonstone. Licence: see LICENSE.
#include "engine/transaction.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/json.h"
#include "query/row_key.h"
#include "query/storage_json.h"
#include "schema/type.h"

namespace moonstone::engine {

namespace {

using schema::Table;

constexpr std::string_view kSystemFields[] = {"_id", "_creationTime", "_ts"};

bool is_system_field(std::string_view name) {
  return std::ranges::find(kSystemFields, name) != std::end(kSystemFields);
}

Error validation_error(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message), "validation"};
}

/// A member that the table does not declare; system fields are ignored (functions.md 5.3).
Status refuse_unexpected_members(const Table& table, const Object& document) {
  for (const Member& member : document) {
    if (is_system_field(member.name) || table.find_field(member.name)) continue;
    return validation_error("Unexpected field: " + member.name);
  }
  return {};
}

/// Fills `values` from a whole document, in the order of checks of functions.md 3.2.
Status fill_values(const Table& table, Object& document, std::vector<Value>& values) {
  values.resize(table.fields.size());
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    const schema::Field& field = table.fields[i];
    Value* member = document.find(field.name);
    if (member == nullptr) {
      if (field.type->is_optional()) continue;
      return validation_error("Missing required field: " + field.name);
    }
    MS_TRY_STATUS(schema::check_and_convert(*field.type, *member));
    values[i] = std::move(*member);
  }
  return refuse_unexpected_members(table, document);
}

std::vector<std::int64_t> numbers_of(const std::vector<query::Row>& rows) {
  std::vector<std::int64_t> numbers;
  numbers.reserve(rows.size());
  for (const query::Row& row : rows)
    numbers.push_back(row.number);
  std::ranges::sort(numbers);
  return numbers;
}

}  // namespace

DocumentReader::DocumentReader(store::DocumentSource& source, store::ReadBudget budget)
    : source_(source), budget_(budget), given_(budget), schema_(source.schema()) {}

Result<const Table*> DocumentReader::table(std::string_view name) const {
  if (const Table* found = schema_->find_user_table(name)) return found;
  return schema_->unknown_table(name);
}

Result<const Table*> DocumentReader::system_table(std::string_view name) const {
  const Table* const found = schema_->find_table(name);
  if (found != nullptr && found->owner == schema::TableOwner::System) return found;
  return Error(ErrorCode::NotFound,
               "the system table \"" + std::string(name) +
                   "\" does not exist in this database yet; deploy a project first",
               "system_table");
}

Result<const Table*> DocumentReader::table_of_id(std::string_view id) const {
  const std::size_t colon = id.find(':');
  return table(colon == std::string_view::npos ? std::string_view{} : id.substr(0, colon));
}

Result<std::optional<query::Row>> DocumentReader::get(std::string_view id) {
  MS_TRY(const Table* found, table_of_id(id));
  return get(*found, id);
}

Result<std::optional<query::Row>> DocumentReader::get(const Table& table, std::string_view id) {
  if (recording_) {
    query::Dependency dependency;
    dependency.kind = query::DependencyKind::Document;
    dependency.table = table.name;
    dependency.id = std::string(id);
    footprint_.push_back(std::move(dependency));
  }
  return source_.get(table, id, budget_);
}

Result<std::vector<query::Row>> DocumentReader::select(const query::Query& query) {
  MS_TRY(const Table* found, table(query.table));
  return select(*found, query);
}

Result<std::vector<query::Row>> DocumentReader::select(const Table& table,
                                                       const query::Query& query) {
  MS_CHECK(table.name == query.table, "another table would be read than the caller checked");
  auto rows = source_.select(query, budget_);
  if (recording_ && query.limit != 0U) {
    query::Dependency dependency;
    dependency.kind = query::DependencyKind::Rows;
    dependency.table = query.table;
    dependency.query = query;
    if (rows && query.search) {
      dependency.returned = numbers_of(*rows);
    } else if (rows && query.limit && rows->size() == *query.limit) {
      dependency.boundary = rows->back();
    }
    footprint_.push_back(std::move(dependency));
  }
  return rows;
}

Result<std::uint64_t> DocumentReader::count(const query::Query& query) {
  MS_TRY(const Table* found, table(query.table));
  return count(*found, query);
}

Result<std::uint64_t> DocumentReader::count(const Table& table, const query::Query& query) {
  MS_CHECK(table.name == query.table, "another table would be read than the caller checked");
  if (recording_) {
    query::Dependency dependency;
    dependency.kind = query::DependencyKind::Count;
    dependency.table = query.table;
    dependency.query = query;
    footprint_.push_back(std::move(dependency));
  }
  return source_.count(query, budget_);
}

namespace {

store::ReadBudget budget_of(const Transaction::Environment& environment) {
  return {.rows_left = environment.limits->rows_read_max,
          .bytes_left = environment.limits->bytes_read_max,
          .deadline = environment.deadline};
}

Error no_id_of(const Table& table, const std::string& id) {
  return {ErrorCode::InvalidArgument,
          "\"" + id + "\" is not an id of the table \"" + table.name + "\"", "id"};
}

/// The values of a model's row as an export has them. Integers stay what they are: the type knows
/// numbers only.
Status fill_model_values(const Table& table, Object& document, std::vector<Value>& values) {
  values.resize(table.fields.size());
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    Value* const member = document.find(table.fields[i].name);
    if (member == nullptr) continue;
    const std::optional<Value> integer =
        member->is_integer() ? std::optional<Value>(*member) : std::nullopt;
    MS_TRY_STATUS(schema::check_and_convert(*table.fields[i].type, *member));
    values[i] = integer ? *integer : std::move(*member);
  }
  return refuse_unexpected_members(table, document);
}

/// As an export shows them: 2 is 2, whatever its kind.
bool is_same_document(const query::Row& a, const query::Row& b) {
  return query::storage_json(query::document_of(a)) == query::storage_json(query::document_of(b));
}

/// Whether the id is that of the row. The id of a row without a key is its number.
bool has_that_id(query::Row& row) {
  const auto key = query::parse_row_id(*row.table, row.id);
  if (!key) return false;
  const schema::Model& model = *row.table->model;
  if (model.key.empty()) {
    row.number = key->front().is_integer() ? key->front().as_integer() : 0;
    return row.number > 0;
  }
  std::vector<Value> own;
  for (const std::string& name : model.key) {
    const auto position = row.table->find_field(name);
    if (!position || row.values[*position].is_missing()) return false;
    own.push_back(row.values[*position]);
  }
  return query::make_row_id(row.table->name, own) == row.id;
}

/// The row of a document that comes with its id.
Result<query::Row> imported_row(const Table& table, std::string id, Object document) {
  query::Row row;
  row.table = &table;
  row.id = std::move(id);
  if (table.model != nullptr) {
    MS_TRY_STATUS(fill_model_values(table, document, row.values));
    if (!has_that_id(row)) return no_id_of(table, row.id);
    return row;
  }
  const std::string prefix = table.name + ":";
  if (!row.id.starts_with(prefix) ||
      !ulid_unix_ms(std::string_view(row.id).substr(prefix.size()))) {
    return no_id_of(table, row.id);
  }
  MS_TRY_STATUS(fill_values(table, document, row.values));
  return row;
}

}  // namespace

Transaction::Transaction(const Environment& environment)
    : DocumentReader(*environment.writer, budget_of(environment)), environment_(environment) {
  stop_recording();
}

Status Transaction::charge_write(const query::Row& row) {
  std::uint64_t bytes = row.id.size();
  for (const Value& value : row.values)
    bytes += size_bytes_of(value);
  return charge(1, bytes);
}

void Transaction::lift_limits() {
  is_limited_ = false;
  budget_.rows_left = std::numeric_limits<std::uint64_t>::max();
  budget_.bytes_left = std::numeric_limits<std::uint64_t>::max();
}

Status Transaction::charge(std::uint64_t rows, std::uint64_t bytes) {
  if (!is_limited_) return {};
  const Limits& limits = *environment_.limits;
  rows_written_ += rows;
  if (rows_written_ > limits.rows_written_max) {
    return Error(ErrorCode::LimitExceeded,
                 "a mutation may write at most " + std::to_string(limits.rows_written_max) +
                     " documents; split the work over several mutations",
                 "write_rows");
  }
  bytes_written_ += bytes;
  if (bytes_written_ > limits.bytes_written_max) {
    return Error(ErrorCode::LimitExceeded,
                 "a mutation may write at most " + std::to_string(limits.bytes_written_max) +
                     " bytes; split the work over several mutations",
                 "write_bytes");
  }
  return {};
}

Result<std::string> Transaction::insert(std::string_view table_name, Object document) {
  MS_TRY(const Table* found, table(table_name));
  return insert(*found, std::move(document));
}

Result<RecordRules*> Transaction::record_rules(const Table& table) const {
  if (environment_.rules != nullptr) return environment_.rules;
  return Error(
      ErrorCode::FailedPrecondition,
      "the table \"" + table.name + "\" belongs to a model, whose rules are not known here",
      "no_record_rules");
}

Result<std::string> Transaction::insert(const Table& table, Object document) {
  if (table.model != nullptr) {
    MS_TRY(RecordRules* const rules, record_rules(table));
    return rules->insert(*this, table, std::move(document));
  }
  query::Row row;
  row.table = &table;
  MS_TRY_STATUS(fill_values(table, document, row.values));
  row.id = table.name + ":" + environment_.ids->next(environment_.now_unix_ms);
  MS_TRY_STATUS(charge_write(row));
  MS_TRY_STATUS(environment_.writer->insert(row));
  return std::move(row.id);
}

Status Transaction::insert_as(const Table& table, std::string id, Object document) {
  MS_TRY(const query::Row row, imported_row(table, std::move(id), std::move(document)));
  MS_TRY(const auto present, source_.get(table, row.id, budget_));
  if (present) {
    return Error(ErrorCode::AlreadyExists, "there is a document " + row.id + " already",
                 "document");
  }
  MS_TRY_STATUS(charge_write(row));
  MS_TRY_STATUS(environment_.writer->insert(row));
  return keep_sequences(row);
}

Status Transaction::replace_as(const Table& table, std::string id, Object document) {
  MS_TRY(const query::Row row, imported_row(table, std::move(id), std::move(document)));
  MS_TRY(const auto present, source_.get(table, row.id, budget_));
  // An update stamps the time of a row even if it changes nothing.
  if (present && is_same_document(*present, row)) return {};
  MS_TRY_STATUS(charge_write(row));
  MS_TRY_STATUS(environment_.writer->update(row));
  return keep_sequences(row);
}

Status Transaction::keep_sequences(const query::Row& row) {
  if (row.table->model == nullptr) return {};
  const schema::Model& model = *row.table->model;
  for (const schema::ModelField& field : model.fields) {
    if (field.sequence_scope.empty()) continue;
    const auto number = row.table->find_field(field.name);
    const auto scope = row.table->find_field(field.sequence_scope);
    if (!number || !scope || !row.values[*number].is_integer()) continue;
    const Value& of = row.values[*scope];
    if (of.is_missing()) continue;
    const std::string scope_text = of.is_text() ? of.as_text() : to_json(of);
    MS_TRY(const std::int64_t kept,
           next_number({.model = model.name, .field = field.name, .scope = scope_text},
                       row.values[*number].as_integer()));
    static_cast<void>(kept);
  }
  return {};
}

Result<query::Row> Transaction::load_for_update(const Table& table, std::string_view id) {
  MS_TRY(std::optional<query::Row> row, source_.get(table, id, budget_));
  if (!row) return Error(ErrorCode::NotFound, "Document ID not found", "document");
  return *std::move(row);
}

Status Transaction::patch(std::string_view id, Object fields) {
  MS_TRY(const Table* found, table_of_id(id));
  return patch(*found, id, std::move(fields));
}

Status Transaction::patch(const Table& table, std::string_view id, Object fields) {
  if (table.model != nullptr) {
    MS_TRY(RecordRules* const rules, record_rules(table));
    return rules->patch(*this, table, id, std::move(fields));
  }
  MS_TRY(query::Row row, load_for_update(table, id));
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    Value* member = fields.find(table.fields[i].name);
    if (member == nullptr) continue;
    MS_TRY_STATUS(schema::check_and_convert(*table.fields[i].type, *member));
    row.values[i] = std::move(*member);
  }
  MS_TRY_STATUS(refuse_unexpected_members(table, fields));
  MS_TRY_STATUS(charge_write(row));
  return environment_.writer->update(row);
}

Status Transaction::replace(std::string_view id, Object document) {
  MS_TRY(const Table* found, table_of_id(id));
  return replace(*found, id, std::move(document));
}

Status Transaction::replace(const Table& table, std::string_view id, Object document) {
  if (table.model != nullptr) {
    MS_TRY(RecordRules* const rules, record_rules(table));
    return rules->replace(*this, table, id, std::move(document));
  }
  MS_TRY(query::Row row, load_for_update(table, id));
  row.values.clear();
  MS_TRY_STATUS(fill_values(table, document, row.values));
  MS_TRY_STATUS(charge_write(row));
  return environment_.writer->update(row);
}

Status Transaction::erase(std::string_view id) {
  MS_TRY(const Table* found, table_of_id(id));
  return erase(*found, id);
}

Status Transaction::erase(const Table& table, std::string_view id) {
  if (table.model != nullptr) {
    MS_TRY(RecordRules* const rules, record_rules(table));
    return rules->erase(*this, table, id);
  }
  query::Row charged;
  charged.id = std::string(id);
  MS_TRY_STATUS(charge_write(charged));
  MS_TRY_STATUS(environment_.writer->erase(table, id));
  return {};
}

Result<std::int64_t> Transaction::next_number(const store::SequenceScope& scope,
                                              std::optional<std::int64_t> at_least) {
  MS_TRY_STATUS(charge(1, scope.scope.size()));
  return environment_.writer->next_number(scope, at_least);
}

Status Transaction::optimize_search(std::string_view table) {
  return environment_.writer->optimize_search(table);
}

Result<store::SqlRows> Transaction::run_sql(std::string_view sql, std::span<const Value> values) {
  MS_TRY_STATUS(charge(1, sql.size()));
  has_run_sql_ = true;
  return environment_.writer->run_sql(sql, values);
}

Result<store::Writer::Written> Transaction::write(const store::CompiledStatement& statement,
                                                  std::span<const Value> parameters) {
  std::uint64_t bytes = 0;
  for (const Value& parameter : parameters)
    bytes += size_bytes_of(parameter);
  // Whoever writes one row relies on this: an error means that it was not written.
  const bool is_full = rows_written_ >= environment_.limits->rows_written_max;
  MS_TRY_STATUS(charge(is_full ? 1 : 0, bytes));
  MS_TRY(store::Writer::Written written, environment_.writer->write(statement, parameters));
  MS_TRY_STATUS(charge(written.count, 0));
  return written;
}

std::uint64_t& Transaction::tally(std::string_view name) {
  const auto known = tallies_.find(name);
  if (known != tallies_.end()) return known->second;
  return tallies_.emplace(name, 0).first->second;
}

Result<store::Mark> Transaction::mark() {
  return environment_.writer->mark();
}

Status Transaction::rollback_to(const store::Mark& mark) {
  return environment_.writer->rollback_to(mark);
}

Status Transaction::release(const store::Mark& mark) {
  return environment_.writer->release(mark);
}

}  // namespace moonstone::engine
