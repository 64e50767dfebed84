import { describe, expect, it } from "vitest";
import { cronJobs, httpAction, httpRouter, LunoraError } from "@moonstone/server";

const answer = (text: string) => httpAction(() => new Response(text));

describe("a router", () => {
  const router = httpRouter()
    .route({ path: "/a", method: "get", handler: answer("first") })
    .route({ path: "/a", method: "GET", handler: answer("second") })
    .routeWithPrefix({ pathPrefix: "/a", method: "GET", handler: answer("short") })
    .routeWithPrefix({ pathPrefix: "/a/b", method: "GET", handler: answer("long") });
  const lookup = async (path: string, method: string): Promise<string | null> => {
    const found = router.lookup(path, method);
    if (found === null) return null;
    const response: Response = await found.handler({} as never, new Request("http://x/"));
    return response.text();
  };

  it("prefers exact routes, then earlier ones", async () => {
    expect(await lookup("/a", "GET")).toBe("first");
    expect(await lookup("/a/b/c", "GET")).toBe("short");
    expect(await lookup("/a", "POST")).toBeNull();
    expect(await lookup("/b", "GET")).toBeNull();
  });

  it("refuses what it cannot serve", () => {
    const handler = answer("");
    const add = (route: object) => () => httpRouter().route(route as never);
    expect(add({ path: "a", method: "GET", handler })).toThrow('path must start with "/"');
    expect(add({ path: "/a", handler })).toThrow('http.route "/a": method');
    expect(add({ path: "/a", method: "GET", handler: () => 1 })).toThrow("made by httpAction");
  });
});

describe("cron jobs", () => {
  const expressionOf = (register: (crons: ReturnType<typeof cronJobs>) => void): unknown => {
    const crons = cronJobs();
    register(crons);
    const job = crons.jobs[0]!;
    return job.schedule.type === "cron" ? job.schedule.expression : job.schedule.ms;
  };

  it("turn every form into a schedule", () => {
    expect(expressionOf((c) => c.interval("j", { hours: 1, minutes: 2, seconds: 3 }, "a:b"))).toBe(
      3_723_000,
    );
    expect(expressionOf((c) => c.hourly("j", { minuteUTC: 5 }, "a:b"))).toBe("5 * * * *");
    expect(expressionOf((c) => c.daily("j", { hourUTC: 9 }, "a:b"))).toBe("0 9 * * *");
    expect(expressionOf((c) => c.weekly("j", { hourUTC: 8 }, "a:b"))).toBe("0 8 * * 1");
    expect(expressionOf((c) => c.monthly("j", { dayOfMonth: 31 }, "a:b"))).toBe("0 0 31 * *");
    expect(expressionOf((c) => c.hourly("j", "a:b"))).toBe("0 * * * *");
    expect(expressionOf((c) => c.weekly("j", "a:b", { x: 1 }))).toBe("0 0 * * 1");
  });

  it("keep name, function and arguments, the later of one name", () => {
    const crons = cronJobs();
    crons.daily("one", "a:b");
    crons.daily("two", { hourUTC: 1 }, { _name: "c:d" } as never, { x: 1 });
    crons.interval("one", { seconds: 5 }, "e:f", [2]);
    expect(crons.jobs.map(({ name, fnName, args }) => [name, fnName, args])).toEqual([
      ["one", "e:f", [2]],
      ["two", "c:d", { x: 1 }],
    ]);
    expect(crons.jobs[0]!.schedule).toEqual({ type: "interval", ms: 5000 });
  });

  const fields: [string, string, unknown][] = [
    ["* * * * *", "minute", { type: "any" }],
    ["*/20 * * * *", "minute", { type: "values", values: [0, 20, 40] }],
    ["50/5 * * * *", "minute", { type: "values", values: [50, 55] }],
    ["5,1-3,2 * * * *", "minute", { type: "values", values: [1, 2, 3, 5] }],
    ["0 10-20/5 * * *", "hour", { type: "values", values: [10, 15, 20] }],
    ["0 0 31 * *", "dayOfMonth", { type: "values", values: [31] }],
    ["0 0 * 12 *", "month", { type: "values", values: [12] }],
    ["0 0 * * 7", "dayOfWeek", { type: "values", values: [0] }],
    ["0 0 * * 5-7", "dayOfWeek", { type: "values", values: [0, 5, 6] }],
    ["0 0 * * */2", "dayOfWeek", { type: "values", values: [0, 2, 4, 6] }],
    ["0 0 * * 1/2", "dayOfWeek", { type: "values", values: [1, 3, 5] }],
  ];
  it.each(fields)("read %s", (expression, field, value) => {
    const crons = cronJobs();
    crons.cron("j", expression, "a:b");
    const { schedule } = crons.jobs[0]!;
    expect((schedule as unknown as { parsed: Record<string, unknown> }).parsed[field]).toEqual(
      value,
    );
  });

  const refused: [string, string][] = [
    ["* * * *", "expected 5 fields (minute hour dayOfMonth month dayOfWeek)"],
    ["", "expected 5 fields"],
    ["60 * * * *", 'minute "60" is not within 0-59'],
    ["* 24 * * *", "hour"],
    ["* * 0 * *", 'dayOfMonth "0" is not within 1-31'],
    ["* * * 13 *", "month"],
    ["* * * * 8", 'dayOfWeek "8" is not within 0-7'],
    ["10-5 * * * *", "ends before it starts"],
    ["*/0 * * * *", "step below 1"],
    ["MON * * * *", "is not a number"],
    ["1,,2 * * * *", "is not a number"],
  ];
  it.each(refused)("refuse %s", (expression, text) => {
    const register = () => cronJobs().cron("j", expression, "a:b");
    expect(register).toThrow(`Invalid cron expression "${expression}": `);
    expect(register).toThrow(text);
  });

  it("refuse a standing interval, a missing function and a missing name", () => {
    const crons = cronJobs();
    expect(() => crons.interval("j", { seconds: 0 }, "a:b")).toThrow(
      'Cron "j": interval must be positive',
    );
    expect(() => crons.interval("j", { seconds: NaN }, "a:b")).toThrow("must be positive");
    expect(() => crons.daily("j", {} as never)).toThrow('Cron "j": expected a function name');
    expect(() => crons.daily("", "a:b")).toThrow("needs a name");
    expect(() => crons.daily("j", { hourUTC: 25 }, "a:b")).toThrow("Invalid cron expression");
  });
});

describe("LunoraError", () => {
  it("takes its status from the code unless told", () => {
    const error = new LunoraError("NOT_FOUND", "No such note", { data: { id: 1 }, hint: "Look" });
    expect(error).toBeInstanceOf(Error);
    expect({ ...error }).toEqual({
      type: "VisulimaError",
      code: "NOT_FOUND",
      status: 404,
      data: { id: 1 },
      hint: "Look",
    });
    expect([error.name, error.message]).toEqual(["LunoraError", "No such note"]);
    expect(new LunoraError("MY_OWN").status).toBe(500);
    expect(new LunoraError("MY_OWN").message).toBe("MY_OWN");
    expect(new LunoraError("CONFLICT", "x", { status: 418, cause: 3 }).status).toBe(418);
  });
});
