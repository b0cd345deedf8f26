import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Option } from "commander";
import { textLines } from "../../engine/text-lines.ts";
import { CommandError, EXIT } from "../command-error.ts";
import { hinted } from "../completion/value-hints.ts";
import { commandOf } from "./durable-command.ts";
import { type FilterFlags, filterOf, withFilter } from "./look-commands.ts";
import { Progress } from "./progress.ts";

/** Commands that take histories out of a hub and bring them into one. */
export const archiveCommands = () => [
  commandOf<FilterFlags & { readonly id?: string; readonly file?: string }>({
    name: "export-history",
    summary: "Write instances with their whole histories, one JSON object a line",
    example: 'export-history --runtime-status "completed failed" --file archive.ndjson',
    options: (command) =>
      withFilter(command)
        .option("--id <id>", "only this instance")
        .addOption(
          hinted(new Option("--file <path>", "where to; else standard output"), { pathAfter: [""] }),
        ),
    run: async (hub, { id, file, ...flags }, output) => {
      let instances = 0;
      using progress = new Progress("Exporting");
      async function* counted(): AsyncGenerator<string> {
        for await (const line of hub.exportHistory(id === undefined ? filterOf(flags) : { instanceId: id })) {
          yield `${line}\n`;
          if (line.startsWith('{"type":"end"')) progress.update(++instances);
        }
      }
      const part = `${file ?? ""}.${process.pid}.part`;
      const isFound = (): boolean => id === undefined || instances > 0;
      if (file === undefined) await pipeline(Readable.from(counted()), process.stdout, { end: false });
      else {
        try {
          await pipeline(Readable.from(counted()), createWriteStream(part));
          if (isFound()) await rename(part, file);
        } finally {
          await rm(part, { force: true });
        }
      }
      if (!isFound()) {
        throw new CommandError(`Could not find an orchestration instance with id '${id}'`, EXIT.notFound);
      }
      output.note(`Exported ${instances} instances.`);
    },
  }),
  commandOf<{ readonly file: string }>({
    name: "import-history",
    summary: "Bring exported instances that have ended into a hub",
    example: "import-history --file archive.ndjson --task-hub-name Archive",
    options: (command) => {
      const file = new Option("--file <path>", "what export-history wrote; - is standard input");
      return command.addOption(hinted(file.makeOptionMandatory(), { pathAfter: [""] }));
    },
    createsHub: true,
    run: async (hub, { file }, output) => {
      const lines = textLines(file === "-" ? process.stdin : await openFile(file));
      const counts = { imported: 0, skipped: 0 };
      {
        using progress = new Progress("Importing");
        for await (const each of hub.importHistory(lines)) {
          counts[each.type] += 1;
          if (each.type === "skipped") output.note(`Skipped '${each.instanceId}': ${each.reason}.`);
          progress.update(counts.imported);
        }
      }
      output.done(`Imported ${counts.imported} instances, skipped ${counts.skipped}.`, counts);
      if (counts.skipped > 0) throw new CommandError("Not everything was imported.", EXIT.conflict);
    },
  }),
];

async function openFile(path: string): Promise<Readable> {
  const file = createReadStream(path);
  await new Promise<void>((resolve, reject) => {
    file.once("open", () => resolve());
    file.once("error", () => reject(new CommandError(`Could not find input file at '${path}'`)));
  });
  return file;
}
