import { createSignal, onCleanup } from "solid-js";
import type { Accessor } from "solid-js";
import type { ConnectionState } from "@moonstone/client";
import { useProvidedClient } from "./context.js";

/** `"connecting"`, `"connected"` or `"disconnected"`, live; a server renders `"connecting"`. */
export function createConnectionState(): Accessor<ConnectionState> {
  const client = useProvidedClient();
  const [state, setState] = createSignal<ConnectionState>(client?.connectionState ?? "connecting");
  if (client !== null) onCleanup(client.onConnectionChange(setState));
  return state;
}
