// Moonstone. Licence: see LICENSE.
//
// A day in the library. The file is the first argument; without one it is temporary.
import { addBook, lend, openLibrary, overview, search, takeBack } from "./library.mjs";

const db = await openLibrary(process.argv[2] ?? ":memory:");

if ((await db.book.count()) === 0) {
  await addBook(db, {
    title: "The Waves",
    blurb: "Six voices by the sea.",
    author: "Virginia Woolf",
    subjects: ["novel", "sea"],
  });
  await addBook(db, {
    title: "Orlando",
    blurb: "A life of three centuries.",
    author: "Virginia Woolf",
    subjects: ["novel"],
  });
  await addBook(db, {
    title: "The Sea Around Us",
    blurb: "How the sea came to be.",
    author: "Rachel Carson",
    subjects: ["science", "sea"],
  });
}

const loan = await lend(db, "Orlando", "Ada@Example.org");
console.log(`loan ${loan.number} is ${loan.state}`);
await lend(db, "Orlando", "lin@example.org").catch((error) => console.log(error.message));
console.log(`loan ${loan.number} is ${(await takeBack(db, loan)).state}`);

for (const book of await search(db, "sea"))
  console.log(`${book._highlight}, by ${book.author.name}`);

const { authors, loans, books } = await overview(db);
for (const { name, bookCount } of authors) console.log(`${name}: ${bookCount}`);
for (const { state, _count } of loans) console.log(`${state}: ${_count}`);
console.log(`${books._count} books`);
db.$close();
