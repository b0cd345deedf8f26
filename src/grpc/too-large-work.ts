import { DurableError } from "../core/errors.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { refusal } from "../core/refusal.ts";
import type { Work } from "./work.ts";

/** What the workers of most SDKs receive at most unless they are told otherwise, in bytes. */
const USUAL_LIMIT = 4 * 1024 * 1024;
/** A stream that ends so soon after a larger item was sent has ended over it. */
const SOON_MS = 5_000;
const MOST_STREAMS = 3;

/**
 * Work that is larger than a worker receives ends its stream, and would do so for ever. How much a worker receives only the
 * worker knows: work is given up when streams have ended over it three times in a row.
 */
export class TooLargeWork {
  readonly #endedStreams = new Map<string, number>();

  /** The stream it was sent on has ended. The answer: why nobody is to be sent it again. */
  streamEnded({ key, kind, name, sent }: Work, now: number): FailureDetails | undefined {
    if (sent === undefined || sent.bytes <= USUAL_LIMIT || now - sent.at > SOON_MS) return undefined;
    const streams = (this.#endedStreams.get(key) ?? 0) + 1;
    this.#endedStreams.set(key, streams);
    if (streams < MOST_STREAMS) return undefined;
    this.#endedStreams.delete(key);
    return refusal(
      new DurableError(
        "PAYLOAD_TOO_LARGE",
        `The work item of ${sent.bytes} bytes for the ${kind} '${name}' is larger than its workers receive: ${streams} ` +
          "connections ended as it was sent. Keep large data elsewhere and pass a reference to it, or let the workers " +
          "receive more.",
      ),
    );
  }

  /** A worker has had it. */
  answered({ key }: Work): void {
    this.#endedStreams.delete(key);
  }
}
