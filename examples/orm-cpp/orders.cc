// Moonstone. Licence: see LICENSE.
//
// The ORM in a program of your own: a shop with customers and orders on one SQLite file.

#include <cstdio>
#include <string>

#include <moonstone/orm.h>

namespace {

using moonstone::embed::Arguments;
using moonstone::embed::Durability;
using moonstone::embed::Failure;
using moonstone::embed::Orm;
using moonstone::embed::Rows;

constexpr const char* kSchema = R"(
enum Status { open paid transitions { pay: open -> paid } }

model Customer {
  id Int @id
  name String @trim @length(1, 40)
  email String @unique @email @lower
  orders Order[]
}

model Order {
  id Int @id
  status Status @default(open)
  total Float @gt(0)
  customer Customer @relation(fields: [customerId], references: [id], onDelete: Cascade)
  customerId Int
  createdAt DateTime @default(now())
  @@index([customerId, status])
}
)";

int fail(const Failure& failure) {
  std::fprintf(stderr, "%s: %s\n", failure.code.c_str(), failure.message.c_str());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  auto opened = Orm::open({.path = argc > 1 ? argv[1] : "orders.db",
                           .schema = kSchema,
                           .durability = Durability::Full,
                           .pluralize = false,
                           .auth_json = {}});
  if (!opened) return fail(opened.error());
  Orm& orm = **opened;

  // A customer with two orders, in one transaction.
  const auto ada = Arguments::parse(R"({"data": {"name": " Ada ", "email": "ADA@example.com",
      "orders": {"create": [{"total": 12.5}, {"total": 30}]}}})");
  if (auto made = orm.call("customer", "create", *ada); !made) return fail(made.error());

  // What is wrong is said with its place.
  Arguments wrong;
  wrong.set("data.name", "Lin").set("data.email", "nobody");
  if (auto made = orm.call("customer", "create", wrong); !made) {
    std::printf("%s\n", made.error().message.c_str());
  }

  // A state machine: an order is paid once.
  const auto pay = Arguments::parse(R"([1, "pay"])");
  if (auto paid = orm.call("order", "transition", *pay); !paid) return fail(paid.error());

  const auto query = Arguments::parse(R"({"where": {"status": "open"}, "orderBy": {"total": "desc"},
      "include": {"customer": true}})");
  auto orders = orm.call("order", "findMany", *query);
  if (!orders) return fail(orders.error());
  const Rows& rows = orders->rows;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Rows customer = rows.related(i, "customer");
    const std::string name(customer.text(0, *customer.column("name")));
    std::printf("open: %.2f of %s\n", rows.number(i, *rows.column("total")), name.c_str());
  }

  const auto sums = Arguments::parse(R"({"by": ["status"], "_count": true, "_sum": {"total": true},
      "orderBy": {"status": "asc"}})");
  auto groups = orm.call("order", "groupBy", *sums);
  if (!groups) return fail(groups.error());
  std::printf("%s\n", groups->json().c_str());
  return 0;
}
