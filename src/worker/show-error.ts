/** Writes what ended `name` to stderr. */
export function showError(name: string, error: unknown): void {
  process.stderr.write(`Process ${name}:\n${describe(error)}\n`);
}

function describe(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? String(error)) : `Uncaught ${String(error)}`;
  } catch {
    return 'an error that cannot be shown';
  }
}
