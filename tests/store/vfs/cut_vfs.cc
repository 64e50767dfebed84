// Moonstone. Licence: see LICENSE.
#include "tests/store/vfs/cut_vfs.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <utility>

namespace moonstone::test {

namespace {

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

void CutVfs::cut_now() {
  state_.lock()->is_cut = true;
}

void CutVfs::cut_at(std::size_t operations_from_now) {
  const auto state = state_.lock();
  state->cut_at = state->operations + operations_from_now;
}

void CutVfs::fail_sync_at(std::size_t syncs_from_now) {
  const auto state = state_.lock();
  state->failing_sync = state->syncs + syncs_from_now;
}

bool CutVfs::is_cut() {
  return state_.lock()->is_cut;
}

std::size_t CutVfs::operations() {
  return state_.lock()->operations;
}

void CutVfs::count_operation() {
  const auto state = state_.lock();
  ++state->operations;
  if (state->cut_at && state->operations >= *state->cut_at) state->is_cut = true;
}

Verdict CutVfs::before_write(const FileName& /*file*/) {
  count_operation();
  return Verdict::Pass;
}

Verdict CutVfs::before_sync(const FileName& file) {
  count_operation();
  const auto state = state_.lock();
  if (++state->syncs != state->failing_sync) return Verdict::Pass;
  if (!state->is_cut) state->files[file.path].pending.clear();
  return Verdict::IoError;
}

void CutVfs::after_open(const FileName& file) {
  if (file.path.empty()) return;  // a temporary file
  std::string found = content_of(file.path);
  const auto state = state_.lock();
  // What was there before the test is durable; a file that is opened again is known already.
  if (!state->is_cut) state->files.try_emplace(file.path, FileState{std::move(found), {}});
}

void CutVfs::after_write(const FileName& file, std::int64_t offset, std::string_view bytes) {
  const auto state = state_.lock();
  if (state->is_cut) return;
  state->files[file.path].pending.push_back(
      {state->next_order++, std::nullopt, offset, std::string(bytes)});
}

void CutVfs::after_truncate(const FileName& file, std::int64_t size) {
  const auto state = state_.lock();
  if (state->is_cut) return;
  state->files[file.path].pending.push_back({state->next_order++, size, 0, ""});
}

void CutVfs::after_sync(const FileName& file) {
  const auto state = state_.lock();
  if (state->is_cut) return;
  FileState& synced = state->files[file.path];
  for (const Pending& change : synced.pending)
    apply(change, synced.durable);
  synced.pending.clear();
}

void CutVfs::after_delete(const std::string& path) {
  const auto state = state_.lock();
  if (!state->is_cut) state->files.erase(path);
}

void CutVfs::apply(const Pending& change, std::string& content) {
  if (change.truncate_to) {
    content.resize(static_cast<std::size_t>(*change.truncate_to), '\0');
    return;
  }
  const auto offset = static_cast<std::size_t>(change.offset);
  if (content.size() < offset + change.bytes.size()) {
    content.resize(offset + change.bytes.size(), '\0');
  }
  std::ranges::copy(change.bytes, content.begin() + change.offset);
}

std::vector<CutVfs::Pending> CutVfs::surviving(const State& state,
                                               const FileState& file,
                                               Survivors survivors,
                                               std::uint64_t seed) {
  std::vector<Pending> kept;
  if (survivors == Survivors::Synced) return kept;
  // One generator per call, so that every file sees the same end of the prefix.
  std::mt19937_64 random(seed);
  std::uint64_t oldest = state.next_order;
  for (const auto& [path, other] : state.files) {
    if (!other.pending.empty()) oldest = std::min(oldest, other.pending.front().order);
  }
  const std::uint64_t end = oldest + random() % (state.next_order - oldest + 1);
  for (const Pending& change : file.pending) {
    const bool stays = survivors == Survivors::Prefix ? change.order < end : random() % 2 == 0;
    if (stays) kept.push_back(change);
    const bool is_torn = survivors == Survivors::Prefix && change.order == end;
    if (!is_torn || change.truncate_to) continue;
    constexpr std::size_t kSector = 512;
    kept.push_back(change);
    kept.back().bytes.resize(random() % (change.bytes.size() / kSector + 1) * kSector);
  }
  return kept;
}

void CutVfs::materialise(const std::string& folder, Survivors survivors, std::uint64_t seed) {
  const auto state = state_.lock();
  state->is_cut = true;
  for (const auto& [path, file] : state->files) {
    std::string content = file.durable;
    for (const Pending& change : surviving(*state, file, survivors, seed))
      apply(change, content);
    const auto target = std::filesystem::path(folder) / std::filesystem::path(path).filename();
    std::ofstream(target, std::ios::binary | std::ios::trunc) << content;
  }
}

}  // namespace moonstone::test
