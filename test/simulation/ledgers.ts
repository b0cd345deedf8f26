import type { EntityInvocation } from "../../src/core/entity-invocation.ts";
import { isEntityMessage } from "../../src/core/entity-message.ts";
import { decodeEntity } from "../../src/core/entity-state.ts";
import { decodeMessage } from "../../src/core/history-chunk.ts";
import type { EntityDefinition } from "../../src/engine/registry.ts";
import type { InstanceRecord, NewMessage, TaskHubStore } from "../../src/storage/index.ts";
import { bound } from "../../src/testing/bound-store.ts";
import type { Style } from "./interpret.ts";
import type { Process, Simulation } from "./simulation.ts";

export const KEYS = ["a", "b", "c"] as const;
export const OPENING_BALANCE = 1_000;

const DURATIONS_MS = [0, 0, 0, 50, 3_000];

/** What a ledger keeps: which requests have taken effect, and how often an order was not kept. */
interface Ledger {
  readonly requests: readonly string[];
  /** Of each sender the number of its last note. */
  readonly notes: Readonly<Record<string, number>>;
  readonly disorder: number;
}

interface Sent {
  readonly instanceId: string;
  readonly operation: string;
}

const EMPTY: Ledger = { requests: [], notes: {}, disorder: 0 };

/** The entities of all programs, what was sent to them, and whether it took effect as it should. */
export class Ledgers {
  readonly #simulation: Simulation;
  readonly #sent = new Map<string, Sent>();
  readonly #twice: string[] = [];

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  definitions(process: Process, style: Style): readonly EntityDefinition[] {
    const define = (name: string, work: (invocation: EntityInvocation) => unknown): EntityDefinition => ({
      name,
      handler: (invocation) => {
        if (style === "generator") return work(invocation);
        const ms = this.#simulation.random.pick(DURATIONS_MS);
        return this.#simulation
          .park(process, `operation of ${invocation.instanceId}`, ms)
          .then(() => work(invocation));
      },
    });
    return [define("ledger", ledger), define("account", account), define("fleeting", fleeting)];
  }

  /** The same hub; what is sent to entities through it is noted. */
  audit(hub: TaskHubStore): TaskHubStore {
    return {
      ...hub,
      client: {
        create: (instance, replaces) => hub.client.create(instance, replaces),
        restore: (instance, patch, chunks) => hub.client.restore(instance, patch, chunks),
        send: async (messages) => {
          const ids = await hub.client.send(messages);
          this.#note(messages);
          return ids;
        },
      },
      worker: (identity) => {
        const worker = hub.worker(identity);
        return {
          ...bound(worker),
          commit: async (episodes) => {
            const outcomes = await worker.commit(episodes);
            episodes.forEach((episode, index) => {
              if (outcomes[index]?.type === "applied") this.#note(episode.messages);
            });
            return outcomes;
          },
        };
      },
    };
  }

  /** All that is wrong with entities that have come to rest, in words. */
  violationsOf(entities: readonly InstanceRecord[]): readonly string[] {
    const violations = this.#twice.map((requestId) => `request ${requestId} was sent twice`);
    for (const { instanceId, input } of entities) {
      const { state, lock } = decodeEntity(input);
      if (lock) violations.push(`${instanceId} is locked by ${lock.instanceId}`);
      if (instanceId.startsWith("@ledger@")) violations.push(...this.#ledgerViolations(instanceId, state));
    }
    for (const { instanceId, operation } of this.#sent.values()) {
      const isExpected = instanceId.startsWith("@ledger@") && operation !== "fail";
      if (!isExpected || entities.some((each) => each.instanceId === instanceId)) continue;
      violations.push(`${instanceId} was sent something and is not there`);
    }
    const accounts = entities.filter(({ instanceId }) => instanceId.startsWith("@account@"));
    const total = accounts.reduce(
      (sum, { input }) => sum + Number(decodeEntity(input).state ?? OPENING_BALANCE),
      0,
    );
    if (total !== accounts.length * OPENING_BALANCE) violations.push(`the accounts have ${total} together`);
    return violations;
  }

  #ledgerViolations(instanceId: string, state: string | undefined): readonly string[] {
    const { requests, disorder } = state === undefined ? EMPTY : (JSON.parse(state) as Ledger);
    const effective = new Set(requests);
    const expected = [...this.#sent].filter(
      ([, sent]) => sent.instanceId === instanceId && sent.operation !== "fail",
    );
    const lost = expected.filter(([requestId]) => !effective.has(requestId));
    const violations: string[] = [];
    if (effective.size < requests.length) violations.push(`an operation of ${instanceId} took effect twice`);
    if (disorder > 0) violations.push(`${instanceId} had ${disorder} notes out of order`);
    if (lost.length > 0) violations.push(`${lost.length} operations of ${instanceId} took no effect`);
    if (effective.size > expected.length) violations.push(`${instanceId} did what nobody asked for`);
    return violations;
  }

  #note(messages: readonly NewMessage[]): void {
    for (const { instanceId, event } of messages) {
      const message = decodeMessage(event);
      if (!isEntityMessage(message) || message.type !== "EntityOperation") continue;
      if (this.#sent.has(message.requestId)) this.#twice.push(message.requestId);
      this.#sent.set(message.requestId, { instanceId, operation: message.operation });
    }
  }
}

function ledger(invocation: EntityInvocation): string {
  const { operation, requestId } = invocation.operation;
  const before = (invocation.getState() as Ledger | undefined) ?? EMPTY;
  const input = invocation.input as { readonly sender?: string; readonly n?: number; readonly to?: string };
  const { sender, n = 0, to } = input;
  const isInOrder = sender === undefined || n === (before.notes[sender] ?? -1) + 1;
  invocation.setState({
    requests: [...before.requests, requestId],
    notes: sender === undefined ? before.notes : { ...before.notes, [sender]: n },
    disorder: before.disorder + (isInOrder ? 0 : 1),
  } satisfies Ledger);
  if (operation === "pass" && to !== undefined) {
    invocation.signalEntity({ name: "ledger", key: to }, "note", {});
  }
  if (operation === "fail") {
    invocation.signalEntity({ name: "ledger", key: "a" }, "note", {});
    throw new Error("boom");
  }
  return "done";
}

function account(invocation: EntityInvocation): number {
  const balance = (invocation.getState() as number | undefined) ?? OPENING_BALANCE;
  if (invocation.operation.operation === "set") invocation.setState(invocation.input);
  return balance;
}

/** Comes and goes. */
function fleeting(invocation: EntityInvocation): void {
  if (invocation.operation.operation === "delete") invocation.deleteState();
  else invocation.setState(invocation.input);
}
