// Moonstone. Licence: see LICENSE.
#pragma once
// FaultVfs: a disk that fails, is full, read-only or tears a write, at the n-th operation of a
// kind. Threads: synchronised.

#include <cstddef>
#include <optional>

#include "base/guarded.h"
#include "tests/store/vfs/shim_vfs.h"

namespace moonstone::test {

struct Fault {
  enum class Operation : unsigned char { Write, Sync, Open, Read, Truncate, Delete };
  enum class Duration : unsigned char { Once, Lasting };

  Operation operation = Operation::Write;
  Verdict verdict = Verdict::IoError;
  /// 1 is the next such operation.
  std::size_t nth = 1;
  Duration duration = Duration::Once;
  /// Only files of this kind are counted and fail; nothing: all.
  std::optional<FileKind> kind{};
};

class FaultVfs final : public ShimVfs {
 public:
  /// Counts from now. Replaces the fault before.
  void arm(const Fault& fault);
  void disarm();
  /// How often a fault struck since arm().
  [[nodiscard]] std::size_t struck();

  Verdict before_open(const FileName& file) override;
  Verdict before_read(const FileName& file) override;
  Verdict before_truncate(const FileName& file) override;
  Verdict before_delete(const std::string& path) override;
  int torn_sectors(int of) override;
  Verdict before_write(const FileName& file) override;
  Verdict before_sync(const FileName& file) override;

 private:
  struct State {
    std::optional<Fault> fault;
    std::size_t seen = 0;
    std::size_t struck = 0;
  };
  Verdict judge(Fault::Operation operation, const FileName& file);

  Guarded<State> state_;
};

}  // namespace moonstone::test
