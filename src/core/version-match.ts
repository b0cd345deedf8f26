/** Which instances a worker runs, by their version. */
export type VersionMatchStrategy = "None" | "Strict" | "CurrentOrOlder";

/**
 * The order of versions (S-200): none before any; dotted numbers by number, else texts without regard to case.
 * Negative when `left` is older.
 */
export function compareVersions(left: string | undefined, right: string | undefined): number {
  const [one, other] = [left?.trim() ?? "", right?.trim() ?? ""];
  if (one === "" || other === "") return Math.sign(one.length - other.length);
  const [numbers, others] = [numbersOf(one), numbersOf(other)];
  if (numbers && others) return compareNumbers(numbers, others);
  return compareTexts(one.toUpperCase(), other.toUpperCase());
}

/** Whether a worker of this version runs an instance of that one (S-200). A worker without a version runs all. */
export function versionMatches(
  instance: string | undefined,
  worker: string | undefined,
  strategy: VersionMatchStrategy,
): boolean {
  if (worker === undefined || worker === "") return true;
  switch (strategy) {
    case "None":
      return true;
    case "Strict":
      return (instance ?? "") === worker;
    case "CurrentOrOlder":
      return compareVersions(instance, worker) <= 0;
  }
}

function numbersOf(version: string): readonly number[] | undefined {
  return /^\d{1,15}(\.\d{1,15})*$/.test(version) ? version.split(".").map(Number) : undefined;
}

/** Of two that begin alike the shorter is the older: 1.0 comes before 1.0.0. */
function compareNumbers(left: readonly number[], right: readonly number[]): number {
  for (const [index, number] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    if (number !== other) return Math.sign(number - other);
  }
  return Math.sign(left.length - right.length);
}

function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
