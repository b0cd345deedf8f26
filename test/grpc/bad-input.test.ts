import { Buffer } from "node:buffer";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { MAX_PAYLOAD_CHARACTERS } from "../../src/core/data-converter.ts";
import { TaskHubSidecarService } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import type { UnaryRpc } from "./sidecar-client.ts";

const unaryRpcs = TaskHubSidecarService.methods
  .filter(({ methodKind }) => methodKind === "unary")
  .map(({ localName }) => localName as UnaryRpc)
  .filter((rpc) => rpc !== "hello");

/** A worker that was there before, and does what it did. */
async function withAWorker(): Promise<{
  readonly sidecar: Sidecar;
  readonly stillWorks: () => Promise<void>;
}> {
  const sidecar = await startSidecar({ app: programs() });
  const worker = await ScriptedWorker.connect(sidecar);
  const stillWorks = async (): Promise<void> => {
    const id = await sidecar.client.start("anything");
    await worker.answerTurn(await worker.turnOf(id), [action.complete(0, "1")]);
    expect((await sidecar.client.ended(id)).output).toBe("1");
    expect(sidecar.complaints).toEqual([]);
  };
  return { sidecar, stillWorks };
}

describe("bytes that are no message are INVALID_ARGUMENT", () => {
  const wrong = {
    "a field that is cut off": Buffer.from([0x0a, 0x7f, 0x61]),
    "a tag that is none": Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
    "a group that never ends": Buffer.from([0x0b]),
  };

  test.each(unaryRpcs)("%s", async (rpc) => {
    const { sidecar, stillWorks } = await withAWorker();

    for (const bytes of Object.values(wrong)) {
      await expect(sidecar.client.send(rpc, bytes)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    }
    await stillWorks();
  });

  test("a stream of work or history", async () => {
    const { sidecar, stillWorks } = await withAWorker();

    for (const rpc of ["getWorkItems", "streamInstanceHistory"] as const) {
      const { code } = await sidecar.client.sendStream(rpc, wrong["a field that is cut off"]);
      expect(code).toBe(status.INVALID_ARGUMENT);
    }
    await stillWorks();
  });
});

test("fields that only a newer peer knows are no matter", async () => {
  const { sidecar, stillWorks } = await withAWorker();
  const name = Buffer.from([0x12, 0x04, ...Buffer.from("echo")]);
  const unknown = Buffer.from([0xfa, 0x7f, 0x03, 1, 2, 3]);

  const answer = await sidecar.client.send("startInstance", Buffer.concat([name, unknown]));

  expect(answer).toMatchObject({ instanceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
  await stillWorks();
});

describe("a payload over the limit is RESOURCE_EXHAUSTED", () => {
  const tooLarge = "x".repeat(MAX_PAYLOAD_CHARACTERS + 1);

  test.each<[string, (sidecar: Sidecar) => Promise<unknown>]>([
    ["an input", ({ client }) => client.start("echo", { input: tooLarge })],
    [
      "an event",
      ({ client }) => client.call("raiseEvent", { instanceId: "waiting", name: "go", input: tooLarge }),
    ],
    [
      "an output",
      ({ client }) => client.call("terminateInstance", { instanceId: "waiting", output: tooLarge }),
    ],
    [
      "the reason of a suspension",
      ({ client }) => client.call("suspendInstance", { instanceId: "waiting", reason: tooLarge }),
    ],
    [
      "the reason to resume",
      ({ client }) => client.call("resumeInstance", { instanceId: "waiting", reason: tooLarge }),
    ],
    [
      "the reason of terminations",
      ({ client }) =>
        client.call("skipGracefulOrchestrationTerminations", {
          instanceBatch: { instanceIds: ["waiting"] },
          reason: tooLarge,
        }),
    ],
    [
      "an operation",
      ({ client }) => client.call("signalEntity", { instanceId: "@counter@a", name: "add", input: tooLarge }),
    ],
  ])("%s", async (_title, call) => {
    const { sidecar, stillWorks } = await withAWorker();
    await sidecar.client.start("waits", { instanceId: "waiting" });

    await expect(call(sidecar)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });

    await sidecar.client.started("waiting");
    expect(await sidecar.client.statusOf("waiting")).toBe("RUNNING");
    await stillWorks();
  });
});

test("a payload of several megabytes goes through, to a worker and back", async () => {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  const input = JSON.stringify("x".repeat(5 * 1024 * 1024));

  const id = await sidecar.client.start("anything", { input });
  await worker.answerTurn(await worker.turn(), [action.complete(0, input)]);

  expect((await sidecar.client.ended(id)).output === input).toBe(true);
});

describe("texts that are unusual", () => {
  test.each(["\u0000", "\u{1F600}", "e\u0301", "\u2028", '"'])("%j comes back as it went", async (text) => {
    const { sidecar, stillWorks } = await withAWorker();

    const id = await sidecar.client.start("echo", { input: JSON.stringify(text), tags: { [text]: text } });

    expect(await sidecar.client.ended(id)).toMatchObject({
      output: JSON.stringify(text),
      tags: { [text]: text },
    });
    await stillWorks();
  });

  test("a time that no Date can hold is the last one that it can", async () => {
    const { sidecar, stillWorks } = await withAWorker();

    const id = await sidecar.client.start("echo", {
      scheduledStartTimestamp: { seconds: 253_402_300_799n * 1_000_000n, nanos: 0 },
    });

    expect(await sidecar.client.statusOf(id)).toBe("PENDING");
    await stillWorks();
  });
});
