// Moonstone. Licence: see LICENSE.
//
// Type-checks the TypeScript in README.md, docs/guide and docs/clients: every block that begins with
// "```ts check" or "```tsx check". Each block is a module of one project with the schema of
// examples/chat and the `_generated` files that belong to it: those of docs/clients lie beside the
// functions folder `moonstone`, the others in it. Also compares the C++ of the embedding guide with
// the example that the tests build.
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
const BLOCK = /^```(tsx?) check\n([\s\S]*?)^```$/gm;

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

/** The same for functions that the pages of docs/clients call. */
const API = `
import type { DataModelFromSchema, FunctionReference, Id, PaginationResult } from "@moonstone/server";
import type { schema } from "../schema";
type Message = DataModelFromSchema<typeof schema>["messages"];
type PageArgs = { channel: string; cursor?: string; numItems?: number };
type NewMessage = { channel: string; author: string; body: string };
export declare const api: {
  messages: {
    list: FunctionReference<"query", { channel: string }, Message[]>;
    page: FunctionReference<"query", PageArgs, PaginationResult<Message>>;
    count: FunctionReference<"query", {}, number>;
    send: FunctionReference<"mutation", NewMessage, Id<"messages">>;
    remove: FunctionReference<"mutation", { id: Id<"messages"> }, null>;
    summarize: FunctionReference<"action", { channel: string }, string>;
  };
};
`;

const pagesOf = (name) => readdirSync(join(root, name)).map((file) => `${name}/${file}`);
const pages = ["README.md", ...pagesOf("docs/guide"), ...pagesOf("docs/clients")];
const chat = readFileSync(join(root, "examples/chat/moonstone/schema.ts"), "utf8");
const folder = mkdtempSync(join(root, "node_modules/.docs-check-"));
let count = 0;
try {
    const app = join(folder, "moonstone");
    const client = join(folder, "src");
    mkdirSync(join(app, "_generated"), { recursive: true });
    mkdirSync(client);
    writeFileSync(join(app, "_generated/server.ts"), SERVER);
    writeFileSync(join(app, "_generated/api.ts"), API);
    writeFileSync(join(app, "schema.ts"), chat);
    for (const page of pages) {
        const target = page.startsWith("docs/clients") ? client : app;
        const jsx = page.endsWith("solid.md") ? "/** @jsxImportSource solid-js */ " : "";
        const blocks = readFileSync(join(root, page), "utf8").matchAll(BLOCK);
        for (const [index, [, kind, text]] of [...blocks].entries()) {
            const name = `${page.replaceAll("/", "_")}_${index + 1}.${kind}`;
            writeFileSync(join(target, name), jsx + text);
            count++;
        }
    }
    const options = {
        noEmit: true,
        declaration: false,
        isolatedDeclarations: false,
        noUnusedLocals: false,
        types: ["node"],
        lib: ["ES2022", "DOM", "DOM.Iterable"],
        target: "ES2022",
        jsx: "react-jsx",
        paths: Object.fromEntries(
            ["server", "client", "react", "solid"].map((name) => [
                `@moonstone/${name}`,
                [join(root, "packages", name, "src/index.ts")],
            ]),
        ),
    };
    writeFileSync(
        join(folder, "tsconfig.json"),
        JSON.stringify({
            extends: join(root, "tsconfig.base.json"),
            compilerOptions: options,
            include: ["moonstone", "src"],
        }),
    );
    execFileSync(process.execPath, [tsc, "-p", folder], { stdio: "inherit" });
} catch {
    console.error("The file names above are page_block: the page, and the number of its block.");
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
