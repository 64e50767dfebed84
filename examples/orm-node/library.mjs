// Moonstone. Licence: see LICENSE.
//
// What the library does, in terms of its tables.
import { createClient } from "@moonstone/orm";
import { fileURLToPath } from "node:url";

/** Opens the library's file, and makes it if need be. */
export function openLibrary(file) {
  return createClient({
    path: fileURLToPath(new URL("schema.lite", import.meta.url)),
    db: file,
    scopes: { Loan: { open: { where: { state: "open" } } } },
  });
}

/** A book with its author and subjects, whether these are known already or not. */
export function addBook(db, { title, blurb, author, subjects }) {
  return db.$transaction(async (tx) => {
    await tx.subject.upsertMany({
      data: subjects.map((name) => ({ name })),
      conflictTarget: "name",
    });
    return tx.book.create({
      data: {
        title,
        blurb,
        author: { connectOrCreate: { where: { name: author }, create: { name: author } } },
        subjects: { connect: subjects.map((name) => ({ name })) },
      },
    });
  });
}

/** Lends a book. Throws if somebody has it: two who ask at once cannot both get it. */
export function lend(db, title, email) {
  return db.$transaction(async (tx) => {
    const book = await tx.book.findFirstOrThrow({ where: { title } });
    const taken = await tx.loan.open.findFirst({
      where: { bookId: book.id },
      include: { reader: true },
    });
    if (taken !== null) throw new Error(`"${title}" is lent to ${taken.reader.email}`);
    const reader = await tx.reader.upsert({
      where: { email },
      create: { email },
      update: { email },
    });
    return tx.loan.create({ data: { bookId: book.id, readerId: reader.id } });
  });
}

/** Takes a book back. */
export function takeBack(db, loan) {
  return db.loan.transition(loan.id, "giveBack");
}

/** What the front desk wants to know, from one state of the database. */
export function overview(db) {
  return db.query({
    authors: {
      model: "author",
      select: { name: true, bookCount: true },
      orderBy: [{ books: { _count: "desc" } }, { name: "asc" }],
    },
    loans: { model: "loan", by: ["state"], _count: true, orderBy: { state: "asc" } },
    books: { model: "book", _count: true },
  });
}

/** Books about something, the best first. */
export function search(db, text) {
  return db.book.search(text, {
    highlight: { field: "title", open: "*", close: "*" },
    include: { author: { select: { name: true } } },
  });
}
