import { Show } from "solid-js";
import type { JSX } from "solid-js";
import { createConnectionState } from "@moonstone/solid";
import { counted } from "../../tasks/shared/text";
import { forgetProblem, writes } from "../../tasks/shared/writes";
import { observe } from "./state";

/** What the page has to say: no connection, and changes that the server refused. */
export function Notices(): JSX.Element {
  const connection = createConnectionState();
  const state = observe(writes);
  return (
    <div class="notices">
      <Show when={connection() !== "connected"}>
        <p class="offline" role="status">
          <strong>No connection.</strong> Go on: what you see is kept on this device
          {state().waiting > 0
            ? `, and ${counted(state().waiting, "change")} will be sent later.`
            : "."}
        </p>
      </Show>
      <Show when={state().problem}>
        <p class="problem" role="alert">
          <strong>Not saved.</strong> {state().problem}
          <button onClick={forgetProblem}>Dismiss</button>
        </p>
      </Show>
    </div>
  );
}
