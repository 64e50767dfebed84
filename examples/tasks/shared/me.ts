import { Observable } from "./observable";

const NAMES = ["Quiet Fox", "Lunar Moth", "Amber Otter", "Swift Wren", "Silver Heron"];
const STORAGE_KEY = "moonstone-tasks-name";

/** The name that goes with one's changes. All tabs of a browser share it. */
export const me = new Observable<string>(
  localStorage.getItem(STORAGE_KEY) ?? NAMES[Math.floor(Math.random() * NAMES.length)]!,
);

export function setMe(name: string): void {
  localStorage.setItem(STORAGE_KEY, name);
  me.set(name);
}
