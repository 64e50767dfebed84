import { describe, expect, it } from "vitest";
import { defineModels } from "@moonstone/server";

describe("defineModels", () => {
  it("keeps what it is given", () => {
    const label = (): string => "x";
    const listener = { _name: "mail:send" };
    const defined = defineModels(
      { order: { computed: { label }, hooks: { before: { create: [label, label] } } } },
      { events: { change: ["mail:send", listener as never] } },
    );
    expect(defined._isModelFunctions).toBe(true);
    expect(defined.models["order"]?.computed?.["label"]).toBe(label);
    expect(defined.every.events?.change).toEqual(["mail:send", listener]);
    expect(defineModels({}).every).toEqual({});
  });

  it("refuses what nobody would call", () => {
    const order = (own: unknown) => () => defineModels({ order: own as object });
    expect(order(null)).toThrow("order must be an object");
    expect(order({ compute: {} })).toThrow(
      "defineModels: order.compute is unknown; there are computed, defaults, validate, hooks, events",
    );
    expect(order({ computed: { label: 1 } })).toThrow("order.computed.label must be a function");
    expect(order({ defaults: { note: "x" } })).toThrow("order.defaults.note must be a function");
    expect(order({ hooks: { around: {} } })).toThrow("order.hooks.around is unknown");
    expect(order({ hooks: { before: { create: [null] } } })).toThrow(
      "order.hooks.before.create must be a function",
    );
    expect(order({ validate: [{ message: "no" }] })).toThrow("validate[0] needs a function check");
    expect(order({ events: { create: "" } })).toThrow("order.events.create: expected a function");
    expect(() => defineModels({}, { computed: {} } as object)).toThrow(
      "every.computed is unknown; there are hooks, events",
    );
  });
});
