import type { ServerInterceptingCallInterface, ServerMethodDefinition } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { eagerCalls } from "../../src/grpc/eager-call.ts";

/** A call whose socket never takes anything. */
function stuckCall(path: string) {
  const log: unknown[] = [];
  const onSent: (() => void)[] = [];
  const stuck = {
    start: (listener: unknown) => log.push(["start", listener]),
    sendMetadata: (metadata: unknown) => log.push(["metadata", metadata]),
    sendMessage: (message: unknown, sent: () => void) => {
      log.push(["message", message]);
      onSent.push(sent);
    },
    sendStatus: (status: unknown) => log.push(["status", status]),
    getPeer: () => "the other end",
  } as unknown as ServerInterceptingCallInterface;
  const definition = { path } as ServerMethodDefinition<unknown, unknown>;
  return { call: eagerCalls(definition, stuck), log, onSent };
}

const RPC = "/TaskHubSidecarService/GetWorkItems";

describe("an eager call", () => {
  test("sends one message after the other without waiting for the socket", () => {
    const { call, log } = stuckCall(RPC);
    let sent = 0;
    for (const item of ["a", "b", "c"]) call.sendMessage(item, () => (sent += 1));
    expect(sent).toBe(3);
    expect(log).toEqual([
      ["message", "a"],
      ["message", "b"],
      ["message", "c"],
    ]);
  });

  test("waits for its reader when more than 1 MiB has not been taken, and is eager again after that", () => {
    const { call, onSent } = stuckCall(RPC);
    const sent: string[] = [];
    const half = new Uint8Array(512 * 1024);
    for (const name of ["a", "b", "c"]) call.sendMessage(half, () => sent.push(name));
    expect(sent).toEqual(["a", "b"]);

    for (const taken of onSent) taken();

    expect(sent).toEqual(["a", "b", "c"]);
    call.sendMessage(half, () => sent.push("d"));
    expect(sent).toEqual(["a", "b", "c", "d"]);
  });

  test("passes on all else as it is", () => {
    const { call, log } = stuckCall(RPC);
    const [listener, metadata, status] = [{}, {}, { code: 0, details: "OK" }] as never[];
    call.start(listener as never);
    call.sendMetadata(metadata as never);
    call.sendStatus(status as never);
    expect(log).toEqual([
      ["start", listener],
      ["metadata", metadata],
      ["status", status],
    ]);
    expect(call.getPeer()).toBe("the other end");
  });

  test("is not what a long history is read by: that goes on when the socket has taken what was sent", () => {
    const { call, log } = stuckCall("/TaskHubSidecarService/StreamInstanceHistory");
    let sent = 0;
    call.sendMessage("a chunk", () => (sent += 1));
    expect(log.at(-1)).toEqual(["message", "a chunk"]);
    expect(sent).toBe(0);
  });
});
