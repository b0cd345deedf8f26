export type {
  CommitOutcome,
  Episode,
  HistoryChunk,
  InstancePatch,
  NewInstance,
  NewMessage,
  NextRun,
  StoredMessage,
  Timer,
  TimerKey,
} from "./episode.ts";
export {
  OutcomeUnknownError,
  StorageFullError,
  StorageUnavailableError,
  TaskHubNotFoundError,
} from "./errors.ts";
export { matchesFilter, terminalOnly } from "./instance-filter.ts";
export type {
  CreationOrder,
  InstanceFilter,
  InstancePage,
  InstanceRecord,
  PageRequest,
  PurgeProgress,
  StatusCounts,
} from "./instance-record.ts";
export { partitionOf } from "./partition-of.ts";
export type {
  ClientStore,
  CreateResult,
  DueStart,
  LoadedInstance,
  OwnedPartition,
  Pulled,
  PullRequest,
  QueryStore,
  StorageProvider,
  TaskHubAdmin,
  TaskHubDescription,
  TaskHubStore,
  WorkerIdentity,
  WorkerStore,
} from "./storage-provider.ts";
