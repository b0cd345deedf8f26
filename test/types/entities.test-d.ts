// Compiled by `tsc -p test`, never run: each line that carries @ts-expect-error must fail to compile without it.
import type { DurableClient as AzureClient, EntityId as AzureEntityId } from "durable-functions";
import {
  App,
  type DurableClient,
  DurableEntity,
  type DurableLock,
  type EntityContext,
  type EntityHandler,
  EntityId,
  type EntityReference,
  type EntityStateResponse,
  type LockState,
  type Task,
} from "../../src/sdk/index.ts";

declare const client: DurableClient;

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

function expectType<Expected>() {
  return <Actual>(_value: Actual, _same: Equal<Expected, Actual>): void => undefined;
}

class Counter extends DurableEntity<number> {
  state = 0;
  add(amount: number): number {
    this.state += amount;
    return this.state;
  }
  async addLater(amount: number): Promise<string> {
    return String(this.add(amount));
  }
  reset(amount?: number): void {
    this.state = amount ?? 0;
  }
  get(): { readonly value: number } {
    expectType<EntityContext<number>>()(this.context, true);
    return { value: this.state };
  }
}

class Cart {
  readonly items: string[] = [];
  put(item: string, context: EntityContext): number {
    context.setResult(this.items.push(item));
    return this.items.length;
  }
  delete(why: string): string {
    return why;
  }
}

class NeedsAnArgument extends DurableEntity<number> {
  state: number;
  constructor(initial: number) {
    super();
    this.state = initial;
  }
}

const app = new App();
const counter = app.entity(Counter);
const cart = app.entity("Basket", Cart);
const untyped = app.entity<number>("untyped", (context) => {
  expectType<number | undefined>()(context.getState(), true);
  expectType<number>()(
    context.getState(() => 0),
    true,
  );
  expectType<number | undefined>()(context.df.getState(), true);
  context.setState(1);
  // @ts-expect-error -- the state is a number
  context.setState("1");
  // @ts-expect-error -- and so is the initial one
  context.getState(() => "1");
  // @ts-expect-error -- also in the old spelling
  context.df.setState("1");
});
app.entity<{ readonly n: number }>("inAnObject", { handler: async (context) => context.setState({ n: 1 }) });

expectType<EntityReference<Counter>>()(counter, true);
expectType<EntityReference<Cart>>()(cart, true);
expectType<EntityId>()(counter.id("a"), true);
// @ts-expect-error -- objects are made without arguments
app.entity(NeedsAnArgument);
// @ts-expect-error -- an entity has a handler
app.entity("nothing");

export const calls = app.orchestration("calls", async (ctx) => {
  expectType<Task<number>>()(ctx.entities.call(Counter, "a").add(1), true);
  expectType<number>()(await ctx.entities.call(counter, "a").add(1), true);
  expectType<string>()(await ctx.entities.call(counter, "a").addLater(1), true);
  expectType<{ readonly value: number }>()(await ctx.entities.call(Counter, "a").get(), true);
  expectType<void>()(await ctx.entities.call(Counter, "a").reset(), true);
  expectType<void>()(await ctx.entities.call(Counter, "a").delete(), true);
  expectType<number>()(await ctx.entities.call(cart, "a").put("a chair"), true);
  expectType<string>()(await ctx.entities.call(Cart, "a").delete("enough"), true);
  expectType<[number, string]>()(
    await ctx.all([ctx.entities.call(Counter, "a").add(1), ctx.entities.call(Counter, "b").addLater(1)]),
    true,
  );
  const anything: string = await ctx.entities.call(untyped, "a")["whatever"]?.(1);
  const named: boolean = await ctx.callEntity<boolean>(new EntityId("x", "y"), "isThere");

  // @ts-expect-error -- a counter does not know how to subtract
  ctx.entities.call(Counter, "a").subtract(1);
  // @ts-expect-error -- it adds numbers
  ctx.entities.call(Counter, "a").add("1");
  // @ts-expect-error -- and needs one
  ctx.entities.call(Counter, "a").add();
  // @ts-expect-error -- an operation has one input
  ctx.entities.call(Counter, "a").add(1, 2);
  // @ts-expect-error -- the state is no operation
  ctx.entities.call(Counter, "a").state();
  // @ts-expect-error -- the context is not passed by callers
  ctx.entities.call(cart, "a").put("a chair", undefined);
  // @ts-expect-error -- its own delete wants to know why
  ctx.entities.call(Cart, "a").delete();
  // @ts-expect-error -- an entity has a key
  ctx.entities.call(Counter);

  expectType<void>()(ctx.entities.signal(Counter, "a").add(1), true);
  expectType<void>()(ctx.entities.signal(cart, "a", { scheduledTime: new Date() }).delete("enough"), true);
  // @ts-expect-error -- the same rules hold for signals
  ctx.entities.signal(Counter, "a").add("1");
  return [anything, named];
});

