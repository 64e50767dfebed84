import { createSignal } from "solid-js";
import type { JSX } from "solid-js";
import { createAction } from "@moonstone/solid";
import { api } from "../../tasks/moonstone/_generated/api";
import { follow } from "../../tasks/shared/writes";

/** What one sees first: there is no project yet. */
export function Welcome(): JSX.Element {
  const fill = createAction(api.samples.fill);
  const [isFilling, setIsFilling] = createSignal(false);
  const start = async (): Promise<void> => {
    setIsFilling(true);
    await follow(fill());
    setIsFilling(false);
  };
  return (
    <div class="welcome">
      <h2>Nothing here yet</h2>
      <p>Begin a project of your own, or look around in three that are made up. Then:</p>
      <ul>
        <li>open a second window and see every change at once,</li>
        <li>stop the server and go on working, even across a reload,</li>
        <li>scroll through ten thousand lines of activity.</li>
      </ul>
      <button class="primary" disabled={isFilling()} onClick={() => void start()}>
        {isFilling() ? "Filling…" : "Fill with samples"}
      </button>
    </div>
  );
}
