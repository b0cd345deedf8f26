/** One line for what went wrong and one for each cause; where in the code only when asked. */
export function printError(error: unknown, { verbose }: { readonly verbose: boolean }): void {
  console.error(`perdure: ${messageOf(error)}`);
  for (const cause of causesOf(error)) console.error(`  because: ${messageOf(cause)}`);
  const code = codeOf(error);
  if (code !== undefined) console.error(`  (${code}; --verbose shows more)`);
  if (verbose) console.error(error);
}

/** A cause whose words are in the message above it already says nothing new. */
function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  let above = messageOf(error);
  for (let cause = causeOf(error); cause !== undefined; cause = causeOf(cause)) {
    if (!above.includes(messageOf(cause))) causes.push(cause);
    above = messageOf(cause);
  }
  return causes;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
