import { hydrateRoot } from "react-dom/client";
import { MoonstoneClient } from "@moonstone/react";
import { Page } from "./Page";
import type { PageData } from "./Page";

const data = JSON.parse(document.getElementById("page-data")!.textContent!) as PageData;

hydrateRoot(document, <Page data={data} client={new MoonstoneClient(data.url)} />);
