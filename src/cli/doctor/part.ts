/** Something that is not as it should be. A problem needs someone to act; a warning may be meant so. */
export interface Finding {
  readonly level: "problem" | "warning";
  /** What is wrong, and what to do about it. */
  readonly text: string;
}

/** What one look at the installation has come to: for people, and for programs. */
export interface Part {
  readonly title: string;
  readonly rows: readonly (readonly [label: string, text: string])[];
  readonly facts: object;
  readonly findings: readonly Finding[];
}

export const problem = (text: string): Finding => ({ level: "problem", text });

export const warning = (text: string): Finding => ({ level: "warning", text });
