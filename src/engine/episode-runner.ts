import { Buffer } from "node:buffer";
import { isEntityMessage } from "../core/entity-message.ts";
import type { EpisodeResult } from "../core/episode-result.ts";
import { DurableError } from "../core/errors.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import { isUnlock } from "../core/orchestrator-action.ts";
import type { OwnedPartition } from "../storage/index.ts";
import type { ActiveInstance, PendingMessage } from "./active-instance.ts";
import type { PumpOutcome } from "./commit-pump.ts";
import { EntityRunner } from "./entity-runner.ts";
import { type BuiltEpisode, buildEpisode, type EpisodeInput } from "./episode-builder.ts";
import { changesNothing, settleAll, takeMessages } from "./inbox.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { NoWorker, Withdrawn } from "./remote-workers.ts";
import type { Tenure } from "./tenure.ts";

/** How long episodes may run before what they came to is committed. */
const WAVE_MS = 4;
const MAX_EPISODES_IN_A_WAVE = 256;
/** With fewer episodes under way elsewhere, each that comes back is committed at once. */
const GATHER_FROM = 16;
const GATHER_MS = 1;

type RunnerPorts = Pick<
  PartitionPorts,
  "clock" | "pump" | "settings" | "logger" | "executor" | "newRun" | "newExecutionId"
>;

/** What follows an episode; the partition knows. */
export interface AfterEpisode {
  readonly tenure: Readonly<Tenure>;
  /** The instance has nothing to do for now. */
  rest(instance: ActiveInstance): void;
  /** What is in memory of the instance is void. */
  reload(instance: ActiveInstance, messages: readonly PendingMessage[]): void;
  committed(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    built: BuiltEpisode,
    outcome: PumpOutcome,
  ): void;
  /** No episode can be made of what the code came to. */
  unwritable(instance: ActiveInstance, messages: readonly PendingMessage[], error: unknown): void;
}

/**
 * Whose turn it is: runs the episodes of ready instances in waves, and hands what they come to to the commit pump.
 *
 * It does not own what an instance is told and when it is in memory, nor what follows a commit.
 */
export class EpisodeRunner {
  readonly #owned: OwnedPartition;
  readonly #ports: RunnerPorts;
  readonly #after: AfterEpisode;
  readonly #entities: EntityRunner;
  #ready: ActiveInstance[] = [];
  #waveDue = false;
  #asyncEpisodes = 0;
  #remoteEpisodes = 0;
  #isGathering = false;

  constructor(owned: OwnedPartition, ports: RunnerPorts, after: AfterEpisode) {
    this.#owned = owned;
    this.#ports = ports;
    this.#after = after;
    this.#entities = new EntityRunner(owned, ports, after);
  }

  /** The instance has something to do. */
  add(instance: ActiveInstance): void {
    instance.phase = "ready";
    this.#ready.push(instance);
    this.scheduleWave();
  }

  scheduleWave(): void {
    if (this.#waveDue || this.#after.tenure.over) return;
    this.#waveDue = true;
    this.#ports.clock.soon(() => this.#wave());
  }

  stop(): void {
    this.#ready = [];
  }

  /** Runs what is ready, then commits it together. While a commit is under way the next wave gathers. */
  #wave(): void {
    this.#waveDue = false;
    if (this.#after.tenure.over) return;
    const { clock, pump, settings } = this.#ports;
    const began = clock.now();
    const remoteBefore = this.#remoteEpisodes;
    let next = 0;
    while (
      next < this.#ready.length &&
      pump.pending < MAX_EPISODES_IN_A_WAVE &&
      this.#asyncEpisodes < settings.maxConcurrentOrchestratorFunctions &&
      clock.now() - began <= WAVE_MS
    ) {
      this.#run(this.#ready[next++] as ActiveInstance);
    }
    this.#ready = next === this.#ready.length ? [] : this.#ready.slice(next);
    const areTurnsSent = this.#remoteEpisodes > remoteBefore;
    // They leave with the next turn of the event loop, and need not wait for the disk until then.
    if (areTurnsSent && pump.pending > 0) clock.soon(() => this.#commit());
    else this.#commit();
  }

  #commit(): void {
    const { pump, settings } = this.#ports;
    void pump.flush().then(() => {
      const hasRoom = this.#asyncEpisodes < settings.maxConcurrentOrchestratorFunctions;
      if (this.#ready.length > 0 && hasRoom) this.scheduleWave();
    });
  }

  #run(instance: ActiveInstance): void {
    if (instance.entity) return this.#entities.run(instance, instance.entity);
    const messages = takeMessages(instance);
    try {
      this.#runEpisode(instance, messages);
    } catch (error) {
      this.#after.unwritable(instance, messages, error);
    }
  }

  #runEpisode(instance: ActiveInstance, messages: readonly PendingMessage[]): void {
    if (messages.length === 0 && !instance.session?.isDue) return this.#after.rest(instance);
    instance.phase = "running";
    const { session } = instance;
    const now = this.#ports.clock.now();
    const events = messages.flatMap(({ event }) => (event && concernsCode(event) ? event : []));
    const at = messages[0]?.recordedAt ?? session?.timeOf?.(events, now) ?? now;
    const result = session?.execute(events, at);
    if (result === undefined) return this.#after.rest(instance);
    if (!(result instanceof Promise)) return this.#finishEpisode(instance, messages, result, at);
    if (session?.runsElsewhere) return this.#awaitRemote(instance, messages, result, at);
    this.#asyncEpisodes += 1;
    void result.then(
      (value) => {
        this.#asyncEpisodes -= 1;
        if (this.#after.tenure.over) return settleAll(messages, this.#after.tenure.over);
        this.#finishEpisode(instance, messages, value, at);
        this.scheduleWave();
      },
      (error: unknown) => {
        this.#asyncEpisodes -= 1;
        this.#abortEpisode(instance, messages, error);
      },
    );
  }

  /** It takes no place here, however long it takes. */
  #awaitRemote(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    result: Promise<EpisodeResult>,
    at: number,
  ): void {
    this.#remoteEpisodes += 1;
    void result.then(
      (value) => {
        this.#remoteEpisodes -= 1;
        if (this.#after.tenure.over) return settleAll(messages, this.#after.tenure.over);
        this.#finishEpisode(instance, messages, value, at);
        if (this.#remoteEpisodes < GATHER_FROM) this.scheduleWave();
        else this.#gather();
      },
      (error: unknown) => {
        this.#remoteEpisodes -= 1;
        this.#abortEpisode(instance, messages, error);
      },
    );
  }

  /** Where much is under way elsewhere, results come one by one: those of a moment share the wait for the disk. */
  #gather(): void {
    if (this.#isGathering || this.#waveDue) return;
    this.#isGathering = true;
    this.#ports.clock.after(GATHER_MS, () => {
      this.#isGathering = false;
      this.scheduleWave();
    });
  }

