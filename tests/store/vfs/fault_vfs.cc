// Moonstone. Licence: see LICENSE.
#include "tests/store/vfs/fault_vfs.h"

namespace moonstone::test {

void FaultVfs::arm(const Fault& fault) {
  *state_.lock() = State{fault, 0, 0};
}

void FaultVfs::disarm() {
  state_.lock()->fault.reset();
}

std::size_t FaultVfs::struck() {
  return state_.lock()->struck;
}

Verdict FaultVfs::before_write(const FileName& file) {
  return judge(Fault::Operation::Write, file);
}

Verdict FaultVfs::before_sync(const FileName& file) {
  return judge(Fault::Operation::Sync, file);
}

Verdict FaultVfs::judge(Fault::Operation operation, const FileName& file) {
  const auto state = state_.lock();
  if (!state->fault || state->fault->operation != operation) return Verdict::Pass;
  const Fault& fault = *state->fault;
  if (fault.kind && *fault.kind != file.kind) return Verdict::Pass;
  ++state->seen;
  const bool strikes =
      fault.duration == Fault::Duration::Once ? state->seen == fault.nth : state->seen >= fault.nth;
  if (!strikes) return Verdict::Pass;
  ++state->struck;
  return fault.verdict;
}

}  // namespace moonstone::test
