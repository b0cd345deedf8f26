import { toJsonText } from "../core/data-converter.ts";
import { isEntityId } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import { encodeMessage } from "../core/history-chunk.ts";
import type { InstanceMessage } from "../core/history-event.ts";
import { isTerminal, RUNTIME_STATUSES, type RuntimeStatus } from "../core/orchestration-status.ts";
import type { TaskHubStore } from "../storage/index.ts";
import type { Delivery } from "./active-instance.ts";
import type { Clock } from "./clock.ts";
import type { TaskHubWorker } from "./task-hub-worker.ts";
import { notFound } from "./wait-for-status.ts";

export type Control = "ExecutionTerminated" | "ExecutionSuspended" | "ExecutionResumed" | "ExecutionRewound";

export interface MessagePorts {
  readonly store: TaskHubStore;
  readonly worker: TaskHubWorker | undefined;
  readonly clock: Clock;
  readonly newId: () => string;
}

/** What each control message does, in a word, and to which instances (S-41, S-50, S-130). */
const CONTROLS: Readonly<
  Record<Control, { readonly verb: string; readonly allowed: readonly RuntimeStatus[] }>
> = {
  ExecutionTerminated: {
    verb: "terminated",
    allowed: RUNTIME_STATUSES.filter((status) => !isTerminal(status)),
  },
  ExecutionSuspended: { verb: "suspended", allowed: ["Pending", "Running", "ContinuedAsNew"] },
  ExecutionResumed: { verb: "resumed", allowed: ["Suspended"] },
  ExecutionRewound: { verb: "rewound", allowed: ["Failed"] },
};

/** Sends messages to instances: straight to the worker in this process when it runs them, else through the store. */
export class InstanceMessages {
  readonly #ports: MessagePorts;

  constructor(ports: MessagePorts) {
    this.#ports = ports;
  }

  async send(instanceId: string, event: InstanceMessage): Promise<Delivery> {
    const { store, worker, newId } = this.#ports;
    if (worker?.takesMessages(instanceId)) return worker.deliver(instanceId, event);
    const record = await store.query.get(instanceId);
    if (record === undefined) return "instance-not-found";
    if (isTerminal(record.status) && event.type !== "ExecutionRewound") return "instance-ended";
    const key = event.type === "EventRaised" && event.messageId ? event.messageId : newId();
    const send = () =>
      store.client.send([{ instanceId, key, at: event.timestamp, event: encodeMessage(event) }]);
    await (worker ? worker.leave(instanceId, event, send) : send());
    return "delivered";
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE, PAYLOAD_TOO_LARGE */
  async control(instanceId: string, type: Control, reason: string | undefined): Promise<void> {
    if (isEntityId(instanceId)) throw noOrchestration(instanceId, CONTROLS[type].verb);
    const record = await this.#ports.store.query.get(instanceId);
    if (record === undefined) throw notFound(instanceId);
    requireAllowed(instanceId, record.status, CONTROLS[type]);
    // It will stand as an output, which is JSON.
    toJsonText(reason, "The reason");
    const timestamp = this.#ports.clock.now();
    const delivery = await this.send(instanceId, {
      type,
      timestamp,
      ...(reason === undefined ? {} : { reason }),
    });
    if (delivery === "instance-not-found") throw notFound(instanceId);
  }
}

export function noOrchestration(instanceId: string, verb: string): DurableError {
  return new DurableError(
    "INVALID_INSTANCE_STATE",
    `Instance '${instanceId}' cannot be ${verb}: it is an entity. Signal an operation to it, or purge it.`,
  );
}

function requireAllowed(
  instanceId: string,
  status: RuntimeStatus,
  { verb, allowed }: (typeof CONTROLS)[Control],
): void {
  if (allowed.includes(status)) return;
  throw new DurableError(
    "INVALID_INSTANCE_STATE",
    `Instance '${instanceId}' cannot be ${verb}: it is ${status}. Not allowed unless it is ${allowed.join(" or ")}.`,
  );
}
