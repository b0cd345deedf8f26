import type { InstanceMessage } from "../core/history-event.ts";
import type {
  InstanceRecord,
  NewInstance,
  OwnedPartition,
  QueryStore,
  TimerKey,
  WorkerStore,
} from "../storage/index.ts";
import type { PendingMessage } from "./active-instance.ts";
import type { ActivityDispatcher } from "./activity-dispatcher.ts";
import type { Clock } from "./clock.ts";
import type { CommitPump } from "./commit-pump.ts";
import type { Executor } from "./executor.ts";
import type { Logger } from "./logger.ts";
import type { Partition } from "./partition.ts";
import type { EngineSettings } from "./settings.ts";

/** What a partition needs of its worker. */
export interface PartitionPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly settings: EngineSettings;
  readonly executor: Executor;
  readonly pump: CommitPump;
  readonly activities: ActivityDispatcher;
  readonly query: QueryStore;
  readonly load: WorkerStore["load"];
  readonly newRun: () => number;
  readonly newExecutionId: () => string;
  /** True once this worker has stopped. */
  isStopped(): boolean;
  /** Another owner has this partition. */
  lost(partition: Partition): void;
  /** A committed message, on its way to whichever partition has the instance. */
  sent(instanceId: string, message: PendingMessage): void;
  /** One that may have been taken from the store by others: whoever has the instance looks there. */
  left(instanceId: string): void;
  /** A committed start. */
  started(instance: NewInstance): void;
  /** A commit has changed what the instance's status is. */
  changed(instanceId: string): void;
  /** An instance has reached a terminal status; its record is made for those who ask. */
  ended(instanceId: string, record: () => InstanceRecord): void;
  /** Puts a message into the instance's inbox in the store. */
  keep(instanceId: string, event: InstanceMessage): Promise<void>;
  discard(owned: OwnedPartition, messageIds: readonly number[], timers: readonly TimerKey[]): Promise<void>;
  quarantine(instanceId: string, reason: string): Promise<void>;
  /** It is suspected of having killed the process, and none of its code has its turn. */
  acquit(instanceId: string): void;
  /** It was acquitted, and now some of its code is about to run. Resolves when that is in the store. */
  suspect(instanceId: string): Promise<void>;
}
