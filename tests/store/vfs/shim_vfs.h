// Moonstone. Licence: see LICENSE.
#pragma once
// ShimVfs: a SQLite VFS that lets a test watch, refuse and remember what goes to disk.
//
// It passes everything on to the system's VFS. A test derives from it (or takes one of the three
// beside this file), opens a store with SqliteOptions::vfs = name(), and destroys the shim after
// the store. Memory mapping is off, so that every read and write passes here.
// Threads: the hooks are called on every thread that uses the files; implementations synchronise.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace moonstone::test {

enum class FileKind : unsigned char { Database, Wal, Other };
inline constexpr std::size_t kFileKinds = 3;

/// What a hook wants to happen.
enum class Verdict : unsigned char {
  Pass,
  IoError,
  DiskFull,
  /// As after a remount: the file opens, but only to be read; writing to an open one is an error.
  ReadOnly,
  /// Of a write: its first sectors arrive, the rest does not, and it fails.
  Torn,
};
inline constexpr int kSectorBytes = 512;

/// One file as the hooks see it.
struct FileName {
  std::string path;
  FileKind kind = FileKind::Other;
};

class ShimVfs {
 public:
  ShimVfs();
  ShimVfs(const ShimVfs&) = delete;
  ShimVfs& operator=(const ShimVfs&) = delete;
  virtual ~ShimVfs();

  /// For SqliteOptions::vfs; no two shims have the same.
  [[nodiscard]] const std::string& name() const;
  /// For code that opens databases without naming a VFS; until the shim goes away.
  void make_default();

  // Hooks. before_..: asked before the system's VFS is; anything but Pass is returned to SQLite
  // instead. after_..: told when it succeeded.
  virtual Verdict before_open(const FileName& /*file*/) { return Verdict::Pass; }
  virtual Verdict before_read(const FileName& /*file*/) { return Verdict::Pass; }
  virtual Verdict before_truncate(const FileName& /*file*/) { return Verdict::Pass; }
  virtual Verdict before_delete(const std::string& /*path*/) { return Verdict::Pass; }
  virtual Verdict before_write(const FileName& /*file*/) { return Verdict::Pass; }
  /// How many of a torn write's sectors arrive, of so many.
  virtual int torn_sectors(int of) { return of / 2; }
  virtual Verdict before_sync(const FileName& /*file*/) { return Verdict::Pass; }
  virtual void after_open(const FileName& /*file*/) {}
  virtual void after_write(const FileName& /*file*/,
                           std::int64_t /*offset*/,
                           std::string_view /*bytes*/) {}
  virtual void after_truncate(const FileName& /*file*/, std::int64_t /*size*/) {}
  virtual void after_sync(const FileName& /*file*/) {}
  virtual void after_delete(const std::string& /*path*/) {}

 private:
  struct Registration;
  std::unique_ptr<Registration> registration_;
};

}  // namespace moonstone::test
