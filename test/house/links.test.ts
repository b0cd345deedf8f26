import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { filesBelow, readText } from "./repository.ts";

const PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "bench/README.md"];
const pages = [...PAGES, ...filesBelow("docs"), ...filesBelow("samples")].filter((file) =>
  file.endsWith(".md"),
);

test.each(pages)("every link of %s leads somewhere", (page) => {
  const targets = [...readText(page).matchAll(/\]\((?!https?:)([^)]*)\)/g)].map(([, target = ""]) => target);

  const broken = targets.filter((target) => !leadsSomewhere(page, target));

  expect(broken).toEqual([]);
});

function leadsSomewhere(page: string, target: string): boolean {
  const [path = "", anchor] = target.split("#");
  const file = path === "" ? page : join(dirname(page), path);
  if (!existsSync(file)) return false;
  return anchor === undefined || anchorsOf(readText(file)).includes(anchor);
}

/** As GitHub makes them: lower case, no punctuation, dashes for blanks. */
function anchorsOf(markdown: string): readonly string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}
