import type { ReactElement, ReactNode } from "react";
import { count } from "./cities";

interface PanelProps {
  title: string;
  /** The colour of its dots on the map. */
  layer: "country" | "search" | "latitude" | "star" | "plain";
  total?: number | undefined;
  children: ReactNode;
}

export function Panel({ title, layer, total, children }: PanelProps): ReactElement {
  return (
    <section className="panel" data-layer={layer} aria-label={title}>
      <h2>
        {title}
        {total !== undefined && <span className="total">{count(total)}</span>}
      </h2>
      {children}
    </section>
  );
}
