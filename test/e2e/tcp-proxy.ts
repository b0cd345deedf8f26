import { connect, createServer, type Server, type Socket } from "node:net";

/** Stands between a worker and the server, and does to their connections what networks do. */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #sockets: Set<Socket>;

  private constructor(server: Server, sockets: Set<Socket>) {
    const address = server.address();
    this.port = typeof address === "object" && address ? address.port : 0;
    this.#server = server;
    this.#sockets = sockets;
  }

  static async open(target: number): Promise<TcpProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(target, "127.0.0.1");
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => {
          sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new TcpProxy(server, sockets);
  }

  /** Nothing gets through any more, and nobody is told. */
  fallSilent(): void {
    for (const socket of this.#sockets) socket.unpipe();
  }

  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
