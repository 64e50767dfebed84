// Moonstone. Licence: see LICENSE.
#pragma once
// ActionServices: what code in a worker may ask the server for during one call. Each call brings
// its own, which knows the caller's tenant and identity.
// Threads: calls come from the pool's thread and must not block; `done` is called exactly once, on
// any thread, perhaps before the function returns.
// Source: functions.md 4.2.

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/byte_stream.h"
#include "base/log.h"
#include "base/result.h"
#include "base/value.h"
#include "protocol/transport.h"

namespace moonstone::actions {

class ActionServices {
 public:
  virtual ~ActionServices() = default;

  /// An answer as JSON text; nothing: undefined. The error's message is what user code catches.
  using Done = std::move_only_function<void(Result<std::optional<std::string>>)>;

  enum class Kind : unsigned char { Query, Mutation, Action };
  struct Run {
    Kind kind = Kind::Query;
    std::string function;  // as the user wrote it
    Value args;
    std::stop_token stop;  // of the call that asks
  };
  virtual void run(Run request, Done done) = 0;

  /// The parameters as user code gave them, unchecked.
  struct Schedule {
    enum class When : unsigned char { After, At } when = When::After;
    Value time;      // a delay, or a moment since 1970; milliseconds
    Value function;  // a name, or an object with `_name`
    Value args;
    Value options;
  };
  /// Answers with the id of the job.
  virtual void schedule(Schedule request, Done done) = 0;
  virtual void cancel_job(std::string id, Done done) = 0;

  /// Answers with a text or null. `options` as user code gave them.
  virtual void file_url(std::string id, Value options, Done done) = 0;
  /// Answers with an object or null.
  virtual void file_metadata(std::string id, Done done) = 0;
  virtual void delete_file(std::string id, Done done) = 0;
  virtual void upload_url(Done done) = 0;
  struct Store {
    std::string content_type;
    std::uint64_t size = 0;  // as the worker says
    ByteStreamPtr bytes;
  };
  /// Answers with the storage id.
  virtual void store_file(Store request, Done done) = 0;

  /// For the gate: answers a request that it passes on to a tenant.
  struct Forward {
    std::string tenant;
    protocol::HttpRequest request;
  };
  using Responded = std::move_only_function<void(protocol::HttpResponse)>;
  virtual void forward(Forward request, Responded done) = 0;

  /// A line that the call printed.
  virtual void log(LogLevel level, std::string_view text) = 0;
};

}  // namespace moonstone::actions
