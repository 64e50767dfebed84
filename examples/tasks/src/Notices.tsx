import type { ReactElement } from "react";
import { useConnectionState } from "@moonstone/react";
import { counted } from "../shared/text";
import { forgetProblem, writes } from "../shared/writes";
import { useObservable } from "./hooks";

/** What the page has to say: no connection, and changes that the server refused. */
export function Notices(): ReactElement {
  const isConnected = useConnectionState() === "connected";
  const { waiting, problem } = useObservable(writes);
  return (
    <div className="notices">
      {!isConnected && (
        <p className="offline" role="status">
          <strong>No connection.</strong> Go on: what you see is kept on this device
          {waiting > 0 ? `, and ${counted(waiting, "change")} will be sent later.` : "."}
        </p>
      )}
      {problem !== undefined && (
        <p className="problem" role="alert">
          <strong>Not saved.</strong> {problem}
          <button onClick={forgetProblem}>Dismiss</button>
        </p>
      )}
    </div>
  );
}
