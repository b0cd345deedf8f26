import type { ExecutionRewound } from "./history-event.ts";

/**
 * Which executions one execution stands for: itself, and those that were rewound into it. What they have asked for is still
 * waited for. What an execution before a continue-as-new has asked for is not, although its numbers and ids may be the same.
 *
 * Who does not say whom an answer is for is believed, and so is everyone where the history does not say what was rewound:
 * earlier versions did not write it down.
 */
export class ExecutionLineage {
  #current: string;
  #former: Set<string> | undefined;
  #isWhole = true;

  constructor(executionId: string) {
    this.#current = executionId;
  }

  begins(executionId: string): void {
    this.#current = executionId;
  }

  rewound({ formerExecutionId }: ExecutionRewound): void {
    if (formerExecutionId === undefined) this.#isWhole = false;
    else (this.#former ??= new Set()).add(formerExecutionId);
  }

  has(executionId: string | undefined): boolean {
    if (executionId === undefined || executionId === this.#current || !this.#isWhole) return true;
    return this.#former?.has(executionId) ?? false;
  }
}
