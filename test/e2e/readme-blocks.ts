import { readFileSync } from "node:fs";

/** A fenced block of a page. */
export interface Block {
  /** The heading it stands under. */
  readonly section: string;
  readonly language: string;
  /** What the info string says beside the language. */
  readonly remark: string;
  readonly text: string;
}

/** A block for a shell, with the output that the page shows below it. */
export interface ShellBlock extends Block {
  readonly output: string | undefined;
}

const FENCE = /^```(\w*) ?(.*)\n([^]*?)^```$/gm;
const HEADING = /^#+ (.*)$/gm;

/** Every fenced block of a page, in order. @throws when a fence is not closed */
export function blocksOf(path: string): readonly Block[] {
  const page = readFileSync(path, "utf8");
  const blocks = [...page.matchAll(FENCE)].map(
    ({ index, 1: language = "", 2: remark = "", 3: text = "" }) => ({
      section: sectionAt(page, index),
      language,
      remark,
      text: text.trimEnd(),
    }),
  );
  const fences = page.match(/^ *(```|~~~)/gm)?.length ?? 0;
  if (fences !== 2 * blocks.length) throw new Error(`${path} has a fence that this test does not read.`);
  return blocks;
}

function sectionAt(page: string, index: number): string {
  return [...page.slice(0, index).matchAll(HEADING)].at(-1)?.[1] ?? "";
}

/** The blocks for a shell: an output belongs to the one directly before it. */
export function shellBlocks(blocks: readonly Block[]): readonly ShellBlock[] {
  return blocks.flatMap((block, index) => {
    const next = blocks[index + 1];
    return isShell(block) ? [{ ...block, output: next && isOutput(next) ? next.text : undefined }] : [];
  });
}

export const isShell = ({ language }: Block): boolean => ["sh", "bash"].includes(language);
export const isProgram = ({ language }: Block): boolean => ["ts", "js"].includes(language);
export const isOutput = ({ language }: Block): boolean => ["json", "text"].includes(language);

/** A program says in its first line which file it is. */
export function fileNameOf({ text }: Block): string | undefined {
  return /^\/\/ ([\w.-]+\.[cm]?[jt]s)\n/.exec(text)?.[1];
}
