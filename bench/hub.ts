import { join } from "node:path";
import { App, type DurableClient, type EntityReference, TaskHub } from "perdure";

/** The functions every workload uses, on a hub of its own. */
export interface BenchHub {
  readonly client: DurableClient;
  readonly counter: EntityReference;
  readonly close: () => Promise<void>;
}

export async function openHub(folder: string): Promise<BenchHub> {
  const app = benchApp();
  const counter = addEntities(app);
  const hub = await TaskHub.open(`sqlite:${join(folder, "perdure.db")}`, { app });
  await hub.start();
  return { client: hub.client, counter, close: () => hub.close() };
}

export const CITIES = ["Tokyo", "Seattle", "London", "Cairo", "Lima"] as const;

export function benchApp(): App {
  const app = new App();
  app.activity("sayHello", async (city: string) => `Hello, ${city}!`);
  app.orchestration("sequence", function* (context, steps: number): Generator<unknown, string[], string> {
    const greetings: string[] = [];
    for (let step = 0; step < steps; step++) {
      greetings.push(yield context.df.callActivity("sayHello", CITIES[step % CITIES.length]));
    }
    return greetings;
  });
  app.orchestration("longSequence", function* (context, steps: number): Generator<unknown, number, string> {
    let characters = 0;
    for (let step = 0; step < steps; step++) {
      characters += (yield context.df.callActivity("sayHello", "Tokyo")).length;
    }
    return characters;
  });
  app.orchestration("fanOut", function* (context, width: number): Generator<unknown, number, string[]> {
    const tasks = Array.from({ length: width }, () => context.df.callActivity("sayHello", "Tokyo"));
    return (yield context.df.Task.all(tasks)).length;
  });
  app.orchestration("waitForEvent", function* (context): Generator<unknown, unknown, unknown> {
    return yield context.df.waitForExternalEvent("go");
  });
  app.orchestration("sleep", function* (context, delayMs: number): Generator<unknown, number, unknown> {
    const due = context.df.currentUtcDateTime.getTime() + delayMs;
    yield context.df.createTimer(new Date(due));
    return due;
  });
  return app;
}

function addEntities(app: App): EntityReference {
  const account = app.entity<number>("account", (context) => {
    const balance = context.getState(() => 1_000);
    if (context.operation === "get") return balance;
    context.setState(balance + (context.input as number));
    return balance;
  });
  app.orchestration(
    "transfer",
    async (context, [from, to, amount]: readonly [string, string, number]): Promise<boolean> => {
      const [paying, paid] = [account.id(from), account.id(to)];
      await using _ = await context.lock(paying, paid);
      const balance = await context.callEntity<number>(paying, "get");
      await context.callEntity(paying, "add", -amount);
      await context.callEntity(paid, "add", amount);
      return balance > 0;
    },
  );
  return app.entity<number>("counter", (context) => {
    context.setState(context.getState(() => 0) + (context.input as number));
  });
}
