/**
 * The classes of contexts, in a file of their own that is no part of the public surface: a function that refers to one of
 * them is sent with that file's name, as with any class that a module exports (closure/reference.ts).
 */
export { SpawnPool, ThreadPool } from './pool/bound';
export { SpawnProcess, ThreadProcess } from './process/bound';
