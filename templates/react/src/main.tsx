import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { MoonstoneClient, MoonstoneProvider } from "@moonstone/react";
import { App } from "./App";
import "./style.css";

const client = new MoonstoneClient("/ws");

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <MoonstoneProvider client={client}>
      <App />
    </MoonstoneProvider>
  </StrictMode>,
);
