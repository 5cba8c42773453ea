/**
 * Where an object was made, for `inspect` and for the error that names it: "server.js:12".
 * At most 60 bytes of UTF-8, since it is kept beside the object in shared memory.
 */
export function creationSite(above: Function): string {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 1;
  Error.captureStackTrace(holder, above);
  Error.stackTraceLimit = limit;
  const place = typeof holder.stack === 'string' ? /([^/\\() ]+:\d+):\d+\)?$/.exec(holder.stack)?.[1] : undefined;
  return place === undefined ? '' : place.slice(-60);
}
