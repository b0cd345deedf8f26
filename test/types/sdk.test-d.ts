// Compiled by `tsc -p test`, never run: each line that carries @ts-expect-error must fail to compile without it.
import type { IncomingMessage } from "node:http";
import type { DurableClient as AzureClient } from "durable-functions";
import {
  App,
  type DurableClient,
  type HttpManagementPayload,
  type InstanceId,
  RetryOptions,
  type Task,
} from "../../src/sdk/index.ts";

declare const client: DurableClient;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function expectType<Expected>() {
  return <Actual>(_value: Actual, _same: Equal<Expected, Actual>): void => undefined;
}

const app = new App();
const sayHello = app.activity("sayHello", async (city: string) => `Hello, ${city}!`);
const countTo = app.activity("countTo", (limit: number) => [limit]);
const ping = app.activity("ping", () => "pong" as const);
const approval = app.event<{ approved: boolean }>("approval");

export const typedActivities = app.orchestration("typedActivities", function* (context, city: string) {
  const greeting = yield* context.callActivity(sayHello, city);
  expectType<string>()(greeting, true);
  const numbers = yield* context.df.callActivity(countTo, 3);
  expectType<number[]>()(numbers, true);
  const pong = yield* context.callActivity(ping);
  expectType<"pong">()(pong, true);
  const both = yield* context.all([context.callActivity(sayHello, "a"), context.callActivity(countTo, 1)]);
  expectType<[string, number[]]>()(both, true);
  const many = yield* context.df.Task.all(["a", "b"].map((each) => context.callActivity(sayHello, each)));
  expectType<string[]>()(many, true);
  const retried = yield* context.callActivityWithRetry(sayHello, new RetryOptions(10, 3), city);
  expectType<string>()(retried, true);
  const event = yield* context.waitForExternalEvent(approval);
  expectType<{ approved: boolean }>()(event, true);
  const winner = yield* context.any([context.callActivity(sayHello, "a")]);
  expectType<Task<string>>()(winner, true);

  // @ts-expect-error -- the input of sayHello is a string
  context.callActivity(sayHello, 1);
  // @ts-expect-error -- countTo needs an input
  context.callActivity(countTo);
  // @ts-expect-error -- an event has a payload of its type
  context.sendEvent("id", approval, { approved: "yes" });

  return { greeting, numbers };
});

export const asyncOrchestrator = app.orchestration("asyncOrchestrator", async (context, cities: string[]) =>
  context.all(cities.map((city) => context.callActivity(sayHello, city))),
);

export const parent = app.orchestration("parent", async (context) => {
  const result = await context.callSubOrchestrator(typedActivities, "Tokyo");
  expectType<{ greeting: string; numbers: number[] }>()(result, true);
  const greetings = await context.callSubOrchestrator(asyncOrchestrator, ["Tokyo"]);
  expectType<string[]>()(greetings, true);
  const first = await context.any([context.callActivity(sayHello, "a"), context.callActivity(sayHello, "b")]);
  expectType<string>()(first, true);

  // @ts-expect-error -- the input of typedActivities is a string
  context.callSubOrchestrator(typedActivities, 1);
});

export const versioned = app.orchestration("versioned", {
  version: "2.0",
  handler: async (context, city: string) => {
    expectType<boolean>()(context.patched("greet"), true);
    expectType<string | undefined>()(context.version, true);
    return context.callActivity(sayHello, city);
  },
});

export async function clients(): Promise<void> {
  expectType<InstanceId<string>>()(await client.startNew(versioned, { input: "Oslo", version: "1.0" }), true);
  const id = await client.startNew(typedActivities, { input: "Tokyo" });
  expectType<InstanceId<{ greeting: string; numbers: number[] }>>()(id, true);
  const status = await client.waitForCompletion(id);
  expectType<{ greeting: string; numbers: number[] }>()(status.output, true);
  const untyped = await client.waitForCompletion("some-id");
  expectType<unknown>()(untyped.output, true);
  await client.startNew("byName", { input: 1 });
  await client.raiseEvent(id, approval, { approved: true });

  // @ts-expect-error -- typedActivities needs an input
  await client.startNew(typedActivities);
  // @ts-expect-error -- and the input is a string
  await client.startNew(typedActivities, { input: 1 });
  // @ts-expect-error -- an event has a payload of its type
  await client.raiseEvent(id, approval, { approved: "yes" });
}

/** Whoever calls the client of durable-functions can call ours. */
type HttpHelper =
  | "createHttpManagementPayload"
  | "createCheckStatusResponse"
  | "waitForCompletionOrCreateCheckStatusResponse";
type Arguments<C, H extends HttpHelper & keyof C> = C[H] extends (...args: infer A) => unknown ? A : never;

export function httpHelpers(
  payload: Arguments<AzureClient, "createHttpManagementPayload">,
  check: Arguments<AzureClient, "createCheckStatusResponse">,
  wait: Arguments<AzureClient, "waitForCompletionOrCreateCheckStatusResponse">,
  message: IncomingMessage,
): void {
  const urls = client.createHttpManagementPayload(...payload);
  expectType<HttpManagementPayload>()(urls, true);
  expectType<string>()(urls.rewindPostUri, true);
  expectType<Response>()(client.createCheckStatusResponse(...check), true);
  expectType<Promise<Response>>()(client.waitForCompletionOrCreateCheckStatusResponse(...wait), true);
  client.createCheckStatusResponse(message, "id");
  client.createCheckStatusResponse(new Request("http://127.0.0.1/start"), "id");

  // @ts-expect-error -- the request comes first
  client.createCheckStatusResponse("id");
  const wrongTimes = { timeoutInMilliseconds: "10 s" };
  // @ts-expect-error -- times are numbers of milliseconds
  void client.waitForCompletionOrCreateCheckStatusResponse(undefined, "id", wrongTimes);
}
