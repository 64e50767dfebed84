// The JavaScript of docs/orm: every block that begins with "```js run". The blocks of a page are one
// program; `line // → value` says what the line gives.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import "./addon.js";

const pages = fileURLToPath(new URL("../../../docs/orm", import.meta.url));
const built = new URL("../dist/index.js", import.meta.url).href;
const BLOCK = /^```js run\n([\s\S]*?)^```$/gm;
const EXPECTATION = /;? \/\/ → (.+)$/;

/** The program of a page, with its expectations as calls of `check`. */
function programOf(page: string): { text: string; count: number } {
  const imports = new Set<string>();
  const body: string[] = [];
  let count = 0;
  for (const [, block] of page.matchAll(BLOCK)) {
    let statement: string[] = [];
    for (const line of (block as string).split("\n")) {
      if (line.startsWith("import ")) {
        imports.add(line.replace('"@moonstone/orm"', JSON.stringify(built)));
        continue;
      }
      const [, expected] = EXPECTATION.exec(line) ?? [];
      statement.push(line.replace(EXPECTATION, ""));
      if (expected !== undefined) {
        // The expression begins after the last line that ended a statement.
        const begin = statement.findLastIndex(
          (one, i) => i < statement.length - 1 && /;$/.test(one),
        );
        body.push(...statement.slice(0, begin + 1));
        const expression = statement.slice(begin + 1).join("\n");
        body.push(`check(${JSON.stringify(line)}, await (${expression}), ${expected});`);
        statement = [];
        ++count;
      }
    }
    body.push(...statement);
  }
  const check = `import assert from "node:assert/strict";
const check = (line, found, expected) =>
  assert.deepEqual(JSON.parse(JSON.stringify(found)), expected, line + "\\n" + JSON.stringify(found));`;
  return { text: [...imports, check, ...body].join("\n"), count };
}

for (const name of readdirSync(pages).sort()) {
  const page = readFileSync(join(pages, name), "utf8");
  if (!page.includes("```js run")) continue;
  test(`${name} does what it says`, () => {
    const { text, count } = programOf(page);
    expect(count).toBeGreaterThan(0);
    const folder = mkdtempSync(join(pages, "../../node_modules/.orm-docs-"));
    try {
      writeFileSync(join(folder, "page.mjs"), text);
      const { status, stderr } = spawnSync(process.execPath, ["page.mjs"], {
        cwd: folder,
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
