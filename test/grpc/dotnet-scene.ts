import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { expect } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App } from "../../src/sdk/index.ts";
import type { Code } from "./dotnet-orchestration.ts";
import { type DotnetApp, DotnetWorker, type DotnetWorkerOptions, type Operation } from "./dotnet-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import type { SidecarClient } from "./sidecar-client.ts";

export const A = "@counter@a";
export const B = "@counter@b";

const counter: Operation = (entity) => {
  const { operation, input, state = 0, actions } = entity;
  switch (operation) {
    case "add":
      entity.state = Number(state) + Number(input);
      return entity.state;
    case "get":
      return state;
    case "break":
      throw new RangeError("no such luck");
    case "reset":
      entity.state = undefined;
      return undefined;
    case "starts":
      actions.push({
        operationActionType: {
          case: "startNewOrchestration",
          value: { name: "echo", instanceId: String(input), input: '"hi"' },
        },
      });
      return undefined;
    case "tells":
      actions.push({
        operationActionType: {
          case: "sendSignal",
          value: { instanceId: String(input), name: "add", input: "5" },
        },
      });
      return undefined;
    case "later": {
      const scheduledTime = timestampFromMs(Date.now() + 100);
      const value = { instanceId: A, name: "add", input: "1", scheduledTime };
      actions.push({ operationActionType: { case: "sendSignal", value } });
      entity.state = 0;
      return undefined;
    }
    default:
      throw new TypeError(operation);
  }
};

const activities: NonNullable<DotnetApp["activities"]> = {
  double: (number) => Number(number) * 2,
  breaks: () => {
    throw new RangeError("no such luck");
  },
  nothing: () => undefined,
};

export const echo: Code = function* (_context, input) {
  yield* [];
  return input;
};

export async function scene(
  orchestrators: Readonly<Record<string, Code>>,
  more: Partial<DotnetWorkerOptions> = {},
  own = new App(),
  storage = createMemoryStorage(),
) {
  const sidecar = await startSidecar({ app: own, storage });
  const app: DotnetApp = {
    orchestrators: { echo, ...orchestrators },
    activities,
    entities: { counter },
    ...more.app,
  };
  const worker = new DotnetWorker(sidecar, { ...more, app });
  void worker.run();
  return { sidecar, client: sidecar.client, worker };
}

/** How the orchestration "it" ends. */
export async function run(code: Code, input?: unknown, more: Partial<DotnetWorkerOptions> = {}) {
  const { client, worker } = await scene({ it: code }, more);
  await client.start("it", {
    instanceId: "it",
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
  });
  const { status, output, failureDetails, customStatus } = await client.ended("it");
  return { client, worker, status, output, customStatus, why: failureDetails?.errorMessage };
}

/** The time passes that the next turn of the orchestration waits for. */
export async function advanceUntilEnded({ client, clock }: Sidecar, instanceId: string) {
  let isOver = false;
  const ended = client.ended(instanceId).then((state) => {
    isOver = true;
    return state;
  });
  while (!isOver) await clock.advance(1_000);
  return ended;
}

export async function stateIs(client: SidecarClient, instanceId: string, state: string): Promise<void> {
  const current = async () =>
    (await client.call("getEntity", { instanceId, includeState: true })).entity?.serializedState;
  await expect.poll(current).toBe(state);
}
