import { connect, type Socket } from "node:net";

/** A connection that says what it is told to, whether that is HTTP or not. */
export class RawConnection {
  /** Everything that came, once the other side has closed. */
  readonly closed: Promise<string>;
  readonly #socket: Socket;
  #dripping: NodeJS.Timeout | undefined;
  #received = "";

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setEncoding("utf8").on("data", (text: string) => {
      this.#received += text;
    });
    this.closed = new Promise((resolve, reject) => {
      this.#socket.on("close", () => {
        clearInterval(this.#dripping);
        resolve(this.#received);
      });
      // Who writes to a connection that was cut is told so by an error first.
      this.#socket.on("error", (error: NodeJS.ErrnoException) => {
        if (error.code !== "ECONNRESET" && error.code !== "EPIPE") reject(error);
      });
    });
  }

  get received(): string {
    return this.#received;
  }

  send(text: string): this {
    this.#socket.write(text);
    return this;
  }

  /** Sends a piece every few milliseconds, for as long as it may. */
  drip(text: string): this {
    this.#dripping = setInterval(() => this.#socket.write(text), 5);
    return this;
  }

  /** Reads no more: what comes stays on its way. */
  pause(): this {
    this.#socket.pause();
    return this;
  }

  cut(): void {
    this.#socket.destroy();
  }
}
