/** fn(...args), in the other process. */
export function across(fn: (...args: any[]) => unknown, ...args: unknown[]): Promise<any>;
/** Ends the other process. */
export function stop(): void;
