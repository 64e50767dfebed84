import { Observable } from "./observable";

/** What the page shows. It stands in the address, so a reload and a link keep it. */
export interface Place {
  /** The key of a project; undefined for the first one. */
  project: string | undefined;
  /** "activity", the key of a task, or undefined for the board alone. */
  panel: string | undefined;
}

export const place = new Observable<Place>(read());

addEventListener("hashchange", () => place.set(read()));

export function go(next: Place): void {
  location.hash = addressOf(next);
}

export function addressOf({ project = "", panel = "" }: Place): string {
  return `#/${encodeURIComponent(project)}/${encodeURIComponent(panel)}`;
}

function read(): Place {
  const [, project, panel] = location.hash.split("/").map(decode);
  return { project: project || undefined, panel: panel || undefined };
}

/** The text as it was meant; an address that somebody mistyped means nothing. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
