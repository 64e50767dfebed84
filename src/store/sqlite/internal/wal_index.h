// Moonstone. Licence: see LICENSE.
#pragma once
// WalIndex: a look at the head of SQLite's WAL index, which says whether anybody has committed.
//
// SQLite keeps the index of the WAL in memory that all connections share. Its first 48 bytes change
// with every commit, of whichever process, and with nothing that a reader could care about: SQLite
// itself compares them to know whether its cache is still good. Comparing them here spares a reader
// the end of its snapshot, a new one, and the system calls of both.
// Threads: confined to the connection's owner; others may commit meanwhile.

#include <array>
#include <cstdint>
#include <optional>

struct sqlite3;

namespace moonstone::store::sqlite {

class WalIndex {
 public:
  /// What the head says of the newest commit. Two equal ones: nothing was committed in between.
  using Mark = std::array<std::uint64_t, 6>;

  /// Finds the index of the connection's file; the connection is inside a read transaction. Where
  /// there is none to be had, mark() gives nothing.
  void open(sqlite3* connection);
  /// The connection is about to close, and the memory with it.
  void close() { head_ = nullptr; }
  [[nodiscard]] bool is_open() const { return head_ != nullptr; }

  /// Nothing: not open. A mark that was read while somebody wrote it is equal to no other.
  [[nodiscard]] std::optional<Mark> mark() const;

 private:
  const volatile std::uint64_t* head_ = nullptr;  // SQLite's; lives as long as the connection
};

}  // namespace moonstone::store::sqlite
