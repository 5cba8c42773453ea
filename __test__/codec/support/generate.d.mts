export function generator(seed: number, large: boolean): () => unknown;
