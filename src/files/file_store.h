// Moonstone. Licence: see LICENSE.
#pragma once
// FileStore: where the bytes of one tenant's files lie, a directory or a bucket.
//
// A store knows keys and bytes; which of them are files for users say the rows (file_records.h).
// Invariants:
//  (1) An object is readable under its key only after finish() returned, and then it is durable.
//  (2) Objects never change: a key is written once.
// Threads: a FileStore is synchronised; a writer or a reader is used by one thread at a time. All
// calls may block: they belong on the threads of io_threads.h, never on a server's loop.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::files {

/// Keys are the UUIDs of storage ids, so that they are safe in paths and URLs.
[[nodiscard]] bool is_file_key(std::string_view key);

/// One object in the making. Destroyed without finish(), it leaves nothing behind.
class FileWriter {
 public:
  virtual ~FileWriter() = default;
  [[nodiscard]] virtual Status append(std::string_view bytes) = 0;
  /// Makes the object durable, then visible. Nothing may be added afterwards.
  [[nodiscard]] virtual Status finish() = 0;
};

class FileReader {
 public:
  virtual ~FileReader() = default;
  /// The next piece, at most kStreamPieceBytesMax; empty at the end.
  /// Errors: Corruption (the object is shorter than asked for), Unavailable.
  [[nodiscard]] virtual Result<std::string> read() = 0;
};

/// A part of an object.
struct ByteRange {
  std::uint64_t from = 0;
  std::uint64_t count = 0;
};

struct StoredObject {
  std::string key;
  std::uint64_t size = 0;
  std::int64_t written_unix_ms = 0;
};

/// Errors of all calls: Unavailable (reason "disk_full", "file_store"), whose message names the
/// place; Cancelled after stop().
class FileStore {
 public:
  virtual ~FileStore() = default;

  [[nodiscard]] virtual Result<std::unique_ptr<FileWriter>> create(std::string_view key) = 0;

  /// Errors: NotFound (no such object).
  [[nodiscard]] virtual Result<std::unique_ptr<FileReader>> open(std::string_view key,
                                                                 ByteRange range) = 0;

  /// No error if there is no such object.
  [[nodiscard]] virtual Status erase(std::string_view key) = 0;

  /// Shows every finished object once, in no order; stops at the first error of `visit`. Things
  /// that are no objects of ours are left out. Cost: O(objects).
  using Visit = std::function<Status(const StoredObject&)>;
  [[nodiscard]] virtual Status list(const Visit& visit) = 0;

  /// Removes what writers of crashed processes left behind, last touched before that time. Writers
  /// of this store are left alone.
  [[nodiscard]] virtual Status discard_unfinished(std::int64_t before_unix_ms) = 0;

  /// Ends waits and transfers soon; later calls may fail. Idempotent.
  virtual void stop() {}
};

}  // namespace moonstone::files
