import { status } from "@grpc/grpc-js";
import { RpcError } from "./rpc-error.ts";

export const STOPPING = "The server is stopping.";

/** Calls that wait for something that may take for ever. */
export class PendingCalls {
  readonly #ends = new Set<AbortController>();
  #areOver = false;

  add(end: AbortController): void {
    if (this.#areOver) end.abort(stopping());
    else this.#ends.add(end);
  }

  remove(end: AbortController): void {
    this.#ends.delete(end);
  }

  /** The server stops: they are told so, now and from now on. */
  endAll(): void {
    this.#areOver = true;
    for (const end of this.#ends) end.abort(stopping());
    this.#ends.clear();
  }
}

const stopping = (): RpcError => new RpcError(status.UNAVAILABLE, STOPPING);
