import type { ChildResult } from "./child.ts";
import { median } from "./statistics.ts";
import type { Side, Workload } from "./workload.ts";

export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface MetricReport {
  readonly metric: string;
  readonly perdure: Figure;
  readonly raw?: Figure;
  /** How much of the raw program's speed is left: 1 is all of it. */
  readonly ratio?: number;
}

export interface WorkloadReport {
  readonly workload: string;
  readonly title: string;
  readonly n: number;
  readonly rounds: number;
  readonly metrics: readonly MetricReport[];
  readonly cpuSeconds: Partial<Record<Side, number>>;
  readonly peakMegabytes: Partial<Record<Side, number>>;
}

export type Results = Readonly<Record<Side, readonly ChildResult[]>>;

export function reportOf(name: string, workload: Workload, n: number, results: Results): WorkloadReport {
  const names = Object.keys(results.perdure[0]?.metrics ?? {});
  return {
    workload: name,
    title: workload.title,
    n,
    rounds: results.perdure.length,
    metrics: names.map((metric) => metricReport(metric, workload, results)),
    cpuSeconds: bySide(results, (result) => result.cpuSeconds),
    peakMegabytes: bySide(results, (result) => result.peakMegabytes),
  };
}

/** The report as people read it. */
export function formatReport(report: WorkloadReport): string {
  const rows = report.metrics.map(({ metric, perdure, raw, ratio }) => [
    metric,
    formatFigure(perdure),
    raw ? formatFigure(raw) : "",
    ratio === undefined ? "" : `${(ratio * 100).toFixed(0)} %`,
  ]);
  rows.push(
    resourceRow("CPU s, whole process", report.cpuSeconds),
    resourceRow("peak memory MB", report.peakMegabytes),
  );
  const header = [`${report.workload}  n=${report.n}`, "perdure", "raw", "of raw"];
  return [report.title, ...align([header, ...rows]), ""].join("\n");
}

function metricReport(metric: string, workload: Workload, results: Results): MetricReport {
  const perdure = figureOf(results.perdure, metric);
  if (results.raw.length === 0) return { metric, perdure };
  const raw = figureOf(results.raw, metric);
  const ratio = workload.better === "higher" ? perdure.median / raw.median : raw.median / perdure.median;
  return { metric, perdure, raw, ...(hasRatio(metric) ? { ratio } : {}) };
}

/** The wall time says the same as the rate, and a ratio has none of its own. */
function hasRatio(metric: string): boolean {
  return metric !== "wall s" && !metric.endsWith("ratio");
}

function figureOf(results: readonly ChildResult[], metric: string): Figure {
  const values = results.map((result) => result.metrics[metric] ?? Number.NaN);
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

function bySide(results: Results, pick: (result: ChildResult) => number): Partial<Record<Side, number>> {
  const perdure = median(results.perdure.map(pick));
  return results.raw.length === 0 ? { perdure } : { perdure, raw: median(results.raw.map(pick)) };
}

function resourceRow(name: string, values: Partial<Record<Side, number>>): string[] {
  const text = (value: number | undefined): string => (value === undefined ? "" : formatNumber(value));
  return [name, text(values.perdure), text(values.raw), ""];
}

function formatFigure({ median: middle, min, max }: Figure): string {
  return min === max
    ? formatNumber(middle)
    : `${formatNumber(middle)} [${formatNumber(min)}-${formatNumber(max)}]`;
}

function formatNumber(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function align(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
