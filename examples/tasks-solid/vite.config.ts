import { defineConfig } from "vite";
import solid from "vite-plugin-solid";

const MOONSTONE = "http://127.0.0.1:8788";

// The page talks to the server that it came from; under `npm run dev` that is Vite, which passes on.
export default defineConfig({
  plugins: [solid()],
  publicDir: "../tasks/public",
  build: {
    // One file: what is loaded later would be missing when the page opens without a connection.
    rollupOptions: { output: { inlineDynamicImports: true } },
  },
  server: { proxy: { "/ws": { target: MOONSTONE, ws: true }, "/storage": MOONSTONE } },
});
