import { useEffect, useRef, useState } from "react";

/** The last value that was there, so that a list stays while its successor is on the way. */
export function useLatest<T>(value: T | undefined): T | undefined {
  const latest = useRef(value);
  if (value !== undefined) latest.current = value;
  return latest.current;
}

/** The value once it has been the same for a while: a slider asks once, not at every step. */
export function useSettled<T>(value: T, delayMs: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), delayMs);
    return () => clearTimeout(timer);
  }, [value, delayMs]);
  return settled;
}

/** A state of this window, kept over reloads; two windows are two people. */
export function useWindowState(key: string, initial: () => string): [string, (v: string) => void] {
  const [value, setValue] = useState(() => {
    const stored = sessionStorage.getItem(key) ?? initial();
    sessionStorage.setItem(key, stored);
    return stored;
  });
  const change = (next: string): void => {
    sessionStorage.setItem(key, next);
    setValue(next);
  };
  return [value, change];
}