export const locks = app.orchestration("locks", async (ctx) => {
  await using lock = await ctx.lock(counter.id("a"), { name: "Basket", key: "b" });
  expectType<DurableLock>()(lock, true);
  expectType<readonly EntityId[]>()(lock.ownedLocks, true);
  expectType<LockState>()(ctx.isLocked(), true);
  // @ts-expect-error -- what is locked has a name and a key
  void ctx.lock("@counter@a");
});

export const locksInAGenerator = app.orchestration("locksInAGenerator", function* (ctx) {
  using lock = yield* ctx.df.lock([counter.id("a"), cart.id("b")]);
  expectType<DurableLock>()(lock, true);
  expectType<number>()(yield* ctx.entities.call(Counter, "a").add(1), true);
});

export async function clients(): Promise<void> {
  expectType<Promise<void>>()(client.entities.signal(Counter, "a").add(1), true);
  expectType<Promise<void>>()(client.entities.signal(counter, "a").delete(), true);
  await client.entities.signal(untyped, "a")["whatever"]?.({ any: "thing" });
  const read = await client.readEntityState<number>(counter.id("a"));
  expectType<EntityStateResponse<number>>()(read, true);
  expectType<number | undefined>()(read.entityState, true);
  expectType<boolean>()(read.entityExists, true);
  for await (const { entityId, lastOperationTime } of client.entities.query({ name: "Counter" })) {
    expectType<EntityId>()(entityId, true);
    expectType<Date>()(lastOperationTime, true);
  }

  // @ts-expect-error -- a counter adds numbers
  await client.entities.signal(Counter, "a").add("1");
  // @ts-expect-error -- and does not subtract
  await client.entities.signal(Counter, "a").subtract(1);
  // @ts-expect-error -- clients cannot call
  client.entities.call(Counter, "a");
}

/** What was written for durable-functions: a handler with its types from us, and calls of the client. */
export const handler: EntityHandler<number> = (context) => {
  const value: number = context.df.getState(() => 0);
  context.df.setState(value + (context.df.getInput<number>() ?? 0));
  context.df.return(value);
  context.df.destructOnExit();
  context.log(context.df.entityId.key, context.df.operationName, context.df.isNewlyConstructed);
};
app.entity("handler", handler);
app.entity("handlerInAnObject", { handler });

type Arguments<H extends "readEntityState" | "signalEntity"> = AzureClient[H] extends (
  ...args: infer A
) => unknown
  ? A
  : never;

export function azureClients(
  [readId]: Arguments<"readEntityState">,
  [signalId, operation, input]: Arguments<"signalEntity">,
  id: AzureEntityId,
): void {
  expectType<Promise<EntityStateResponse<string>>>()(client.readEntityState<string>(readId), true);
  expectType<Promise<void>>()(client.signalEntity(signalId, operation, input), true);
  expectType<Promise<void>>()(client.signalEntity(id), true);
}
