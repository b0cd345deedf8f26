const WIDTH = 30;
const REDRAW_MS = 100;

/** A bar on standard error while something long goes on; nothing when that is no terminal. */
export class Progress implements Disposable {
  readonly #label: string;
  readonly #total: number | undefined;
  readonly #began = performance.now();
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** Without a total it counts. */
  constructor(label: string, total?: number) {
    this.#label = label;
    this.#total = total;
  }

  update(done: number): void {
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    process.stderr.write(`\r\x1b[2K${progressLine(this.#label, done, this.#total, now - this.#began)}`);
  }

  [Symbol.dispose](): void {
    if (process.stderr.isTTY && this.#drawnAt > 0) process.stderr.write("\r\x1b[2K");
  }
}

/** `Purging  [#########---------------------]  30 %  150,000 of 500,000  41,000/s  8 s left` */
export function progressLine(
  label: string,
  done: number,
  total: number | undefined,
  elapsedMs: number,
): string {
  const rate = elapsedMs > 0 ? Math.round((done * 1_000) / elapsedMs) : 0;
  const speed = `${rate.toLocaleString("en-US")}/s`;
  const count = done.toLocaleString("en-US");
  if (total === undefined || total < done) return `${label}  ${count}  ${speed}`;
  const share = total === 0 ? 1 : done / total;
  const bar = "#".repeat(Math.floor(share * WIDTH)).padEnd(WIDTH, "-");
  const left = rate > 0 ? `  ${Math.ceil((total - done) / rate)} s left` : "";
  return `${label}  [${bar}]  ${Math.floor(share * 100)} %  ${count} of ${total.toLocaleString("en-US")}  ${speed}${left}`;
}
