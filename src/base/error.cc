// Moonstone. Licence: see LICENSE.
#include "base/error.h"

#include <utility>

#include "base/value.h"

namespace moonstone {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::InvalidArgument:
      return "invalid_argument";
    case ErrorCode::Unauthenticated:
      return "unauthenticated";
    case ErrorCode::PermissionDenied:
      return "permission_denied";
    case ErrorCode::NotFound:
      return "not_found";
    case ErrorCode::AlreadyExists:
      return "already_exists";
    case ErrorCode::Conflict:
      return "conflict";
    case ErrorCode::FailedPrecondition:
      return "failed_precondition";
    case ErrorCode::LimitExceeded:
      return "limit_exceeded";
    case ErrorCode::Cancelled:
      return "cancelled";
    case ErrorCode::DeadlineExceeded:
      return "deadline_exceeded";
    case ErrorCode::Unavailable:
      return "unavailable";
    case ErrorCode::Unimplemented:
      return "unimplemented";
    case ErrorCode::Corruption:
      return "corruption";
    case ErrorCode::Internal:
      return "internal";
  }
  return "internal";
}

Error::Error(ErrorCode code, std::string message) : Error(code, std::move(message), "") {}

Error::Error(ErrorCode code, std::string message, std::string_view reason)
    : data_(std::make_unique<Data>(
          code, std::move(message), std::string(reason), std::string(), nullptr)) {}

Error::Error(const Error& other) : data_(std::make_unique<Data>(*other.data_)) {}

Error& Error::operator=(const Error& other) {
  if (this != &other) data_ = std::make_unique<Data>(*other.data_);
  return *this;
}

Error Error::with_stack(std::string stack) && {
  data_->stack = std::move(stack);
  return std::move(*this);
}

Error Error::with_details(Value details) && {
  data_->details = std::make_shared<const Value>(std::move(details));
  return std::move(*this);
}

Error Error::with_context(std::string_view context) && {
  data_->message.insert(0, ": ").insert(0, context);
  return std::move(*this);
}

}  // namespace moonstone
