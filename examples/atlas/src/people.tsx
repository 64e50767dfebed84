import type { ReactElement } from "react";

const NAMES = ["Ada", "Amundsen", "Cook", "Fatima", "Humboldt", "Ibn Battuta", "Ida", "Isabella"];
const MORE_NAMES = ["Jeanne", "Magellan", "Marco", "Nellie", "Sacagawea", "Tenzing", "Zheng He"];

export function randomName(): string {
  const names = [...NAMES, ...MORE_NAMES];
  return names[Math.floor(Math.random() * names.length)]!;
}

/** Initials on a colour that belongs to the name. */
export function Avatar({ name }: { name: string }): ReactElement {
  const words = name.trim().split(/\s+/);
  const initials = words.map((word) => [...word][0] ?? "").join("");
  return (
    <span className="avatar" style={{ background: colorOf(name) }} aria-hidden>
      {[...initials].slice(0, 2).join("").toUpperCase()}
    </span>
  );
}

function colorOf(name: string): string {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)!) % 360;
  return `hsl(${hash} 50% 42%)`;
}
