// Moonstone. Licence: see LICENSE.
//
// Clients: opening them, their calls and transactions.
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "members.h"
#include "operations.h"
#include "orm/methods.h"
#include "schema/lite/ast_from_json.h"
#include "schema/lite/catalog.h"

namespace moonstone::node {

namespace {

constexpr std::size_t kSystemSlot = 4;
constexpr std::size_t kModelSlot = 5;
constexpr std::size_t kWantsEventsSlot = 6;
/// Of the answer.
constexpr std::size_t kEventsSlot = 4;

Result<Client*> find_client(Addon& addon, const Request& request) {
  if (Client* const client = addon.clients().find(request.number(1))) return client;
  return Error(ErrorCode::FailedPrecondition, "the client is closed", "closed");
}

orm::Caller read_caller(Request& request) {
  return {.auth = request.read(), .is_system = request.number(kSystemSlot) == 1};
}

std::string first_of(const std::vector<std::string>& fields) {
  return fields.empty() ? std::string() : fields.front();
}

/// As `$relations` shows it (litestone.md 7), and the name.
Object describe(const schema::Relation& relation, const schema::Model& target) {
  Object described{{"name", relation.name}};
  switch (relation.kind) {
    case schema::RelationKind::BelongsTo:
      described.set("kind", "belongsTo");
      described.set("targetModel", target.name);
      described.set("foreignKey", first_of(relation.own_fields));
      described.set("referencedKey", first_of(relation.target_fields));
      break;
    case schema::RelationKind::HasMany:
      described.set("kind", "hasMany");
      described.set("targetModel", target.name);
      described.set("foreignKey", first_of(relation.target_fields));
      described.set("referencedKey", first_of(relation.own_fields));
      described.set("hardDelete", relation.is_hard_delete);
      break;
    case schema::RelationKind::ManyToMany:
      described.set("kind", "manyToMany");
      described.set("targetModel", target.name);
      described.set("joinTable", relation.join_table);
      described.set("selfKey", relation.join_own);
      described.set("targetKey", relation.join_target);
      break;
  }
  return described;
}

/// What JavaScript must know of a catalog: its models and how they hang together.
Value describe(const schema::Catalog& catalog) {
  Array models;
  for (std::size_t number = 0; number < catalog.models.size(); ++number) {
    const schema::Model& model = catalog.models[number];
    if (model.is_join_table) continue;
    Array relations;
    for (const schema::Relation& relation : model.relations)
      relations.emplace_back(describe(relation, catalog.models[relation.target]));
    Array computed;
    for (const schema::ModelField& field : model.fields) {
      if (field.role == schema::FieldRole::Computed) computed.emplace_back(field.name);
    }
    models.emplace_back(Object{{"number", static_cast<double>(number)},
                               {"name", model.name},
                               {"accessor", model.accessor},
                               {"table", model.table},
                               {"isView", model.is_view},
                               {"hasSearch", !model.search_fields.empty()},
                               {"relations", std::move(relations)},
                               {"computed", std::move(computed)}});
  }
  return models;
}

/// {schema, databases: [{name, path}], pluralize, allowChildFkOverride, hasHooks, checkedModels}
Status open_client(Addon& addon, Request& request, ExchangeWriter& answer) {
  const Value given = request.read();
  MS_TRY(const lite::Schema schema, lite::schema_from_json(member(given, "schema")));
  ClientOptions options;
  options.allow_child_key_override = flag_of(member(given, "allowChildFkOverride"));
  options.has_hooks = flag_of(member(given, "hasHooks"));
  const Value& checked = member(given, "checkedModels");
  if (checked.is_array()) {
    for (const Value& model : checked.as_array())
      options.checked_models.push_back(text_of(model));
  }
  const bool pluralize = flag_of(member(given, "pluralize"));
  Array described;
  const Value& databases = member(given, "databases");
  if (!databases.is_array()) return Error(ErrorCode::InvalidArgument, "no databases");
  for (const Value& database : databases.as_array()) {
    DatabaseFile file{.name = text_of(member(database, "name")),
                      .path = text_of(member(database, "path")),
                      .catalog = nullptr};
    MS_TRY(file.catalog,
           lite::make_catalog(
               schema, {.database = file.name,
                        .pluralize = pluralize ? lite::Pluralize::Yes : lite::Pluralize::No}));
    described.push_back(describe(*file.catalog));
    options.files.push_back(std::move(file));
  }
  const std::size_t number = addon.clients().add(nullptr);
  MS_TRY(std::unique_ptr<Client> client, Client::open(addon, number, std::move(options)));
  addon.clients().put(number, std::move(client));
  answer.set_header(1, static_cast<double>(number));
  answer.value(described);
  return {};
}

/// header: client, database, model, system, method; values: model, auth, arguments
Status run_call(Addon& addon, Request& request, ExchangeWriter& answer) {
  MS_TRY(Client* const client, find_client(addon, request));
  const std::size_t method = request.number(3);
  const std::span<const std::string_view> methods = orm::method_names();
  if (method >= methods.size())
    return Error(ErrorCode::Unimplemented, "the addon is older than the package");
  ClientCall call;
  call.database = request.number(2);
  call.method = methods[method];
  MS_TRY(const std::string_view model, client->accessor(call.database, request.number(kModelSlot)));
  call.model = model;
  call.caller = read_caller(request);
  call.arguments = request.read();
  orm::Effects effects{.events = {}, .are_wanted = request.number(kWantsEventsSlot) == 1};
  MS_TRY(const orm::Outcome outcome, client->call(call, effects));
  answer.outcome(outcome);
  if (effects.events.empty()) return {};
  answer.set_header(kEventsSlot, static_cast<double>(effects.events.size()));
  for (const orm::WriteEvent& event : effects.events) {
    answer.text(event.model == nullptr ? std::string_view() : event.model->name);
    answer.text(event.operation);
    answer.value(event.result);
    answer.value(event.details);
  }
  return {};
}

Status run_query(Addon& addon, Request& request, ExchangeWriter& answer) {
  MS_TRY(Client* const client, find_client(addon, request));
  const orm::Caller caller = read_caller(request);
  const Value spec = request.read();
  MS_TRY(const auto outcomes, client->query(request.number(2), caller, spec));
  answer.set_header(1, static_cast<double>(outcomes.size()));
  for (const auto& [name, outcome] : outcomes) {
    // The header belongs to the whole answer, so each outcome brings its facts along.
    answer.text(name);
    answer.value(static_cast<double>(outcome.form));
    answer.value(outcome.has_more);
    answer.value(static_cast<double>(outcome.total));
    answer.outcome_values(outcome);
  }
  return {};
}

Status run_turn_sql(Addon& addon, Request& request, ExchangeWriter& answer) {
  MS_TRY(Client* const client, find_client(addon, request));
  const std::string sql = text_of(request.read());
  const Value values = request.read();
  const Array none;
  MS_TRY(const store::SqlRows rows,
         client->run_sql(request.number(2), sql, values.is_array() ? values.as_array() : none));
  answer.sql_rows(rows);
  return {};
}

Status run_transaction(Addon& addon,
                       Operation operation,
                       Request& request,
                       ExchangeWriter& answer) {
  MS_TRY(Client* const client, find_client(addon, request));
  const std::size_t database = request.number(2);
  const std::size_t operand = request.number(3);
  switch (operation) {
    case Operation::Begin:
      return client->begin(database, std::chrono::milliseconds(operand),
                           std::chrono::milliseconds(request.number(4)));
    case Operation::Commit:
      return client->commit(database);
    case Operation::Rollback:
      client->rollback(database);
      return {};
    case Operation::Mark: {
      MS_TRY(const std::size_t mark, client->mark(database));
      answer.set_header(1, static_cast<double>(mark));
      return {};
    }
    case Operation::RollbackTo:
      return client->rollback_to(database, operand);
    default:
      return client->release(database, operand);
  }
}

}  // namespace

Status run_client_operation(Addon& addon,
                            Operation operation,
                            Request& request,
                            ExchangeWriter& answer) {
  switch (operation) {
    case Operation::Call:
      return run_call(addon, request, answer);
    case Operation::Query:
      return run_query(addon, request, answer);
    case Operation::Open:
      return open_client(addon, request, answer);
    case Operation::Close:
      addon.clients().take(request.number(1));
      return {};
    case Operation::TurnSql:
      return run_turn_sql(addon, request, answer);
    case Operation::CachedPlans: {
      MS_TRY(Client* const client, find_client(addon, request));
      MS_TRY(const orm::PlanCounts plans, client->cached_plans(request.number(2)));
      answer.set_header(1, static_cast<double>(plans.reads));
      answer.set_header(2, static_cast<double>(plans.writes));
      return {};
    }
    case Operation::Observe: {
      MS_TRY(Client* const client, find_client(addon, request));
      client->observe(request.number(2) == 1);
      return {};
    }
    default:
      return run_transaction(addon, operation, request, answer);
  }
}

}  // namespace moonstone::node
