import { PACKAGE } from '../here';

/**
 * Where an object was made, for `inspect` and for the error that names it: "server.js:12".
 * At most 60 bytes of UTF-8, since it is kept beside the object in shared memory.
 */
export function creationSite(above: Function): string {
  let frame = framesBelow(above, 1).at(-1) ?? '';
  // Made by another object of ours: a value's lock.
  if (frame.includes(PACKAGE)) frame = framesBelow(above, 10).find((each) => !each.includes(PACKAGE)) ?? '';
  const place = /([^/\\() ]+:\d+):\d+\)?$/.exec(frame)?.[1];
  return place === undefined ? '' : place.slice(-60);
}

function framesBelow(above: Function, limit: number): string[] {
  const holder: { stack?: string } = {};
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = limit;
  Error.captureStackTrace(holder, above);
  Error.stackTraceLimit = before;
  const { stack } = holder;
  return typeof stack === 'string' ? stack.split('\n').slice(1) : [];
}
