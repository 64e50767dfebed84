// Moonstone. Licence: see LICENSE.
#pragma once
// CutVfs: knows what a power cut would leave.
//
// For each file it keeps the content of its last sync and the writes since. A cut freezes that;
// from then on the running store is a ghost whose writes no longer count. materialise() writes the
// files as the disk would have them, to be opened by a new store.
//
//   vfs.cut_at(17);                       // right before the 17th write or sync from now
//   ... run; an acknowledgement counts if !vfs.is_cut() after it came ...
//   vfs.materialise(folder, Survivors::Synced, seed);
//
// Threads: synchronised.

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/guarded.h"
#include "tests/store/vfs/shim_vfs.h"

namespace moonstone::test {

/// Which of the writes that were not synced reached the disk nevertheless.
enum class Survivors : unsigned char {
  Synced,  // none of them
  Prefix,  // the first so many, over all files, the last one perhaps torn
  Subset,  // each by chance: disks reorder
};

class CutVfs final : public ShimVfs {
 public:
  void cut_now();
  /// Cuts right before the n-th write or sync from now; 1 is the next.
  void cut_at(std::size_t operations_from_now);
  [[nodiscard]] bool is_cut();
  /// The n-th sync from now fails, and does to the file what Linux does: what it should have made
  /// durable can still be read, but counts as clean, so that no later sync writes it.
  void fail_sync_at(std::size_t syncs_from_now);
  /// Writes and syncs since construction; how far cut_at may reach.
  [[nodiscard]] std::size_t operations();
  /// Writes what the cut left into the folder, under the files' own names. Cuts now if it is not
  /// cut yet.
  void materialise(const std::string& folder, Survivors survivors, std::uint64_t seed);

  Verdict before_write(const FileName& file) override;
  Verdict before_sync(const FileName& file) override;
  void after_open(const FileName& file) override;
  void after_write(const FileName& file, std::int64_t offset, std::string_view bytes) override;
  void after_truncate(const FileName& file, std::int64_t size) override;
  void after_sync(const FileName& file) override;
  void after_delete(const std::string& path) override;

 private:
  /// A change that was not synced yet.
  struct Pending {
    std::uint64_t order = 0;  // over all files
    std::optional<std::int64_t> truncate_to;
    std::int64_t offset = 0;
    std::string bytes;
  };
  struct FileState {
    std::string durable;
    std::vector<Pending> pending;
  };
  struct State {
    std::map<std::string, FileState> files;  // by path
    std::uint64_t next_order = 0;
    std::size_t operations = 0;
    std::optional<std::size_t> cut_at;
    std::size_t syncs = 0;
    std::optional<std::size_t> failing_sync;
    bool is_cut = false;
  };

  static void apply(const Pending& change, std::string& content);
  static std::vector<Pending> surviving(const State& state,
                                        const FileState& file,
                                        Survivors survivors,
                                        std::uint64_t seed);
  void count_operation();

  Guarded<State> state_;
};

}  // namespace moonstone::test
