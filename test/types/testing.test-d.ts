// Compiled by `tsc -p test`, never run: each line that carries @ts-expect-error must fail to compile without it.
import { App, type OrchestratorContext } from "../../src/sdk/index.ts";
import {
  after,
  DummyOrchestrationContext,
  inTurn,
  never,
  type TestHub,
  type TestSettings,
} from "../../src/testing/index.ts";

declare const hub: TestHub;

// @ts-expect-error -- the lease is the hub's own affair
export const settings: TestSettings = { leaseMs: 1 };

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function expectType<Expected>() {
  return <Actual>(_value: Actual, _same: Equal<Expected, Actual>): void => undefined;
}

const app = new App();
const sayHello = app.activity("sayHello", async (city: string) => `Hello, ${city}!`);
const measure = app.activity("measure", (_where: { room: string }): number | undefined => undefined);
const notify = app.activity("notify", async (_text: string): Promise<void> => undefined);
const count = app.orchestration("count", async (_ctx, limit: number) => [limit]);

export async function fakes(): Promise<void> {
  hub.fake(sayHello, "Hi");
  hub.fake(sayHello, new Error("no"));
  hub.fake(sayHello, (city) => {
    expectType<string>()(city, true);
    return city;
  });
  hub.fake(sayHello, async (_city, context) => context.instanceId);
  hub.fake(sayHello, inTurn(new Error("no"), "yes"));
  hub.fake(
    sayHello,
    inTurn<string, string>(new Error("no"), (city) => city.trim(), never()),
  );
  hub.fake(sayHello, after("5s", "late"));
  hub.fake(sayHello, never());
  hub.fake(measure, undefined);
  hub.fake(measure, ({ room }) => room.length);
  hub.fake(notify, undefined);
  hub.fake(count, [1, 2]);
  hub.fake(count, (limit) => [limit]);
  hub.fake(count, inTurn([1], [2]));
  hub.fake("by name", { any: "thing" });

  // @ts-expect-error -- sayHello gives a string
  hub.fake(sayHello, 1);
  // @ts-expect-error -- so does a function in its place
  hub.fake(sayHello, () => 1);
  // @ts-expect-error -- and each of several outcomes
  hub.fake(sayHello, inTurn("Hi", 1));
  // @ts-expect-error -- and a late one
  hub.fake(sayHello, after("5s", 1));
  // @ts-expect-error -- its input is a string
  hub.fake(sayHello, (city: number) => String(city));
  // @ts-expect-error -- an orchestration answers at once
  hub.fake(count, async (limit) => [limit]);
  // @ts-expect-error -- a function of the app is named by a text or by its reference
  hub.fake(42, 1);
}

export async function calls(): Promise<void> {
  const [call] = hub.calls(sayHello);
  expectType<string | undefined>()(call?.input, true);
  expectType<string | undefined>()(call?.result, true);
  const [round] = hub.calls(count);
  expectType<number[] | undefined>()(round?.result, true);

  // @ts-expect-error -- what was called stays as it was
  hub.calls(sayHello).push();
}

export async function runs(): Promise<void> {
  const id = await hub.client.startNew(count, { input: 3 });
  expectType<number[]>()((await hub.run(id)).output, true);
  expectType<unknown>()((await hub.run("by id")).output, true);

  // @ts-expect-error -- count takes a number
  await hub.client.startNew(count, { input: "three" });
  // @ts-expect-error -- a point is a commit or an activity
  hub.crashNext({ timer: 1 });
}

export function byHand(orchestrator: (context: OrchestratorContext) => unknown): void {
  const context = new DummyOrchestrationContext("name", "id", (_level, ..._values) => undefined);
  context.df = { callActivity: () => "stub" };
  orchestrator(context);

  // @ts-expect-error -- df is an object of stubs
  context.df = "stub";
}
