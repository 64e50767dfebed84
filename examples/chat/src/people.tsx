import { useState } from "react";
import type { ReactElement } from "react";

const ADJECTIVES = ["Amber", "Silver", "Quiet", "Lunar", "Bright", "Gentle", "Swift", "Velvet"];
const ANIMALS = ["Fox", "Otter", "Heron", "Lynx", "Moth", "Badger", "Wren", "Hare"];

/** One's name, kept for this window so that two windows are two people. */
export function useName(): [string, (name: string) => void] {
  const [name, setName] = useState(() => sessionStorage.getItem("name") ?? randomName());
  const change = (next: string): void => {
    sessionStorage.setItem("name", next);
    setName(next);
  };
  return [name, change];
}

function randomName(): string {
  const pick = (words: string[]): string => words[Math.floor(Math.random() * words.length)]!;
  const name = `${pick(ADJECTIVES)} ${pick(ANIMALS)}`;
  sessionStorage.setItem("name", name);
  return name;
}

/** Initials on a colour that belongs to the name. */
export function Avatar({ name }: { name: string }): ReactElement {
  const words = name.trim().split(/\s+/);
  const initials = words.map((word) => word[0] ?? "").join("");
  return (
    <span className="avatar" style={{ background: colorOf(name) }} aria-hidden>
      {initials.slice(0, 2).toUpperCase()}
    </span>
  );
}

function colorOf(name: string): string {
  let hash = 7;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)!) % 360;
  return `hsl(${hash} 55% 45%)`;
}
