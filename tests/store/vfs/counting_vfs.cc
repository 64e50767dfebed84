// Moonstone. Licence: see LICENSE.
#include "tests/store/vfs/counting_vfs.h"

#include <utility>

namespace moonstone::test {

std::size_t CountingVfs::writes(FileKind kind) {
  return state_.lock()->writes[static_cast<std::size_t>(kind)];
}

std::size_t CountingVfs::syncs(FileKind kind) {
  return state_.lock()->syncs[static_cast<std::size_t>(kind)];
}

std::vector<CountingVfs::Event> CountingVfs::events() {
  return state_.lock()->events;
}

void CountingVfs::note(std::string text) {
  state_.lock()->events.push_back({EventKind::Note, FileKind::Other, std::move(text)});
}

void CountingVfs::clear() {
  *state_.lock() = State();
}

void CountingVfs::after_write(const FileName& file,
                              std::int64_t /*offset*/,
                              std::string_view /*bytes*/) {
  const auto state = state_.lock();
  ++state->writes[static_cast<std::size_t>(file.kind)];
  const bool continues = !state->events.empty() && state->events.back().kind == EventKind::Write &&
                         state->events.back().file == file.kind;
  if (!continues) state->events.push_back({EventKind::Write, file.kind, ""});
}

void CountingVfs::after_sync(const FileName& file) {
  const auto state = state_.lock();
  ++state->syncs[static_cast<std::size_t>(file.kind)];
  state->events.push_back({EventKind::Sync, file.kind, ""});
}

}  // namespace moonstone::test
