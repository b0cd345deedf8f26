import { styleText } from "node:util";
import type { Finding, Part } from "./part.ts";

/** The parts one after the other with their labels aligned, and what was found at the end. */
export function printReport(parts: readonly Part[]): void {
  const width = Math.max(...parts.flatMap(({ rows }) => rows.map(([label]) => label.length)));
  const lines = parts.flatMap(({ title, rows }) => [
    styleText("bold", title),
    ...rows.map(([label, text]) => `  ${styleText("dim", label.padEnd(width))}  ${text}`),
    "",
  ]);
  const all = parts.flatMap((part) => part.findings);
  const findings = [...all.filter(isProblem), ...all.filter((finding) => !isProblem(finding))];
  const verdict = findings.length === 0 ? [styleText("green", "All is well.")] : findings.map(lineOf);
  process.stdout.write(`${[...lines, ...verdict].join("\n")}\n`);
}

/** The same for programs. */
export function printJson(parts: readonly Part[]): void {
  const findings = parts.flatMap((part) => part.findings);
  const of = (level: Finding["level"]): readonly string[] =>
    findings.filter((finding) => finding.level === level).map(({ text }) => text);
  const facts = Object.fromEntries(parts.map((part) => [nameOf(part), part.facts]));
  const report = { problems: of("problem"), warnings: of("warning"), ...facts };
  process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
}

export function isProblem({ level }: Finding): boolean {
  return level === "problem";
}

function lineOf({ level, text }: Finding): string {
  return level === "problem"
    ? `${styleText("red", "problem")}  ${text}`
    : `${styleText("yellow", "warning")}  ${text}`;
}

/** "Task hub" is taskHub. */
function nameOf({ title }: Part): string {
  const [first = "", ...rest] = title.split(" ");
  return first.toLowerCase() + rest.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
