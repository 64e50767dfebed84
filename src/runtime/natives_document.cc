// Moonstone. Licence: see LICENSE.
//
// Natives for documents: get, getMany, insert, patch, replace, erase. Argument 0 is always the
// token of the call; the prelude has checked that ids and tables are texts.
#include <optional>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "runtime/internal/native_call.h"
#include "schema/bigint_check.h"
#include "schema/type.h"

namespace moonstone::runtime {
namespace {

Result<std::optional<query::Row>> read_row(const NativeCall& call,
                                           const std::string& id,
                                           v8::Local<v8::Value> table_name) {
  engine::DocumentReader& reader = call.run->reader();
  if (!table_name->IsString()) return reader.get(id);
  MS_TRY(const schema::Table* const table,
         reader.table(to_text(call.isolate, table_name.As<v8::String>())));
  return reader.get(*table, id);
}

NativeResult document_of_row(const NativeCall& call, std::optional<query::Row> row) {
  if (!row) return v8::Local<v8::Value>(v8::Null(call.isolate));
  std::vector<query::Row> rows;
  rows.push_back(*std::move(row));
  MS_TRY(const v8::Local<v8::Value> documents, documents_of_rows(call, std::move(rows)));
  v8::Local<v8::Value> document;
  if (!documents.As<v8::Array>()->Get(call.context, 0).ToLocal(&document)) {
    return pending_exception();
  }
  return document;
}

NativeResult get(const NativeCall& call) {
  MS_TRY(auto row, read_row(call, call.text(1), call.arg(2)));
  return document_of_row(call, std::move(row));
}

NativeResult get_many(const NativeCall& call) {
  if (!call.arg(2)->IsArray()) return call.undefined();
  const auto ids = call.arg(2).As<v8::Array>();
  std::vector<v8::Local<v8::Value>> documents;
  for (std::uint32_t i = 0; i < ids->Length(); ++i) {
    // V8 cannot interrupt this loop.
    if (call.isolate->IsExecutionTerminating()) return pending_exception();
    v8::Local<v8::Value> id;
    if (!ids->Get(call.context, i).ToLocal(&id) || !id->IsString()) return pending_exception();
    MS_TRY(auto row, read_row(call, to_text(call.isolate, id.As<v8::String>()), call.arg(1)));
    MS_TRY(const v8::Local<v8::Value> document, document_of_row(call, std::move(row)));
    documents.push_back(document);
  }
  return v8::Local<v8::Value>(v8::Array::New(call.isolate, documents.data(), documents.size()));
}

Result<engine::Transaction*> transaction_of(const NativeCall& call) {
  if (call.run->call->transaction != nullptr) return call.run->call->transaction;
  return Error(ErrorCode::FailedPrecondition, "a query cannot write; make it a mutation");
}

Result<Object> document_arg(const NativeCall& call, int index) {
  MS_TRY(Value value, from_v8(call.context, call.arg(index)));
  if (value.is_object()) return std::move(value.as_object());
  return Error(ErrorCode::InvalidArgument,
               fmt::format("Expected object, got {}", schema::javascript_type_of(value)),
               "validation");
}

/// The fields or the document of a write by id; a bigint fits int64 only.
Result<Object> fields_arg(const NativeCall& call, const engine::Transaction& transaction) {
  MS_TRY(Object fields, document_arg(call, 2));
  MS_TRY(const schema::Table* const table, transaction.table_of_id(call.text(1)));
  MS_TRY_STATUS(schema::refuse_bigints(*table, fields));
  return fields;
}

NativeResult insert(const NativeCall& call) {
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY(Object document, document_arg(call, 2));
  MS_TRY(const schema::Table* const table, transaction->table(call.text(1)));
  MS_TRY_STATUS(schema::refuse_bigints(*table, document));
  MS_TRY(const std::string id, transaction->insert(call.text(1), std::move(document)));
  return v8::Local<v8::Value>(to_v8_string(call.isolate, id));
}

NativeResult patch(const NativeCall& call) {
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY(Object fields, fields_arg(call, *transaction));
  MS_TRY_STATUS(transaction->patch(call.text(1), std::move(fields)));
  return call.undefined();
}

NativeResult replace(const NativeCall& call) {
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY(Object document, fields_arg(call, *transaction));
  MS_TRY_STATUS(transaction->replace(call.text(1), std::move(document)));
  return call.undefined();
}

NativeResult erase(const NativeCall& call) {
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY_STATUS(transaction->erase(call.text(1)));
  return call.undefined();
}

}  // namespace

void add_document_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives) {
  add_native<get, Needs::Run>(context, natives, "get");
  add_native<get_many, Needs::Run>(context, natives, "getMany");
  add_native<insert, Needs::Run>(context, natives, "insert");
  add_native<patch, Needs::Run>(context, natives, "patch");
  add_native<replace, Needs::Run>(context, natives, "replace");
  add_native<erase, Needs::Run>(context, natives, "erase");
}

}  // namespace moonstone::runtime
