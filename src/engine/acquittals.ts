/** Instances that were suspected of having killed the process and have come to rest without a commit: told to the store together. */
export class Acquittals {
  readonly #takeBackAttempts: (instanceIds: readonly string[]) => Promise<void>;
  readonly #soon: (callback: () => void) => void;
  #waiting: string[] = [];

  constructor(
    takeBackAttempts: (instanceIds: readonly string[]) => Promise<void>,
    soon: (callback: () => void) => void,
  ) {
    this.#takeBackAttempts = takeBackAttempts;
    this.#soon = soon;
  }

  add(instanceId: string): void {
    this.#waiting.push(instanceId);
    if (this.#waiting.length > 1) return;
    this.#soon(() => {
      const instanceIds = this.#waiting;
      this.#waiting = [];
      void this.#takeBackAttempts(instanceIds);
    });
  }
}
