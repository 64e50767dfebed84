// Moonstone. Licence: see LICENSE.
#pragma once
// CountingVfs: counts writes and syncs per kind of file and keeps their order, together with what
// the test itself notes ("reply 7"), so that "no reply before its sync" can be asserted.
// Threads: synchronised.

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "base/guarded.h"
#include "tests/store/vfs/shim_vfs.h"

namespace moonstone::test {

class CountingVfs final : public ShimVfs {
 public:
  enum class EventKind : unsigned char { Write, Sync, Note };
  struct Event {
    EventKind kind = EventKind::Note;
    FileKind file = FileKind::Other;  // Write, Sync
    std::string note;                 // Note
  };

  [[nodiscard]] std::size_t writes(FileKind kind);
  [[nodiscard]] std::size_t syncs(FileKind kind);
  /// In the order in which they ended. Runs of writes to one file are one event.
  [[nodiscard]] std::vector<Event> events();
  /// Puts something of the test's own between the events.
  void note(std::string text);
  void clear();

  void after_write(const FileName& file, std::int64_t offset, std::string_view bytes) override;
  void after_sync(const FileName& file) override;

 private:
  struct State {
    std::array<std::size_t, kFileKinds> writes{};
    std::array<std::size_t, kFileKinds> syncs{};
    std::vector<Event> events;
  };
  Guarded<State> state_;
};

}  // namespace moonstone::test
