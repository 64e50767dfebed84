import { createContext, createElement, useContext } from "react";
import type { Context, ReactElement, ReactNode } from "react";
import type { MoonstoneClient } from "@moonstone/client";

const ClientContext: Context<MoonstoneClient | null> = createContext<MoonstoneClient | null>(null);

export interface MoonstoneProviderProps {
  client: MoonstoneClient;
  children?: ReactNode;
}

/** Makes a client available to the hooks of everything inside. It does not close the client. */
export function MoonstoneProvider({ client, children }: MoonstoneProviderProps): ReactElement {
  return createElement(ClientContext.Provider, { value: client }, children);
}

/** The client of the closest provider. Errors: there is none. */
export function useMoonstoneClient(): MoonstoneClient {
  const client = useContext(ClientContext);
  if (client !== null) return client;
  throw new Error("useMoonstoneClient must be used within a MoonstoneProvider");
}
