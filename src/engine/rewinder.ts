import type { FailureDetails } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import { decodeChunk, encodeChunk, encodeMessage, memoOf } from "../core/history-chunk.ts";
import type {
  ExecutionRewound,
  HistoryEvent,
  InstanceMessage,
  ParentInstance,
} from "../core/history-event.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import { foldHistory } from "../core/runtime-state.ts";
import type { Episode, LoadedInstance, OwnedPartition } from "../storage/index.ts";
import type { PendingMessage } from "./active-instance.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { untilAnswered } from "./store-retry.ts";
import { outcomeForParent } from "./task-outcomes.ts";

export interface PlannedRewind {
  readonly episode: Episode;
  readonly messages: readonly { readonly instanceId: string; readonly event: InstanceMessage }[];
}

/**
 * What a rewind message does to an instance that has ended.
 *
 * Failed: the commit that puts it back to before its failures (S-130 to S-137). Ended otherwise, and asked by its parent:
 * it tells the parent its outcome once more, and `undefined` is the answer, as it is for everything else. Without its code
 * it waits for a worker that has it: "held".
 */
export async function planRewind(
  instanceId: string,
  messages: readonly PendingMessage[],
  owned: OwnedPartition,
  ports: PartitionPorts,
): Promise<PlannedRewind | "held" | undefined> {
  const loaded = await untilAnswered(() => ports.load(instanceId), ports);
  const rewound = messages
    .map((message) => message.event)
    .find((event) => event?.type === "ExecutionRewound");
  if (loaded === undefined || rewound?.type !== "ExecutionRewound") return undefined;
  if (loaded.record.status !== "Failed") {
    if (rewound.parent) await reportAgain(loaded, rewound.parent, ports);
    return undefined;
  }
  const { name, version } = loaded.record;
  if (ports.executor.match(name, version).type === "version-missing") return "held";
  return plan(loaded, rewound, messages, owned, ports);
}

async function plan(
  loaded: LoadedInstance,
  rewound: ExecutionRewound,
  messages: readonly PendingMessage[],
  owned: OwnedPartition,
  ports: PartitionPorts,
): Promise<PlannedRewind> {
  const { record, chunks } = loaded;
  const at = ports.clock.now();
  const began = chunks[0]?.at ?? at;
  const { parent } = rewound;
  const history = chunks.flatMap((chunk) => decodeChunk(chunk, record)).map((event) => under(parent, event));
  const text = memoOf(chunks);
  const memo = text === undefined ? undefined : { text };
  const executionId = ports.newExecutionId();
  const run = ports.newRun();
  const result = await ports.executor.rewind(record.name, {
    history,
    newExecutionId: executionId,
    rewindableChildren: await failedChildren(record.instanceId, history, ports),
  });
  const { instanceId, name, version } = record;
  const self = { instanceId, executionId, name, ...given({ version }) };
  const told = [...childrenToTell(result, self, rewound, at), ...locksToRegain(result, self, at)];
  return {
    messages: told,
    episode: {
      partition: owned.partition,
      epoch: owned.epoch,
      instanceId: record.instanceId,
      run: record.run,
      chunk: {
        seq: 1,
        at,
        ...encodeChunk([{ ...rewound, formerExecutionId: record.executionId }], at),
      },
      nextRun: {
        run,
        executionId,
        ...given({ parent }),
        rewritten: { seq: 0, at: began, ...encodeChunk(withinFrame(result.history), began, memo) },
      },
      patch: { status: "Running", output: null, failure: null, completedAt: null, recover: true },
      consumed: messages.flatMap((message) => message.storedId ?? []),
      timersNew: result.timers.map(({ id, fireAt }) => ({
        run,
        id,
        dueAt: fireAt,
        instanceId: record.instanceId,
      })),
      timersDone: [],
      messages: told.map(({ instanceId, event }) => ({ instanceId, at, event: encodeMessage(event) })),
      starts: [],
    },
  };
}

/** A child goes on for the execution that its parent was rewound into, and for the task that waits for it there. */
function under(parent: ParentInstance | undefined, event: HistoryEvent): HistoryEvent {
  return parent && event.type === "ExecutionStarted" ? { ...event, parent } : event;
}

/**
 * The rewritten history is one chunk, which stands for its outer OrchestratorStarted and OrchestratorCompleted; those
 * between the former episodes stay, so that code that reads its clock reads the same again.
 */
function withinFrame(history: readonly HistoryEvent[]): readonly HistoryEvent[] {
  return history.slice(1, -1);
}

/** Children that failed are rewound; open ones whose outcome may have gone to the failed parent tell it once more. */
function childrenToTell(
  result: { readonly history: readonly HistoryEvent[] },
  parent: Omit<ParentInstance, "taskScheduledId">,
  rewound: ExecutionRewound,
  timestamp: number,
): readonly { readonly instanceId: string; readonly event: InstanceMessage }[] {
  return foldHistory(result.history).children.map((child) => ({
    instanceId: child.instanceId,
    event: {
      type: "ExecutionRewound",
      timestamp,
      parent: { ...parent, taskScheduledId: child.id },
      ...(rewound.reason === undefined ? {} : { reason: rewound.reason }),
    },
  }));
}

/** The failure has ended the critical sections: their entities are locked again before the instance goes on. */
function locksToRegain(
  { history }: { readonly history: readonly HistoryEvent[] },
  { instanceId, executionId }: Omit<ParentInstance, "taskScheduledId">,
  timestamp: number,
): readonly { readonly instanceId: string; readonly event: InstanceMessage }[] {
  const holder = { instanceId, executionId };
  return foldHistory(history).locks.flatMap(({ criticalSectionId, lockSet }) => {
    const event = { type: "EntityLock", timestamp, criticalSectionId, lockSet, position: 0, holder } as const;
    return lockSet.slice(0, 1).map((instanceId) => ({ instanceId, event }));
  });
}

/** What it asked for and was refused is another's, whatever that has come to. */
async function failedChildren(
  instanceId: string,
  history: readonly HistoryEvent[],
  ports: PartitionPorts,
): Promise<ReadonlySet<string>> {
  const failed = new Set<string>();
  for (const event of history) {
    if (event.type !== "SubOrchestrationInstanceFailed") continue;
    const child = await untilAnswered(() => ports.query.get(event.instanceId), ports);
    if (child?.status === "Failed" && child.parent?.instanceId === instanceId) failed.add(event.instanceId);
  }
  return failed;
}

async function reportAgain(
  loaded: LoadedInstance,
  parent: ParentInstance,
  ports: PartitionPorts,
): Promise<void> {
  const { record } = loaded;
  const event = outcomeForParent(
    record.instanceId,
    parent,
    {
      status: endingOf(record.status),
      result: record.output,
      failure: record.failure === undefined ? undefined : (JSON.parse(record.failure) as FailureDetails),
    },
    ports.clock.now(),
  );
  await untilAnswered(() => ports.keep(parent.instanceId, event), ports);
}

function endingOf(status: RuntimeStatus): "Completed" | "Failed" | "Terminated" {
  return status === "Completed" || status === "Failed" ? status : "Terminated";
}
