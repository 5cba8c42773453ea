/** What tests and benchmarks look at from outside of the package's surface. Not shipped. */
export { decode, decodeAt, decodeError, encode, encodeError, encodeView, prepare } from './codec';
export { native } from './native';
export { errorClasses } from './errors';
