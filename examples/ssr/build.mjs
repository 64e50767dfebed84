// Two bundles of the same components: one that Node renders, one that the browser hydrates.
import { build } from "esbuild";

const common = {
  bundle: true,
  format: "esm",
  jsx: "automatic",
  outdir: "dist",
  logLevel: "warning",
};
await build({
  ...common,
  entryPoints: ["src/server.tsx"],
  platform: "node",
  packages: "external",
});
await build({
  ...common,
  entryPoints: ["src/browser.tsx", "src/style.css"],
  define: { "process.env.NODE_ENV": '"production"' },
  minify: true,
});
