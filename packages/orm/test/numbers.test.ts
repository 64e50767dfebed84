// What the addon and the package know alike: numbers, and which hooks a method calls.
import { expect, test } from "vitest";
import "./addon.js";
import { hookGroup, hookOperation, isWrite, METHODS } from "../src/methods.js";
import { Operation, operate } from "../src/native.js";

interface Description {
  operations: Record<string, number>;
  methods: string[];
  hooks: Record<string, [string, string]>;
}

const describeAddon = (): Description =>
  operate(
    (exchange) => exchange.begin(Operation.Describe),
    (exchange) => exchange.read() as Description,
  );

test("operations and methods have the numbers of the addon", () => {
  const described = describeAddon();
  expect([...METHODS]).toEqual(described.methods);
  expect(METHODS.filter((method) => isWrite(method))[0]).toBe("create");
  // The compiler makes an object of the enum that also knows names by numbers.
  const own = Object.entries(Operation).filter(([name]) => Number.isNaN(Number(name)));
  expect(Object.fromEntries(own)).toEqual(described.operations);
});

test("methods call the hooks that the addon calls", () => {
  const own = METHODS.map((method) => {
    const operation = hookOperation(method);
    return [method, [operation ?? "", (operation && hookGroup(operation)) ?? ""]];
  });
  expect(Object.fromEntries(own)).toEqual(describeAddon().hooks);
});
