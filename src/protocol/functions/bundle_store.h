// Moonstone. Licence: see LICENSE.
#pragma once
// BundleStore: the bundles that were deployed to a data folder, so that a server can start without
// sources and go back to an earlier version.
//
//   <data>/bundles/<hash>.json    a bundle file (runtime/bundle_file.h)
//   <data>/bundles/history.json   which were in force, oldest first; the last one is
// A server that is given a bundle or sources at its start remembers them as the `base` of the
// history: as long as it is given the same ones, what was deployed since stays in force; other ones
// begin a new version. So the latest instruction wins, whichever way it came.
// Invariants:
//  (1) The history names a bundle only after its file is on disk (fsync).
//  (2) A change of the history is on disk when the call returns, or has not happened.
// Threads: confined; one store per folder (the lock of the database sees to that).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "runtime/bundle.h"
#include "runtime/bundle_file.h"

namespace moonstone::protocol::functions {

/// Versions that a rollback can reach, the one in force included; each costs a file.
inline constexpr std::size_t kBundlesKeptMax = 10;

struct DeployedBundle {
  std::string hash;
  std::int64_t unix_ms = 0;  // when it came into force
  std::string version;       // of the Moonstone that built it
};

class BundleStore {
 public:
  /// `data_folder` exists; the store's own folder is made by the first record(). Errors:
  /// Corruption (a history that cannot be read, with the way out), Unavailable.
  [[nodiscard]] static Result<BundleStore> open(const std::string& data_folder);

  /// Oldest first; the last one is in force. Empty: nothing was ever deployed.
  [[nodiscard]] const std::vector<DeployedBundle>& history() const { return history_; }
  /// Hash of what the server was given at the start of this history.
  [[nodiscard]] const std::string& base() const { return base_; }
  /// Whether `given` is what the history began with, so that its last entry is to be run.
  [[nodiscard]] bool continues_from(std::string_view given) const {
    return !history_.empty() && base_ == given;
  }

  /// Reads a bundle back. Errors: NotFound, Corruption.
  [[nodiscard]] Result<runtime::BundleFile> load(const DeployedBundle& deployed) const;

  /// The bundle in force is from now on this one. The oldest ones go if there are too many.
  [[nodiscard]] Status record(const runtime::Bundle& bundle, std::int64_t now_unix_ms);
  /// The same, and the server was started with it.
  [[nodiscard]] Status record_base(const runtime::Bundle& bundle, std::int64_t now_unix_ms);
  /// The one before is in force again. There must be one.
  [[nodiscard]] Status forget_last();

 private:
  explicit BundleStore(std::string folder) : folder_(std::move(folder)) {}
  [[nodiscard]] std::string path_of(std::string_view hash) const;
  [[nodiscard]] std::string history_path() const { return folder_ + "/history.json"; }
  Status read_history();
  Status change_to(std::string base, std::vector<DeployedBundle> history);
  Status keep(const runtime::Bundle& bundle, std::string base, std::int64_t now_unix_ms);
  void remove_unnamed() const;

  std::string folder_;
  std::string base_;
  std::vector<DeployedBundle> history_;
};

}  // namespace moonstone::protocol::functions
