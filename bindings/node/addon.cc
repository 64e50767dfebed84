// Moonstone. Licence: see LICENSE.
#include "addon.h"

#include <algorithm>
#include <cstring>

#include <node_api.h>

#include "operations.h"

namespace moonstone::node {

namespace {

/// 18 KiB: enough for a page of rows; it doubles as answers need it.
constexpr std::size_t kFirstSlots = 2048;
/// Four gigabytes of slots are no answer for a program to hold.
constexpr std::size_t kSlotsMax = std::size_t{1} << 28;
/// How much of the memory for texts is kept between operations.
constexpr std::size_t kKeptTextMax = std::size_t{4} << 20;
constexpr std::size_t kTextUnitsSlot = 7;

Addon* addon_of(napi_env env) {
  void* data = nullptr;
  return napi_get_instance_data(env, &data) == napi_ok ? static_cast<Addon*>(data) : nullptr;
}

/// The function's first argument, or null.
napi_value argument_of(napi_env env, napi_callback_info info) {
  std::size_t count = 1;
  napi_value argument = nullptr;
  napi_get_cb_info(env, info, &count, &argument, nullptr, nullptr);
  return count == 0 ? nullptr : argument;
}

napi_value call_invoke(napi_env env, napi_callback_info info) {
  Addon* const addon = addon_of(env);
  return addon == nullptr ? nullptr : addon->invoke(argument_of(env, info));
}

napi_value call_buffer(napi_env env, napi_callback_info info) {
  Addon* const addon = addon_of(env);
  if (addon == nullptr) return nullptr;
  napi_value argument = argument_of(env, info);
  double slots = 0;
  if (argument != nullptr && napi_get_value_double(env, argument, &slots) == napi_ok && slots > 0)
    addon->reserve(static_cast<std::size_t>(slots));
  return addon->buffer();
}

napi_value call_set_host(napi_env env, napi_callback_info info) {
  Addon* const addon = addon_of(env);
  if (addon != nullptr) addon->set_host(argument_of(env, info));
  return nullptr;
}

bool add_function(napi_env env, napi_value exports, const char* name, napi_callback function) {
  napi_value made = nullptr;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &made) == napi_ok &&
         napi_set_named_property(env, exports, name, made) == napi_ok;
}

}  // namespace

Addon::~Addon() {
  // The environment ends: references end with it, and JavaScript must not be called any more.
  host_ = nullptr;
}

bool Addon::install(napi_value exports) {
  return reserve(kFirstSlots) && add_function(env_, exports, "invoke", call_invoke) &&
         add_function(env_, exports, "buffer", call_buffer) &&
         add_function(env_, exports, "setHost", call_set_host);
}

bool Addon::reserve(std::size_t slots) {
  if (slots <= capacity_) return true;
  if (slots > kSlotsMax) return false;
  std::size_t capacity = std::max(capacity_, kFirstSlots);
  while (capacity < slots)
    capacity *= 2;
  void* data = nullptr;
  napi_value buffer = nullptr;
  if (napi_create_arraybuffer(env_, capacity * (sizeof(double) + 1), &data, &buffer) != napi_ok)
    return false;
  napi_ref reference = nullptr;
  if (napi_create_reference(env_, buffer, 1, &reference) != napi_ok) return false;
  if (buffer_ != nullptr) napi_delete_reference(env_, buffer_);
  buffer_ = reference;
  capacity_ = capacity;
  slots_ = static_cast<double*>(data);
  tags_ = static_cast<std::uint8_t*>(data) + capacity * sizeof(double);
  return true;
}

napi_value Addon::buffer() const {
  napi_value buffer = nullptr;
  napi_get_reference_value(env_, buffer_, &buffer);
  return buffer;
}

void Addon::set_host(napi_value callback) {
  if (host_ != nullptr) napi_delete_reference(env_, host_);
  host_ = nullptr;
  if (callback != nullptr) napi_create_reference(env_, callback, 1, &host_);
}

