/** The first difference for a text; undefined where there is none, null where acorn can't read it. */
export function difference(
  text: string,
): { what: string; want?: unknown; got: unknown; text: string } | null | undefined;
/** Functions, arrows, classes and methods of a file, as Function.prototype.toString gives them. */
export function textsOf(source: string): string[];
/** The JavaScript files under a folder. */
export function filesUnder(folder: string): string[];
