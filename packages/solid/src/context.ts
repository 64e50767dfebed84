import { createComponent, createContext, useContext } from "solid-js";
import type { Context, JSX } from "solid-js";
import type { MoonstoneClient } from "@moonstone/client";

/** undefined: no provider; null: a provider without a client, where a server renders. */
const ClientContext: Context<MoonstoneClient | null | undefined> = createContext<
  MoonstoneClient | null | undefined
>();

export interface MoonstoneProviderProps {
  /** null where a server renders: queries are then undefined, and nothing is connected. */
  client: MoonstoneClient | null;
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

/** The client of the closest provider. Errors: there is no provider, or its client is null. */
export function useMoonstoneClient(): MoonstoneClient {
  const client = useProvidedClient();
  if (client !== null) return client;
  throw new Error(
    "useMoonstoneClient: the MoonstoneProvider was given null, as where a server renders; " +
      "a browser must give it a MoonstoneClient",
  );
}

/** The same, but null where a server renders. Errors: there is no provider. */
export function useProvidedClient(): MoonstoneClient | null {
  const client = useContext(ClientContext);
  if (client !== undefined) return client;
  throw new Error("useMoonstoneClient must be used within a MoonstoneProvider");
}

/** The same, but null without a provider too. */
export function useClientIfAny(): MoonstoneClient | null {
  return useContext(ClientContext) ?? null;
}
