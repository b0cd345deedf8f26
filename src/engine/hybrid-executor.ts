import type { EntityBatch } from "../core/entity-batch.ts";
import type { ExecutionStarted } from "../core/history-event.ts";
import { type Rewound, rewindWithoutCode } from "../core/rewind-without-code.ts";
import type {
  ActivityCall,
  Executor,
  FunctionKind,
  OrchestrationSession,
  OrchestratorMatch,
  RewindInput,
  RunningActivity,
  RunningBatch,
  StartToCheck,
} from "./executor.ts";
import { type LocalExecutor, versionIn } from "./local-executor.ts";
import { RemoteSession } from "./remote-session.ts";
import type { RemoteWorkers, WorkGivenBack } from "./remote-workers.ts";

/** Functions of this process run here; all others are for workers that connect. */
export class HybridExecutor implements Executor {
  readonly #local: LocalExecutor;
  readonly #workers: RemoteWorkers;

  constructor(local: LocalExecutor, workers: RemoteWorkers) {
    this.#local = local;
    this.#workers = workers;
  }

  runsHere(kind: FunctionKind, name: string): boolean {
    return this.#local.has(kind, name);
  }

  runsElsewhere(kind: FunctionKind, name: string): boolean {
    return this.#workers.accepts(kind, name, undefined);
  }

  givenBack(instanceId: string): readonly WorkGivenBack[] {
    return this.#workers.givenBack?.(instanceId) ?? [];
  }

  onWorkersChanged(listener: () => void): void {
    this.#workers.onChanged(listener);
  }

  match(name: string, version: string | undefined): OrchestratorMatch {
    const here = this.#local.match(name, version);
    if (here.type === "runs" || this.#workers.accepts("orchestrator", name, version)) return { type: "runs" };
    return here.type === "missing" ? { type: "waits" } : here;
  }

  versionOfStart(name: string, version: string | undefined): string | undefined {
    return this.#local.has("orchestrator", name) ? this.#local.versionOfStart(name, version) : version;
  }

  pinnedVersion(name: string, version: string | undefined): string | undefined {
    return this.#local.has("orchestrator", name) ? this.#local.pinnedVersion(name, version) : version;
  }

  checkStart(start: StartToCheck): void | Promise<void> {
    return this.#isRemote(start.name, start.version) ? undefined : this.#local.checkStart(start);
  }

  openSession(started: ExecutionStarted, onStray: () => void): OrchestrationSession {
    const { name, version } = started;
    return this.#isRemote(name, version)
      ? new RemoteSession(started, this.#workers)
      : this.#local.openSession(started, onStray);
  }

  rewind(name: string, input: RewindInput): Promise<Rewound> {
    return this.#isRemote(name, versionIn(input.history))
      ? Promise.resolve(rewindWithoutCode(input))
      : this.#local.rewind(name, input);
  }

  startActivity(call: ActivityCall): RunningActivity {
    return this.#local.has("activity", call.name)
      ? this.#local.startActivity(call)
      : this.#workers.startActivity(call);
  }

  get entityNames(): readonly string[] {
    return this.#local.entityNames;
  }

  /** One that this process does not have may be of a worker yet to come. */
  hasEntity(): boolean {
    return true;
  }

  runEntity(batch: EntityBatch): RunningBatch {
    return this.#local.has("entity", batch.entity.name)
      ? this.#local.runEntity(batch)
      : this.#workers.runEntity(batch);
  }

  /** Also a version that this process does not have, when a worker takes it. */
  #isRemote(name: string, version: string | undefined): boolean {
    const here = this.#local.match(name, version).type;
    if (here === "runs") return false;
    return here === "missing" || this.#workers.accepts("orchestrator", name, version);
  }
}