ExchangeReader Addon::take_values(napi_value text, std::string& storage) {
  storage.clear();
  const double units = slots_[kTextUnitsSlot];
  if (text != nullptr && units > 0) {
    // At most three bytes per unit, and one for the terminator that Node-API adds.
    storage.resize(static_cast<std::size_t>(units) * 3 + 1);
    std::size_t bytes = 0;
    if (napi_get_value_string_utf8(env_, text, storage.data(), storage.size(), &bytes) != napi_ok)
      bytes = 0;
    storage.resize(bytes);
  }
  return {std::span(slots_, capacity_), std::span(tags_, capacity_), storage, keys_};
}

napi_value Addon::publish(ExchangeWriter& answer) {
  const std::size_t count = answer.slots().size();
  double* const old = slots_;
  if (count > capacity_) {
    if (!reserve(count)) {
      answer.error(Error(ErrorCode::LimitExceeded,
                         "the answer is too large to hand over; ask for fewer rows",
                         "answer_size"));
    }
    // The old buffer still lives in JavaScript, and says that there is a new one.
    if (old != slots_) old[0] = 2;
  }
  const std::span<const double> slots = answer.slots();
  std::memcpy(slots_, slots.data(), slots.size_bytes());
  std::memcpy(tags_, answer.tags().data(), slots.size());
  const std::string& text = answer.all_text();
  if (text.empty()) return nullptr;
  napi_value string = nullptr;
  const napi_status made = answer.is_ascii()
                               ? napi_create_string_latin1(env_, text.data(), text.size(), &string)
                               : napi_create_string_utf8(env_, text.data(), text.size(), &string);
  if (made == napi_ok) return string;
  answer.error(Error(ErrorCode::LimitExceeded, "the answer has too much text", "answer_size"));
  return publish(answer);
}

napi_value Addon::invoke(napi_value text) {
  ExchangeReader values = take_values(text, text_);
  Request request(std::span<const double, kHeaderSlots>(slots_, kHeaderSlots), values);
  answer_.clear();
  const Status done = run_operation(*this, request, answer_);
  if (!done) answer_.error(done.error());
  napi_value result = publish(answer_);
  if (text_.capacity() > kKeptTextMax) text_ = {};
  return result;
}

Status Addon::call_host(const std::function<void(ExchangeWriter&)>& write,
                        const std::function<void(ExchangeReader&)>& read) {
  if (host_ == nullptr) return {};
  napi_handle_scope scope = nullptr;
  if (napi_open_handle_scope(env_, &scope) != napi_ok) return {};
  ExchangeWriter question(shapes_);
  write(question);
  napi_value text = publish(question);
  napi_value function = nullptr;
  napi_value receiver = nullptr;
  napi_value answered = nullptr;
  napi_get_reference_value(env_, host_, &function);
  napi_get_undefined(env_, &receiver);
  if (text == nullptr) text = receiver;
  // The function catches what the application throws; anything else is a program that ends.
  const napi_status called = napi_call_function(env_, receiver, function, 1, &text, &answered);
  Status status;
  if (called != napi_ok || slots_[0] != 0) {
    status = Error(ErrorCode::Internal, "a function of the application failed", "host_exception");
  } else {
    std::string storage;
    ExchangeReader values = take_values(answered, storage);
    read(values);
  }
  napi_close_handle_scope(env_, scope);
  return status;
}

}  // namespace moonstone::node

namespace {

void delete_addon(napi_env /*env*/, void* data, void* /*hint*/) {
  delete static_cast<moonstone::node::Addon*>(data);
}

napi_value install_addon(napi_env env, napi_value exports) {
  auto addon = std::make_unique<moonstone::node::Addon>(env);
  if (!addon->install(exports)) return nullptr;
  if (napi_set_instance_data(env, addon.get(), delete_addon, nullptr) == napi_ok) addon.release();
  return exports;
}

}  // namespace

NAPI_MODULE_INIT() {
  return install_addon(env, exports);
}
