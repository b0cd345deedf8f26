/** Where the value of a setting comes from. */
export type Origin =
  /** Whoever starts the host or the command has said so. */
  | { readonly type: "override" }
  | { readonly type: "environment"; readonly variable: string }
  | { readonly type: "local.settings.json"; readonly property: string }
  | { readonly type: "host.json"; readonly property: string }
  | { readonly type: "default" };

/** A value, and where it was found. */
export interface Found<T> {
  readonly value: T;
  readonly origin: Origin;
}

export const overridden = <T>(value: T): Found<T> => ({ value, origin: { type: "override" } });

export const byDefault = <T>(value: T): Found<T> => ({ value, origin: { type: "default" } });
