/** ISO 8601 without trailing zeros of the fraction (Y-25). */
export function historyTime(epochMs: number): string {
  const text = new Date(epochMs).toISOString();
  return text.replace(/\.?0*Z$/, "Z");
}
