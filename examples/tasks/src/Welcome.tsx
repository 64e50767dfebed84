import { useState } from "react";
import type { ReactElement } from "react";
import { useAction } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import { follow } from "../shared/writes";

/** What one sees first: there is no project yet. */
export function Welcome(): ReactElement {
  const fill = useAction(api.samples.fill);
  const [isFilling, setIsFilling] = useState(false);
  const start = async (): Promise<void> => {
    setIsFilling(true);
    await follow(fill());
    setIsFilling(false);
  };
  return (
    <div className="welcome">
      <h2>Nothing here yet</h2>
      <p>Begin a project of your own, or look around in three that are made up. Then:</p>
      <ul>
        <li>open a second window and see every change at once,</li>
        <li>stop the server and go on working, even across a reload,</li>
        <li>scroll through ten thousand lines of activity.</li>
      </ul>
      <button className="primary" disabled={isFilling} onClick={() => void start()}>
        {isFilling ? "Filling…" : "Fill with samples"}
      </button>
    </div>
  );
}
