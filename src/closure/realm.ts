/**
 * The global object of this thread's main context. A test runner may load this library, and the code that uses it, into a
 * context of its own (jest, vitest's vmThreads); Node's own modules and the inspector stay in the main one.
 */
import { runInThisContext } from 'node:vm';

export const mainGlobal = runInThisContext('globalThis') as typeof globalThis;
