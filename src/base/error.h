// Moonstone. Licence: see LICENSE.
#pragma once
// Error: what every fallible function of Moonstone returns instead of throwing.
//
// An Error carries a code from a closed list, a message for humans, and optionally a stable
// machine-readable reason. Wires map (code, reason) to their own shape in one place each.
// Threads: immutable once built; may move between threads.

#include <memory>
#include <string>
#include <string_view>

namespace moonstone {

class Value;

/// The closed list of error codes. Order and names are internal; each wire has its own table.
enum class ErrorCode : unsigned char {
  InvalidArgument,
  Unauthenticated,
  PermissionDenied,
  NotFound,
  AlreadyExists,
  Conflict,
  FailedPrecondition,
  LimitExceeded,
  Cancelled,
  DeadlineExceeded,
  Unavailable,
  Unimplemented,
  Corruption,
  Internal,
};

/// The code's name in snake_case, for logs and tests.
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// One failure. Pointer-sized, so that Result<T> costs nothing beyond T on success.
class Error {
 public:
  Error(ErrorCode code, std::string message);
  /// `reason`: a stable snake_case token by which code may branch ("user_code", "disk_full").
  Error(ErrorCode code, std::string message, std::string_view reason);

  Error(Error&&) noexcept = default;
  Error& operator=(Error&&) noexcept = default;
  Error(const Error&);
  Error& operator=(const Error&);
  ~Error() = default;

  [[nodiscard]] ErrorCode code() const { return data_->code; }
  [[nodiscard]] const std::string& message() const { return data_->message; }
  [[nodiscard]] const std::string& reason() const { return data_->reason; }
  /// A stack trace in user code, one frame per line; empty when there is none.
  [[nodiscard]] const std::string& stack() const { return data_->stack; }

  /// What a program may want to know beside the reason (the fields that failed): an object, shared
  /// and never changed; null: nothing.
  [[nodiscard]] const Value* details() const { return data_->details.get(); }

  Error with_stack(std::string stack) &&;
  Error with_details(Value details) &&;
  /// Puts `context` and ": " before the message; code and reason stay.
  Error with_context(std::string_view context) &&;

 private:
  struct Data {
    ErrorCode code;
    std::string message;
    std::string reason;
    std::string stack;
    std::shared_ptr<const Value> details;  // shared by copies of the error
  };
  std::unique_ptr<Data> data_;
};

}  // namespace moonstone
