import type { WorkGivenBack } from "../engine/remote-workers.ts";
import type { Work } from "./work.ts";

/** A complaint may quote what it is about. */
const MAX_REASON = 1_000;

/** What workers have given back and nobody has done yet: how often, and why, for whoever asks what an instance waits for. */
export class GivenBack {
  readonly #byWork = new Map<Work, WorkGivenBack>();

  note(work: Work, why: string): void {
    const times = (this.#byWork.get(work)?.times ?? 0) + 1;
    const { kind, name } = work;
    this.#byWork.set(work, { kind, name, times, why: why.slice(0, MAX_REASON) });
  }

  /** Somebody has done it, or nobody wants it done any more. */
  forget(work: Work): void {
    this.#byWork.delete(work);
  }

  of(instanceId: string): readonly WorkGivenBack[] {
    return [...this.#byWork].flatMap(([work, given]) => (work.instanceId === instanceId ? given : []));
  }
}
