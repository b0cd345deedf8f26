/** Work that a worker elsewhere has, or will have. */
export interface WorkElsewhere<T> {
  /** Rejects with NoWorker when nobody is left who takes it, and with what it was withdrawn with. */
  readonly outcome: Promise<T>;
  /** Takes it back: what it comes to is of no use to anyone. */
  withdraw(): void;
}
