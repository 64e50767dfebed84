import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source = (name: string): string =>
  fileURLToPath(new URL(`./${name}/src/index.ts`, import.meta.url));

// The tests run against the sources; only what is said about the built file reads dist/.
// The tool asks for a default export.
export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  test: {
    include: ["*/test/**/*.test.{ts,tsx}"],
    environment: "node",
  },
  resolve: {
    alias: {
      "@moonstone/server": source("server"),
      "@moonstone/client": source("client"),
      "@moonstone/react": source("react"),
      "@moonstone/solid": source("solid"),
      "@moonstone/orm": source("orm"),
      // Node would get the build for servers, in which no effect ever runs.
      "solid-js": fileURLToPath(new URL("../node_modules/solid-js/dist/solid.js", import.meta.url)),
    },
  },
});
