import type { ReactElement } from "react";
import { MoonstoneProvider } from "@moonstone/react";
import type { MoonstoneClient, Preloaded } from "@moonstone/react";
import { Guestbook } from "./Guestbook";
import type { Entry } from "./Guestbook";

/** What the server found out, and the browser needs in order to render the same. */
export interface PageData {
  /** Where the browser finds Moonstone. */
  url: string;
  entries: Preloaded<Entry[]>;
}

/** The whole document, the same on both sides. Only a browser has a client. */
export function Page({
  data,
  client,
}: {
  data: PageData;
  client: MoonstoneClient | null;
}): ReactElement {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Guest book · Moonstone</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <MoonstoneProvider client={client}>
          <Guestbook preloaded={data.entries} />
        </MoonstoneProvider>
        <script
          id="page-data"
          type="application/json"
          dangerouslySetInnerHTML={{ __html: scriptSafe(data) }}
        />
      </body>
    </html>
  );
}

/** JSON that cannot end the script that it stands in. */
function scriptSafe(data: PageData): string {
  return JSON.stringify(data).replaceAll("<", "\\u003c");
}
