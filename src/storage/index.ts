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
export { matchesCompletion, matchesFilter, terminalOnly } from "./instance-filter.ts";
export type {
  CompletionFilter,
  CompletionPageRequest,
  CreationOrder,
  InstanceFilter,
  InstanceIdPage,
  InstancePage,
  InstanceRecord,
  PagePayloads,
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
