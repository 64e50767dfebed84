// Moonstone. Licence: see LICENSE.
#include "protocol/functions/job_host.h"

#include <utility>

namespace moonstone::protocol::functions {
namespace {

using runtime::FunctionKind;
using runtime::jobs::JobKind;

JobKind job_kind_of(FunctionKind kind) {
  switch (kind) {
    case FunctionKind::Query:
      return JobKind::Query;
    case FunctionKind::Mutation:
      return JobKind::Mutation;
    case FunctionKind::Action:
      break;
  }
  return JobKind::Action;
}

FunctionKind function_kind_of(JobKind kind) {
  switch (kind) {
    case JobKind::Query:
      return FunctionKind::Query;
    case JobKind::Mutation:
      return FunctionKind::Mutation;
    case JobKind::Action:
      break;
  }
  return FunctionKind::Action;
}

}  // namespace

Result<JobKind> JobHost::kind_of(const std::string& function) {
  const runtime::BundlePtr bundle = host_.bundle();
  const runtime::Function* const found = bundle != nullptr ? bundle->find(function) : nullptr;
  if (found != nullptr) return job_kind_of(found->kind);
  return Error(ErrorCode::NotFound, "Function not found: " + function, "function");
}

void JobHost::run(runtime::jobs::JobRun run, std::move_only_function<void(Status)> done) {
  FunctionCall call{.function = std::move(run.function),
                    .args = std::move(run.args),
                    .kind = function_kind_of(run.kind),
                    .caller = Caller::Administrator,
                    .cancelled = std::move(run.stop),
                    .within = std::move(run.within)};
  call.session.base_url = std::move(run.base_url);
  call.session.request = std::move(run.id);
  host_.call(std::move(call), [done = std::move(done)](Result<FunctionResult> result) mutable {
    done(result ? ok() : Status(std::move(result).error()));
  });
}

}  // namespace moonstone::protocol::functions
