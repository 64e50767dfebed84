import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { world } from "./world.mjs";

// The page talks to the server that it came from; under `npm run dev` that is Vite, which passes on.
export default defineConfig({
  plugins: [react(), world()],
  server: { proxy: { "/ws": { target: "ws://127.0.0.1:8788", ws: true } } },
});
