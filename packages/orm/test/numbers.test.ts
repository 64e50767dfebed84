// What the addon and the package number alike.
import { expect, test } from "vitest";
import "./addon.js";
import { isWrite, METHODS } from "../src/methods.js";
import { Operation, operate } from "../src/native.js";

interface Description {
  operations: Record<string, number>;
  methods: string[];
}

test("operations and methods have the numbers of the addon", () => {
  const described = operate(
    (exchange) => exchange.begin(Operation.Describe),
    (exchange) => exchange.read() as Description,
  );
  expect([...METHODS]).toEqual(described.methods);
  expect(METHODS.filter((method) => isWrite(method))[0]).toBe("create");
  // The compiler makes an object of the enum that also knows names by numbers.
  const own = Object.entries(Operation).filter(([name]) => Number.isNaN(Number(name)));
  expect(Object.fromEntries(own)).toEqual(described.operations);
});
