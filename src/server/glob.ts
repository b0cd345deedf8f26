/** A glob of paths with forward slashes, as package.json has it under `main`: `*`, `**`, `?` and `{a,b}`. */
export function globToRegExp(glob: string): RegExp {
  const pattern = glob.replace(/^\.\//, "").replace(TOKEN, (token) => REPLACEMENTS[token] ?? `\\${token}`);
  return new RegExp(`^${pattern}$`);
}

const TOKEN = /\*\*\/|\*\*|[*?{},.+^$()|[\]\\]/g;

const REPLACEMENTS: Readonly<Record<string, string>> = {
  "**/": "(?:[^/]+/)*",
  "**": ".*",
  "*": "[^/]*",
  "?": "[^/]",
  "{": "(?:",
  "}": ")",
  ",": "|",
};
