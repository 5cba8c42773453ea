export const waited = await Promise.resolve(11);
