// Moonstone. Licence: see LICENSE.
#pragma once
// Tenants: every tenant of a server, open or not. They are opened on demand and closed when nobody
// has used them for a while, so that a thousand of them cost little more than those in use.
//
// The folders are the catalogue: the default tenant lives in the data folder itself, the others in
// tenants/<name>. A closed tenant leaves a note behind that says when its next job is due; a tenant
// without a note (the process died) is opened once to find out.
// Invariants:
//  (1) A tenant is opened, closed and given new code on one thread, the keeper's.
//  (2) A tenant that somebody holds is not closed.
//  (3) All tenants run the code of the last deployment, or refuse to.
// Threads: synchronised. Source: functions.md sections 1 and 10; design.md decision 20.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "protocol/functions/tenant.h"

namespace moonstone::protocol::functions {

/// Who may make a tenant by naming it in an address.
enum class TenantCreation : unsigned char { Anyone, Administrator };

struct TenantsOptions {
  TenantOptions each;  // `folder` is the data folder; folders and slugs of the others follow
  TenantCreation creation = TenantCreation::Anyone;
  std::size_t tenants_max = 10'000;            // besides the default one; bounds the disk
  std::size_t open_max = 50;                   // besides the default one; bounds threads and memory
  std::chrono::milliseconds idle_max{60'000};  // an unused one is closed after this
  std::chrono::milliseconds open_wait_max{5'000};  // for a request, while too many are in use
};

class Tenants {
 public:
  /// Opens the default tenant and looks the others up.
  [[nodiscard]] static Result<std::unique_ptr<Tenants>> open(TenantsOptions options);
  virtual ~Tenants() = default;

  /// The default tenant; always open.
  [[nodiscard]] virtual const TenantPtr& root() const = 0;

  /// Finds a tenant by the segment of the address, opening it if need be. `done` is called once,
  /// perhaps at once, else on the keeper's thread. Errors: NotFound (reason "tenant") if it does
  /// not exist and must not be made; InvalidArgument (a name that cannot be one); LimitExceeded
  /// (reason "tenants"); Unavailable (reason "tenants_open", "shutting_down").
  enum class IfMissing : unsigned char { Refuse, Create };
  using Found = std::move_only_function<void(Result<TenantPtr>)>;
  virtual void find(std::string_view slug, IfMissing if_missing, Found done) = 0;

  /// Puts a bundle into force for all tenants. Every tenant's data is checked first, that of closed
  /// ones too; if one does not fit, nothing changes and the error names it. Waits.
  struct DeployOutcome {
    FunctionHost::DeployOutcome root;
    std::size_t tenants = 0;          // besides the default one
    std::vector<std::string> failed;  // that kept their former code, with the reason
  };
  [[nodiscard]] virtual Result<DeployOutcome> deploy(runtime::BundlePtr bundle,
                                                     store::Writer::AllowDataLoss allow) = 0;

  /// What deploy() would do to the data of one tenant, and meet there.
  struct Check {
    std::string slug;
    store::Writer::SchemaCheck schema;
  };
  /// The default tenant first; the others, closed ones too, if the schema changes at all. Nothing
  /// is changed. Waits.
  [[nodiscard]] virtual Result<std::vector<Check>> check(runtime::BundlePtr bundle) = 0;

  struct Info {
    std::string slug;
    bool is_open = false;
  };
  /// All of them, the default one first, then by name.
  [[nodiscard]] virtual std::vector<Info> list() const = 0;

  /// Calls `visit` for each open tenant, the default one included.
  virtual void for_each_open(const std::function<void(Tenant&)>& visit) const = 0;

  [[nodiscard]] virtual const TenantsOptions& options() const = 0;

  /// Closes all. No request may come any more. Idempotent.
  virtual void stop() = 0;
};

/// The folder's name for a slug: itself if it is plain, else an encoding that cannot be confused.
/// Errors: InvalidArgument (empty, longer than 100 bytes, or not UTF-8 text).
[[nodiscard]] Result<std::string> tenant_folder_name(std::string_view slug);
/// The slug of a folder's name; nothing if no slug has that name.
[[nodiscard]] std::optional<std::string> tenant_slug_of(std::string_view folder_name);

}  // namespace moonstone::protocol::functions
