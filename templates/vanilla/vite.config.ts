import { defineConfig } from "vite";

// The page talks to the server that it came from; under `npm run dev` that is Vite, which passes
// these paths on to `moonstone dev`.
const backend = "http://127.0.0.1:8788";

export default defineConfig({
  server: {
    proxy: { "/ws": { target: backend, ws: true }, "/query": backend, "/storage": backend },
  },
});
