// Moonstone. Licence: see LICENSE.
// The files of a guide page: each ```ts block that begins with a comment naming its path.
import { readFileSync } from "node:fs";
import path from "node:path";
import { kRoot } from "./server.mjs";

export function filesOfGuide(page) {
  const text = readFileSync(path.join(kRoot, "docs/guide", page), "utf8");
  const files = {};
  for (const [, name, body] of text.matchAll(/^```ts\n\/\/ (\S+)\n([\s\S]*?)^```$/gm)) {
    files[name] = body;
  }
  return files;
}
