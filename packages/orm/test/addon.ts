// The build whose addon the tests load; imported before the package.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const build = process.env["MOONSTONE_BUILD"];
if (build !== undefined) {
  const addon = join(build, "lib", "moonstone_orm.node");
  if (existsSync(addon)) process.env["MOONSTONE_ORM_ADDON"] = addon;
}

/** A folder for the files of one test; `remove` deletes it. */
export function temporaryFolder(): { path: string; file(name: string): string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "moonstone-orm-test-"));
  return {
    path,
    file: (name) => join(path, name),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** The schema of most tests: people who write posts with tags. */
export const BLOG = `
enum Role { admin member }
enum Stage {
  draft review live
  transitions { submit: draft -> review  publish: [draft, review] -> live }
}
type Place { city String  zip String? }
model User {
  id Int @id
  email String @unique @email @lower
  name String? @trim
  role Role @default(member)
  age Int?
  score Float @default(0)
  isActive Boolean @default(true)
  home Json? @type(Place)
  data Json?
  photo Bytes?
  tags String[]
  createdAt DateTime @default(now())
  posts Post[]
  deletedAt DateTime?
  @@softDelete
  @@index([role, age])
}
model Post {
  id Int @id
  title String @length(1, 200)
  body String @default("")
  stage Stage @default(draft)
  author User @relation(fields: [authorId], references: [id], onDelete: Cascade)
  authorId Int
  labels Label[]
  @@fts([title, body])
}
model Label { id Int @id  name String @unique  posts Post[] }
`;
