import { render } from "solid-js/web";
import { MoonstoneProvider } from "@moonstone/solid";
import { keepPageOffline, makeClient } from "../../tasks/shared/client";
import "../../tasks/shared/style.css";
import { App } from "./App";

async function start(): Promise<void> {
  const client = makeClient();
  await client.init(); // what was on the screen last time is there before the first render
  render(
    () => (
      <MoonstoneProvider client={client}>
        <App />
      </MoonstoneProvider>
    ),
    document.getElementById("root")!,
  );
}

void start();
keepPageOffline();
