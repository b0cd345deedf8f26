import { styleText } from "node:util";
import type { EntityStatus, InstanceStatus } from "./management.ts";

export const FORMATS = ["text", "json", "ndjson", "table"] as const;
export type Format = (typeof FORMATS)[number];

/** What a command has to say: for people, or for programs as JSON and nothing else on standard output. */
export class Output {
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  get isForPeople(): boolean {
    return this.#format === "text" || this.#format === "table";
  }

  /** Something was done: a sentence for people, the facts for programs. */
  done(sentence: string, facts: object): void {
    if (this.isForPeople) print(styleText("green", sentence));
    else this.#json(facts);
  }

  /** Something on the way, which is no result. */
  note(sentence: string): void {
    console.error(sentence);
  }

  /** One thing with its properties: aligned for people. */
  object(facts: Readonly<Record<string, unknown>>): void {
    if (!this.isForPeople) return this.#json(facts);
    const width = Math.max(...Object.keys(facts).map((name) => name.length));
    for (const [name, value] of Object.entries(facts)) {
      if (value !== undefined) print(`${styleText("dim", name.padEnd(width))}  ${textOf(value)}`);
    }
  }

  instances(instances: readonly InstanceStatus[], continuationToken: string | undefined): void {
    this.#page({ instances }, continuationToken, {
      titles: ["INSTANCE ID", "NAME", "STATUS", "CREATED", "UPDATED"],
      rowOf: (each) => [
        each.instanceId,
        each.name,
        each.runtimeStatus,
        each.createdTime,
        each.lastUpdatedTime,
      ],
    });
  }

  entities(entities: readonly EntityStatus[], continuationToken: string | undefined): void {
    this.#page({ entities }, continuationToken, {
      titles: ["NAME", "KEY", "LAST OPERATION", "STATE"],
      rowOf: ({ entityId: { name, key }, lastOperationTime, state }) => [
        name,
        key,
        lastOperationTime,
        state === null ? "" : JSON.stringify(state),
      ],
    });
  }

  /** A value as it is, which is JSON in every format. */
  value(value: unknown): void {
    this.#json(value);
  }

  /** Many things, each of them as JSON. */
  async events(events: AsyncIterable<object>): Promise<void> {
    if (this.#format === "ndjson") {
      for await (const event of events) print(JSON.stringify(event));
      return;
    }
    const all: object[] = [];
    for await (const event of events) all.push(event);
    print(JSON.stringify(all, undefined, 2));
  }

  /** One of a stream of statuses: a line each. */
  change(status: InstanceStatus): void {
    if (!this.isForPeople) return print(JSON.stringify(status));
    const { lastUpdatedTime, runtimeStatus, customStatus, output } = status;
    const details = [customStatus, output].filter((value) => value !== null).map(textOf);
    print([styleText("dim", lastUpdatedTime), runtimeStatus, ...details].join("  "));
  }

  list(title: string, names: readonly string[]): void {
    switch (this.#format) {
      case "json":
        return this.#json(names);
      case "ndjson":
        for (const name of names) print(JSON.stringify(name));
        return;
      case "text":
        for (const name of names) print(name);
        return;
      case "table":
        return table(
          [title],
          names.map((name) => [name]),
        );
    }
  }

  /** The things of a page, under their name, and how to ask for the next. */
  #page<T>(page: Readonly<Record<string, readonly T[]>>, token: string | undefined, look: Look<T>): void {
    const items = Object.values(page).flat();
    switch (this.#format) {
      case "json":
        return this.#json({ ...page, continuationToken: token ?? "" });
      case "ndjson":
        for (const item of items) print(JSON.stringify(item));
        if (token) this.note(continuationSentence(token));
        return;
      case "text":
      case "table":
        table(look.titles, items.map(look.rowOf));
        return print(styleText("green", continuationSentence(token ?? "")));
    }
  }

  #json(value: unknown): void {
    print(this.#format === "ndjson" ? JSON.stringify(value) : JSON.stringify(value, undefined, 2));
  }
}

/** How things look in a table. */
interface Look<T> {
  readonly titles: readonly string[];
  readonly rowOf: (item: T) => readonly string[];
}

const continuationSentence = (token: string): string =>
  `Continuation token for next set of results: '${token}'`;

function table(titles: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = titles.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd();
  print(styleText("dim", line(titles)));
  for (const row of rows) print(line(row));
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
