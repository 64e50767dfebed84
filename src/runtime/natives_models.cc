// Moonstone. Licence: see LICENSE.
//
// Natives for the models of a `.lite` schema: their names, and calls of their methods.
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "orm/methods.h"
#include "runtime/internal/native_call.h"
#include "runtime/internal/row_sets.h"

namespace moonstone::runtime {
namespace {

NativeResult model_accessors(const NativeCall& call) {
  std::vector<v8::Local<v8::Value>> accessors;
  if (const orm::Orm* const orm = call.run->call->orm) {
    for (const schema::Model& model : orm->catalog()->models) {
      if (!model.is_join_table) accessors.push_back(to_v8_string(call.isolate, model.accessor));
    }
  }
  return v8::Local<v8::Value>(v8::Array::New(call.isolate, accessors.data(), accessors.size()));
}

/// The methods of models by what they do. Upkeep of search indexes is none of functions' business.
NativeResult model_methods(const NativeCall& call) {
  const std::span<const std::string_view> names = orm::method_names();
  const auto list_of = [&](std::span<const std::string_view> chosen) {
    std::vector<v8::Local<v8::Value>> texts;
    for (const std::string_view name : chosen) {
      if (name != "optimizeFts") texts.push_back(to_v8_name(call.isolate, name));
    }
    return v8::Array::New(call.isolate, texts.data(), texts.size());
  };
  const v8::Local<v8::Object> methods = v8::Object::New(call.isolate);
  const std::size_t reads = orm::read_method_count();
  methods->Set(call.context, to_v8_name(call.isolate, "reads"), list_of(names.first(reads)))
      .Check();
  methods->Set(call.context, to_v8_name(call.isolate, "writes"), list_of(names.subspan(reads)))
      .Check();
  return v8::Local<v8::Value>(methods);
}

/// What the call is given: one object, or for a few methods the list of their arguments.
Result<Value> arguments_of(const NativeCall& call, std::string_view method) {
  MS_TRY(Value list, from_v8(call.context, call.arg(3)));
  if (!list.is_array()) return Value(Object());
  if (orm::takes_list(method)) return list;
  Array& given = list.as_array();
  return given.empty() || given.front().is_missing() ? Value(Object()) : std::move(given.front());
}

/// The claims of whoever calls, with the id that schemas ask for. Only writes look at them so far.
orm::Caller caller_of(const NativeCall& call) {
  const engine::Session* const session = call.run->call->session;
  if (session == nullptr || !session->identity.is_object()) return {};
  Object auth = session->identity.as_object();
  const Value* const subject = auth.find("subject");
  if (auth.find("id") == nullptr && subject != nullptr) auth.append("id", *subject);
  return {.auth = std::move(auth)};
}

/// The declaration of a model in the tree of the schema; undefined if it is not there.
NativeResult model_schema(const NativeCall& call) {
  const std::string name = call.text(1);
  const Value* const tree = call.run->call->orm->catalog()->source.as_object().find("schema");
  const Value* const models = tree == nullptr ? nullptr : tree->as_object().find("models");
  if (models == nullptr || !models->is_array()) return call.undefined();
  for (const Value& model : models->as_array()) {
    const Value* const known = model.as_object().find("name");
    if (known == nullptr || *known != Value(name)) continue;
    v8::Local<v8::Value> declaration;
    if (!to_v8(call.context, model).ToLocal(&declaration)) return pending_exception();
    return declaration;
  }
  return call.undefined();
}

NativeResult call_model(const NativeCall& call) {
  orm::Orm& orm = *call.run->call->orm;
  const std::string model = call.text(1);
  const std::string method = call.text(2);
  MS_TRY(Value arguments, arguments_of(call, method));
  const orm::Call made{.model = model, .method = method, .arguments = std::move(arguments)};
  engine::Transaction* const transaction = call.run->call->transaction;
  orm::Outcome outcome;
  if (transaction == nullptr) {
    MS_TRY(outcome, orm.read(call.run->reader(), {}, made));
  } else {
    // Whoever listens is told by the host (model_host.h).
    orm::Effects effects{.events = {}, .are_wanted = false};
    MS_TRY(outcome, orm.write(*transaction, caller_of(call), made, effects));
  }
  v8::Local<v8::Value> result;
  if (!outcome_to_v8(call.context, outcome).ToLocal(&result)) return pending_exception();
  return result;
}

}  // namespace

void add_model_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives) {
  add_native<model_methods, Needs::Nothing>(context, natives, "modelMethods");
  add_native<model_accessors, Needs::Run>(context, natives, "modelAccessors");
  add_native<call_model, Needs::Run>(context, natives, "callModel");
  add_native<model_schema, Needs::Run>(context, natives, "modelSchema");
}

}  // namespace moonstone::runtime
