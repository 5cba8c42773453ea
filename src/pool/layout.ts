/**
 * The task channel between a pool and one of its workers: what lies where, and who may write it.
 *
 * One block of the arena per worker, made by the parent. It holds control words, each on a cache line of its own, and two
 * rings of 32-bit words with one writer and one reader each: *tasks* (parent to worker), *answers* (worker to parent).
 *
 * # Records
 * A record is `[head | id | ...]`, an even number of words, never split over the ring's end: a head of 0 means "go on at
 * the ring's start". A position counts words since the channel was made and wraps at 2^32; an offset is the place in the
 * ring, which each side steps along itself. A record counts from the moment its ring's tail is stored, which is the
 * last thing its writer does.
 *
 * # The life of a task record (its id word is the whole truth of it)
 *
 *     id >= 0      unbegun. The parent wrote it; both sides may change it, by compare-and-exchange only.
 *     CLAIMED      the worker took it and runs it (or has run it: then its answer is committed).
 *     TAKEN_BACK   the parent took it back. The worker steps over it.
 *
 * A worker runs one task at a time: it claims the next one only after the answer to the last one is committed. So at any
 * instant at most one record is claimed and unanswered, and answers come in the order of the records.
 *
 * # Two tails of the answer ring
 * ANSWER_SOFT is stored after each answer: that commits it. ANSWER_TAIL is stored after a batch of them, and the parent's bell rung: that
 * publishes it. The parent reads up to ANSWER_TAIL as it is rung, and up to ANSWER_SOFT from a worker that has ended, or that has not
 * published for a while although it has more than one task (dispatcher.ts, sweepNow): the task after those may take long.
 * On x64, where stores become visible in order, ANSWER_SOFT is a plain store, since an atomic one would cost more than many a task.
 *
 * # Chunks of a map
 * A chunk is one record for many items. PROGRESS says how far it is: 2 i + 1 when item i has begun, 2 i + 2 when its
 * result is in shared memory; it is set to 0 before the chunk is claimed, so it always speaks of the chunk that is claimed.
 * A result is committed before the next item begins: in place, over the item, in a chunk of plain numbers (NUMBERS), else as an answer
 * record of its own (ITEM). So a death fails the one item that had begun, loses no result, and runs none twice.
 *
 * # Why a kill at any line is survived
 * - before the claim: the record is unbegun, the parent gives it to another worker.
 * - from the claim to the answer's commit: that one task is lost, which is what WorkerDiedError says; its arguments are still in the
 *   ring (TASK_HEAD passes a record only after its answer), so it can be tried again.
 * - in making a function (DEFINING; a module that it imports may end the process): the oldest task that calls it is the one that is lost.
 * - after the commit: the answer is drained before the death is judged.
 * - a record half written is beyond the tail, and nobody reads it. A dead worker's channel is never used again.
 *
 * # Why nothing hangs
 * - The worker looks at TASK_TAIL after it has said that it will sleep (the bell's protocol), so a publish is seen or rings.
 * - A worker that finds the answer ring full commits what it has, sets WANTS_ROOM and sleeps on its bell; the parent, having moved
 *   ANSWER_HEAD, swaps WANTS_ROOM to 0 and rings. Each sleep is also sliced to 200 ms.
 * - The task ring can be full only while tasks are in it, and their answers bring the parent back to it.
 */

/** Bytes of a channel's block. */
export const CHANNEL_BYTES = 1 << 18;

