// Moonstone. Licence: see LICENSE.
#include "runtime/internal/program.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "runtime/internal/convert.h"
#include "runtime/internal/natives.h"
#include "runtime/internal/prelude.h"

namespace moonstone::runtime {
namespace {

/// What modules see of randomness while they load; the same in every isolate.
constexpr std::uint64_t kLoadSeed = 0x6d6f6f6e73746f6eU;
/// Heap for copies of the modules, and how many there may be of small ones.
constexpr std::size_t kCopiesBytesMax = std::size_t{4} * 1024 * 1024;
constexpr std::size_t kCopiesMax = 64;

std::size_t heap_bytes_of(v8::Isolate* isolate) {
  v8::HeapStatistics heap;
  isolate->GetHeapStatistics(&heap);
  return heap.used_heap_size();
}

/// Compiles `body` as the body of a function, so that its `var`s stay out of the global object.
v8::MaybeLocal<v8::Function> compile_body(v8::Local<v8::Context> context,
                                          std::string_view file,
                                          std::string_view body,
                                          std::string_view parameter) {
  v8::Isolate* const isolate = context->GetIsolate();
  const v8::ScriptOrigin origin(isolate, to_v8_string(isolate, file));
  v8::ScriptCompiler::Source source(to_v8_string(isolate, body), origin);
  v8::Local<v8::String> name = to_v8_name(isolate, parameter);
  return v8::ScriptCompiler::CompileFunctionInContext(context, &source, parameter.empty() ? 0 : 1,
                                                      &name, 0, nullptr);
}

}  // namespace

Program::Program(v8::Isolate* isolate, const BundleSource& source)
    : isolate_(isolate),
      source_(source),
      microtasks_(v8::MicrotaskQueue::New(isolate, v8::MicrotasksPolicy::kExplicit)) {}

Program::~Program() {
  copies_.clear();
  tables_.clear();
  context_.Reset();
}

Result<std::unique_ptr<Program>> Program::evaluate(v8::Isolate* isolate,
                                                   const BundleSource& source) {
  std::unique_ptr<Program> program(new Program(isolate, source));
  MS_TRY_STATUS(program->start());
  MS_TRY_STATUS(program->evaluate_bundle());
  return program;
}

Status Program::start() {
  const v8::Local<v8::Context> context = v8::Context::New(
      isolate_, nullptr, {}, {}, v8::DeserializeInternalFieldsCallback(), microtasks_.get());
  if (context.IsEmpty()) return Error(ErrorCode::Internal, "V8 cannot make a context");
  context_.Reset(isolate_, context);
  context->AllowCodeGenerationFromStrings(false);
  context->SetErrorMessageForCodeGenerationFromStrings(to_v8_string(
      isolate_, "eval and new Function are not available: code must come from the bundle"));
  const v8::Context::Scope scope(context);
  v8::TryCatch thrown(isolate_);
  v8::Local<v8::Function> prelude;
  v8::Local<v8::Value> natives = make_natives(context);
  v8::Local<v8::Value> face;
  if (!compile_body(context, kPreludeFile, prelude_text(), "natives").ToLocal(&prelude) ||
      !prelude->Call(context, v8::Undefined(isolate_), 1, &natives).ToLocal(&face) ||
      !face->IsObject()) {
    return error_of(thrown.Exception()).with_context("the runtime's own script failed");
  }
  prelude_.Reset(isolate_, face.As<v8::Object>());
  const auto function = [&](std::string_view name) {
    return face.As<v8::Object>()
        ->Get(context, to_v8_name(isolate_, name))
        .ToLocalChecked()
        .As<v8::Function>();
  };
  invoke_.Reset(isolate_, function("invoke"));
  seed_.Reset(isolate_, function("seed"));
  return {};
}

Status Program::evaluate_bundle() {
  const v8::Local<v8::Context> context = this->context();
  const v8::Context::Scope scope(context);
  v8::TryCatch thrown(isolate_);
  v8::Local<v8::Function> body;
  v8::Local<v8::Value> bundle;
  // On a line of its own, since the bundle may end with a comment.
  const std::string code = source_.code + "\n;return __moonstone;";
  if (compile_body(context, kBundleFile, code, {}).ToLocal(&body)) body_.Reset(isolate_, body);
  if (body_.IsEmpty() || !run_modules().ToLocal(&bundle)) {
    Error error = error_of(thrown.Exception());
    const v8::Local<v8::Message> message = thrown.Message();
    if (!error.stack().empty() || message.IsEmpty()) return error;
    // A syntax error has no frames.
    return std::move(error).with_stack(map_stack(
        fmt::format("at {}:{}:{}", kBundleFile, message->GetLineNumber(context).FromMaybe(1),
                    message->GetStartColumn() + 1),
        source_map()));
  }
  if (!bundle->IsObject()) {
    return Error(ErrorCode::InvalidArgument, "the bundle does not define __moonstone");
  }
  add_copy(std::nullopt, bundle);
  if (call("harden", {}).IsEmpty()) return error_of(thrown.Exception());
  return {};
}

v8::MaybeLocal<v8::Value> Program::run_modules() {
  v8::Local<v8::Value> bundle;
  if (seed(kLoadSeed).IsEmpty() ||
      !body_.Get(isolate_)->Call(context(), v8::Undefined(isolate_), 0, nullptr).ToLocal(&bundle)) {
    return {};
  }
  drain_microtasks();
  return bundle;
}

void Program::add_copy(std::optional<Value> user, v8::Local<v8::Value> bundle) {
  copies_.push_back({std::move(user), v8::Global<v8::Value>(isolate_, bundle), {}});
}

bool Program::enter_modules_of(const Value& user) {
  const auto fits = [&](const Modules& copy) { return !copy.user || *copy.user == user; };
  const auto found = std::ranges::find_if(copies_.rbegin(), copies_.rend(), fits);
  if (found == copies_.rend()) return false;
  std::rotate(found.base() - 1, found.base(), copies_.end());
  if (!copies_.back().user) copies_.back().user = user;
  return true;
}

Status Program::renew_modules(const Value& user) {
  const v8::Context::Scope scope(context());
  const v8::TryCatch thrown(isolate_);
  v8::Local<v8::Value> bundle;
  const std::size_t bytes_before = heap_bytes_of(isolate_);
  if (call("renew", {}).IsEmpty() || !is_repeatable() || !run_modules().ToLocal(&bundle) ||
      !bundle->IsObject()) {
    return Error(ErrorCode::FailedPrecondition, "the modules cannot be evaluated again");
  }
  // A collection in between makes it look small; the next copy is counted again.
  const std::size_t bytes_after = heap_bytes_of(isolate_);
  if (bytes_after > bytes_before) {
    copies_max_ =
        std::clamp<std::size_t>(kCopiesBytesMax / (bytes_after - bytes_before), 1, kCopiesMax);
  }
  while (copies_.size() >= copies_max_.value_or(kCopiesMax))
    copies_.erase(copies_.begin());
  add_copy(user, bundle);
  return {};
}

bool Program::is_repeatable() {
  if (!is_repeatable_) {
    v8::Local<v8::Value> answer;
    is_repeatable_ = call("isRepeatable", {}).ToLocal(&answer) && answer->IsTrue();
  }
  return *is_repeatable_;
}

v8::MaybeLocal<v8::Value> Program::call(std::string_view name,
                                        std::vector<v8::Local<v8::Value>> args) {
  const v8::Local<v8::Context> context = this->context();
  v8::Local<v8::Value> function;
  if (!prelude_.Get(isolate_)->Get(context, to_v8_name(isolate_, name)).ToLocal(&function)) {
    return {};
  }
  return function.As<v8::Function>()->Call(context, v8::Undefined(isolate_),
                                           static_cast<int>(args.size()), args.data());
}

Result<std::string> Program::describe() {
  const v8::Context::Scope scope(context());
  v8::TryCatch thrown(isolate_);
  v8::Local<v8::Value> json;
  if (!call("describe", {copies_.back().bundle.Get(isolate_)}).ToLocal(&json) ||
      !json->IsString()) {
    return error_of(thrown.Exception());
  }
  return to_text(isolate_, json.As<v8::String>());
}

v8::MaybeLocal<v8::Value> Program::seed(std::uint64_t seed) {
  std::array<v8::Local<v8::Value>, 2> args = {
      v8::Integer::NewFromUnsigned(isolate_, static_cast<std::uint32_t>(seed)),
      v8::Integer::NewFromUnsigned(isolate_, static_cast<std::uint32_t>(seed >> 32))};
  return seed_.Get(isolate_)->Call(context(), v8::Undefined(isolate_),
                                   static_cast<int>(args.size()), args.data());
}

v8::MaybeLocal<v8::Value> Program::registration(const Function& function) {
  Modules& modules = copies_.back();
  v8::Global<v8::Value>& cached = modules.registrations[&function];
  if (!cached.IsEmpty()) return cached.Get(isolate_);
  v8::Local<v8::Value> found;
  if (!call("find", {modules.bundle.Get(isolate_), to_v8_string(isolate_, function.module),
                     to_v8_string(isolate_, function.export_name)})
           .ToLocal(&found)) {
    return {};
  }
  cached.Reset(isolate_, found);
  return found;
}

v8::MaybeLocal<v8::Value> Program::invoke(const Invocation& invocation) {
  v8::Local<v8::Value> registration;
  if (!this->registration(*invocation.function).ToLocal(&registration)) return {};
  std::array<v8::Local<v8::Value>, 5> args = {
      registration, v8::Boolean::New(isolate_, invocation.function->kind == FunctionKind::Mutation),
      v8::Integer::NewFromUnsigned(isolate_, invocation.token),
      v8::Number::New(isolate_, invocation.now_unix_ms), invocation.args};
  return invoke_.Get(isolate_)->Call(context(), v8::Undefined(isolate_),
                                     static_cast<int>(args.size()), args.data());
}

v8::MaybeLocal<v8::Value> Program::call_on_default(const std::string& module,
                                                   std::string_view name,
                                                   std::vector<v8::Local<v8::Value>> args) {
  v8::Local<v8::Value> exported;
  if (!call("find", {copies_.back().bundle.Get(isolate_), to_v8_name(isolate_, module),
                     to_v8_name(isolate_, "default")})
           .ToLocal(&exported)) {
    return {};
  }
  args.insert(args.begin(), exported);
  return call(name, std::move(args));
}

Error Program::error_of(v8::Local<v8::Value> thrown) {
  const v8::Local<v8::Context> context = this->context();
  const v8::TryCatch ignored(isolate_);  // a getter of the thrown object may throw in turn
  const auto text_of = [&](std::string_view name) -> std::optional<std::string> {
    v8::Local<v8::Value> value;
    if (!thrown.As<v8::Object>()->Get(context, to_v8_name(isolate_, name)).ToLocal(&value) ||
        !value->IsString()) {
      return std::nullopt;
    }
    return to_text(isolate_, value.As<v8::String>());
  };
  constexpr std::string_view kReason = "user_code";
  if (thrown.IsEmpty() || !thrown->IsNativeError()) {
    return {ErrorCode::Internal, "Unknown error", kReason};
  }
  Error error(ErrorCode::Internal, text_of("message").value_or("Unknown error"), kReason);
  return std::move(error).with_stack(map_stack(text_of("stack").value_or(""), source_map()));
}

const SourceMap* Program::source_map() {
  if (!std::exchange(has_read_source_map_, true) && !source_.source_map.empty()) {
    // An unreadable map costs the user's lines in stacks and nothing else.
    if (auto parsed = SourceMap::parse(source_.source_map)) source_map_ = *std::move(parsed);
  }
  return source_map_ ? &*source_map_ : nullptr;
}

}  // namespace moonstone::runtime
