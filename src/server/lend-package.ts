import * as nodeModule from "node:module";
import { pathToFileURL } from "node:url";

const PACKAGE = "perdure";

const own = nodeModule.createRequire(import.meta.url);

/** Whether a file can import this package by its name. */
export function canFindPackage(file: string): boolean {
  try {
    nodeModule.createRequire(file).resolve(PACKAGE);
    return true;
  } catch {
    return false; // That it cannot is the answer.
  }
}

/** The entries of this copy of the package, by the name an app imports them with. */
export function ownEntries(): Readonly<Record<string, string>> {
  const { exports } = own(`${PACKAGE}/package.json`) as {
    readonly exports: Readonly<Record<string, unknown>>;
  };
  const names = Object.keys(exports).map((subpath) => PACKAGE + subpath.slice(1));
  return Object.fromEntries(names.map((name) => [name, own.resolve(name)]));
}

type Resolve = (specifier: string, context: object, next: NextResolve) => unknown;
type NextResolve = (specifier: string, context: object) => unknown;

let isLent = false;

/**
 * Lets an app find this package although it is not installed beside it, as when the command is run without an
 * installation. Everything else is found as before.
 */
export function lendPackage(): void {
  if (isLent) return;
  isLent = true;
  const parentURL = pathToFileURL(own.resolve(PACKAGE)).href;
  if ("registerHooks" in nodeModule && typeof nodeModule.registerHooks === "function") {
    const registerHooks = nodeModule.registerHooks as (hooks: { readonly resolve: Resolve }) => void;
    registerHooks({
      resolve: (specifier, context, next) =>
        isPackage(specifier) ? lend(specifier, context, next, parentURL) : next(specifier, context),
    });
    return;
  }
  nodeModule.register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, { data: { parentURL } });
}

function isPackage(specifier: string): boolean {
  return specifier === PACKAGE || specifier.startsWith(`${PACKAGE}/`);
}

function lend(specifier: string, context: object, next: NextResolve, parentURL: string): unknown {
  try {
    return next(specifier, context);
  } catch {
    return next(specifier, { ...context, parentURL }); // Not beside the app, so from here.
  }
}

/** The same for Node.js before registerHooks, where hooks live in a thread of their own. */
const HOOKS = `
let parentURL;
export function initialize(data) { parentURL = data.parentURL; }
export async function resolve(specifier, context, next) {
  if (specifier !== "${PACKAGE}" && !specifier.startsWith("${PACKAGE}/")) return next(specifier, context);
  try { return await next(specifier, context); } catch { return next(specifier, { ...context, parentURL }); }
}`;
