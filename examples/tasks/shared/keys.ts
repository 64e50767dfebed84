const DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz";
const KEY_LENGTH = 16;

/** A key for something new: 82 random bits, so two pages never make the same. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(KEY_LENGTH));
  return Array.from(bytes, (byte) => DIGITS[byte % DIGITS.length]).join("");
}

const PENDING = "pending:";

/** The id of a document until the server has made one. */
export function pendingId(key: string): string {
  return PENDING + key;
}

/** Whether the server does not have the document yet. */
export function isPending(document: { _id: string }): boolean {
  return document._id.startsWith(PENDING);
}
