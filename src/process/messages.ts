/** Kinds of messages of a child to its parent. */
export const FAILED = 1;
/** In the name of a thread, which could not say it itself (crates/node, threads.rs). */
export const OUT_OF_HEAP = 2;
