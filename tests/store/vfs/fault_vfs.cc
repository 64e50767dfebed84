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

Verdict FaultVfs::before_open(const FileName& file) {
  return judge(Fault::Operation::Open, file);
}

Verdict FaultVfs::before_read(const FileName& file) {
  return judge(Fault::Operation::Read, file);
}

Verdict FaultVfs::before_truncate(const FileName& file) {
  return judge(Fault::Operation::Truncate, file);
}

Verdict FaultVfs::before_delete(const std::string& path) {
  return judge(Fault::Operation::Delete, {.path = path});
}

int FaultVfs::torn_sectors(int of) {
  const auto state = state_.lock();
  // Another part for each n, so that a sweep tears at every place.
  return state->fault ? static_cast<int>(state->fault->nth % static_cast<std::size_t>(of + 1)) : 0;
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