  #finishEpisode(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    came: EpisodeResult,
    at: number,
  ): void {
    const result = messages[0]?.recordedAt === undefined ? came : { ...came, accepted: [] };
    if (isNothing(result) && messages.every(changesNothing)) {
      settleAll(messages, "delivered");
      return this.#after.rest(instance);
    }
    const built = this.#build(instance, messages, result, at);
    if (built === undefined) return;
    instance.phase = "committing";
    this.#ports.pump.add(built.episode, (outcome) =>
      this.#after.committed(instance, messages, built, outcome),
    );
  }

  /**
   * More than one text, or the store, can hold cannot be written: the instance fails. One whose episode cannot be made at all is left
   * alone. Either way the process lives, and its neighbors go on.
   */
  #build(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    result: EpisodeResult,
    at: number,
  ): BuiltEpisode | undefined {
    const { clock, settings, newRun, newExecutionId } = this.#ports;
    const now = clock.now();
    const input = { owned: this.#owned, instance, messages, result, at, now, newRun, newExecutionId };
    try {
      return buildOrGiveUp(input, settings.maxEpisodeBytes);
    } catch (error) {
      this.#after.unwritable(instance, messages, error);
      return undefined;
    }
  }

  /** The code could not be run at all (a lost worker, not a failure of the code): nothing happened, try again (S-38). */
  #abortEpisode(instance: ActiveInstance, messages: readonly PendingMessage[], error: unknown): void {
    if (this.#after.tenure.over) return settleAll(messages, this.#after.tenure.over);
    if (!(error instanceof NoWorker || error instanceof Withdrawn)) {
      this.#ports.logger.warn(
        { instanceId: instance.instanceId, err: error },
        "An episode was aborted and will be run again",
      );
    }
    this.#after.reload(instance, messages);
  }
}

/** A rewind is for what has ended; who still runs when its parent is rewound goes on as it is. */
const concernsCode = (event: NonNullable<PendingMessage["event"]>): event is HistoryEvent & typeof event =>
  !isEntityMessage(event) && event.type !== "ExecutionRewound";

function buildOrGiveUp(input: EpisodeInput, maxBytes: number): BuiltEpisode {
  try {
    const built = buildEpisode(input);
    if (hasMoreBytes(built.episode.chunk.events, maxBytes)) throw new RangeError("No store takes that much.");
    return built;
  } catch (error) {
    const { instance, result } = input;
    const end = error instanceof RangeError ? instance.session?.giveUp?.(tooLarge(instance)) : undefined;
    if (end === undefined) throw error;
    const accepted = result.accepted.filter(({ type }) => type === "ExecutionStarted");
    const lastUnlocks = result.actions.filter(isUnlock);
    const { canceledTimers } = result;
    return buildEpisode({ ...input, result: { ...end, accepted, canceledTimers, lastUnlocks } });
  }
}

/** No character has more than three bytes. */
const hasMoreBytes = (text: string, most: number): boolean =>
  text.length * 3 > most && Buffer.byteLength(text) > most;

const tooLarge = ({ started, instanceId }: ActiveInstance): DurableError =>
  new DurableError(
    "PAYLOAD_TOO_LARGE",
    `What orchestrator '${started?.name ?? instanceId}' was told and has asked for in one turn is larger than an entry of ` +
      "a history can be (about 500 MB as UTF-8). Keep large data elsewhere and pass references to it.",
  );

const isNothing = ({
  accepted,
  actions,
  patches,
  completion,
  continuedAsNew,
  customStatus,
  memo,
}: EpisodeResult): boolean =>
  accepted.length === 0 &&
  actions.length === 0 &&
  patches.length === 0 &&
  customStatus === undefined &&
  memo === undefined &&
  completion === undefined &&
  continuedAsNew === undefined;
