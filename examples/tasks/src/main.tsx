import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { MoonstoneProvider } from "@moonstone/react";
import { keepPageOffline, makeClient } from "../shared/client";
import "../shared/style.css";
import { App } from "./App";

async function start(): Promise<void> {
  const client = makeClient();
  await client.init(); // what was on the screen last time is there before the first render
  createRoot(document.getElementById("root")!).render(
    <StrictMode>
      <MoonstoneProvider client={client}>
        <App />
      </MoonstoneProvider>
    </StrictMode>,
  );
}

void start();
keepPageOffline();
