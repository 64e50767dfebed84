import { render } from "solid-js/web";
import { MoonstoneClient, MoonstoneProvider } from "@moonstone/solid";
import { App } from "./App";
import "./style.css";

const client = new MoonstoneClient("/ws");

render(
  () => (
    <MoonstoneProvider client={client}>
      <App />
    </MoonstoneProvider>
  ),
  document.getElementById("root")!,
);