/** Control words, by index into the block; each has a cache line (16 words) to itself. */
export const TASK_TAIL = 0; // parent
export const TASK_HEAD = 16; // worker: records before it are answered, or taken back and stepped over
export const ANSWER_TAIL = 32; // worker
export const ANSWER_SOFT = 48; // worker
export const PROGRESS = 49; // worker; on the line of ANSWER_SOFT since only the worker writes either
export const ANSWER_HEAD = 64; // parent
export const WANTS_ROOM = 80; // worker sets it to 1, parent swaps it to 0
export const ABORT = 96; // parent: id of the task that is to end, NO_TASK at first
export const STAGE = 97; // worker, once: INITIALIZING. Shares ABORT's line, which is hardly ever written
export const DEFINING = 98; // worker: 1 + the function that it is making from a DEFINE record; 0: none. On STAGE's line
/** Doubles, by index into the block as doubles: what the worker did so far. */
export const BUSY_US = 56; // microseconds spent in tasks
export const DONE = 57; // tasks answered
export const BEGUN_AT = 58; // monotonic milliseconds when the last task with a time limit began

/** The first word of each ring, and the words of one. */
export const TASK_RING = 256;
export const RING_WORDS = (CHANNEL_BYTES / 4 - TASK_RING) / 2;
export const ANSWER_RING = TASK_RING + RING_WORDS;

/** A record longer than this (words) has its payload in a block, or in the pool's queue. */
export const INLINE_WORDS = 4096;
/** Words before a task's payload: head, id, function, extra. */
export const TASK_HEADER = 4;
/** Words before an answer's payload: head, id. */
export const ANSWER_HEADER = 2;

/** STAGE of a worker that has begun its initializer. */
export const INITIALIZING = 1;

/** States of a task's id word, beside the id itself. */
export const CLAIMED = -1;
export const TAKEN_BACK = -2;
/** The id of a record that is no task. */
export const NO_TASK = -3;

/*
 * The head word: words 14 bits | kind 4 bits << 14 | flags 4 bits << 18 | count 5 bits << 22 | attempt 4 bits << 27.
 */
export const LENGTH = (1 << 14) - 1;
export const KIND_SHIFT = 14;
export const KIND = 15;
/** The payload is not here: [block id as a double, words in it, 0] stand for it. */
export const IN_BLOCK = 1 << 18;
/** Items are lists of arguments (starmap). */
export const SPREAD = 1 << 19;
/** The worker writes BEGUN_AT when it begins. */
export const TIMED = 1 << 20;
export const COUNT_SHIFT = 22;
export const COUNT = 31;
export const ATTEMPT_SHIFT = 27;
export const ATTEMPT = 15;

/* Kinds of task records: [head, id, function, extra, payload]. */
/** One call; `count` arguments, or as LIST one value that is the array of them. */
export const CALL = 1;
export const CALL_LIST = 2;
/** A chunk of plain numbers in a block. extra: how many; payload as IN_BLOCK. */
export const NUMBERS = 3;
/** A chunk of values. extra: how many. */
export const ITEMS = 4;
/** What function `function` is: one value. */
export const DEFINE = 5;
/** Function `function` will not be called again. */
export const FORGET = 6;
/** No more tasks: end. */
export const STOP = 7;

/* Kinds of answer records: [head, id, payload]. */
/** The call returned: one value. */
export const RETURNED = 1;
/** The call threw: one value, an encoded error. */
export const THREW = 2;
/** Item [index, 0] of a chunk: one value. */
export const ITEM = 3;
/** Item [index, 0] of a chunk threw: one value, an encoded error. */
export const ITEM_THREW = 4;
/** The chunk ends, after [items, 0, microseconds an item as a double]; those that were not reached go back. */
export const CHUNK_END = 5;
/** The initializer is done. */
export const READY = 6;
/** The initializer threw: one value, an encoded error. */
export const INIT_FAILED = 7;
/** currentTask().report(value). */
export const REPORT = 8;

/** Doubles in the block of a NUMBERS chunk, at most. */
export const MAX_NUMBERS = 1 << 15;

/** Packs the head of a record. */
export function head(words: number, kind: number, flags = 0, count = 0, attempt = 0): number {
  return words | (kind << KIND_SHIFT) | flags | (count << COUNT_SHIFT) | (attempt << ATTEMPT_SHIFT);
}
