import { useCallback, useSyncExternalStore } from "react";
import type { ConnectionState } from "@moonstone/client";
import { useProvidedClient } from "./context.js";
import { nothing } from "./observed_query.js";

/** `"connecting"`, `"connected"` or `"disconnected"`, live; a server renders `"connecting"`. */
export function useConnectionState(): ConnectionState {
  const client = useProvidedClient();
  const watch = useCallback(
    (listener: () => void) => client?.onConnectionChange(listener) ?? nothing,
    [client],
  );
  const getState = useCallback(() => client?.connectionState ?? "connecting", [client]);
  return useSyncExternalStore(watch, getState, connecting);
}

function connecting(): ConnectionState {
  return "connecting";
}
