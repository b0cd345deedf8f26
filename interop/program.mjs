/** The programs that the runner starts, and ends again: each by its own process id, and by nothing else. */
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const STOP_MS = 5_000;
const POLL_MS = 50;
const LAST_LINES = 15;

export class ProgramError extends Error {
  isProgramError = true;
}

export class Programs {
  #started = [];

  start(name, options) {
    const program = new Program(name, options);
    this.#started.push(program);
    return program;
  }

  get running() {
    return this.#started.filter((program) => !program.hasEnded);
  }

  /** The last one first: clients, workers, hub. */
  async stop() {
    for (const program of this.running.toReversed()) await program.stop();
  }
}

class Program {
  output = "";
  #name;
  #child;
  #ended;

  constructor(name, { command, args, cwd, env = {}, onLine = () => {} }) {
    this.#name = name;
    this.#child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: "pipe" });
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.output += `${error.message}\n`;
        resolve(null);
      });
      this.#child.once("close", resolve);
    });
    this.#child.stdin.on("error", () => {}); // It may end before it is told to.
    let rest = "";
    const read = (text) => {
      this.output += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) onLine(line);
    };
    this.#child.stdout.setEncoding("utf8").on("data", read);
    this.#child.stderr.setEncoding("utf8").on("data", read);
  }

  get hasEnded() {
    return this.#child.exitCode !== null || this.#child.signalCode !== null || this.#child.pid === undefined;
  }

  async prints(line, limitMs) {
    await this.#until(() => this.output.split("\n").includes(line), limitMs, `did not print ${line}`);
  }

  async listens(port, limitMs) {
    await this.#until(() => answers(port), limitMs, `does not listen on port ${port}`);
  }

  async #until(condition, limitMs, complaint) {
    const deadline = Date.now() + limitMs;
    while (!(await condition())) {
      if (this.hasEnded || Date.now() > deadline) {
        throw new ProgramError(`the ${this.#name} ${complaint}\n${this.lastWords()}`);
      }
      await sleep(POLL_MS);
    }
  }

  /** The exit code; null after a signal, which it gets when it runs for too long. */
  async exits(limitMs) {
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), limitMs);
    const exitCode = await this.#ended;
    clearTimeout(timer);
    return exitCode;
  }

  async stop() {
    if (this.hasEnded) return;
    this.#child.stdin.end();
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_MS);
    await this.#ended;
    clearTimeout(timer);
  }

  lastWords() {
    const lines = this.output.trimEnd().split("\n").slice(-LAST_LINES);
    return `--- the ${this.#name} said at last:\n${lines.join("\n")}`;
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
