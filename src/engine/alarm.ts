/** Rings that come while nobody waits are kept: one is as good as many. */
export class Alarm {
  #isRinging = false;
  #wake: () => void = () => undefined;

  ring(): void {
    this.#isRinging = true;
    this.#wake();
  }

  async rung(): Promise<void> {
    if (!this.#isRinging) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#isRinging = false;
  }
}
