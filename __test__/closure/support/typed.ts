/** A TypeScript file, as users import them. */
export const identical = (a: unknown, b: unknown): boolean => Object.is(a, b);
