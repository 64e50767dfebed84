// Moonstone. Licence: see LICENSE.
#pragma once
// JobHost: the functions of one tenant as its scheduler of jobs sees them.
//
// Jobs may call internal functions, but none of the system's, whose names a handler might have from
// anybody. Threads: synchronised.

#include "protocol/functions/function_host.h"
#include "runtime/jobs/runner.h"

namespace moonstone::protocol::functions {

class JobHost final : public runtime::jobs::JobRunner {
 public:
  /// `host` must outlive it.
  explicit JobHost(FunctionHost& host) : host_(host) {}

  [[nodiscard]] Result<runtime::jobs::JobKind> kind_of(const std::string& function) override;
  void run(runtime::jobs::JobRun run, std::move_only_function<void(Status)> done) override;

 private:
  FunctionHost& host_;
};

}  // namespace moonstone::protocol::functions
