// Moonstone. Licence: see LICENSE.
//
// Type-checks the TypeScript in README.md and docs/guide: every block that begins with "```ts check".
// Each block is a module of one project with the schema of examples/chat and the `_generated/server`
// that belongs to it. Also compares the C++ of the embedding guide with the example that the tests
// build.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const tsc = join(
    dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
    "bin/tsc",
);
const BLOCK = /^```ts check\n([\s\S]*?)^```$/gm;

/** What the code generator writes for the table `messages` of the README. */
const SERVER = `
import { createInternalMutationFactory, createInternalQueryFactory, createMutationFactory,
  createQueryFactory, v as validators } from "@moonstone/server";
import type { DataModelFromSchema, MutationFactory, QueryFactory, Validators } from "@moonstone/server";
import type { schema } from "../schema";
type DataModel = DataModelFromSchema<typeof schema>;
export const v: Validators<"messages"> = validators;
export const query: QueryFactory<DataModel> = createQueryFactory<DataModel>();
export const mutation: MutationFactory<DataModel> = createMutationFactory<DataModel>();
export const internalQuery: QueryFactory<DataModel> = createInternalQueryFactory<DataModel>();
export const internalMutation: MutationFactory<DataModel> = createInternalMutationFactory<DataModel>();
`;

const pages = [
    "README.md",
    ...readdirSync(join(root, "docs/guide")).map((name) => `docs/guide/${name}`),
];
const chat = readFileSync(join(root, "examples/chat/moonstone/schema.ts"), "utf8");
const folder = mkdtempSync(join(root, "node_modules/.docs-check-"));
let count = 0;
try {
    const app = join(folder, "app");
    mkdirSync(join(app, "_generated"), { recursive: true });
    writeFileSync(join(app, "_generated/server.ts"), SERVER);
    writeFileSync(join(app, "schema.ts"), chat);
    for (const page of pages) {
        for (const [index, block] of [
            ...readFileSync(join(root, page), "utf8").matchAll(BLOCK),
        ].entries()) {
            writeFileSync(join(app, `${page.replaceAll("/", "_")}_${index + 1}.ts`), block[1]);
            count++;
        }
    }
    const options = {
        noEmit: true,
        declaration: false,
        isolatedDeclarations: false,
        noUnusedLocals: false,
        types: [],
        paths: { "@moonstone/server": [join(root, "packages/server/src/index.ts")] },
    };
    writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({
            extends: join(root, "tsconfig.base.json"),
            compilerOptions: options,
            include: ["app"],
        }),
    );
    execFileSync(process.execPath, [tsc, "-p", folder], { stdio: "inherit" });
} catch {
    console.error("The file names above are page_block.ts: the page, and the number of its block.");
    process.exitCode = 1;
} finally {
    rmSync(folder, { recursive: true, force: true });
}
// The C++ of the embedding guide is the example that the tests build.
const [, embedded] =
    readFileSync(join(root, "docs/guide/embedding.md"), "utf8").match(/```cpp\n([\s\S]*?)```/) ??
    [];
if (
    embedded === undefined ||
    !readFileSync(join(root, "examples/embed/notes.cc"), "utf8").endsWith(embedded)
) {
    console.error(
        "docs/guide/embedding.md shows another program than examples/embed/notes.cc; copy it anew.",
    );
    process.exitCode = 1;
}
if (count === 0) {
    console.error("No block marked 'ts check' was found.");
    process.exitCode = 1;
} else if (!process.exitCode) {
    console.log(`types of the documentation: ok (${count} blocks)`);
}
