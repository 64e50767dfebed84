// Moonstone. Licence: see LICENSE.
#pragma once
// Settings of SQLite that hold for the whole process.

namespace moonstone::store {

/// For programs of our own, before the first store is opened; a library has no business here.
/// SQLite stops to count its memory, for which it takes a lock at every allocation of any thread.
/// Does nothing if SQLite is in use already. Threads: before others use SQLite.
void prepare_sqlite_process();

}  // namespace moonstone::store
