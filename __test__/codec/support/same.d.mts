export function same(a: unknown, b: unknown): boolean;
