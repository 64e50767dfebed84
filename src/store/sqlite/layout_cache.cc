// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/layout_cache.h"

#include <memory>
#include <utility>

#include "store/sqlite/internal/meta.h"

namespace moonstone::store::sqlite {

LayoutPtr LayoutCache::find(std::uint64_t schema_version) {
  const auto layouts = layouts_.lock();
  for (const LayoutPtr& layout : *layouts) {
    if (layout->schema_version == schema_version) return layout;
  }
  return nullptr;
}

Result<LayoutPtr> LayoutCache::load(Connection& connection, std::uint64_t schema_version) {
  if (LayoutPtr known = find(schema_version)) return known;
  MS_TRY(schema::Schema schema, read_schema(connection, load_catalog_));
  add(make_layout(std::make_shared<const schema::Schema>(std::move(schema)), schema_version));
  return find(schema_version);
}

void LayoutCache::add(LayoutPtr layout) {
  const auto layouts = layouts_.lock();
  for (const LayoutPtr& known : *layouts) {
    if (known->schema_version == layout->schema_version) return;  // another reader was faster
  }
  layouts->push_back(std::move(layout));
  if (layouts->size() > kKept) layouts->erase(layouts->begin());
}

}  // namespace moonstone::store::sqlite
