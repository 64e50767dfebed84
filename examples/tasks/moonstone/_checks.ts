const MAX_LENGTHS = { name: 40, project: 60, title: 120, comment: 2_000, notes: 10_000 };

/** The text without white space around it. Errors: it is empty or too long. */
export function checkText(kind: keyof typeof MAX_LENGTHS, text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") throw new Error(`The ${kind} is empty; write something first`);
  return checkLength(kind, trimmed);
}

/** The text. Errors: it is too long. */
export function checkLength(kind: keyof typeof MAX_LENGTHS, text: string): string {
  const max = MAX_LENGTHS[kind];
  if (text.length <= max) return text;
  throw new Error(`The ${kind} has ${text.length} characters; at most ${max} fit`);
}

/** A key that a page made. Errors: it does not look like one. */
export function checkKey(key: string): string {
  if (/^[0-9a-z]{16}$/.test(key)) return key;
  throw new Error(`"${key.slice(0, 40)}" is no key: a key has 16 digits or small letters`);
}
