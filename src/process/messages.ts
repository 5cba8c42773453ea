/** Kinds of messages that a child of role 'process' sends to its parent. */
export const FAILED = 1;
