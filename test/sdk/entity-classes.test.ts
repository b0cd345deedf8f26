import { describe, expect, test } from "vitest";
import { App, DurableEntity, EntityId, isDurableError } from "../../src/sdk/index.ts";
import { EntityScene, type Operation } from "./entity-operations.ts";

const A = new EntityId("Thing", "a");

/** A class for each test: one is registered under one name. */
function counterClass() {
  return class Counter extends DurableEntity<number> {
    state = 10;
    readonly #secret = "secret";
    limit = () => 1;

    add(amount: number): number {
      this.state += amount;
      return this.state;
    }
    async addLater(amount: number): Promise<number> {
      await Promise.resolve();
      this.state += amount;
      return this.state;
    }
    get double(): number {
      return this.state * 2;
    }
    fail(): void {
      this.state = -1;
      throw new RangeError("no luck");
    }
    async failLater(): Promise<void> {
      this.state = -2;
      await Promise.resolve();
      throw new RangeError("no luck later");
    }
    who(): string {
      const { entityId, operation, functionName } = this.context;
      return [entityId.name, entityId.key, operation, functionName, this.#secret].join(" ");
    }
    leave(): void {
      this.context.deleteState();
    }
  };
}

const KNOWN = "'add', 'addLater', 'fail', 'failLater', 'who', 'leave'";
const unknown = (name: string): string =>
  `failed: Entity 'Thing' has no operation '${name}'. It has: ${KNOWN}.`;

describe("a class that extends DurableEntity", () => {
  test.each<[string, readonly Operation[], readonly unknown[], unknown]>([
    ["begins with the state of a new object", [["add", 1]], [11], 11],
    [
      "keeps its state",
      [
        ["add", 1],
        ["add", 2],
      ],
      [11, 13],
      13,
    ],
    [
      "may have async methods",
      [
        ["addLater", 1],
        ["add", 2],
      ],
      [11, 13],
      13,
    ],
    [
      "knows its operations in any case",
      [
        ["ADD", 1],
        ["addlater", 2],
      ],
      [11, 13],
      13,
    ],
    ["comes into being with any operation", [["who"]], ["thing a who Thing secret"], 10],
    ["has the initial state when it is read only", [["add", 0]], [10], 10],
    [
      "has no operations but methods",
      [["double"], ["limit"], ["state"], ["context"]],
      [unknown("double"), unknown("limit"), unknown("state"), unknown("context")],
      undefined,
    ],
    [
      "has none of what every object has",
      [["constructor"], ["toString"], ["__proto__"]],
      [unknown("constructor"), unknown("toString"), unknown("__proto__")],
      undefined,
    ],
    ["has no operation without a name", [[""]], [unknown("")], undefined],
    ["says which operations it has", [["nonsense"]], [unknown("nonsense")], undefined],
    [
      "stays as it was when a method throws",
      [["add", 1], ["fail"], ["failLater"]],
      [11, "failed: no luck", "failed: no luck later"],
      11,
    ],
    [
      "is deleted by delete, in any case, and begins anew",
      [["add", 1], ["Delete"], ["add", 5]],
      [11, null, 15],
      15,
    ],
    ["does not exist after delete", [["add", 1], ["delete"]], [11, null], undefined],
    ["deletes itself", [["add", 1], ["leave"]], [11, null], undefined],
    ["deletes itself in its first operation", [["leave"]], [null], undefined],
  ])("%s", async (_title, operations, answers, state) => {
    const scene = new EntityScene();
    scene.app.entity("Thing", counterClass());

    expect(await scene.answers(A, ...operations)).toEqual(answers);
    expect(await scene.state(A)).toEqual(state);
  });

  test("S-157 keeps what it had set when it throws, where nothing is rolled back", async () => {
    const scene = new EntityScene();
    scene.app.entity("Thing", counterClass());
    await scene.hub(false);

    expect(await scene.answers(A, ["fail"])).toEqual(["failed: no luck"]);
    expect(await scene.state(A)).toBe(-1);
    await scene.answers(A, ["failLater"]);
    expect(await scene.state(A)).toBe(-2);
  });

  test("inherits operations, and overrides them", async () => {
    const scene = new EntityScene();
    class Twice extends counterClass() {
      override add(amount: number): number {
        return super.add(2 * amount);
      }
      subtract(amount: number): number {
        return super.add(-amount);
      }
    }
    scene.app.entity("Thing", Twice);

    expect(await scene.answers(A, ["add", 1], ["subtract", 2], ["addLater", 3])).toEqual([12, 10, 13]);
    const [answer] = await scene.answers(A, ["nonsense"]);
    expect(answer).toContain("'add', 'subtract', 'addLater'");
  });

  test("may have a delete of its own", async () => {
    const scene = new EntityScene();
    class Undying extends DurableEntity<string> {
      state = "alive";
      delete(): string {
        return `still ${this.state}`;
      }
    }
    scene.app.entity("Thing", Undying);

    expect(await scene.answers(A, ["delete"])).toEqual(["still alive"]);
    expect(await scene.state(A)).toBe("alive");
  });

  test("signals others and starts orchestrations", async () => {
    const scene = new EntityScene();
    scene.app.orchestration("report", (_context, text: string) => text);
    class Boss extends DurableEntity<null> {
      state = null;
      go(): void {
        this.context.signalEntity(new EntityId("Worker", "w"), "add", 3);
        this.context.startOrchestration("report", "gone", { instanceId: "report-1" });
      }
    }
    scene.app.entity(Boss);
    scene.app.entity("Worker", counterClass());
    await scene.answers(new EntityId("boss", ""), ["go"]);

    const { client } = await scene.hub();
    expect((await client.waitForCompletion("report-1")).output).toBe("gone");
    await expect.poll(() => scene.state(new EntityId("worker", "w")), { timeout: 10_000 }).toBe(13);
    expect(await client.readEntityState(new EntityId("boss", ""))).toEqual({
      entityExists: true,
      entityState: null,
    });
  });

  test("has a context only while an operation runs", async () => {
    const scene = new EntityScene();
    const seen: { read?: () => string } = {};
    class Thing extends DurableEntity<number> {
      state = 0;
      keep(): void {
        const { context } = this;
        seen.read = () => {
          context.setState(1);
          return "too late";
        };
      }
      static peek(): unknown {
        return new Thing().context;
      }
    }
    scene.app.entity(Thing);
    await scene.answers(A, ["keep"]);

    expect(() => seen.read?.()).toThrow(expect.objectContaining({ code: "CONTEXT_OUTSIDE_EPISODE" }));
    expect(() => Thing.peek()).toThrow(expect.objectContaining({ code: "CONTEXT_OUTSIDE_EPISODE" }));
  });

  test("of another copy of the package is one all the same", async () => {
    const scene = new EntityScene();
    // What that copy's base class has in common with this one's.
    abstract class OtherBase {
      abstract state: number;
      get context(): { readonly operation: string } {
        return (this as unknown as Record<symbol, { readonly operation: string }>)[
          Symbol.for("perdure.entity-context")
        ] as { readonly operation: string };
      }
    }
    Object.defineProperty(OtherBase.prototype, Symbol.for("perdure.durable-entity"), { value: true });
    class Thing extends OtherBase {
      state = 1;
      what(): string {
        return `${this.context.operation} ${this.state}`;
      }
    }
    scene.app.entity(Thing);

    expect(await scene.answers(A, ["what"])).toEqual(["what 1"]);
    expect(await scene.state(A)).toBe(1);
  });

  test("that throws in its constructor fails the operation, and does no more", async () => {
    const scene = new EntityScene();
    let isBroken = true;
    class Thing extends DurableEntity<number> {
      state = 1;
      constructor() {
        super();
        if (isBroken) throw new TypeError("no memory");
      }
      get(): number {
        return this.state;
      }
    }
    scene.app.entity(Thing);

    expect(await scene.answers(A, ["get"])).toEqual(["failed: no memory"]);
    isBroken = false;
    expect(await scene.answers(A, ["get"])).toEqual([1]);
  });
});

describe("a plain class", () => {
  test("keeps its fields, and gets the context beside the input", async () => {
    const scene = new EntityScene();
    class Cart {
      readonly items: string[] = [];
      owner: string | undefined;
      add(item: string, context: { readonly entityId: EntityId }): number {
        this.owner = context.entityId.key;
        this.items.push(item);
        return this.items.length;
      }
    }
    const cart = scene.app.entity(Cart);

    expect(await scene.answers(cart.id("ann"), ["add", "a chair"], ["add", "a table"])).toEqual([1, 2]);
    expect(await scene.state(cart.id("ann"))).toEqual({ items: ["a chair", "a table"], owner: "ann" });
    expect(await scene.answers(cart.id("ann"), ["delete"], ["add", "a lamp"])).toEqual([null, 1]);
  });
});

describe("a registration", () => {
  test("one class has one name; its own again, or another app, is fine", () => {
    const app = new App();
    const Thing = counterClass();
    app.entity("Thing", Thing);

    expect(() => app.entity("Other", Thing)).toThrow(
      expect.objectContaining({
        code: "DUPLICATE_FUNCTION",
        message: expect.stringContaining("'Thing' already"),
      }),
    );
    expect(app.registry.entityNames).toEqual(["Thing"]);
    expect(() => app.entity("THING", Thing)).toThrow(expect.objectContaining({ code: "DUPLICATE_FUNCTION" }));
    expect(() => new App().entity("Thing", Thing)).not.toThrow();
    expect(() => app.entity("Other", class extends Thing {})).not.toThrow();
  });

  test("a class whose name is taken is not known by it", async () => {
    const app = new App();
    app.entity("Thing", () => undefined);
    const Thing = counterClass();

    expect(() => app.entity("Thing", Thing)).toThrow();

    const scene = new EntityScene();
    const { client } = await scene.hub();
    expect(() => client.entities.id(Thing, "a")).toThrow(/has to be registered/);
  });

  test.each([
    ["no name", ["", () => undefined], "INVALID_FUNCTION"],
    ["a name with @", ["a@b", () => undefined], "INVALID_ENTITY_ID"],
    ["no handler", ["a"], "INVALID_FUNCTION"],
    ["a handler that is none", ["a", { handler: 5 }], "INVALID_FUNCTION"],
    ["a class without a name", [class {}], "INVALID_FUNCTION"],
  ])("with %s is refused", (_what, args, code) => {
    const app = new App();
    let refusal: unknown;
    try {
      (app.entity as (...given: unknown[]) => unknown).apply(app, args);
    } catch (error) {
      refusal = error;
    }

    expect(isDurableError(refusal) && refusal.code).toBe(code);
  });
});
