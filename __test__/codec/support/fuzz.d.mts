export function differences(options: { count: number; seed: number; large: boolean }): string[];
export function crashes(options: { count: number; seed: number }): string[];
