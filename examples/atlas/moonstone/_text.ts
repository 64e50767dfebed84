// The name of this file starts with `_`, so it is no module of functions but a helper of them.

/** A name as one types it in a search: "São Paulo" becomes "sao paulo". */
export function searchKey(name: string): string {
  return name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** The text without space around it. Errors: it is empty, or longer than `limit` characters. */
export function checkText(what: string, text: string, limit: number): string {
  const trimmed = text.trim();
  if (trimmed === "") throw new Error(`${what} must not be empty`);
  if (trimmed.length > limit) throw new Error(`${what} has at most ${limit} characters`);
  return trimmed;
}

export const MAX_PERSON_LENGTH = 40;
