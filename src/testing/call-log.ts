/** One call of an activity, or of a faked orchestration. */
export interface RecordedCall<I, O> {
  readonly input: I;
  /** When it began, in virtual time. */
  readonly at: Date;
  /** The orchestration that made the call; for an orchestration its own id. */
  readonly instanceId: string;
  /** lost: the worker that ran it was killed. */
  readonly state: "running" | "completed" | "failed" | "lost";
  /** What it returned, when completed. */
  readonly result?: O;
  /** What it threw, when failed. */
  readonly error?: unknown;
}

/** A call whose end is still to be written down. */
export interface OpenCall {
  completed(result: unknown): void;
  failed(error: unknown): void;
}

interface Entry {
  readonly kind: "activity" | "orchestrator";
  readonly name: string;
  call: RecordedCall<unknown, unknown>;
}

/** Every call that was made in a hub, in order. */
export class CallLog {
  readonly #entries: Entry[] = [];

  begin(
    kind: Entry["kind"],
    name: string,
    call: Pick<RecordedCall<unknown, unknown>, "input" | "at" | "instanceId">,
  ): OpenCall {
    const entry: Entry = { kind, name: name.toLowerCase(), call: { ...call, state: "running" } };
    this.#entries.push(entry);
    const end = (end: Partial<RecordedCall<unknown, unknown>>): void => {
      if (entry.call.state === "running") entry.call = { ...entry.call, ...end };
    };
    return {
      completed: (result) => end({ state: "completed", result }),
      failed: (error) => end({ state: "failed", error }),
    };
  }

  /** The worker was killed: what it ran comes to nothing. */
  lose(): void {
    for (const entry of this.#entries) {
      if (entry.kind === "activity" && entry.call.state === "running")
        entry.call = { ...entry.call, state: "lost" };
    }
  }

  of(kind: Entry["kind"], name: string): readonly RecordedCall<unknown, unknown>[] {
    const wanted = name.toLowerCase();
    return this.#entries
      .filter((entry) => entry.kind === kind && entry.name === wanted)
      .map(({ call }) => call);
  }
}
