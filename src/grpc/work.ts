import type { FailureDetails } from "../core/failure-details.ts";
import type { FunctionKind } from "../engine/executor.ts";
import type { AnswerInParts } from "./answer-in-parts.ts";
import type { ItemReader } from "./work-items.ts";
import type { WorkerStream } from "./worker-stream.ts";

export interface SentWork {
  readonly stream: WorkerStream;
  readonly token: string;
  readonly bytes: number;
  readonly at: number;
  /** It has been answered, or is somebody else's. */
  readonly stopWaiting: (() => void) | undefined;
}

/** One piece of work, from the moment it is due until somebody has done it. */
export interface Work {
  readonly kind: FunctionKind;
  readonly name: string;
  /** Whose work it is. */
  readonly instanceId: string;
  readonly version: string | undefined;
  /** By which a worker names it that sends no token. */
  readonly key: string;
  /** The WorkItem that the worker is sent. */
  encode(reader: ItemReader, completionToken: string): Uint8Array;
  /** Nobody is left who takes it. Absent: it waits for somebody to come. */
  readonly abandoned?: () => void;
  /** It cannot be done anywhere. */
  fail(failure: FailureDetails): void;
  /** Where it is, while a worker has it, and what it was sent. */
  sent: SentWork | undefined;
  /** It was taken back: nobody wants it done any more. */
  isOver: boolean;
  /** What has come so far of an answer that comes in parts. */
  parts: AnswerInParts | undefined;
  /** Its worker has asked for all of it. */
  isWhole: boolean;
  /** Workers that have given it back: it is for others, as long as there are any. */
  refusedBy: WeakSet<WorkerStream> | undefined;
}
