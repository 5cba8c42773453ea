/** What a worker of a pool runs: opens its channel, runs the initializer, then tasks until it is told to stop. */
import { isMainThread } from 'node:worker_threads';
import { native } from '../native';
import * as bell from '../arena/bell';
import { decode, prepare } from '../codec';
import { blockViews } from '../pool/block';
import * as L from '../pool/layout';
import { becomeChild } from '../process/current';
import type { Adoption } from '../process/launch';
import type { Target } from '../types';
import { AnswerWriter } from './answer-writer';
import { dropUnread } from './output';
import { tellFailure } from './tell-failure';
import { TaskRunner } from './task-runner';
import { onUncaught } from './uncaught';

interface WorkerStart {
  readonly channel: number;
  readonly results: number;
  /** Encoded { initializer, initArgs }. */
  readonly initializer: Uint8Array;
}

export async function main(adoption: Adoption): Promise<void> {
  becomeChild(adoption);
  if (isMainThread) native.keepFreedMemory();
  // Ctrl-C goes to the whole group: the pool's process decides what becomes of it.
  process.on('SIGINT', () => {});
  dropUnread();
  // What ends it uncaught is the cause of its tasks' errors.
  onUncaught(tellFailure);
  const { channel, results, initializer } = decode(adoption.payload) as WorkerStart;
  const { words, doubles } = blockViews(channel, L.CHANNEL_BYTES);
  const answers = new AnswerWriter(words, results, adoption.parent.slot);
  bell.ref();
  try {
    words[L.STAGE] = L.INITIALIZING;
    await prepare(initializer);
    const { initializer: f, initArgs } = decode(initializer) as {
      initializer: Target | undefined;
      initArgs: readonly unknown[];
    };
    await f?.(...initArgs);
  } catch (error) {
    answers.threw(L.INIT_FAILED, L.NO_TASK, 0, error);
    answers.publish();
    process.exit(1);
  }
  const runner = new TaskRunner(words, doubles, answers, results);
  answers.ready();
  answers.publish();
  bell.listen(() => runner.run());
  native.workerSleep(true);
  runner.run();
}
