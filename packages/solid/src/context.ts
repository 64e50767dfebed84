import { createComponent, createContext, useContext } from "solid-js";
import type { Context, JSX } from "solid-js";
import type { MoonstoneClient } from "@moonstone/client";

const ClientContext: Context<MoonstoneClient | undefined> = createContext<MoonstoneClient>();

export interface MoonstoneProviderProps {
  client: MoonstoneClient;
  children?: JSX.Element;
}

/** Makes a client available to the primitives of everything inside. It does not close the client. */
export function MoonstoneProvider(props: MoonstoneProviderProps): JSX.Element {
  return createComponent(ClientContext.Provider, {
    get value() {
      return props.client;
    },
    get children() {
      return props.children;
    },
  });
}

/** The client of the closest provider. Errors: there is none. */
export function useMoonstoneClient(): MoonstoneClient {
  const client = useContext(ClientContext);
  if (client !== undefined) return client;
  throw new Error("useMoonstoneClient must be used within a MoonstoneProvider");
}
