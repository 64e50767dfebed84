import type { Activity } from "./types";

/** What somebody did, as the middle of "Ada … the title". */
export const VERBS: Record<Activity["verb"], string> = {
  added: "added",
  started: "started",
  finished: "finished",
  reopened: "put back",
  edited: "edited",
  deleted: "deleted",
  commented: "commented on",
  attached: "attached a file to",
};

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** The time of day, or the day if it was not today. */
export function shortTime(ms: number): string {
  const date = new Date(ms);
  const isToday = date.toDateString() === new Date().toDateString();
  return (isToday ? clock : day).format(date);
}

/** The first letters of a name. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return words
    .slice(0, 2)
    .map((word) => [...word][0] ?? "")
    .join("")
    .toUpperCase();
}

/** A colour wheel's angle that belongs to a text. */
export function hueOf(text: string): number {
  let hash = 7;
  for (const letter of text) hash = (hash * 31 + letter.codePointAt(0)!) % 360;
  return hash;
}

/** "1 change", "2 changes". */
export function counted(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

export const CONNECTION_NAMES = {
  connected: "Live",
  connecting: "Connecting",
  disconnected: "Offline",
} as const;
